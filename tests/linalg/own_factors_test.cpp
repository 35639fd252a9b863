#include "catch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <lapacke.h>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/reflections.h>
#include <pullback/linalg/small_cholesky.h>
#include <pullback/linalg/small_lu.h>

#include "linalg/column_matrix.h"

// The library's own factorisations beside LAPACK's, and those of a batch beside those of one
// matrix.
using namespace pullback;

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
  table->lu.of<TestType>().factor(n, a.data(), pivots.data(), info.data());
  table->lu.of<TestType>().solve(transposed, n, columns, a.data(), pivots.data(), b.data());
  for (int l = 0; l < lanes; ++l) {
    CHECK(info[l] == linalg::small_lu_factor(n, matrices[l].data(), own_pivots.data()));
    if (l == 1) continue;
    linalg::small_lu_solve(transposed, n, columns, matrices[l].data(), own_pivots.data(),
                           sides[l].data());
    bool same = true;
    for (int k = 0; k < n; ++k) same = same && pivots[k * lanes + l] == own_pivots[k];
    for (int e = 0; e < n * n; ++e) same = same && a[e * lanes + l] == matrices[l].values[e];
    for (int e = 0; e < n * columns; ++e) same = same && b[e * lanes + l] == sides[l].values[e];
    CHECK(same);
  }
}

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
  table->cholesky.of<TestType>().factor(n, group.data(), info.data());
  for (int l = 0; l < lanes; ++l) {
    CHECK(info[l] == linalg::small_cholesky(n, matrices[l].data()));
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

int geqrf(int m, int n, float* a, float* tau) {
  return LAPACKE_sgeqrf(LAPACK_COL_MAJOR, m, n, a, m, tau);
}
int geqrf(int m, int n, double* a, double* tau) {
  return LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, n, a, m, tau);
}
int orgqr(int m, int n, int k, float* a, const float* tau) {
  return LAPACKE_sorgqr(LAPACK_COL_MAJOR, m, n, k, a, m, tau);
}
int orgqr(int m, int n, int k, double* a, const double* tau) {
  return LAPACKE_dorgqr(LAPACK_COL_MAJOR, m, n, k, a, m, tau);
}

template <class T>
Qr<T> lapack_qr(const Matrix<T>& a) {
  const int m = a.rows, k = std::min(m, a.columns);
  Qr<T> result(m, a.columns);
  result.packed = a;
  REQUIRE(geqrf(m, a.columns, result.packed.data(), result.tau.data()) == 0);
  std::copy(result.packed.data(), result.packed.data() + m * k, result.q.data());
  REQUIRE(orgqr(m, m, k, result.q.data(), result.tau.data()) == 0);
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
  const auto& loops = table->householder.of<TestType>();
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
