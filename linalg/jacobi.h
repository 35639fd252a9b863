#pragma once

#include <type_traits>

#include <pullback/linalg/interleave.h>

namespace pullback::linalg {

/// Do interleaved lanes and Jacobi's method decompose so many matrices of at most n rows and
/// columns in less time than LAPACK one after the other? Up to twice the size is faster with
/// AVX-512, none larger with AVX2.
inline bool by_jacobi(ScalarType type, std::int64_t count, std::int64_t n) {
  return count >= kInterleaveFrom && n >= 1 && n <= (type == ScalarType::Float ? 16 : 12);
}

template <class T>
const kernels::BatchedJacobi<T>& batched_jacobi() {
  if constexpr (std::is_same_v<T, float>)
    return kernels::kernels().jacobi_float;
  else
    return kernels::kernels().jacobi_double;
}

}  // namespace pullback::linalg
