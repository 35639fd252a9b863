#include "catch.h"
#include "linalg/matrices.h"

#include <limits>

using namespace pullback;
using namespace pullback_tests;

namespace {
using Sizes = std::vector<std::int64_t>;
const double kNaN = std::numeric_limits<double>::quiet_NaN();

Tensor symmetric(const Tensor& x) {
  return x + x.mT();
}
Tensor unit(std::int64_t n) {
  return eye(n, kDouble);
}
}  // namespace

TEST_CASE(
    "cholesky multiplies back from the triangle it reads and "
    "differentiates twice",
    "[linalg]") {
  const bool upper = GENERATE(false, true);
  const Tensor a = draw_positive({2, 3, 3}, 1);
  const Tensor f = linalg::cholesky(a, upper);
  CHECK(distance(upper ? f.mT().matmul(f) : f.matmul(f.mT()), a) < 1e-14);
  CHECK(distance(upper ? f.triu() : f.tril(), f) == 0);
  CHECK(distance(linalg::cholesky(upper ? a.triu() : a.tril(), upper), f) == 0);
  CHECK(differentiates(
      [&](const Matrices& in) {
        return Matrices{linalg::cholesky((in[0] + in[0].mT()) * 0.5, upper)};
      },
      {a}));
  const Tensor b = draw({2, 3, 2}, 2);
  CHECK(distance(a.matmul(cholesky_solve(b, f, upper)), b) < 1e-13);
  CHECK(differentiates(
      [&](const Matrices& in) { return Matrices{cholesky_solve(in[0], in[1], upper)}; }, {b, f}));
}

TEST_CASE("cholesky says which minor of which matrix is not positive", "[linalg]") {
  Tensor a = unit(3).expand({2, 3, 3}).clone();
  a.select(0, 1).select(0, 2).select(0, 2).fill_(-1);
  std::string message;
  try {
    linalg::cholesky(a);
  } catch (const LinAlgError& error) {
    message = error.what();
  }
  CHECK(message ==
        "linalg.cholesky: (Batch element 1): The factorization "
        "could not be completed because the "
        "input is not positive-definite (the leading minor of order "
        "3 is not positive-definite).");
}

TEST_CASE("a batch of Cholesky factors is that of single matrices, and says which has none",
          "[linalg]") {
  const auto dtype = GENERATE(kFloat, kDouble);
  const std::int64_t count = GENERATE(6, 37), n = GENERATE(1, 5, 32);
  const bool upper = GENERATE(false, true), transposed = GENERATE(false, true);
  Tensor a = draw_positive({count, n, n}, 20, dtype);
  if (transposed) a = a.mT().contiguous().mT();
  const Tensor f = linalg::cholesky(a, upper);
  for (std::int64_t i = 0; i < count; ++i)
    CHECK(distance(f[i], linalg::cholesky(a[i], upper)) == 0);
  a[count - 1][n - 1][n - 1].fill_(kNaN);
  CHECK_THROWS_WITH(linalg::cholesky(a, upper),
                    "linalg.cholesky: (Batch element " + std::to_string(count - 1) +
                        "): The factorization could not be completed because the input is not "
                        "positive-definite (the leading minor of order " +
                        std::to_string(n) + " is not positive-definite).");
}

TEST_CASE("qr multiplies back in every mode", "[linalg]") {
  const auto sizes = GENERATE(Sizes{3, 3}, Sizes{2, 5, 3}, Sizes{2, 3, 5}, Sizes{40, 40},
                              Sizes{7, 5, 3}, Sizes{2, 130, 150}, Sizes{150, 100});
  const Tensor a = draw(sizes, 3);
  const auto [q, r] = linalg::qr(a);
  const std::int64_t m = a.size(-2), k = std::min(m, a.size(-1));
  CHECK(distance(q.matmul(r), a) < 1e-13);
  CHECK(distance(q.mT().matmul(q), unit(k).expand(q.mT().matmul(q).sizes())) < 1e-13);
  CHECK(distance(r.triu(), r) == 0);
  const auto [full, tall] = linalg::qr(a, "complete");
  CHECK(full.size(-1) == m);
  CHECK(distance(full.matmul(tall), a) < 1e-13);
  const auto [none, only] = linalg::qr(a, "r");
  CHECK(none.numel() == 0);
  CHECK(distance(only, r) < 1e-13);
  CHECK_THROWS_AS(linalg::qr(a, "foo"), RuntimeError);
}

