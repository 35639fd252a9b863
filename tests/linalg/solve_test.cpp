#include "catch.h"
#include "linalg/matrices.h"

#include <cmath>
#include <limits>
#include <string>

using namespace pullback;
using namespace pullback_tests;

namespace {
const double kNaN = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();

// Far from singular.
Tensor regular(IntArrayRef sizes, unsigned seed) {
  return draw(sizes, seed) * 0.5 + eye(sizes[sizes.size() - 1], kDouble) * 3;
}

// The second of two 3×3 matrices is singular.
Tensor second_singular() {
  return stack({eye(3, kDouble), zeros({3, 3}, kDouble)});
}

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}
}  // namespace

TEST_CASE(
    "solve agrees with multiplication for matrices, vectors, batches and "
    "from the right",
    "[linalg]") {
  const auto dtype = GENERATE(kFloat, kDouble);
  const std::int64_t n = GENERATE(1, 3, 33);
  const double tolerance = (dtype == kFloat ? 1e-3 : 1e-11) * n;
  const Tensor a = draw({2, n, n}, 1, dtype) + eye(n, dtype) * 3, b = draw({2, n, 4}, 2, dtype);
  const Tensor x = linalg::solve(a, b);
  CHECK(x.scalar_type() == dtype);
  CHECK(distance(a.matmul(x), b) < tolerance);
  CHECK(distance(a.mT().matmul(linalg::solve(a.mT(), b)), b) < tolerance);
  const Tensor c = draw({2, 4, n}, 3, dtype), y = linalg::solve(a, c, /*left=*/false);
  CHECK(distance(y.matmul(a), c) < tolerance);
  const Tensor v = draw({2, n}, 4, dtype), w = linalg::solve(a, v);
  CHECK(w.sizes() == v.sizes());
  CHECK(distance(a.matmul(w.unsqueeze(-1)).squeeze(-1), v) < tolerance);
  CHECK(distance(linalg_solve(a, b), x) == 0);
}

TEST_CASE("solve broadcasts batches of either side", "[linalg]") {
  const Tensor a = draw({3, 3}, 1), many = draw({4, 2, 3, 3}, 2), b = draw({2, 3, 2}, 3);
  CHECK(distance(a.matmul(linalg::solve(a, b)), b) < 1e-12);
  const Tensor x = linalg::solve(many, b);
  CHECK(x.sizes() == IntArrayRef({4, 2, 3, 2}));
  CHECK(distance(many.matmul(x), b.expand({4, 2, 3, 2})) < 1e-11);
  const Tensor v = draw({3}, 4);
  CHECK(distance(many.matmul(linalg::solve(many, v).unsqueeze(-1)).squeeze(-1),
                 v.expand({4, 2, 3})) < 1e-11);
}

TEST_CASE("solve takes empty systems", "[linalg]") {
  CHECK(linalg::solve(zeros({0, 0}), zeros({0, 2})).sizes() == IntArrayRef({0, 2}));
  CHECK(linalg::solve(zeros({0, 3, 3}), zeros({0, 3, 1})).sizes() == IntArrayRef({0, 3, 1}));
  CHECK(linalg::solve(eye(3), zeros({3, 0})).sizes() == IntArrayRef({3, 0}));
  CHECK(linalg::inv(zeros({2, 0, 0})).sizes() == IntArrayRef({2, 0, 0}));
  CHECK(linalg::det(zeros({0, 0})).item<double>() == 1);
  const auto [sign, log] = linalg::slogdet(zeros({0, 0}));
  CHECK(sign.item<double>() == 1);
  CHECK(log.item<double>() == 0);
}

TEST_CASE("a system near the identity loses no digits to its size", "[linalg]") {
  const std::int64_t n = GENERATE(64, 200);
  const Tensor a = eye(n, kDouble) + draw({n, n}, 1) / (4 * n), b = draw({n, n}, 2);
  const Tensor exact = linalg::solve(a, b), x = linalg::solve(a.to(kFloat), b.to(kFloat));
  CAPTURE(n);
  CHECK((x - exact).norm().item<double>() < 2e-7 * exact.norm().item<double>());
}

TEST_CASE("a singular system throws and names the matrix of the batch", "[linalg]") {
  const Tensor a = second_singular(), one = zeros({3, 3}, kDouble);
  CHECK(message_of<LinAlgError>([&] {
          linalg::solve(a, ones({2, 3, 1}, kDouble));
        }) ==
        "linalg.solve: (Batch element 1): The solver failed because the "
        "input matrix is singular.");
  CHECK(message_of<LinAlgError>([&] { linalg::solve(one, ones({3}, kDouble)); }) ==
        "linalg.solve: The solver failed because the input matrix is singular.");
  CHECK(message_of<LinAlgError>([&] { linalg::inv(a); }) ==
        "linalg.inv: (Batch element 1): The diagonal element 1 is zero, the "
        "inversion could not be "
        "completed because the input matrix is singular.");
  CHECK(message_of<LinAlgError>([&] {
          linalg::lu_factor(one);
        }).find("linalg.lu_factor: U[1,1] is zero") == 0);
  CHECK_THROWS_AS(linalg::matrix_power(a, -1), LinAlgError);
}

