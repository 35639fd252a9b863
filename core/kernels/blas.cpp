#include <pullback/core/kernels/blas.h>

#include <algorithm>
#include <climits>
#include <type_traits>

#include <cblas.h>

#include <pullback/core/kernels/gemm.h>
#include <pullback/core/kernels/openblas.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback::kernels {
namespace {

template <class T>
inline constexpr bool has_blas = std::is_same_v<T, float> || std::is_same_v<T, double>;

// BLAS counts in int.
bool fits(std::int64_t a, std::int64_t b, std::int64_t c) {
  return a <= INT_MAX && b <= INT_MAX && c <= INT_MAX;
}

CBLAS_TRANSPOSE flag(bool transposed) {
  return transposed ? CblasTrans : CblasNoTrans;
}

void call_gemm(bool ta, bool tb, int m, int n, int k, float alpha, const float* a, int lda,
               const float* b, int ldb, float beta, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, flag(ta), flag(tb), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void call_gemm(bool ta, bool tb, int m, int n, int k, double alpha, const double* a, int lda,
               const double* b, int ldb, double beta, double* c, int ldc) {
  cblas_dgemm(CblasRowMajor, flag(ta), flag(tb), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void call_gemv(bool t, int m, int n, float alpha, const float* a, int lda, const float* x, int incx,
               float beta, float* y, int incy) {
  cblas_sgemv(CblasRowMajor, flag(t), m, n, alpha, a, lda, x, incx, beta, y, incy);
}
void call_gemv(bool t, int m, int n, double alpha, const double* a, int lda, const double* x,
               int incx, double beta, double* y, int incy) {
  cblas_dgemv(CblasRowMajor, flag(t), m, n, alpha, a, lda, x, incx, beta, y, incy);
}
float call_dot(int n, const float* x, int incx, const float* y, int incy) {
  return cblas_sdot(n, x, incx, y, incy);
}
double call_dot(int n, const double* x, int incx, const double* y, int incy) {
  return cblas_ddot(n, x, incx, y, incy);
}

template <class T>
void scale(std::int64_t m, std::int64_t n, T beta, T* c, std::int64_t row, std::int64_t column) {
  if (beta == T(1)) return;
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      T& value = c[i * row + j * column];
      value = beta == T(0) ? T(0) : beta * value;
    }
}

template <class T>
void plain_gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha,
                const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c,
                std::int64_t ldc) {
  scale(m, n, beta, c, ldc, std::int64_t(1));
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t p = 0; p < k; ++p) {
      const T factor = alpha * (ta ? a[p * lda + i] : a[i * lda + p]);
      T* row = c + i * ldc;
      if (tb) {
        for (std::int64_t j = 0; j < n; ++j) row[j] += factor * b[j * ldb + p];
      } else {
        const T* from = b + p * ldb;
        for (std::int64_t j = 0; j < n; ++j) row[j] += factor * from[j];
      }
    }
}

/// y = α op(A) x + β y, where BLAS can count it.
template <class T>
void one_gemv(bool transpose, std::int64_t m, std::int64_t n, T alpha, const T* a, std::int64_t lda,
              const T* x, std::int64_t incx, T beta, T* y, std::int64_t incy) {
  if (!transpose && incy == 1 && short_rows_pay<T>(n))
    return tiled_gemv<T>(m, n, alpha, a, lda, x, incx, beta, y);
  const OpenBlasTurn turn;
  call_gemv(transpose, static_cast<int>(m), static_cast<int>(n), alpha, a, static_cast<int>(lda), x,
            static_cast<int>(incx), beta, y, static_cast<int>(incy));
}

// One product on the calling thread; m, n, k > 0.
template <class T>
void one_gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
              std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  if constexpr (has_blas<T>) {
    if (fits(m, n, k) && fits(lda, ldb, ldc)) {
      // C's only row is op(B)ᵀ aᵀ, its only column op(A) b: gemv reads each once, gemm packs first.
      if (m == 1)
        return one_gemv(!tb, tb ? n : k, tb ? k : n, alpha, b, ldb, a, ta ? lda : 1, beta, c, 1);
      if (n == 1)
        return one_gemv(ta, ta ? k : m, ta ? m : k, alpha, a, lda, b, tb ? 1 : ldb, beta, c, ldc);
      const OpenBlasTurn turn;
      call_gemm(ta, tb, static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), alpha, a,
                static_cast<int>(lda), b, static_cast<int>(ldb), beta, c, static_cast<int>(ldc));
      return;
    }
  }
  plain_gemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

