#pragma once

#include <atomic>

namespace pullback {

/// A mutex for std::lock_guard in one word, because public headers do without <mutex>. Who waits,
/// sleeps.
class Lock {
 public:
  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void lock() {
    while (held_.exchange(true, std::memory_order_acquire)) held_.wait(true);
  }
  void unlock() {
    held_.store(false, std::memory_order_release);
    held_.notify_one();
  }

 private:
  std::atomic<bool> held_{false};
};

}  // namespace pullback
