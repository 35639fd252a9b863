#pragma once

// Vectors as wide as the tier's registers, for tiles that stay in registers. For files that are
// compiled once per tier.
#include <pullback/core/kernels/tier.h>

#if defined(__AVX512F__)
#define PULLBACK_VECTOR_BYTES 64
#elif defined(__AVX__)
#define PULLBACK_VECTOR_BYTES 32
#else
#define PULLBACK_VECTOR_BYTES 16
#endif
#if defined(__clang__)
#define PULLBACK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PULLBACK_UNROLL _Pragma("GCC unroll 16")
#endif

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(PULLBACK_VECTOR_BYTES)));
  typedef T unaligned
      __attribute__((vector_size(PULLBACK_VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};
template <class T>
using Vector = typename VectorOf<T>::type;
template <class T>
constexpr int kLanes = PULLBACK_VECTOR_BYTES / static_cast<int>(sizeof(T));

template <int kSize>
struct IntegerOf;
template <>
struct IntegerOf<4> {
  using type = int32_t;
};
template <>
struct IntegerOf<8> {
  using type = int64_t;
};
/// An integer as wide as T: comparisons of Vector<T> give vectors of it.
template <class T>
using Integer = typename IntegerOf<sizeof(T)>::type;

template <class T>
PULLBACK_INLINE Vector<T> load(const T* from) {
  return *reinterpret_cast<const typename VectorOf<T>::unaligned*>(from);
}
template <class T>
PULLBACK_INLINE void store(T* to, Vector<T> value) {
  *reinterpret_cast<typename VectorOf<T>::unaligned*>(to) = value;
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
