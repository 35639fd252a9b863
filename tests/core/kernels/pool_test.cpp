#include "catch.h"

#include <pullback/core/kernels/pool.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using namespace pullback::kernels;

namespace {

/// Sets the number of threads until the end of a test.
class Threads {
 public:
  explicit Threads(int count) : before_(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before_); }

 private:
  int before_;
};

using Chunks = std::set<std::pair<std::int64_t, std::int64_t>>;

Chunks chunks_of(std::int64_t count, std::int64_t chunk) {
  std::mutex mutex;
  Chunks seen;
  parallel_for(count, chunk, [&](std::int64_t begin, std::int64_t end) {
    const std::lock_guard<std::mutex> lock(mutex);
    seen.emplace(begin, end);
  });
  return seen;
}

}  // namespace

TEST_CASE("a parallel loop visits every index once", "[pool]") {
  for (const int threads : {1, 2, 4}) {
    const Threads setting(threads);
    for (const std::int64_t count : {0, 1, 7, 64, 1001}) {
      std::vector<int> visits(static_cast<std::size_t>(count), 0);
      parallel_for(count, 8, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      CAPTURE(threads, count);
      CHECK(visits == std::vector<int>(static_cast<std::size_t>(count), 1));
    }
  }
}

TEST_CASE("the chunks of a loop do not depend on the number of threads", "[pool]") {
  Chunks alone;
  {
    const Threads setting(1);
    alone = chunks_of(1000, 33);
  }
  CHECK(alone.size() == 31);
  for (const int threads : {2, 3, 8}) {
    const Threads setting(threads);
    CHECK(chunks_of(1000, 33) == alone);
  }
}

TEST_CASE("a loop inside a loop runs on the thread that meets it", "[pool]") {
  const Threads setting(4);
  std::atomic<int> foreign{0}, visits{0};
  parallel_for(16, 1, [&](std::int64_t, std::int64_t) {
    const auto self = std::this_thread::get_id();
    parallel_for(10, 1, [&](std::int64_t, std::int64_t) {
      ++visits;
      if (std::this_thread::get_id() != self) ++foreign;
    });
  });
  CHECK(visits == 160);
  CHECK(foreign == 0);
}

TEST_CASE("an exception of a loop's body arrives once every chunk is done", "[pool]") {
  for (const int threads : {1, 4}) {
    const Threads setting(threads);
    std::atomic<int> visits{0};
    const auto loop = [&] {
      parallel_for(40, 1, [&](std::int64_t begin, std::int64_t) {
        ++visits;
        if (begin == 3) throw std::runtime_error("chunk 3");
      });
    };
    CAPTURE(threads);
    CHECK_THROWS_WITH(loop(), "chunk 3");
    CHECK(visits == 40);
    CHECK(chunks_of(10, 1).size() == 10);
  }
}

TEST_CASE("loops of several threads at once are each complete", "[pool]") {
  const Threads setting(4);
  std::vector<std::int64_t> sums(6, 0);
  std::vector<std::thread> threads;
  for (std::int64_t& sum : sums)
    threads.emplace_back([&sum] {
      for (int round = 0; round < 300; ++round) {
        std::vector<std::int64_t> values(100);
        parallel_for(100, 7, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) values[static_cast<std::size_t>(i)] = i;
        });
        sum += std::accumulate(values.begin(), values.end(), std::int64_t{0});
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::int64_t sum : sums) CHECK(sum == 300 * 4950);
}

#if !defined(__SANITIZE_THREAD__)
TEST_CASE("the child of a fork runs parallel loops of its own", "[pool]") {
  const Threads setting(3);
  CHECK(chunks_of(50, 1).size() == 50);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(chunks_of(50, 1).size() == 50 ? 0 : 1);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
