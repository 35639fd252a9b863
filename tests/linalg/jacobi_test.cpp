#include "catch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/random.h>
#include <pullback/linalg/lapack.h>

#include "linalg/column_matrix.h"
#include "linalg/matrices.h"

// Eigenvalues and singular values of batches, by Jacobi's method.
using namespace pullback;
using namespace pullback_tests;

namespace {

template <class T>
Matrix<T> scaled(Matrix<T> a, double factor) {
  for (T& x : a.values) x = static_cast<T>(x * factor);
  return a;
}

template <class T>
double largest(const Matrix<T>& a) {
  double most = 0;
  for (const T x : a.values) most = std::fmax(most, std::abs(double(x)));
  return most;
}

// Lane by lane what is hard: equal and nearly equal eigenvalues, none, graded, huge and tiny ones,
// and no numbers.
constexpr int kNaNLane = 6, kInfiniteLane = 7;
template <class T>
Matrix<T> square(int n, int lane) {
  const double huge = std::sqrt(double(std::numeric_limits<T>::max())) * 1e10;
  auto a = random_matrix<T>(n, n, 30 + lane);
  switch (lane) {
    case 0:
      return identity<T>(n);
    case 1:
      return scaled(a, 0);
    case 2: {
      auto low = product(random_matrix<T>(n, 2, 3), random_matrix<T>(2, n, 4));
      for (int i = 0; i < n; ++i) low(i, i) += T(n);
      return low;
    }
    case 3:
      for (int j = 0; j < n; ++j)
        for (int i = 0; i < n; ++i) a(i, j) *= static_cast<T>(std::pow(0.1, std::max(i, j)));
      return a;
    case 4:
      return scaled(a, huge);
    case 5:
      return scaled(a, 1 / huge);
    case kNaNLane:
      a(n - 1, n / 2) = std::numeric_limits<T>::quiet_NaN();
      return a;
    case kInfiniteLane:
      a(n / 2, n - 1) = std::numeric_limits<T>::infinity();
      return a;
    default:
      return a;
  }
}

template <class T>
Matrix<T> symmetric(const Matrix<T>& a) {
  auto result = a;
  for (int j = 0; j < a.columns; ++j)
    for (int i = 0; i < a.rows; ++i) result(i, j) = T(0.5) * a(i, j) + T(0.5) * a(j, i);
  return result;
}

// Row-major entries of lane l of interleaved memory.
template <class T>
Matrix<T> lane(const T* memory, int rows, int columns, int l) {
  Matrix<T> result(rows, columns);
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j)
      result(i, j) = memory[(i * columns + j) * kernels::kBatchLanes<T> + l];
  return result;
}

template <class T>
void put_lane(T* memory, const Matrix<T>& a, int l) {
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.columns; ++j)
      memory[(i * a.columns + j) * kernels::kBatchLanes<T> + l] = a(i, j);
}

// Pᵀ diag(s) Q.
template <class T>
Matrix<T> composed(const Matrix<T>& p, const Matrix<T>& s, const Matrix<T>& q) {
  auto left = transpose(p);
  for (int j = 0; j < left.columns; ++j)
    for (int i = 0; i < left.rows; ++i) left(i, j) *= s(j, 0);
  return product(left, q);
}

}  // namespace

TEMPLATE_TEST_CASE("matrices side by side are diagonalised as by LAPACK, in every tier", "[linalg]",
                   float, double) {
  constexpr int lanes = kernels::kBatchLanes<TestType>;
  const int n = GENERATE(1, 2, 3, 4, 5, 8, 16);
  const char* tier = GENERATE("base", "v3", "v4");
  const kernels::Kernels* table = kernels::tier_table(tier);
  if (!table) return;  // not a machine of this tier
  CAPTURE(tier, n);
  kernels::Buffer<TestType> a(lanes * n * n), values(lanes * n), v(lanes * n * n),
      again(lanes * n * n);
  bool failed[lanes], failed_again[lanes];
  std::vector<Matrix<TestType>> matrices;
  for (int l = 0; l < lanes; ++l) {
    matrices.push_back(symmetric(square<TestType>(n, l)));
    put_lane(a.data(), matrices[l], l);
  }
  std::copy_n(a.data(), lanes * n * n, again.data());
  table->jacobi.of<TestType>().eigen(n, a.data(), values.data(), v.data(), failed);
  for (int l = 0; l < lanes; ++l) {
    CAPTURE(l);
    REQUIRE(failed[l] == (l == kNaNLane || l == kInfiniteLane));
    if (failed[l]) continue;
    const double size = largest(matrices[l]), bound = tolerance<TestType>(n) * size;
    const auto w = lane(values.data(), n, 1, l), rows = lane(v.data(), n, n, l);
    CHECK(distance(composed(rows, w, rows), matrices[l]) <= bound);
    CHECK(distance(product(rows, transpose(rows)), identity<TestType>(n)) <=
          tolerance<TestType>(n));
    auto copy = matrices[l];
    Matrix<TestType> expected(n, 1);
    REQUIRE(lapack::eigh(false, false, n, copy.data(), expected.data()) == 0);
    CHECK(distance(w, expected) <= bound);
  }
  // Alone they have the same eigenvalues.
  kernels::Buffer<TestType> only(lanes * n);
  table->jacobi.of<TestType>().eigen(n, again.data(), only.data(), nullptr, failed_again);
  CHECK(std::equal(failed, failed + lanes, failed_again));
  for (int e = 0; e < lanes * n; ++e) CHECK((failed[e % lanes] || only[e] == values[e]));
}

