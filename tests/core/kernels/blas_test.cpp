#include "catch.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <pullback/core/kernels/blas.h>

#include "core/kernels/small_integers.h"

using namespace pullback::kernels;

namespace {

template <class T>
void naive(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
           std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      T sum = 0;
      for (std::int64_t p = 0; p < k; ++p)
        sum += (ta ? a[p * lda + i] : a[i * lda + p]) * (tb ? b[j * ldb + p] : b[p * ldb + j]);
      c[i * ldc + j] = alpha * sum + beta * c[i * ldc + j];
    }
}

}  // namespace

TEMPLATE_TEST_CASE("a matrix product equals the naive loops", "[blas]", float, double, int,
                   std::int64_t) {
  using T = TestType;
  const bool ta = GENERATE(false, true), tb = GENERATE(false, true);
  struct Size {
    std::int64_t m, n, k;
  };
  const Size size = GENERATE(Size{1, 1, 1}, Size{1, 5, 3}, Size{7, 1, 4}, Size{5, 6, 7},
                             Size{300, 90, 310}, Size{90, 300, 310}, Size{4, 3, 0});
  CAPTURE(ta, tb, size.m, size.n, size.k);
  const auto [m, n, k] = size;
  const std::int64_t lda = (ta ? m : k) + 2, ldb = (tb ? k : n) + 1, ldc = n + 3;
  const auto a = small_integers<T>((ta ? k : m) * lda + 1, 1),
             b = small_integers<T>((tb ? n : k) * ldb + 1, 2);
  auto c = small_integers<T>(m * ldc, 3), expected = c;
  gemm<T>(ta, tb, m, n, k, T(2), a.data(), lda, b.data(), ldb, T(3), c.data(), ldc);
  naive<T>(ta, tb, m, n, k, T(2), a.data(), lda, b.data(), ldb, T(3), expected.data(), ldc);
  CHECK(c == expected);

  const auto row = small_integers<T>(n, 4);
  for (std::int64_t i = 0; i < m; ++i)
    std::copy(row.begin(), row.end(), expected.begin() + static_cast<std::ptrdiff_t>(i * ldc));
  naive<T>(ta, tb, m, n, k, T(2), a.data(), lda, b.data(), ldb, T(3), expected.data(), ldc);
  gemm_and_row<T>(ta, tb, m, n, k, T(2), a.data(), lda, b.data(), ldb, T(3), row.data(), c.data(),
                  ldc);
  CHECK(c == expected);
}

TEST_CASE("a matrix product with beta = 0 does not read the old result", "[blas]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> c(4, nan);
  const std::vector<double> a{1, 2, 3, 4};
  gemm<double>(false, false, 2, 2, 2, 1, a.data(), 2, a.data(), 2, 0, c.data(), 2);
  CHECK(c == std::vector<double>{7, 10, 15, 22});
  c.assign(4, nan);
  gemm<double>(false, false, 2, 2, 0, 1, a.data(), 2, a.data(), 2, 0, c.data(), 2);
  CHECK(c == std::vector<double>{0, 0, 0, 0});
}

TEMPLATE_TEST_CASE("products of a batch that are a tile each equal the naive loops", "[blas]",
                   float, double, int) {
  using T = TestType;
  const bool ta = GENERATE(false, true), tb = GENERATE(false, true);
  const std::int64_t m = GENERATE(1, 2, 4, 14, 15), n = GENERATE(1, 3, 4, 17, 33),
                     k = GENERATE(0, 1, 4, 8, 40);
  const T alpha = GENERATE(0, 2), beta = GENERATE(0, 3);
  CAPTURE(ta, tb, m, n, k, alpha, beta);
  const std::int64_t batch = 3, lda = (ta ? m : k) + 2, ldb = (tb ? k : n) + 1, ldc = n + 3,
                     stride_a = (ta ? k : m) * lda + 1, stride_b = (tb ? n : k) * ldb + 2,
                     stride_c = m * ldc + 1;
  const auto a = small_integers<T>(batch * stride_a, 1), b = small_integers<T>(batch * stride_b, 2);
  auto c = small_integers<T>(batch * stride_c, 3), expected = c;
  batched_gemm<T>(batch, ta, tb, m, n, k, alpha, a.data(), lda, stride_a, b.data(), ldb, stride_b,
                  beta, c.data(), ldc, stride_c);
  for (std::int64_t i = 0; i < batch; ++i)
    naive<T>(ta, tb, m, n, k, alpha, a.data() + i * stride_a, lda, b.data() + i * stride_b, ldb,
             beta, expected.data() + i * stride_c, ldc);
  CHECK(c == expected);
}

