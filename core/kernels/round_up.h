#pragma once

#include <type_traits>

namespace pullback::kernels {

/// The least multiple of `step` that is not below n ≥ 0.
template <class T>
constexpr T round_up(T n, std::type_identity_t<T> step) {
  return (n + step - 1) / step * step;
}

}  // namespace pullback::kernels