TEMPLATE_TEST_CASE("matrices side by side have the singular values of LAPACK, in every tier",
                   "[linalg]", float, double) {
  constexpr int lanes = kernels::kBatchLanes<TestType>;
  const int m = GENERATE(1, 2, 3, 4, 8, 15), n = m + GENERATE(0, 1, 4);
  const char* tier = GENERATE("base", "v3", "v4");
  const kernels::Kernels* table = kernels::tier_table(tier);
  if (!table) return;  // not a machine of this tier
  CAPTURE(tier, m, n);
  kernels::Buffer<TestType> x(lanes * m * n), values(lanes * m), v(lanes * m * m);
  bool failed[lanes];
  std::vector<Matrix<TestType>> matrices;
  for (int l = 0; l < lanes; ++l) {
    const auto whole = square<TestType>(n, l);
    Matrix<TestType> part(m, n);
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j) part(i, j) = whole(i, j);
    put_lane(x.data(), part, l);
    matrices.push_back(part);
  }
  table->jacobi.of<TestType>().singular(m, n, x.data(), values.data(), v.data(), failed);
  CHECK(failed[1]);  // of rank 0
  for (int l = 0; l < lanes; ++l) {
    CAPTURE(l);
    bool finite = true;
    for (const TestType e : matrices[l].values) finite = finite && std::isfinite(e);
    if (!finite) CHECK(failed[l]);
    if (l == 0 || l == 2 || l == 4 || l == 5) CHECK_FALSE(failed[l]);
    if (failed[l]) continue;
    const double size = largest(matrices[l]);
    const auto s = lane(values.data(), m, 1, l), p = lane(v.data(), m, m, l),
               q = lane(x.data(), m, n, l);
    CHECK(distance(composed(p, s, q), matrices[l]) <= tolerance<TestType>(n) * size);
    CHECK(distance(product(p, transpose(p)), identity<TestType>(m)) <= tolerance<TestType>(n));
    CHECK(distance(product(q, transpose(q)), identity<TestType>(m)) <= tolerance<TestType>(n));
    auto copy = matrices[l];
    Matrix<TestType> expected(m, 1);
    REQUIRE(lapack::svd<TestType>(lapack::SvdVectors::None, m, n, copy.data(), expected.data(),
                                  nullptr, nullptr) == 0);
    CHECK(distance(s, expected) <= tolerance<TestType>(n) * size);
  }
}

TEST_CASE("matrices of multiple eigenvalues are not given up, in any tier", "[linalg]") {
  constexpr int lanes = kernels::kBatchLanes<double>, n = 12;
  const kernels::Kernels* table = kernels::tier_table(GENERATE("base", "v3", "v4"));
  if (!table) return;  // not a machine of this tier
  manual_seed(1);
  const Tensor q = std::get<0>(linalg::qr(randn({2000 / lanes * lanes, n, n}, kDouble)));
  const Tensor eigenvalues = floor(arange(n).to(kDouble) / 3);  // each three times
  const Tensor a = (q * eigenvalues).matmul(q.mT()).permute({1, 2, 0}).contiguous();
  for (std::int64_t first = 0; first < a.size(2); first += lanes) {
    Tensor group = a.narrow(2, first, lanes).contiguous();
    kernels::Buffer<double> values(lanes * n);
    bool failed[lanes];
    table->jacobi.of<double>().eigen(n, group.data_ptr<double>(), values.data(), nullptr, failed);
    CHECK(std::none_of(failed, failed + lanes, [](bool f) { return f; }));
    const Tensor found = from_blob(values.data(), {n, lanes}, kDouble);
    CHECK(allclose(found, eigenvalues.unsqueeze(1).expand({n, lanes}), 0, 1e-14));
  }
}

