#pragma once

#include <cstdint>

namespace pullback::kernels {

/// The tiles of a matrix product that stay in registers while the inner dimension is walked.
template <class T>
struct GemmTiles {
  /// The largest tile; 0 where OpenBLAS does better.
  int rows = 0, width = 0;
  /// C = α A B + β D for r ≤ rows rows and n ≤ width columns of C. A(i, p) is at
  /// a[i·row + p·column], row p of B at b + p·b_row; nothing beyond its n elements is read. D may
  /// be C; with β = 0 it is not read.
  void (*multiply)(int r, int n, std::int64_t k, const T* a, std::int64_t row, std::int64_t column,
                   const T* b, std::int64_t b_row, T alpha, T beta, const T* d, std::int64_t ldd,
                   T* c, std::int64_t ldc) = nullptr;
  /// y = α A x + β y for m rows of k ≤ width / 2 numbers, lda apart, and x and y next to each
  /// other.
  void (*dots)(std::int64_t m, std::int64_t k, T alpha, const T* a, std::int64_t lda, const T* x,
               T beta, T* y) = nullptr;
};

}  // namespace pullback::kernels
