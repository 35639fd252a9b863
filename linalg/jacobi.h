#pragma once

#include <pullback/linalg/interleave.h>

namespace pullback::linalg {

/// Do interleaved lanes and Jacobi's method decompose so many matrices of at most n rows and
/// columns in less time than LAPACK one after the other? The limits are those of AVX2; with AVX-512
/// somewhat larger ones gain as well.
inline bool by_jacobi(ScalarType type, std::int64_t count, std::int64_t n) {
  return count >= kInterleaveFrom && n >= 1 && n <= (type == ScalarType::Float ? 16 : 12);
}

}  // namespace pullback::linalg
