#pragma once

#include <atomic>

namespace pullback {

/// A mutex for std::lock_guard in one byte, for what is mostly held briefly and hardly ever by two:
/// taking it is one atomic exchange, leaving it a store. Who waits lets other threads run, and
/// sleeps where that takes long, as for a large tensor of random numbers. Public headers do without
/// <mutex>.
class Lock {
 public:
  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void lock() {
    while (held_.exchange(true, std::memory_order_acquire)) wait();
  }
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  /// Returns when nobody seems to hold it.
  void wait() const;

  std::atomic<bool> held_{false};
};

}  // namespace pullback
