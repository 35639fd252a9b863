#include <pullback/core/lock.h>

#include <ctime>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "catch.h"

using pullback::Lock;

namespace {

double processor_seconds_of_thread() {
  std::timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

TEST_CASE("a lock lets one thread in at a time") {
  Lock lock;
  int count = 0;
  const auto work = [&] {
    for (int i = 0; i < 20000; ++i) {
      const std::lock_guard guard(lock);
      ++count;
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 60000);
}

TEST_CASE("who waits long for a lock sleeps") {
  Lock lock;
  lock.lock();
  double spent = 0;
  std::thread waiting([&] {
    const std::lock_guard guard(lock);
    spent = processor_seconds_of_thread();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  lock.unlock();
  waiting.join();
  CHECK(spent < 0.1);
}
