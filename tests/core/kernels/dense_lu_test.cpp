#include "catch.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

using namespace pullback;

namespace {

template <class T>
std::vector<T> draw(std::int64_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(normal(engine));
  return values;
}

// max |P A − L U| over max |L| |U|, which is at most n eps for any pivot order.
template <class T>
double factor_error(int n, const std::vector<T>& a, const T* lu, std::int64_t stride,
                    const std::vector<int>& pivots) {
  std::vector<int> order(n);
  for (int i = 0; i < n; ++i) order[i] = i;
  for (int i = 0; i < n; ++i) std::swap(order[i], order[pivots[i] - 1]);
  double error = 0, size = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = 0, sizes = 0;
      for (int k = 0; k <= std::min(i, j); ++k) {
        const double term = (k == i ? 1 : double(lu[i * stride + k])) * lu[k * stride + j];
        sum += term;
        sizes += std::abs(term);
      }
      error = std::max(error, std::abs(sum - a[std::int64_t{order[i]} * n + j]));
      size = std::max(size, sizes);
    }
  return size > 0 ? error / size : error;
}

// max |op(A) X − B| over max |op(A)| |X|, X and B row-major.
template <class T>
double residual(bool transposed, int n, int columns, const std::vector<T>& a,
                const std::vector<T>& x, const std::vector<T>& b) {
  double error = 0, size = 0;
  for (int i = 0; i < n; ++i)
    for (int c = 0; c < columns; ++c) {
      double sum = 0, sizes = 0;
      for (int k = 0; k < n; ++k) {
        const double term = double(a[transposed ? k * n + i : i * n + k]) * x[k * columns + c];
        sum += term;
        sizes += std::abs(term);
      }
      error = std::max(error, std::abs(sum - b[i * columns + c]));
      size = std::max(size, sizes);
    }
  return error / size;
}

constexpr int kSizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 100, 129};

}  // namespace

TEMPLATE_TEST_CASE("a blocked LU multiplies back to its matrix in every tier", "", float, double) {
  const char* tier = GENERATE("base", "v3", "v4");
  const kernels::Kernels* table = kernels::tier_table(tier);
  if (!table) return;
  CAPTURE(tier);
  for (int n : kSizes) {
    CAPTURE(n);
    const auto a = draw<TestType>(n * n, 7 + n);
    const std::int64_t stride = (n + 15) / 16 * 16;
    std::vector<TestType> padded(n * stride), panel(16 * stride);
    for (int i = 0; i < n; ++i)
      std::copy(a.begin() + i * n, a.begin() + (i + 1) * n, padded.begin() + i * stride);
    std::vector<int> pivots(n);
    CHECK(table->dense_lu.of<TestType>().factor(n, padded.data(), stride, pivots.data(),
                                                panel.data()) == 0);
    for (int i = 0; i < n; ++i) {
      REQUIRE(pivots[i] >= i + 1);
      REQUIRE(pivots[i] <= n);
      // Partial pivoting: nothing in L exceeds one.
      for (int j = 0; j < i; ++j) REQUIRE(std::abs(padded[i * stride + j]) <= TestType(1));
    }
    const double eps = std::numeric_limits<TestType>::epsilon();
    CHECK(factor_error(n, a, padded.data(), stride, pivots) <= n * eps);
  }
}