TEST_CASE("solve checks shapes and types", "[linalg]") {
  CHECK_THROWS_AS(linalg::solve(ones({2, 3}), ones({2})), RuntimeError);
  CHECK_THROWS_AS(linalg::solve(eye(3), ones({2, 2})), RuntimeError);
  CHECK_THROWS_AS(linalg::solve(eye(3), ones({2})), RuntimeError);
  CHECK_THROWS_AS(linalg::solve(eye(3), ones({3}, kDouble)), RuntimeError);
  CHECK_THROWS_AS(linalg::solve(eye(3, kLong), ones({3}, kLong)), RuntimeError);
  CHECK_THROWS_AS(linalg::solve(ones({3}), ones({3})), RuntimeError);
  CHECK(message_of<RuntimeError>([&] {
          linalg::solve(eye(3), ones({2, 2}));
        }) ==
        "linalg.solve: Incompatible shapes of A and B for the equation "
        "AX = B (3x3 and 2x2)");
  CHECK(message_of<RuntimeError>([&] {
          linalg::inv(ones({2, 3}));
        }) ==
        "linalg.inv: A must be batches of square matrices, but they are "
        "2 by 3 matrices");
}

TEST_CASE("solve on NaN gives NaN", "[linalg]") {
  CHECK(linalg::solve(full({3, 3}, kNaN), ones({3})).isnan().all().item<bool>());
  CHECK(std::isnan(linalg::det(full({3, 3}, kNaN)).item<double>()));
}

TEST_CASE("one factorisation serves solve, its gradient and the second gradient", "[linalg]") {
  const bool left = GENERATE(true, false);
  const auto solve = [&](const Matrices& in) {
    return Matrices{linalg::solve(in[0], in[1], left)};
  };
  CHECK(differentiates(solve, {regular({3, 3}, 5), draw({3, 3}, 6)}));
  CHECK(differentiates(solve, {regular({3, 3}, 7), draw({2, 3, 3}, 8)}));
  CHECK(differentiates(solve, {regular({2, 3, 3}, 7), draw({3, 3}, 8)}));
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::solve(in[0], in[1])}; },
                       {regular({2, 3, 3}, 9), draw({2, 3}, 10)}));
}

TEST_CASE("inv, det, slogdet and logdet differentiate twice", "[linalg]") {
  const Tensor a = regular({2, 3, 3}, 11);
  CHECK(distance(linalg::inv(a).matmul(a), eye(3, kDouble).expand({2, 3, 3})) < 1e-13);
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::inv(in[0])}; }, {a}));
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::det(in[0])}; }, {a}));
  CHECK(differentiates(
      [](const Matrices& in) { return Matrices{std::get<1>(linalg::slogdet(in[0]))}; }, {a}));
  CHECK(differentiates([](const Matrices& in) { return Matrices{logdet(in[0])}; },
                       {draw_positive({3, 3}, 12)}));
}

TEST_CASE("the determinant of a singular matrix is 0 and its gradient the cofactors", "[linalg]") {
  Tensor a = tensor({{1., 2., 3.}, {4., 5., 6.}, {5., 7., 9.}}, kDouble).requires_grad_();
  const Tensor d = linalg::det(a);
  CHECK(std::abs(d.item<double>()) < 1e-13);
  d.backward();
  CHECK(distance(a.grad(), tensor({{3., -6., 3.}, {3., -6., 3.}, {-3., 6., -3.}}, kDouble)) <
        1e-12);
  CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::det(in[0])}; }, {a}));
  Tensor batch = second_singular().requires_grad_();
  const Tensor both = linalg::det(batch);
  CHECK(both.equal(tensor({1., 0.}, kDouble)));
  both.sum().backward();
  CHECK(distance(batch.grad(), second_singular()) < 1e-15);
  const auto [sign, log] = linalg::slogdet(second_singular());
  CHECK(sign.equal(tensor({1., 0.}, kDouble)));
  CHECK(log[1].item<double>() == -kInf);
}

