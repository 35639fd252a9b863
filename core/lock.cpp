#include <pullback/core/lock.h>

#include <thread>

namespace pullback {

void Lock::wait() const {
  while (held_.load(std::memory_order_relaxed)) std::this_thread::yield();
}

}  // namespace pullback
