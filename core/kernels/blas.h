#pragma once

#include <cstdint>

namespace pullback::kernels {

// Products of dense **row-major** matrices on raw pointers, for float and double (in tiles of our
// own where gemm.h says they pay, else through OpenBLAS), int and int64 (plain loops). A leading
// dimension is the distance between rows in memory. C must not overlap A or B. Large products are
// sliced over the pool along boundaries that depend on the sizes only, so results do not depend on
// the number of threads. All may be called concurrently.

/// C = α op(A) op(B) + β C, where op(A) is m×k and op(B) is k×n; `transpose_a` says that the memory
/// holds Aᵀ, k×m. With β = 0 the old C is not read, so it may be NaN; with k = 0 the result is β C.
template <class T>
void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
          T alpha, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c,
          std::int64_t ldc);

/// C = α op(A) op(B) + β r with the row r of n elements added to each.
template <class T>
void gemm_and_row(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n,
                  std::int64_t k, T alpha, const T* a, std::int64_t lda, const T* b,
                  std::int64_t ldb, T beta, const T* row, T* c, std::int64_t ldc);

/// `batch` products as `gemm`'s, the operands of one after those of the other at the given strides;
/// a stride of 0 shares A or B.
template <class T>
void batched_gemm(std::int64_t batch, bool transpose_a, bool transpose_b, std::int64_t m,
                  std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda,
                  std::int64_t stride_a, const T* b, std::int64_t ldb, std::int64_t stride_b,
                  T beta, T* c, std::int64_t ldc, std::int64_t stride_c);

/// y = α op(A) x + β y for A with m rows and n columns in memory; increments count elements.
template <class T>
void gemv(bool transpose, std::int64_t m, std::int64_t n, T alpha, const T* a, std::int64_t lda,
          const T* x, std::int64_t incx, T beta, T* y, std::int64_t incy);

/// Σ xᵢ yᵢ over n elements.
template <class T>
T dot(std::int64_t n, const T* x, std::int64_t incx, const T* y, std::int64_t incy);

}  // namespace pullback::kernels
