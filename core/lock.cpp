#include <pullback/core/lock.h>

#include <chrono>
#include <thread>

namespace pullback {

void Lock::wait() const {
  constexpr int kYields = 100;
  constexpr std::chrono::microseconds kSleep(50);
  for (int i = 0; held_.load(std::memory_order_relaxed); ++i) {
    if (i < kYields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(kSleep);
    }
  }
}

}  // namespace pullback