TEST_CASE("a batch of eigenvectors is of each matrix by itself, from either triangle", "[linalg]") {
  const auto dtype = GENERATE(kFloat, kDouble);
  const char* uplo = GENERATE("L", "U");
  const std::int64_t n = GENERATE(1, 3, 12);
  manual_seed(1);
  const Tensor g = randn({5, 7, n, n}, dtype), a = g + g.mT();
  // The other triangle is not looked at; the memory of one does not follow that of the other.
  const Tensor given = (*uplo == 'L' ? a.tril() : a.triu()).transpose(0, 1);
  const auto [w, v] = linalg::eigh(given, uplo);
  const double bound = dtype == kFloat ? 1e-5 : 1e-13;
  CHECK(allclose((v * w.unsqueeze(-2)).matmul(v.mT()), a.transpose(0, 1), 0, bound * 10));
  CHECK(allclose(v.mT().matmul(v), eye(n, dtype).expand({7, 5, n, n}), 0, bound));
  CHECK(linalg::eigvalsh(given, uplo).equal(w));
  const auto [part_w, part_v] = linalg::eigh(given.narrow(0, 2, 2), uplo);
  CHECK(part_w.equal(w.narrow(0, 2, 2)));
  CHECK(part_v.equal(v.narrow(0, 2, 2)));
  CHECK(allclose(std::get<0>(linalg::eigh(given[3][1], uplo)), w[3][1], 0, bound * 10));
}

TEST_CASE("a batch of singular vectors holds matrices of every shape and rank", "[linalg]") {
  const auto dtype = GENERATE(kFloat, kDouble);
  const auto [m, n] = GENERATE(std::pair(3, 3), std::pair(2, 5), std::pair(5, 2));
  manual_seed(1);
  Tensor a = randn({4, 5, m, n}, dtype);
  a.select(0, 1).select(0, 2).zero_();                     // of rank 0
  a.select(0, 3).select(0, 0).copy_(ones({m, n}, dtype));  // of rank 1
  const auto [u, s, vt] = linalg::svd(a, /*full_matrices=*/false);
  const double bound = dtype == kFloat ? 1e-5 : 1e-13;
  const std::int64_t k = std::min(m, n);
  CHECK(u.sizes() == IntArrayRef({4, 5, m, k}));
  CHECK(vt.sizes() == IntArrayRef({4, 5, k, n}));
  CHECK((u.is_contiguous() && vt.is_contiguous()));  // as those of one matrix are
  CHECK(allclose((u * s.unsqueeze(-2)).matmul(vt), a, 0, bound));
  const Tensor unit = eye(k, dtype).expand({4, 5, k, k});
  CHECK(allclose(u.mT().matmul(u), unit, 0, bound));
  CHECK(allclose(vt.matmul(vt.mT()), unit, 0, bound));
  CHECK((s.narrow(-1, 0, k - 1) >= s.narrow(-1, 1, k - 1)).all().item<bool>());
  CHECK(allclose(linalg::svdvals(a), s, 0, bound));
  CHECK(allclose(linalg::svdvals(a[2][2]), s[2][2], 0, bound));
}

TEST_CASE("eigenvectors and singular vectors of batches differentiate twice", "[linalg]") {
  const Tensor a = draw({6, 3, 3}, 9);
  CHECK(differentiates(
      [](const Matrices& in) {
        const auto [w, v] = linalg::eigh(in[0] + in[0].mT());
        return Matrices{w, v};
      },
      {a}));
  CHECK(differentiates(
      [](const Matrices& in) {
        const auto [u, s, vt] = linalg::svd(in[0], /*full_matrices=*/false);
        return Matrices{u, s, vt};
      },
      {a}));
}

TEST_CASE("a batch says which of its matrices has no eigenvalues", "[linalg]") {
  Tensor a = eye(4, kDouble).expand({40, 4, 4}).clone();
  a.select(0, 17).select(0, 3).select(0, 1).fill_(std::numeric_limits<double>::quiet_NaN());
  for (const bool singular : {false, true}) {
    std::string message;
    try {
      singular ? linalg::svdvals(a) : linalg::eigvalsh(a);
    } catch (const LinAlgError& error) {
      message = error.what();
    }
    CHECK(message.find("(Batch element 17): The algorithm failed to converge") !=
          std::string::npos);
  }
}