TEST_CASE("a batch of products shares an operand whose stride is 0", "[blas]") {
  const std::int64_t batch = 40, m = 6, n = 5, k = 30;
  const auto a = small_integers<float>(batch * m * k, 4), b = small_integers<float>(k * n, 5);
  std::vector<float> c(batch * m * n), expected(batch * m * n);
  batched_gemm<float>(batch, false, false, m, n, k, 1, a.data(), k, m * k, b.data(), n, 0, 0,
                      c.data(), n, m * n);
  for (std::int64_t i = 0; i < batch; ++i)
    naive<float>(false, false, m, n, k, 1, a.data() + i * m * k, k, b.data(), n, 0,
                 expected.data() + i * m * n, n);
  CHECK(c == expected);
}

TEMPLATE_TEST_CASE("a matrix of any number of short rows times a vector is its rows' dot products",
                   "[blas]", float, double) {
  using T = TestType;
  const std::int64_t m = GENERATE(1, 7, 8, 16, 17, 1000, 200000), k = GENERATE(1, 3, 8, 9, 16, 17);
  const T alpha = GENERATE(1, 2), beta = GENERATE(0, 3);
  CAPTURE(m, k, alpha, beta);
  const std::int64_t lda = k + 1;
  const auto a = small_integers<T>(m * lda, 1), x = small_integers<T>(2 * k, 2);
  auto y = small_integers<T>(m + 1, 3), expected = y;
  naive<T>(false, false, m, 1, k, alpha, a.data(), lda, x.data(), 2, beta, expected.data(), 1);
  if (beta == 0) y[0] = std::numeric_limits<T>::quiet_NaN();
  gemv<T>(false, m, k, alpha, a.data(), lda, x.data(), 2, beta, y.data(), 1);
  CHECK(y == expected);
}

TEMPLATE_TEST_CASE("a product of few rows and columns has any number of terms", "[blas]", float,
                   double) {
  using T = TestType;
  const std::int64_t m = GENERATE(2, 3, 14), n = GENERATE(2, 3, 17), k = GENERATE(700, 30001);
  CAPTURE(m, n, k);
  const auto a = small_integers<T>(k * m, 1), b = small_integers<T>(k * n, 2);
  std::vector<T> c(static_cast<std::size_t>(m * n)), expected(c);
  gemm<T>(true, false, m, n, k, T(1), a.data(), m, b.data(), n, T(0), c.data(), n);
  naive<T>(true, false, m, n, k, T(1), a.data(), m, b.data(), n, T(0), expected.data(), n);
  CHECK(c == expected);
}

TEMPLATE_TEST_CASE("gemv and dot step through their vectors", "[blas]", float, double, int) {
  using T = TestType;
  const auto a = small_integers<T>(12, 6), x = small_integers<T>(20, 7);
  for (const bool transpose : {false, true}) {
    CAPTURE(transpose);
    const int rows = transpose ? 4 : 3, inner = transpose ? 3 : 4;
    auto y = small_integers<T>(20, 8), expected = y;
    gemv<T>(transpose, 3, 4, T(2), a.data(), 4, x.data(), 2, T(1), y.data(), 3);
    for (int i = 0; i < rows; ++i)
      for (int p = 0; p < inner; ++p)
        expected[i * 3] += 2 * (transpose ? a[p * 4 + i] : a[i * 4 + p]) * x[p * 2];
    CHECK(y == expected);
  }
  T sum = 0;
  for (int i = 0; i < 5; ++i) sum += x[i * 3] * a[i * 2];
  CHECK(dot<T>(5, x.data(), 3, a.data(), 2) == sum);
  CHECK(dot<T>(0, x.data(), 1, a.data(), 1) == 0);
}
