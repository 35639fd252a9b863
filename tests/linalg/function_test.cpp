#include "catch.h"
#include "linalg/matrices.h"

#include <cmath>
#include <limits>

using namespace pullback;
using namespace pullback_tests;

namespace {
const double kInf = std::numeric_limits<double>::infinity();

// e^A by its series on A / 2²⁰, squared twenty times in long steps: slow and
// independent of Padé.
Tensor series(const Tensor& a) {
  const Tensor small = a / 1048576.0;
  Tensor term = eye(a.size(-1), kDouble).expand(a.sizes()), sum = term;
  for (int k = 1; k < 6; ++k) {
    term = term.matmul(small) / double(k);
    sum = sum + term;
  }
  for (int i = 0; i < 20; ++i) sum = sum.matmul(sum);
  return sum;
}
}  // namespace

TEST_CASE("matrix_exp agrees with the series at every degree of its approximant", "[linalg]") {
  const double size = GENERATE(1e-4, 1e-3, 0.04, 0.05, 0.3, 0.7, 2.0, 8.0);
  const std::int64_t n = GENERATE(1, 4, 40);
  const Tensor g = draw({2, n, n}, 1),
               a = g / linalg::matrix_norm(g, 1).unsqueeze(-1).unsqueeze(-1) * size;
  const Tensor expected = series(a);
  CHECK(distance(linalg::matrix_exp(a), expected) < 1e-8 * largest(expected));
  CHECK(distance(linalg::matrix_exp(a.to(kFloat)).to(kDouble), expected) <
        2e-5 * largest(expected));
}

TEST_CASE("matrix_exp of a skew matrix is orthogonal to rounding", "[linalg]") {
  const Tensor g = draw({6, 6}, 2) * 3, q = linalg::matrix_exp(g - g.mT());
  CHECK(distance(q.mT().matmul(q), eye(6, kDouble)) < 1e-13);
}

TEST_CASE("matrix_exp differentiates twice, at norms with and without squaring", "[linalg]") {
  const double size = GENERATE(0.1, 1.0, 4.0);
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::matrix_exp(in[0])}; },
                       {draw({2, 3, 3}, 3) * size}));
}

TEST_CASE("matrix_exp has a third derivative", "[linalg]") {
  // d³ tr e^(tA) / dt³ at t = 1 is tr(A³ e^A).
  const Tensor a = draw({3, 3}, 4) * 0.5, t = ones({}, kDouble).requires_grad_();
  Tensor y = linalg::matrix_exp(a * t).trace();
  for (int order = 0; order < 3; ++order)
    y = autograd::grad({y}, {t}, {}, /*retain_graph=*/true,
                       /*create_graph=*/true)[0];
  CHECK(distance(y, a.matmul(a).matmul(a).matmul(linalg::matrix_exp(a)).trace()) < 1e-11);
}

TEST_CASE("matrix_exp of NaN or infinity is NaN and of nothing nothing", "[linalg]") {
  CHECK(linalg::matrix_exp(full({2, 2}, kInf)).isnan().all().item<bool>());
  CHECK(linalg::matrix_exp(zeros({2, 0, 0})).sizes() == IntArrayRef({2, 0, 0}));
  CHECK(linalg::matrix_exp(zeros({3, 3})).equal(eye(3)));
  CHECK_THROWS_AS(linalg::matrix_exp(ones({2, 3})), RuntimeError);
}

TEST_CASE("matrix_power multiplies, inverts and differentiates", "[linalg]") {
  const Tensor a = draw({2, 3, 3}, 5) + eye(3, kDouble) * 2;
  CHECK(distance(linalg::matrix_power(a, 0), eye(3, kDouble).expand({2, 3, 3})) == 0);
  CHECK(distance(linalg::matrix_power(a, 1), a) == 0);
  CHECK(distance(linalg::matrix_power(a, 5), a.matmul(a).matmul(a).matmul(a).matmul(a)) < 1e-10);
  CHECK(distance(linalg::matrix_power(a, -2).matmul(a).matmul(a),
                 eye(3, kDouble).expand({2, 3, 3})) < 1e-11);
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::matrix_power(in[0], -3)}; },
                       {a}));
}

TEST_CASE("multi_dot multiplies in the cheapest order, vectors at the ends", "[linalg]") {
  const Tensor a = draw({3, 40}, 6), b = draw({40, 2}, 7), c = draw({2, 30}, 8), v = draw({30}, 9);
  CHECK(distance(linalg::multi_dot({a, b, c}), a.matmul(b).matmul(c)) < 1e-12);
  const Tensor x = linalg::multi_dot({a, b, c, v});
  CHECK(x.sizes() == IntArrayRef({3}));
  CHECK(distance(x, a.matmul(b.matmul(c.matmul(v)))) < 1e-12);
  CHECK_THROWS_AS(linalg::multi_dot({a}), RuntimeError);
  CHECK_THROWS_AS(linalg::multi_dot({a, c}), RuntimeError);
}

