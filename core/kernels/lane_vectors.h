#pragma once

// The lanes of a batch (batch_lanes.h) as one vector, for files that are compiled once per tier.
#include <pullback/core/kernels/batch_lanes.h>
#include <pullback/core/kernels/math_builtin.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
struct LanesOf {
  typedef T type __attribute__((vector_size(64), may_alias));
};
template <class T>
using Lanes = typename LanesOf<T>::type;

template <class T>
PULLBACK_INLINE Lanes<T>& lanes_at(T* a) {
  return *reinterpret_cast<Lanes<T>*>(a);
}
template <class T>
PULLBACK_INLINE const Lanes<T>& lanes_at(const T* a) {
  return *reinterpret_cast<const Lanes<T>*>(a);
}

/// Calls f(first) for each part of the lanes that fills a register of the tier: choices between
/// wider vectors are compiled to choices between values one by one.
template <class T, class F>
PULLBACK_INLINE void for_each_vector(F f) {
  for (int first = 0; first < kBatchLanes<T>; first += kLanes<T>) f(first);
}

// What vectors have no operator for; V is a vector or one number.
template <class T, class V>
PULLBACK_INLINE void take_root(V& x) {
  constexpr int n = sizeof(V) / sizeof(T);
  alignas(64) T values[n];
  __builtin_memcpy(values, &x, sizeof(V));
  for (int l = 0; l < n; ++l) values[l] = sqrt(values[l]);
  __builtin_memcpy(&x, values, sizeof(V));
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