TEST_CASE("a batch of QR factorisations is that of single matrices", "[linalg]") {
  const auto dtype = GENERATE(kFloat, kDouble);
  const std::int64_t count = GENERATE(6, 37);
  const auto size = GENERATE(Sizes{5, 5}, Sizes{32, 3}, Sizes{4, 17});
  const char* mode = GENERATE("reduced", "complete");
  const bool transposed = GENERATE(false, true);
  Tensor a = draw({count, size[0], size[1]}, 21, dtype);
  if (transposed) a = a.mT().contiguous().mT();
  const auto [q, r] = linalg::qr(a, mode);
  const auto [packed, tau] = linalg::geqrf(a);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto [own_q, own_r] = linalg::qr(a[i], mode);
    CHECK(distance(q[i], own_q) == 0);
    CHECK(distance(r[i], own_r) == 0);
    CHECK(distance(packed[i], std::get<0>(linalg::geqrf(a[i]))) == 0);
    CHECK(distance(tau[i], std::get<1>(linalg::geqrf(a[i]))) == 0);
  }
  const std::int64_t k = tau.size(-1);
  const Tensor vectors = packed.narrow(-1, 0, k),
               product = linalg::householder_product(vectors, tau);
  CHECK(distance(product, q.narrow(-1, 0, k)) == 0);
}

TEST_CASE("a NaN reaches the columns of Q and R behind it only", "[linalg]") {
  const std::int64_t count = GENERATE(1, 6), n = 5, bad = 2;
  Tensor a = draw({count, n, n}, 22);
  a[count - 1][n - 1][bad].fill_(kNaN);
  const auto [q, r] = linalg::qr(a);
  CHECK(!q[count - 1].narrow(-1, 0, bad).isnan().any().item<bool>());
  CHECK(!r[count - 1].narrow(-1, 0, bad).isnan().any().item<bool>());
  CHECK(q[count - 1].narrow(-1, bad, n - bad).isnan().any(-2).all().item<bool>());
}

TEST_CASE("qr differentiates twice, square, tall and wide", "[linalg]") {
  const auto sizes = GENERATE(Sizes{3, 3}, Sizes{2, 4, 2}, Sizes{2, 4});
  CHECK(differentiates(
      [](const Matrices& in) {
        const auto [q, r] = linalg::qr(in[0]);
        return Matrices{q, r};
      },
      {draw(sizes, 4)}));
}

TEST_CASE("qr explains what it cannot differentiate", "[linalg]") {
  const Tensor a = draw({3, 2}, 5).requires_grad_();
  CHECK_THROWS_AS(std::get<1>(linalg::qr(a, "r")).sum().backward(), RuntimeError);
  CHECK_THROWS_AS(std::get<0>(linalg::qr(a, "complete")).sum().backward(), RuntimeError);
}

TEST_CASE("householder_product multiplies reflections and differentiates twice", "[linalg]") {
  const Tensor a = draw({2, 4, 3}, 6), tau = draw({2, 2}, 7);
  Tensor expected = eye(4, 3, kDouble).expand({2, 4, 3});
  for (std::int64_t i = 2; i-- > 0;) {
    const Tensor v = (a.tril(-1) + eye(4, 3, kDouble)).narrow(-1, i, 1);
    expected = expected - tau.narrow(-1, i, 1).unsqueeze(-1) * v.matmul(v.mT().matmul(expected));
  }
  CHECK(distance(linalg::householder_product(a, tau), expected) < 1e-13);
  CHECK(differentiates(
      [](const Matrices& in) { return Matrices{linalg::householder_product(in[0], in[1])}; },
      {a, tau}));
}

TEST_CASE("eigh diagonalises from either triangle and differentiates twice", "[linalg]") {
  const char* uplo = GENERATE("L", "U");
  const Tensor a = symmetric(draw({2, 3, 3}, 8));
  const auto [w, v] = linalg::eigh(*uplo == 'L' ? a.tril() : a.triu(), uplo);
  CHECK(distance((v * w.unsqueeze(-2)).matmul(v.mT()), a) < 1e-13);
  CHECK(distance(linalg::eigvalsh(a, uplo), w) < 1e-13);
  CHECK(differentiates(
      [&](const Matrices& in) {
        const auto [w, v] = linalg::eigh(symmetric(in[0]), uplo);
        return Matrices{w, v};
      },
      {draw({2, 3, 3}, 9)}));
  CHECK(differentiates(
      [&](const Matrices& in) { return Matrices{linalg::eigvalsh(symmetric(in[0]), uplo)}; },
      {draw({2, 3, 3}, 10)}));
}

TEST_CASE("the svd multiplies back and differentiates twice", "[linalg]") {
  const auto sizes = GENERATE(Sizes{3, 3}, Sizes{2, 4, 2}, Sizes{2, 4});
  const Tensor a = draw(sizes, 11);
  const auto [u, s, vt] = linalg::svd(a, /*full_matrices=*/false);
  CHECK(distance((u * s.unsqueeze(-2)).matmul(vt), a) < 1e-14);
  const auto [full_u, values, full_vt] = linalg::svd(a);
  CHECK(full_u.size(-1) == a.size(-2));
  CHECK(full_vt.size(-2) == a.size(-1));
  CHECK(distance(linalg::svdvals(a), s) < 1e-14);
  CHECK(differentiates(
      [](const Matrices& in) {
        const auto [u, s, vt] = linalg::svd(in[0], /*full_matrices=*/false);
        return Matrices{u, s, vt};
      },
      {a}));
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::svdvals(in[0])}; }, {a}));
}