TEST_CASE("vector norms have their values and two derivatives", "[linalg]") {
  const Tensor x = tensor({{3., -4., 0.}, {1., 2., -2.}}, kDouble);
  CHECK(linalg::vector_norm(x, 2, {1}).equal(tensor({5., 3.}, kDouble)));
  CHECK(linalg::vector_norm(x, 1, {1}).equal(tensor({7., 5.}, kDouble)));
  CHECK(linalg::vector_norm(x, 0, {1}).equal(tensor({2., 3.}, kDouble)));
  CHECK(linalg::vector_norm(x, kInf).item<double>() == 4);
  CHECK(linalg::vector_norm(x, -kInf).item<double>() == 0);
  CHECK(linalg::vector_norm(x, 2, {0, 1}, /*keepdim=*/true).sizes() == IntArrayRef({1, 1}));
  CHECK(linalg::vector_norm(zeros({0})).item<double>() == 0);
  CHECK_THROWS_AS(linalg::vector_norm(zeros({0}), kInf), RuntimeError);
  CHECK_THROWS_AS(linalg::vector_norm(ones({2}, kLong)), RuntimeError);
  for (double p : {0.5, 1.0, 1.5, 2.0, 3.0, kInf, -kInf, -1.0}) {
    CAPTURE(p);
    CHECK(differentiates(
        [&](const Matrices& in) { return Matrices{linalg::vector_norm(in[0], p, {-1})}; },
        {draw({2, 3}, 10)}));
  }
}

TEST_CASE("the norm of zero has gradient zero", "[linalg]") {
  for (double p : {1.0, 1.5, 2.0, 3.0, kInf}) {
    const Tensor x = zeros({3}, kDouble).requires_grad_();
    linalg::vector_norm(x, p).backward();
    CAPTURE(p);
    CHECK(x.grad().equal(zeros({3}, kDouble)));
  }
  // With a negative order one zero makes the norm zero.
  for (double p : {-0.5, -1.0, -2.5}) {
    const Tensor x = tensor({2., -2., 1., 0.}, kDouble).requires_grad_();
    linalg::vector_norm(x, p).backward();
    CAPTURE(p);
    CHECK(x.grad().equal(zeros({4}, kDouble)));
  }
}

TEST_CASE("norms of scalars and of nothing, and orders and types that are none", "[linalg]") {
  const Tensor x = tensor(-3., kDouble);
  CHECK(linalg::vector_norm(x, kInf, {0}).item<double>() == 3);
  CHECK(linalg::vector_norm(x, -2.5, {-1}).sizes() == IntArrayRef({}));
  CHECK(linalg::matrix_norm(zeros({2, 0}), 1).item<float>() == 0);
  CHECK(linalg::matrix_norm(zeros({0, 2}), kInf).item<float>() == 0);
  CHECK_THROWS_AS(linalg::matrix_norm(zeros({2, 0}), -1), IndexError);
  CHECK_THROWS_AS(linalg::norm(zeros({2, 2, 2}), std::nullopt, {0, 1, 2}), RuntimeError);
  CHECK(throws_with([&] { linalg::vector_norm(x, 2, {}, false, kFloat); }, "without narrowing"));
}

TEST_CASE("matrix norms have their values and two derivatives", "[linalg]") {
  const Tensor a = tensor({{1., -2.}, {-3., 4.}}, kDouble);
  CHECK(linalg::matrix_norm(a, 1).item<double>() == 6);
  CHECK(linalg::matrix_norm(a, -1).item<double>() == 4);
  CHECK(linalg::matrix_norm(a, kInf).item<double>() == 7);
  CHECK(linalg::matrix_norm(a, -kInf).item<double>() == 3);
  CHECK(std::abs(linalg::matrix_norm(a).item<double>() - std::sqrt(30.)) < 1e-15);
  const Tensor s = linalg::svdvals(a);
  CHECK(distance(linalg::matrix_norm(a, 2), s[0]) < 1e-15);
  CHECK(distance(linalg::matrix_norm(a, -2), s[1]) < 1e-15);
  CHECK(distance(linalg::norm(a, "nuc"), s.sum()) < 1e-15);
  const Tensor batch = draw({2, 3, 4}, 11);
  for (double p : {1.0, 2.0, kInf}) {
    CAPTURE(p);
    CHECK(distance(linalg::matrix_norm(batch, p, {0, 2}),
                   linalg::matrix_norm(batch.movedim(1, 0), p)) < 1e-15);
    CHECK(linalg::matrix_norm(batch, p, {0, 2}, /*keepdim=*/true).sizes() ==
          IntArrayRef({1, 3, 1}));
    CHECK(differentiates(
        [&](const Matrices& in) { return Matrices{linalg::matrix_norm(in[0], p)}; }, {batch}));
  }
  CHECK_THROWS_AS(linalg::matrix_norm(a, 3), RuntimeError);
  CHECK_THROWS_AS(linalg::norm(a, "foo"), RuntimeError);
  CHECK_THROWS_AS(linalg::norm(batch, 2), RuntimeError);
}

TEST_CASE("condition numbers are infinite for singular matrices", "[linalg]") {
  const Tensor a = tensor({{2., 0.}, {0., 0.5}}, kDouble);
  CHECK(linalg::cond(a).item<double>() == 4);
  CHECK(linalg::cond(a, -2).item<double>() == 0.25);
  CHECK(linalg::cond(a, 1).item<double>() == 4);
  CHECK(linalg::cond(zeros({2, 2}), 1).item<double>() == kInf);
  CHECK_THROWS_AS(linalg::cond(a, 3), RuntimeError);
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::cond(in[0])}; },
                       {draw({2, 3, 3}, 12)}));
}
