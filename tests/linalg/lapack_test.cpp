#include "catch.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/reflections.h>
#include <pullback/linalg/small_cholesky.h>
#include <pullback/linalg/small_lu.h>

using namespace pullback;

namespace {

// A dense column-major matrix.
template <class T>
struct Matrix {
  int rows, columns;
  std::vector<T> values;

  Matrix(int m, int n) : rows(m), columns(n), values(static_cast<std::size_t>(m) * n) {}
  T& operator()(int i, int j) { return values[i + static_cast<std::size_t>(j) * rows]; }
  T operator()(int i, int j) const { return values[i + static_cast<std::size_t>(j) * rows]; }
  T* data() { return values.data(); }
};

template <class T>
Matrix<T> random_matrix(int m, int n, unsigned seed) {
  Matrix<T> a(m, n);
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  for (T& value : a.values) value = static_cast<T>(normal(engine));
  return a;
}

template <class T>
Matrix<T> transpose(const Matrix<T>& a) {
  Matrix<T> result(a.columns, a.rows);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.columns; ++j) result(j, i) = a(i, j);
  return result;
}

template <class T>
Matrix<T> product(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<T> result(a.rows, b.columns);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < b.columns; ++j) {
      double sum = 0;
      for (int k = 0; k < a.columns; ++k) sum += double(a(i, k)) * double(b(k, j));
      result(i, j) = static_cast<T>(sum);
    }
  return result;
}

template <class T>
double distance(const Matrix<T>& a, const Matrix<T>& b) {
  REQUIRE(a.rows == b.rows);
  REQUIRE(a.columns == b.columns);
  double largest = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    largest = std::fmax(largest, std::abs(double(a.values[i]) - double(b.values[i])));
  return largest;
}

template <class T>
Matrix<T> identity(int n) {
  Matrix<T> result(n, n);
  for (int i = 0; i < n; ++i) result(i, i) = 1;
  return result;
}