TEST_CASE("slogdet gives the sign and survives what det overflows on", "[linalg]") {
  const Tensor a = tensor({{0., 2.}, {3., 0.}}, kDouble);
  CHECK(linalg::det(a).item<double>() == -6);
  const auto [sign, log] = linalg::slogdet(a * 1e200);
  CHECK(sign.item<double>() == -1);
  CHECK(std::abs(log.item<double>() - (std::log(6) + 400 * std::log(10))) < 1e-10);
  CHECK(std::isnan(logdet(a).item<double>()));
}

TEST_CASE("triangular systems are solved and differentiated in every form", "[linalg]") {
  const bool upper = GENERATE(true, false), left = GENERATE(true, false),
             unit = GENERATE(true, false);
  const bool transposed = GENERATE(true, false);
  Tensor a = regular({2, 3, 3}, 13);
  if (transposed) a = a.mT();
  const Tensor b = draw({2, 3, 3}, 14);
  Tensor triangle = upper ? a.triu(unit) : a.tril(unit ? -1 : 0);
  if (unit) triangle = triangle + eye(3, kDouble);
  const Tensor x = linalg::solve_triangular(a, b, upper, left, unit);
  CHECK(distance(left ? triangle.matmul(x) : x.matmul(triangle), b) < 1e-13);
  CHECK(differentiates(
      [&](const Matrices& in) {
        return Matrices{linalg::solve_triangular(in[0], in[1], upper, left, unit)};
      },
      {a, b}));
}

TEST_CASE(
    "lu multiplies back for square, wide and tall matrices and "
    "differentiates twice",
    "[linalg]") {
  const auto sizes = GENERATE(std::vector<std::int64_t>{3, 3}, std::vector<std::int64_t>{2, 3, 4},
                              std::vector<std::int64_t>{4, 2});
  const Tensor a = draw(sizes, 15);
  const auto [p, l, u] = linalg::lu(a);
  CHECK(distance(p.matmul(l).matmul(u), a) < 1e-14);
  CHECK(distance(l.tril(), l) == 0);
  CHECK(distance(u.triu(), u) == 0);
  CHECK(differentiates(
      [](const Matrices& in) {
        const auto [p, l, u] = linalg::lu(in[0]);
        return Matrices{l, u};
      },
      {a}));
  CHECK(differentiates(
      [](const Matrices& in) { return Matrices{std::get<0>(linalg::lu_factor(in[0]))}; }, {a}));
}

TEST_CASE("lu_solve uses the factors from both sides and as the transpose", "[linalg]") {
  const bool left = GENERATE(true, false), adjoint = GENERATE(true, false);
  const Tensor a = draw({2, 3, 3}, 16), b = draw({2, 3, 3}, 17);
  const auto [packed, pivots] = linalg::lu_factor(a);
  const Tensor x = linalg::lu_solve(packed, pivots, b, left, adjoint), op = adjoint ? a.mT() : a;
  CHECK(distance(left ? op.matmul(x) : x.matmul(op), b) < 1e-12);
  CHECK(differentiates(
      [&, pivots = pivots](const Matrices& in) {
        return Matrices{linalg::lu_solve(in[0], pivots, in[1], left, adjoint)};
      },
      {packed, b}));
}

TEST_CASE(
    "a batch that is factored side by side solves and differentiates "
    "like single matrices",
    "[linalg]") {
  const auto dtype = GENERATE(kFloat, kDouble);
  const std::int64_t count = GENERATE(6, 16, 37);
  const Tensor a = regular({count, 5, 5}, 20).to(dtype), b = draw({count, 5, 2}, 21, dtype);
  const Tensor x = linalg::solve(a, b), right = linalg::solve(a.mT(), b.mT(), /*left=*/false);
  const Tensor d = linalg::det(a), shared = linalg::solve(a, b[0]);
  const auto [sign, log] = linalg::slogdet(a);
  for (std::int64_t i = 0; i < count; ++i) {
    CHECK(distance(x[i], linalg::solve(a[i], b[i])) == 0);
    CHECK(distance(right[i].mT(), x[i]) < (dtype == kFloat ? 1e-5 : 1e-14));
    CHECK(distance(shared[i], linalg::solve(a[i], b[0])) == 0);
    CHECK(distance(d[i], linalg::det(a[i])) == 0);
    CHECK(distance(log[i], std::get<1>(linalg::slogdet(a[i]))) == 0);
  }
  if (dtype == kDouble && count == 6)
    CHECK(differentiates([](const Matrices& in) { return Matrices{linalg::solve(in[0], in[1])}; },
                         {a.narrow(-1, 0, 2).narrow(-2, 0, 2), b.narrow(-2, 0, 2)}));
  Tensor singular = a.clone();
  singular[count - 1].zero_();
  CHECK(message_of<LinAlgError>([&] {
          linalg::inv(singular);
        }).find("(Batch element " + std::to_string(count - 1) + ")") != std::string::npos);
}
