#include "catch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include <pullback/linalg/lapack.h>
#include <pullback/linalg/small_lu.h>

#include "linalg/column_matrix.h"

using namespace pullback;

namespace {

template <class T>
struct LapackLu {
  static int factor(int n, T* a, int* pivots) { return lapack::lu_factor(n, n, a, pivots); }
  static void solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b) {
    REQUIRE(lapack::lu_solve(transposed, n, columns, lu, pivots, b) == 0);
  }
  using Scalar = T;
};

template <class T>
struct SmallLu {
  static int factor(int n, T* a, int* pivots) { return linalg::small_lu_factor(n, a, pivots); }
  static void solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b) {
    linalg::small_lu_solve(transposed, n, columns, lu, pivots, b);
  }
  using Scalar = T;
};

}  // namespace

TEMPLATE_TEST_CASE("LU solves with a matrix and with its transpose", "[linalg]", LapackLu<float>,
                   LapackLu<double>, SmallLu<float>, SmallLu<double>) {
  using T = typename TestType::Scalar;
  const int n = GENERATE(0, 1, 2, 3, 7, 32);
  const auto a = random_matrix<T>(n, n, 1), b = random_matrix<T>(n, 3, 2);
  auto lu = a;
  std::vector<int> pivots(n);
  REQUIRE(TestType::factor(n, lu.data(), pivots.data()) == 0);
  auto x = b;
  TestType::solve(false, n, 3, lu.data(), pivots.data(), x.data());
  double size = 1;
  for (T value : x.values) size = std::fmax(size, std::abs(double(value)));
  CHECK(distance(product(a, x), b) <= tolerance<T>(n) * size);
  x = b;
  TestType::solve(true, n, 3, lu.data(), pivots.data(), x.data());
  for (T value : x.values) size = std::fmax(size, std::abs(double(value)));
  CHECK(distance(product(transpose(a), x), b) <= tolerance<T>(n) * size);
}

TEMPLATE_TEST_CASE("LU reports the first exact zero on the diagonal of U", "[linalg]",
                   LapackLu<float>, LapackLu<double>, SmallLu<float>, SmallLu<double>) {
  using T = typename TestType::Scalar;
  Matrix<T> a(3, 3);
  a.values = {1, 0, 0, 2, 0, 0, 3, 0, 4};
  std::vector<int> pivots(3);
  CHECK(TestType::factor(3, a.data(), pivots.data()) == 2);
}

TEMPLATE_TEST_CASE("the small LU has the pivots and factors of LAPACK's", "[linalg]", float,
                   double) {
  const int n = GENERATE(1, 2, 5, 16, 32);
  const auto a = random_matrix<TestType>(n, n, 3);
  auto small = a, large = a;
  std::vector<int> small_pivots(n), large_pivots(n);
  REQUIRE(linalg::small_lu_factor(n, small.data(), small_pivots.data()) == 0);
  REQUIRE(lapack::lu_factor(n, n, large.data(), large_pivots.data()) == 0);
  CHECK(small_pivots == large_pivots);
  CHECK(distance(small, large) <= 100 * tolerance<TestType>(n));
}

TEMPLATE_TEST_CASE("Cholesky factors and solves from either triangle", "[linalg]", float, double) {
  const bool upper = GENERATE(false, true);
  const int n = 9;
  const auto g = random_matrix<TestType>(n, n, 4);
  auto a = product(g, transpose(g));
  for (int i = 0; i < n; ++i) a(i, i) += 1;
  auto factor = a;
  REQUIRE(lapack::cholesky(upper, n, factor.data()) == 0);
  const auto b = random_matrix<TestType>(n, 2, 5);
  auto x = b;
  REQUIRE(lapack::cholesky_solve(upper, n, 2, factor.data(), x.data()) == 0);
  CHECK(distance(product(a, x), b) <= 40 * tolerance<TestType>(n));
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i)
      if (upper ? i > j : i < j) factor(i, j) = 0;
  const auto square =
      upper ? product(transpose(factor), factor) : product(factor, transpose(factor));
  CHECK(distance(square, a) <= 40 * tolerance<TestType>(n));
  auto indefinite = identity<TestType>(3);
  indefinite(1, 1) = -1;
  CHECK(lapack::cholesky(upper, 3, indefinite.data()) == 2);
}

TEMPLATE_TEST_CASE("triangular systems are solved in all eight shapes", "[linalg]", float, double) {
  const bool upper = GENERATE(false, true), transposed = GENERATE(false, true),
             unit = GENERATE(false, true);
  const int n = GENERATE(5, 40);  // both sides of the change from plain loops to LAPACK
  auto t = random_matrix<TestType>(n, n, 6);
  for (TestType& value : t.values) value /= n;
  for (int i = 0; i < n; ++i) t(i, i) = 2;
  const auto b = random_matrix<TestType>(n, 3, 7);
  auto x = b;
  lapack::triangular_solve({upper, transposed, unit}, n, 3, t.data(), x.data());
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i) {
      if (upper ? i > j : i < j) t(i, j) = 0;
      if (i == j && unit) t(i, j) = 1;
    }
  CHECK(distance(product(transposed ? transpose(t) : t, x), b) <= tolerance<TestType>(n));
}

