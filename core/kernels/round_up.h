#pragma once

#include <type_traits>

namespace pullback::kernels {

/// n / step, rounded up, for n ≥ 0 and step > 0.
template <class T>
constexpr T ceil_div(T n, std::type_identity_t<T> step) {
  return (n + step - 1) / step;
}

/// The least multiple of `step` that is not below n ≥ 0.
template <class T>
constexpr T round_up(T n, std::type_identity_t<T> step) {
  return ceil_div(n, step) * step;
}

}  // namespace pullback::kernels
