#include "catch.h"

#include <cmath>
#include <vector>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>
#include <pullback/linalg/linalg.h>

using namespace pullback;

namespace {

using Sizes = std::vector<std::int64_t>;

/// Rows with no zero, one, two, and nothing else.
Tensor rows_of_zeros() {
  return tensor(
             {{0.5, -1.5, 2.0, 0.7}, {0.5, 0.0, 2.0, 0.7}, {0.5, 0.0, 2.0, 0.0}, {0., 0., 0., 0.}})
      .to(kDouble);
}

void check_gradients(const autograd::CheckedFunction& f, const Tensor& x) {
  CHECK(autograd::gradcheck(f, {x}));
  CHECK(autograd::gradgradcheck(f, {x}));
}

}  // namespace

TEST_CASE("a product with zeros has gradients of both orders", "[reduction]") {
  const Tensor x = rows_of_zeros().requires_grad_();
  const int row = GENERATE(0, 1, 2, 3);
  check_gradients([](const auto& in) { return in[0].prod(); },
                  x.detach()[row].clone().requires_grad_());
  check_gradients([](const auto& in) { return in[0].prod(1); }, x);
  check_gradients([](const auto& in) { return in[0].prod(0, true); }, x);
}

TEST_CASE("a running product with zeros has gradients of both orders", "[reduction]") {
  const Tensor x = rows_of_zeros().requires_grad_();
  check_gradients([](const auto& in) { return in[0].cumprod(1); }, x);
  check_gradients([](const auto& in) { return in[0].cumprod(0); }, x);
  check_gradients([](const auto& in) { return in[0].t().cumprod(0); }, x);
  check_gradients([](const auto& in) { return in[0].narrow(1, 1, 1).cumprod(1); }, x);
  check_gradients([](const auto& in) { return in[0].reshape({2, 2, 4}).cumprod(1); }, x);
}

TEST_CASE("a running product's gradient is of the input's type", "[reduction]") {
  const Tensor x = tensor({2.0, 3.0, 0.0, 5.0}).requires_grad_();
  const Tensor y = x.cumprod(0, kDouble);
  const Tensor g = autograd::grad({y}, {x}, {ones_like(y)})[0];
  CHECK(equal(g, tensor({4.0, 2.0, 36.0, 0.0})));
}

TEST_CASE("a running sum's gradient runs from the other end", "[reduction]") {
  manual_seed(1);
  const Tensor x = randn({5, 70, 3}, kDouble).requires_grad_(), g = randn({5, 70, 3}, kDouble);
  for (const int d : {0, 1, 2}) {
    const Tensor expected = flip(cumsum(flip(g, {d}), d), {d});
    CHECK(allclose(autograd::grad({x.cumsum(d)}, {x}, {g})[0], expected));
  }
  check_gradients([](const auto& in) { return in[0].t().cumsum(0); },
                  randn({3, 4}, kDouble).requires_grad_());
}

TEST_CASE("running extremes keep the last of equal ones and the last NaN", "[reduction]") {
  const Tensor x = tensor({-INFINITY, -INFINITY, 1.0, 1.0, 0.0, NAN, 2.0, NAN, 3.0});
  const auto [largest, at] = cummax(x, 0);
  CHECK(allclose(largest, tensor({-INFINITY, -INFINITY, 1.0, 1.0, 1.0, NAN, NAN, NAN, NAN}), 0, 0,
                 /*equal_nan=*/true));
  CHECK(equal(at, tensor({0, 1, 2, 3, 3, 5, 5, 7, 7}).to(kLong)));
  const auto [least, where] = cummin(-x, 0);
  CHECK(allclose(least, -largest, 0, 0, /*equal_nan=*/true));
  CHECK(equal(where, at));
}

TEST_CASE("nansum passes over NaNs only", "[reduction]") {
  const Tensor x = tensor({{1.0, NAN, 2.0}, {INFINITY, 1.0, -INFINITY}, {NAN, NAN, NAN}});
  CHECK(allclose(nansum(x, {1}), tensor({3.0, NAN, 0.0}), 0, 0, /*equal_nan=*/true));
  CHECK(nansum(x.narrow(0, 2, 1)).item<double>() == 0);
  CHECK(nansum(tensor({{1, 2}, {3, 4}}).to(kLong)).item<std::int64_t>() == 10);
  Tensor y = x.clone().requires_grad_();
  const Tensor g = autograd::grad({nansum(y)}, {y})[0];
  CHECK(equal(g, logical_not(isnan(x)).to(g.scalar_type())));
}

TEST_CASE("the extreme of a line is the first NaN, else the first of equal ones", "[reduction]") {
  const Tensor x = tensor({{1.0, 3.0, 3.0}, {NAN, 5.0, NAN}, {-INFINITY, -INFINITY, -INFINITY}});
  const Tensor at = tensor({1, 0, 0}).to(kLong);
  for (const bool keepdim : {false, true}) {
    const auto [values, indices] = x.max(1, keepdim);
    CHECK(values.sizes() == (keepdim ? Sizes{3, 1} : Sizes{3}));
    CHECK(equal(indices.reshape({3}), at));
    CHECK(allclose(values.reshape({3}), tensor({3.0, NAN, -INFINITY}), 0, 0, /*equal_nan=*/true));
  }
  CHECK(equal(std::get<1>(x.t().max(0)), at));
  CHECK(equal(std::get<0>(ones({2, 3}).expand({2, 3}).min(1)), ones({2})));
  CHECK(std::get<0>(tensor(2.5).max(0)).item<double>() == 2.5);
}