TEST_CASE("a zero on the diagonal of a triangular system gives infinity", "[linalg]") {
  const int n = GENERATE(2, 20);
  auto t = identity<double>(n);
  t(n - 1, n - 1) = 0;
  std::vector<double> x(n, 1.0);
  lapack::triangular_solve({true, false, false}, n, 1, t.data(), x.data());
  CHECK(x[n - 1] == std::numeric_limits<double>::infinity());
}

TEMPLATE_TEST_CASE("eigh gives ascending eigenvalues and orthonormal eigenvectors", "[linalg]",
                   float, double) {
  const bool upper = GENERATE(false, true);
  const int n = GENERATE(1, 4, 33);
  auto a = random_matrix<TestType>(n, n, 9);
  const auto other = transpose(a);
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += other.values[i];
  auto v = a;
  std::vector<TestType> w(n), only(n);
  REQUIRE(lapack::eigh(true, upper, n, v.data(), w.data()) == 0);
  CHECK(std::is_sorted(w.begin(), w.end()));
  CHECK(distance(product(transpose(v), v), identity<TestType>(n)) <= tolerance<TestType>(n));
  auto scaled = v;
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i) scaled(i, j) *= w[j];
  CHECK(distance(product(a, v), scaled) <= 10 * tolerance<TestType>(n));
  auto copy = a;
  REQUIRE(lapack::eigh(false, upper, n, copy.data(), only.data()) == 0);
  for (int i = 0; i < n; ++i) CHECK(std::abs(w[i] - only[i]) <= 10 * tolerance<TestType>(n));
}

TEMPLATE_TEST_CASE("the SVD multiplies back, reduced and full, wide and tall", "[linalg]", float,
                   double) {
  const int m = GENERATE(1, 4, 9), n = GENERATE(1, 4, 9);
  const bool full = GENERATE(false, true);
  const int k = std::min(m, n), u_columns = full ? m : k, vt_rows = full ? n : k;
  const auto a = random_matrix<TestType>(m, n, 10);
  auto work = a;
  Matrix<TestType> u(m, u_columns), vt(vt_rows, n), s(u_columns, vt_rows);
  std::vector<TestType> values(k), only(k);
  const auto kind = full ? lapack::SvdVectors::Full : lapack::SvdVectors::Reduced;
  REQUIRE(lapack::svd(kind, m, n, work.data(), values.data(), u.data(), vt.data()) == 0);
  CHECK(std::is_sorted(values.rbegin(), values.rend()));
  for (int i = 0; i < k; ++i) s(i, i) = values[i];
  CHECK(distance(product(product(u, s), vt), a) <= tolerance<TestType>(m + n));
  CHECK(distance(product(transpose(u), u), identity<TestType>(u_columns)) <=
        tolerance<TestType>(m));
  CHECK(distance(product(vt, transpose(vt)), identity<TestType>(vt_rows)) <=
        tolerance<TestType>(n));
  work = a;
  REQUIRE(lapack::svd<TestType>(lapack::SvdVectors::None, m, n, work.data(), only.data(), nullptr,
                                nullptr) == 0);
  for (int i = 0; i < k; ++i) CHECK(std::abs(values[i] - only[i]) <= tolerance<TestType>(m + n));
}

TEST_CASE("eigh and svd refuse a NaN or an infinity instead of iterating on it", "[linalg]") {
  const double bad =
      GENERATE(std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity());
  auto a = identity<double>(5);
  a(4, 1) = bad;
  auto copy = a;
  std::vector<double> w(5), u(25), vt(25);
  CHECK(lapack::eigh(true, false, 5, copy.data(), w.data()) == lapack::kNotFinite);
  copy = a;
  CHECK(lapack::eigh(true, /*upper=*/true, 5, copy.data(), w.data()) ==
        0);  // the triangle that is not read
  copy = a;
  CHECK(lapack::svd(lapack::SvdVectors::Full, 5, 5, copy.data(), w.data(), u.data(), vt.data()) ==
        lapack::kNotFinite);
}

TEMPLATE_TEST_CASE("least squares leaves a residual orthogonal to the columns", "[linalg]", float,
                   double) {
  const int m = 8, n = 3;
  const auto a = random_matrix<TestType>(m, n, 11), b = random_matrix<TestType>(m, 2, 12);
  auto work = a, solution = b;
  int rank = 0;
  REQUIRE(lapack::least_squares(m, n, 2, work.data(), solution.data(), TestType(1e-5), &rank) == 0);
  CHECK(rank == n);
  Matrix<TestType> x(n, 2);
  for (int j = 0; j < 2; ++j)
    for (int i = 0; i < n; ++i) x(i, j) = solution(i, j);
  auto residual = product(a, x);
  for (std::size_t i = 0; i < residual.values.size(); ++i) residual.values[i] -= b.values[i];
  CHECK(distance(product(transpose(a), residual), Matrix<TestType>(n, 2)) <=
        10 * tolerance<TestType>(m));
}

TEST_CASE("factorisations from several threads agree with one thread", "[linalg]") {
  const int n = 150;
  const auto a = random_matrix<double>(n, n, 13);
  auto expected = a;
  std::vector<int> pivots(n);
  REQUIRE(lapack::lu_factor(n, n, expected.data(), pivots.data()) == 0);
  std::vector<int> right(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 10; ++round) {
        auto lu = a;
        std::vector<int> own(n);
        if (lapack::lu_factor(n, n, lu.data(), own.data()) == 0 && lu.values == expected.values)
          ++right[t];
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == std::vector<int>(4, 10));
}