// Below this a product takes a few tens of microseconds on one core, too little to share.
constexpr double kSliceWork = 4e6;  // multiplications and additions
constexpr std::int64_t kMostSlices = 16;
constexpr std::int64_t kLeastWidth = 48;

struct Slices {
  std::int64_t count, width;
};

// Into how many slices a dimension of this extent is cut; depends on sizes only.
Slices slices_of(std::int64_t extent, double work) {
  const auto wanted = static_cast<std::int64_t>(std::min(work / kSliceWork, double(kMostSlices)));
  const std::int64_t count = std::min(wanted, extent / kLeastWidth);
  if (count <= 1) return {1, extent};
  const std::int64_t width = round_up(ceil_div(extent, count), 16);
  return {ceil_div(extent, width), width};
}

}  // namespace

template <class T>
void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
          T alpha, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c,
          std::int64_t ldc) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0 || alpha == T(0)) return scale(m, n, beta, c, ldc, std::int64_t(1));
  if constexpr (has_blas<T>) {
    if (tiles_pay<T>(transpose_a, transpose_b, m, n, k))
      return tiled_gemm<T>(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,
                           c, ldc);
  }
  const double work = 2.0 * double(m) * double(n) * double(k);
  const bool by_rows = m >= n;
  const Slices slices = slices_of(by_rows ? m : n, work);
  if (slices.count == 1)
    return one_gemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  parallel_for(slices.count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t s = begin; s < end; ++s) {
      const std::int64_t at = s * slices.width;
      if (by_rows) {
        one_gemm(transpose_a, transpose_b, std::min(slices.width, m - at), n, k, alpha,
                 a + (transpose_a ? at : at * lda), lda, b, ldb, beta, c + at * ldc, ldc);
      } else {
        one_gemm(transpose_a, transpose_b, m, std::min(slices.width, n - at), k, alpha, a, lda,
                 b + (transpose_b ? at * ldb : at), ldb, beta, c + at, ldc);
      }
    }
  });
}

template <class T>
void gemm_and_row(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n,
                  std::int64_t k, T alpha, const T* a, std::int64_t lda, const T* b,
                  std::int64_t ldb, T beta, const T* row, T* c, std::int64_t ldc) {
  if constexpr (has_blas<T>) {
    if (m > 0 && n > 0 && k > 0 && tiles_pay<T>(transpose_a, transpose_b, m, n, k))
      return tiled_gemm<T>(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, row, 0,
                           c, ldc);
  }
  if (n == 1 && ldc == 1) {
    std::fill_n(c, m, *row);
  } else {
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) c[i * ldc + j] = row[j];  // few: no calls for each row
  }
  gemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <class T>
