#pragma once

#include <functional>

#include <pullback/core/tensor.h>

namespace pullback::parametrize {

class ParametrizationList;

/// While it lives, each parametrized tensor is computed at most once on this thread, until
/// something it was computed from changes: an original or buffer, the grad or training mode.
/// Guards nest; the values go with the outermost. It must die on the thread that made it.
class CacheGuard {
 public:
  CacheGuard();
  ~CacheGuard();
  CacheGuard(const CacheGuard&) = delete;
  CacheGuard& operator=(const CacheGuard&) = delete;

 private:
  const void* thread_;
};

/// `auto scope = parametrize::cached();`
[[nodiscard]] inline CacheGuard cached() {
  return CacheGuard();
}

/// The value that this thread's cache holds for the list, or what `evaluate` returns.
Tensor cached_or(const ParametrizationList& list, const std::function<Tensor()>& evaluate);

}  // namespace pullback::parametrize