TEST_CASE("softmax of columns is that of rows", "[reduction]") {
  manual_seed(1);
  const Sizes sizes = GENERATE(Sizes{5, 40}, Sizes{150, 17}, Sizes{2, 3, 600}, Sizes{1, 20});
  const int d = static_cast<int>(sizes.size()) - 2;
  const Tensor x = (randn(sizes, kDouble) * 5).requires_grad_(), g = randn(sizes, kDouble);
  const auto both = [&](auto f) {
    const Tensor y = f(x, d), z = f(x.transpose(-1, -2).contiguous(), d + 1).transpose(-1, -2);
    CHECK(allclose(y, z, 1e-10, 1e-10));
    CHECK(
        allclose(autograd::grad({y}, {x}, {g})[0], autograd::grad({z}, {x}, {g})[0], 1e-10, 1e-10));
  };
  both([](const Tensor& t, int dim) { return softmax(t, dim); });
  both([](const Tensor& t, int dim) { return log_softmax(t, dim); });
}

TEST_CASE("softmax of columns has gradients of both orders", "[reduction]") {
  manual_seed(1);
  const Tensor x = randn({3, 16}, kDouble).requires_grad_();
  check_gradients([](const auto& in) { return softmax(in[0], 0); }, x);
  check_gradients([](const auto& in) { return log_softmax(in[0], 0); }, x);
}

TEST_CASE("softmax of columns treats infinities and NaNs as that of rows", "[reduction]") {
  Tensor x = zeros({3, 20});
  x[0][1] = INFINITY, x[0][2] = -INFINITY, x[1][3] = NAN, x[2][4] = -200;
  for (int i = 0; i < 3; ++i) x[i][5] = -INFINITY;
  const Tensor rows = x.t().contiguous();
  CHECK(allclose(softmax(x, 0), softmax(rows, 1).t(), 1e-6, 1e-7, /*equal_nan=*/true));
  CHECK(allclose(log_softmax(x, 0), log_softmax(rows, 1).t(), 1e-6, 1e-7, /*equal_nan=*/true));
}

TEST_CASE("a vector norm reduces any dimensions", "[reduction]") {
  manual_seed(1);
  const Tensor x = randn({3, 4, 5}).transpose(0, 2);
  for (const double p : {0.0, 1.0, 2.0, static_cast<double>(INFINITY)}) {
    const Tensor a = x.to(kDouble).abs();
    const Tensor expected = p == 0          ? (a != 0).sum({0, 2}).to(kDouble)
                            : std::isinf(p) ? a.amax({0, 2})
                                            : a.pow(p).sum({0, 2}).pow(1 / p);
    CHECK(allclose(linalg::vector_norm(x, p, {0, 2}).to(kDouble), expected, 1e-6, 1e-6));
  }
}

TEST_CASE("the variance of one number has a gradient as that of a vector", "[reduction]") {
  manual_seed(1);
  check_gradients([](const auto& in) { return in[0].var({0}, false, true); },
                  randn({3, 4}, kDouble).requires_grad_());
  check_gradients(
      [](const auto& in) {
        return in[0].std({0, 1});
      },
      randn({3, 4}, kDouble).requires_grad_());
}

TEST_CASE("short rows are normalised alike, whatever their number", "[reduction]") {
  const ScalarType type = GENERATE(kFloat, kDouble);
  const std::int64_t rows = GENERATE(1, 7, 8, 600), n = GENERATE(1, 3, 16, 31);
  CAPTURE(rows, n);
  manual_seed(3);
  const Tensor x = randn({rows, n}, type), w = randn({n}, type), b = randn({n}, type);
  const double error = type == kFloat ? 1e-5 : 1e-13;
  const Tensor e = exp(x - amax(x, {1}, true)), p = e / e.sum(1, true);
  CHECK(allclose(softmax(x, 1), p, error, error));
  CHECK(allclose(log_softmax(x, 1), log(p), error, error));
  const Tensor d = x - x.mean(1, true);
  CHECK(allclose(layer_norm(x, {n}, w, b), d / sqrt(d.square().mean(1, true) + 1e-5) * w + b,
                 10 * error, 10 * error));
  const Tensor last = x.slice(0, rows - 1, rows);
  CHECK(equal(softmax(x, 1).slice(0, rows - 1, rows), softmax(last, 1)));
  CHECK(equal(log_softmax(x, 1).slice(0, rows - 1, rows), log_softmax(last, 1)));
  CHECK(equal(layer_norm(x, {n}, w, b).slice(0, rows - 1, rows), layer_norm(last, {n}, w, b)));
}

TEST_CASE("short rows have gradients of both orders", "[reduction]") {
  manual_seed(4);
  const std::int64_t n = GENERATE(1, 5, 16);
  const Tensor x = randn({9, n}, kDouble).requires_grad_(), w = randn({n}, kDouble),
               b = randn({n}, kDouble);
  check_gradients([](const auto& in) { return softmax(in[0], 1); }, x);
  check_gradients([](const auto& in) { return log_softmax(in[0], 1); }, x);
  if (n > 1) check_gradients([=](const auto& in) { return layer_norm(in[0], {n}, w, b); }, x);
}

TEST_CASE("infinities and NaNs stay in their short rows", "[reduction]") {
  const double inf = INFINITY, nan = NAN;
  const Tensor x =
      tensor({-inf, 0.0, 0.0, nan, 1.0, 2.0, inf, 1.0, 2.0, -inf, -inf, -inf}).reshape({4, 3});
  CHECK(
      allclose(softmax(x, 1),
               tensor({0.0, 0.5, 0.5, nan, nan, nan, nan, nan, nan, nan, nan, nan}).reshape({4, 3}),
               0, 0, /*equal_nan=*/true));
  CHECK(allclose(log_softmax(x, 1)[0], tensor({-inf, -std::log(2.0), -std::log(2.0)}), 1e-6));
  CHECK(isnan(log_softmax(x, 1).slice(0, 1, 4)).all().item<bool>());
}