TEMPLATE_TEST_CASE("equations with few and many right sides, either way up, have small residuals",
                   "", float, double) {
  for (int n : kSizes) {
    const auto a = draw<TestType>(n * n, 70 + n);
    auto lu = a;
    std::vector<int> pivots(n);
    REQUIRE(kernels::dense_lu_factor(n, lu.data(), pivots.data()) == 0);
    for (int columns : {1, 3, 4, 15, 16, 17, 48, 49, 97})
      for (bool transposed : {false, true}) {
        CAPTURE(n, columns, transposed);
        const auto b = draw<TestType>(n * columns, columns);
        auto x = b;
        kernels::dense_lu_solve(transposed, n, columns, lu.data(), pivots.data(), x.data(), columns,
                                1);
        // Substitution is backward stable: at most 3 n eps |L| |U| |X|, and |L| |U| is larger than
        // |A| by the growth of pivoting, below 10 for such matrices (Higham 2002, section 9.3).
        const double bound = 30 * n * double(std::numeric_limits<TestType>::epsilon());
        CHECK(residual(transposed, n, columns, a, x, b) <= bound);

        // The same with the right sides as rows.
        std::vector<TestType> rows(b.size());
        for (int i = 0; i < n; ++i)
          for (int c = 0; c < columns; ++c) rows[c * n + i] = b[i * columns + c];
        kernels::dense_lu_solve(transposed, n, columns, lu.data(), pivots.data(), rows.data(), 1,
                                n);
        bool equal = true;
        for (int i = 0; i < n; ++i)
          for (int c = 0; c < columns; ++c) equal &= rows[c * n + i] == x[i * columns + c];
        CHECK(equal);
      }
  }
}

TEST_CASE("a solution does not depend on the number of threads", "[threads]") {
  const int n = 130, columns = 200, before = kernels::num_threads();
  const auto a = draw<float>(n * n, 1), b = draw<float>(n * columns, 2);
  std::vector<float> solutions[2];
  for (int threads : {1, 3}) {
    kernels::set_num_threads(threads);
    auto lu = a, x = b;
    std::vector<int> pivots(n);
    kernels::dense_lu_factor(n, lu.data(), pivots.data());
    kernels::dense_lu_solve(false, n, columns, lu.data(), pivots.data(), x.data(), columns, 1);
    solutions[threads == 3] = x;
  }
  kernels::set_num_threads(before);
  CHECK(solutions[0] == solutions[1]);
}

TEST_CASE("a blocked LU tells where U's first zero is and goes on", "[singular]") {
  for (int n : {20, 40}) {
    for (int at : {0, 5, 15, 16, 19}) {
      CAPTURE(n, at);
      std::vector<double> a(n * n, 0.0);
      for (int i = 0; i < n; ++i) a[i * n + i] = i == at ? 0 : 2;
      std::vector<int> pivots(n);
      CHECK(kernels::dense_lu_factor(n, a.data(), pivots.data()) == at + 1);
      CHECK(a[(n - 1) * n + n - 1] == (at == n - 1 ? 0 : 2));
    }
  }
}

TEST_CASE("pivots too small to have an inverse divide", "[denormal]") {
  const int n = 20;
  std::vector<float> a(n * n, 0.0F);
  for (int i = 0; i < n; ++i) a[i * n + i] = 0x1p-140F;
  a[n] = 0x1p-141F;
  std::vector<int> pivots(n);
  REQUIRE(kernels::dense_lu_factor(n, a.data(), pivots.data()) == 0);
  CHECK(a[n] == 0.5F);
}

TEST_CASE("a NaN reaches the solutions it is part of", "[nan]") {
  const int n = 33, columns = 5;
  auto a = draw<double>(n * n, 3);
  auto b = draw<double>(n * columns, 4);
  SECTION("in the matrix: all") {
    a[20 * n + 7] = NAN;
    std::vector<int> pivots(n);
    kernels::dense_lu_factor(n, a.data(), pivots.data());
    kernels::dense_lu_solve(false, n, columns, a.data(), pivots.data(), b.data(), columns, 1);
    CHECK(std::isnan(b[0]));
    CHECK(std::isnan(b[n * columns - 1]));
  }
  SECTION("in a right side: that one alone") {
    b[2] = NAN;
    std::vector<int> pivots(n);
    kernels::dense_lu_factor(n, a.data(), pivots.data());
    kernels::dense_lu_solve(false, n, columns, a.data(), pivots.data(), b.data(), columns, 1);
    for (int i = 0; i < n; ++i)
      for (int c = 0; c < columns; ++c) CHECK(std::isnan(b[i * columns + c]) == (c == 2));
  }
}