// Backward errors of these algorithms are a small multiple of n eps ‖A‖.
template <class T>
double tolerance(int n) {
  return 60.0 * (n + 1) * std::numeric_limits<T>::epsilon();
}

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
  static int factor(int n, T* a, int* pivots) { return small_lu_factor(n, a, pivots); }
  static void solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b) {
    small_lu_solve(transposed, n, columns, lu, pivots, b);
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
  REQUIRE(small_lu_factor(n, small.data(), small_pivots.data()) == 0);
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

TEMPLATE_TEST_CASE("QR gives orthonormal columns whose product with R is the matrix", "[linalg]",
                   float, double) {
  const int m = GENERATE(3, 8, 20), n = GENERATE(3, 8);
  const int k = std::min(m, n);
  const auto a = random_matrix<TestType>(m, n, 8);
  auto packed = a;
  std::vector<TestType> tau(k);
  REQUIRE(lapack::qr_factor(m, n, packed.data(), tau.data()) == 0);
  Matrix<TestType> q(m, k), r(k, n);
  for (int j = 0; j < k; ++j)
    for (int i = 0; i < m; ++i) q(i, j) = packed(i, j);
  for (int j = 0; j < n; ++j)
    for (int i = 0; i <= std::min(j, k - 1); ++i) r(i, j) = packed(i, j);
  REQUIRE(lapack::householder_product(m, k, k, q.data(), tau.data()) == 0);
  CHECK(distance(product(transpose(q), q), identity<TestType>(k)) <= tolerance<TestType>(m));
  CHECK(distance(product(q, r), a) <= tolerance<TestType>(m));
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

namespace {
template <class T>
const kernels::BatchedLu<T>& batched_lu(const kernels::Kernels& table) {
  if constexpr (std::is_same_v<T, float>)
    return table.lu_float;
  else
    return table.lu_double;
}
}  // namespace

TEMPLATE_TEST_CASE(
    "matrices factored side by side have the bits of those factored alone, in every tier",
    "[linalg]", float, double) {
  constexpr int lanes = kernels::kBatchLanes<TestType>;
  const int n = GENERATE(1, 2, 5, 16), columns = 3;
  const char* tier = GENERATE("base", "v3", "v4");
  const kernels::Kernels* table = kernels::tier_table(tier);
  if (!table) return;  // not a machine of this tier
  CAPTURE(tier, n);
  kernels::Buffer<TestType> a(lanes * n * n), b(lanes * n * columns);
  std::vector<int> pivots(lanes * n), info(lanes), own_pivots(n);
  std::vector<Matrix<TestType>> matrices, sides;
  for (int l = 0; l < lanes; ++l) {
    matrices.push_back(random_matrix<TestType>(n, n, 20 + l));
    sides.push_back(random_matrix<TestType>(n, columns, 50 + l));
    if (l == 1) std::fill(matrices[l].values.begin(), matrices[l].values.end(), TestType(0));
    for (int e = 0; e < n * n; ++e) a[e * lanes + l] = matrices[l].values[e];
    for (int e = 0; e < n * columns; ++e) b[e * lanes + l] = sides[l].values[e];
  }
  const bool transposed = GENERATE(false, true);
  batched_lu<TestType>(*table).factor(n, a.data(), pivots.data(), info.data());
  batched_lu<TestType>(*table).solve(transposed, n, columns, a.data(), pivots.data(), b.data());
  for (int l = 0; l < lanes; ++l) {
    CHECK(info[l] == small_lu_factor(n, matrices[l].data(), own_pivots.data()));
    if (l == 1) continue;
    small_lu_solve(transposed, n, columns, matrices[l].data(), own_pivots.data(), sides[l].data());
    bool same = true;
    for (int k = 0; k < n; ++k) same = same && pivots[k * lanes + l] == own_pivots[k];
    for (int e = 0; e < n * n; ++e) same = same && a[e * lanes + l] == matrices[l].values[e];
    for (int e = 0; e < n * columns; ++e) same = same && b[e * lanes + l] == sides[l].values[e];
    CHECK(same);
  }
}

namespace {
template <class T>
const kernels::BatchedCholesky<T>& batched_cholesky(const kernels::Kernels& table) {
  if constexpr (std::is_same_v<T, float>)
    return table.cholesky_float;
  else
    return table.cholesky_double;
}
}  // namespace

TEMPLATE_TEST_CASE(
    "Cholesky factors computed side by side have the bits of those computed alone, in every tier",
    "[linalg]", float, double) {
  constexpr int lanes = kernels::kBatchLanes<TestType>;
  const int n = GENERATE(1, 2, 3, 4, 5, 16, 31);
  const char* tier = GENERATE("base", "v3", "v4");
  const kernels::Kernels* table = kernels::tier_table(tier);
  if (!table) return;  // not a machine of this tier
  CAPTURE(tier, n);
  kernels::Buffer<TestType> group(lanes * n * n);
  std::vector<int> info(lanes);
  std::vector<Matrix<TestType>> matrices;
  for (int l = 0; l < lanes; ++l) {
    const auto g = random_matrix<TestType>(n, n, 20 + l);
    auto a = product(g, transpose(g));
    for (int i = 0; i < n; ++i) a(i, i) += 1;
    if (l == 1) a(n - 1, n - 1) = -1;
    if (l == 2) a(n / 2, n / 2) = std::numeric_limits<TestType>::quiet_NaN();
    for (int e = 0; e < n * n; ++e) group[e * lanes + l] = a.values[e];
    matrices.push_back(std::move(a));
  }
  batched_cholesky<TestType>(*table).factor(n, group.data(), info.data());
  for (int l = 0; l < lanes; ++l) {
    CHECK(info[l] == small_cholesky(n, matrices[l].data()));
    if (info[l] != 0) continue;
    bool same = true;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) {
        // Row-major, as the factor is, so the indices change places.
        const TestType expected = j <= i ? matrices[l](j, i) : TestType(0);
        same = same && group[(i * n + j) * lanes + l] == expected;
      }
    CHECK(same);
  }
  CHECK(info[1] == n);
  CHECK(info[2] == n / 2 + 1);
}

namespace {

template <class T>
const kernels::Householder<T>& householder(const kernels::Kernels& table) {
  if constexpr (std::is_same_v<T, float>)
    return table.householder_float;
  else
    return table.householder_double;
}

// A packed factorisation and the square Q.
template <class T>
struct Qr {
  Matrix<T> packed, q;
  std::vector<T> tau;

  Qr(int m, int n) : packed(m, n), q(m, m), tau(std::min(m, n)) {}
};

template <class T>
Qr<T> our_qr(const Matrix<T>& a) {
  Qr<T> result(a.rows, a.columns);
  linalg::Reflections<T> reflections(a.rows, a.columns, std::min(a.rows, a.columns));
  reflections.factor(transpose(a).data());
  reflections.pack(result.packed.data(), result.tau.data());
  reflections.write_q(a.rows, result.q.data());
  return result;
}

template <class T>
Qr<T> lapack_qr(const Matrix<T>& a) {
  const int m = a.rows, k = std::min(m, a.columns);
  Qr<T> result(m, a.columns);
  result.packed = a;
  REQUIRE(lapack::qr_factor(m, a.columns, result.packed.data(), result.tau.data()) == 0);
  std::copy(result.packed.data(), result.packed.data() + m * k, result.q.data());
  REQUIRE(lapack::householder_product(m, m, k, result.q.data(), result.tau.data()) == 0);
  return result;
}

// Columns of many sizes, one of them zero, one zero below its first entry, in matrix 1; huge and
// tiny numbers in matrices 2 and 3.
template <class T>
Matrix<T> awkward_matrix(int m, int n, unsigned kind) {
  auto a = random_matrix<T>(m, n, 30 + kind);
  const T most = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::denorm_min();
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < m; ++i) {
      if (kind == 1) a(i, j) *= j == 1 ? T(0) : j == 2 && i > 2 ? T(0) : j == 3 ? T(1e-25) : T(1);
      if (kind == 2) a(i, j) *= most / 100;
      if (kind == 3) a(i, j) *= least * 100000;
    }
  return a;
}

}  // namespace

