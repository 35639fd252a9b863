#pragma once

#include <cstdint>

namespace pullback::kernels {

/// The tiles of a matrix product that stay in registers while the inner dimension is walked.
template <class T>
struct GemmTiles {
  /// The largest tile; 0 where OpenBLAS does better.
  int rows = 0, width = 0;
  /// C = α A B + β D for r ≤ rows rows and `width` columns of C, or half as many if `half`. A(i, p)
  /// is at a[i·row + p·column], row p of B at b + p·b_row. D may be C; with β = 0 it is not read.
  void (*multiply)(int r, bool half, std::int64_t k, const T* a, std::int64_t row,
                   std::int64_t column, const T* b, std::int64_t b_row, T alpha, T beta, const T* d,
                   std::int64_t ldd, T* c, std::int64_t ldc) = nullptr;
};

}  // namespace pullback::kernels