TEST_CASE("empty matrices decompose into identities and empty factors", "[linalg]") {
  const auto [u, s, vt] = linalg::svd(zeros({3, 0}));
  CHECK(u.equal(eye(3)));
  CHECK(s.numel() == 0);
  CHECK(vt.sizes() == IntArrayRef({0, 0}));
  const auto [q, r] = linalg::qr(zeros({3, 0}), "complete");
  CHECK(q.equal(eye(3)));
  CHECK(r.sizes() == IntArrayRef({3, 0}));
  CHECK(linalg::eigvalsh(zeros({2, 0, 0})).sizes() == IntArrayRef({2, 0}));
  CHECK(linalg::cholesky(zeros({0, 3, 3})).sizes() == IntArrayRef({0, 3, 3}));
  CHECK(linalg::pinv(zeros({0, 3})).sizes() == IntArrayRef({3, 0}));
}

TEST_CASE("eigh and svd throw on NaN and say which matrix", "[linalg]") {
  const Tensor a = stack({unit(3), full({3, 3}, kNaN, kDouble)});
  for (int which : {0, 1}) {
    std::string message;
    try {
      if (which) {
        linalg::svd(a);
      } else {
        linalg::eigh(a);
      }
    } catch (const LinAlgError& error) {
      message = error.what();
    }
    CHECK(message.find("(Batch element 1): The algorithm failed to converge") != std::string::npos);
  }
}

TEST_CASE(
    "equal eigenvalues give infinite or NaN gradients of the "
    "eigenvectors, as in PyTorch",
    "[linalg]") {
  const Tensor a = unit(2).requires_grad_();
  std::get<1>(linalg::eigh(a)).sum().backward();
  CHECK(!a.grad().isfinite().all().item<bool>());
}

TEST_CASE("pinv satisfies Penrose's equations and differentiates twice", "[linalg]") {
  const auto sizes = GENERATE(Sizes{3, 3}, Sizes{2, 4, 2}, Sizes{2, 4});
  const Tensor a = draw(sizes, 12), p = linalg::pinv(a), ap = a.matmul(p), pa = p.matmul(a);
  CHECK(distance(ap.matmul(a), a) < 1e-13);
  CHECK(distance(pa.matmul(p), p) < 1e-13);
  CHECK(distance(ap, ap.mT()) < 1e-13);
  CHECK(distance(pa, pa.mT()) < 1e-13);
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::pinv(in[0])}; }, {a}));
}

TEST_CASE("ranks and pseudo-inverses ignore singular values that are rounding error", "[linalg]") {
  const Tensor g = draw({5, 2}, 13), a = g.matmul(draw({2, 4}, 14)), s = g.matmul(g.mT());
  CHECK(linalg::matrix_rank(a).item<std::int64_t>() == 2);
  CHECK(linalg::matrix_rank(s, {}, {}, /*hermitian=*/true).item<std::int64_t>() == 2);
  CHECK(distance(a.matmul(linalg::pinv(a)).matmul(a), a) < 1e-13);
  CHECK(distance(linalg::pinv(s, {}, {}, /*hermitian=*/true), linalg::pinv(s)) < 1e-11);
  CHECK(linalg::matrix_rank(unit(3) * 2, 3.0).item<std::int64_t>() == 0);
}

TEST_CASE("lstsq minimises the residual and differentiates twice", "[linalg]") {
  const Tensor a = draw({2, 5, 3}, 15), b = draw({2, 5, 2}, 16);
  const auto [x, residuals, rank, values] = linalg::lstsq(a, b);
  CHECK(distance(a.mT().matmul(a.matmul(x)), a.mT().matmul(b)) < 1e-12);
  CHECK(distance(residuals, (a.matmul(x) - b).square().sum({-2})) < 1e-14);
  CHECK(rank.equal(full({2}, 3, kLong)));
  CHECK(values.numel() == 0);
  CHECK(differentiates(
      [](const Matrices& in) {
        const auto [x, residuals, rank, values] = linalg::lstsq(in[0], in[1]);
        return Matrices{x, residuals};
      },
      {a, b}));
  CHECK(differentiates(
      [](const Matrices& in) { return Matrices{std::get<0>(linalg::lstsq(in[0], in[1]))}; },
      {draw({2, 3}, 17), draw({2, 1}, 18)}));
  const Tensor v = std::get<0>(linalg::lstsq(a, draw({2, 5}, 19)));
  CHECK(v.sizes() == IntArrayRef({2, 3}));
}