TEMPLATE_TEST_CASE("reflections have LAPACK's signs, vectors and factors", "[linalg]", float,
                   double) {
  const int m = GENERATE(1, 2, 5, 33, 180), n = GENERATE(1, 4, 17, 70, 150);
  const auto a = random_matrix<TestType>(m, n, 40);
  auto ours = our_qr(a);
  const auto theirs = lapack_qr(a);
  const double bound = 20 * tolerance<TestType>(std::max(m, n));
  CAPTURE(m, n);
  CHECK(distance(ours.packed, theirs.packed) <= bound);
  CHECK(distance(ours.q, theirs.q) <= bound);
  for (std::size_t i = 0; i < ours.tau.size(); ++i)
    CHECK(std::abs(ours.tau[i] - theirs.tau[i]) <= bound);
  linalg::Reflections<TestType> again(m, n, std::min(m, n));
  again.unpack(ours.packed.data(), ours.tau.data());
  Matrix<TestType> q(m, m);
  again.write_q(m, q.data());
  CHECK(distance(q, ours.q) == 0);
}

TEMPLATE_TEST_CASE("reflections of huge, tiny and zero columns lose no digits", "[linalg]", float,
                   double) {
  const unsigned kind = GENERATE(1, 2, 3);
  const int n = 6;
  const auto a = awkward_matrix<TestType>(n, n, kind);
  const auto ours = our_qr(a), theirs = lapack_qr(a);
  CAPTURE(kind);
  CHECK(distance(product(transpose(ours.q), ours.q), identity<TestType>(n)) <=
        tolerance<TestType>(n));
  CHECK(distance(ours.q, theirs.q) <= 10 * tolerance<TestType>(n));
}

TEMPLATE_TEST_CASE("reflections side by side have the bits of those alone, in every tier",
                   "[linalg]", float, double) {
  constexpr int lanes = kernels::kBatchLanes<TestType>;
  const int m = GENERATE(1, 4, 7, 32), n = GENERATE(1, 4, 9, 32), k = std::min(m, n);
  const char* tier = GENERATE("base", "v3", "v4");
  const kernels::Kernels* table = kernels::tier_table(tier);
  if (!table) return;  // not a machine of this tier
  CAPTURE(tier, m, n);
  kernels::Buffer<TestType> group(lanes * m * n), tau(lanes * k), q(lanes * m * m);
  std::vector<Matrix<TestType>> matrices;
  for (int l = 0; l < lanes; ++l) {
    matrices.push_back(awkward_matrix<TestType>(m, n, l));
    for (int e = 0; e < m * n; ++e) group[e * lanes + l] = matrices[l].values[e];
  }
  const auto& loops = householder<TestType>(*table);
  loops.factor_batch(m, n, group.data(), tau.data());
  loops.product_batch(m, m, k, group.data(), tau.data(), q.data());
  for (int l = 0; l < lanes; ++l) {
    const auto alone = our_qr(matrices[l]);
    bool same = true;
    for (int e = 0; e < m * n; ++e) same = same && group[e * lanes + l] == alone.packed.values[e];
    for (int e = 0; e < k; ++e) same = same && tau[e * lanes + l] == alone.tau[e];
    for (int e = 0; e < m * m; ++e) same = same && q[e * lanes + l] == alone.q.values[e];
    CAPTURE(l);
    CHECK(same);
  }
}