void batched_gemm(std::int64_t batch, bool transpose_a, bool transpose_b, std::int64_t m,
                  std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda,
                  std::int64_t stride_a, const T* b, std::int64_t ldb, std::int64_t stride_b,
                  T beta, T* c, std::int64_t ldc, std::int64_t stride_c) {
  if (batch <= 0 || m <= 0 || n <= 0) return;
  if constexpr (has_blas<T>) {
    // A column is computed as the row of the transpose, whose elements lie next to each other.
    if (n == 1 && m > 1 && ldc == 1)
      return batched_gemm(batch, !transpose_b, !transpose_a, n, m, k, alpha, b, ldb, stride_b, a,
                          lda, stride_a, beta, c, m, stride_c);
  }
  // A call from inside the loop below does not share its work, so few large products go one by one.
  const double work = 2.0 * double(m) * double(n) * double(std::max<std::int64_t>(k, 1));
  const bool shared = work < 2 * kSliceWork || batch >= kMostSlices;
  const auto chunk =
      shared ? std::max<std::int64_t>(1, static_cast<std::int64_t>(5e5 / work)) : batch;
  auto run = [&](std::int64_t begin, std::int64_t end) {
    if constexpr (has_blas<T>) {
      if (k > 0 && alpha != T(0) && one_tile_pays<T>(transpose_b, m, n, k))
        return batched_tiles(end - begin, transpose_a, transpose_b, m, n, k, alpha,
                             a + begin * stride_a, lda, stride_a, b + begin * stride_b, ldb,
                             stride_b, beta, c + begin * stride_c, ldc, stride_c);
    }
    for (std::int64_t i = begin; i < end; ++i)
      gemm(transpose_a, transpose_b, m, n, k, alpha, a + i * stride_a, lda, b + i * stride_b, ldb,
           beta, c + i * stride_c, ldc);
  };
  if (shared && batch > chunk) return parallel_for(batch, chunk, run);
  run(0, batch);
}

template <class T>
void gemv(bool transpose, std::int64_t m, std::int64_t n, T alpha, const T* a, std::int64_t lda,
          const T* x, std::int64_t incx, T beta, T* y, std::int64_t incy) {
  const std::int64_t rows = transpose ? n : m, inner = transpose ? m : n;
  if (rows <= 0) return;
  if (inner <= 0) return scale(rows, std::int64_t(1), beta, y, incy, std::int64_t(1));
  if constexpr (has_blas<T>) {
    if (fits(m, n, lda) && fits(incx, incy, 0))
      return one_gemv(transpose, m, n, alpha, a, lda, x, incx, beta, y, incy);
  }
  plain_gemm(transpose, false, rows, std::int64_t(1), inner, alpha, a, lda, x, incx, beta, y, incy);
}

template <class T>
T dot(std::int64_t n, const T* x, std::int64_t incx, const T* y, std::int64_t incy) {
  if (n <= 0) return T(0);
  if constexpr (has_blas<T>) {
    if (fits(n, incx, incy)) {
      const OpenBlasTurn turn;
      return call_dot(static_cast<int>(n), x, static_cast<int>(incx), y, static_cast<int>(incy));
    }
  }
  T sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i * incx] * y[i * incy];
  return sum;
}

#define PULLBACK_INSTANTIATE(T)                                                                    \
  template void gemm<T>(bool, bool, std::int64_t, std::int64_t, std::int64_t, T, const T*,         \
                        std::int64_t, const T*, std::int64_t, T, T*, std::int64_t);                \
  template void gemm_and_row<T>(bool, bool, std::int64_t, std::int64_t, std::int64_t, T, const T*, \
                                std::int64_t, const T*, std::int64_t, T, const T*, T*,             \
                                std::int64_t);                                                     \
  template void batched_gemm<T>(std::int64_t, bool, bool, std::int64_t, std::int64_t,              \
                                std::int64_t, T, const T*, std::int64_t, std::int64_t, const T*,   \
                                std::int64_t, std::int64_t, T, T*, std::int64_t, std::int64_t);    \
  template void gemv<T>(bool, std::int64_t, std::int64_t, T, const T*, std::int64_t, const T*,     \
                        std::int64_t, T, T*, std::int64_t);                                        \
  template T dot<T>(std::int64_t, const T*, std::int64_t, const T*, std::int64_t);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
PULLBACK_INSTANTIATE(std::int32_t)
PULLBACK_INSTANTIATE(std::int64_t)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
