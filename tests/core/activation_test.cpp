#include <cmath>

#include "catch.h"

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>

// Activation functions and losses whose value and gradient are a kernel each. Numbers are PyTorch
// 2.13's.
using namespace pullback;

namespace {

const float kNaN = std::nanf(""), kInf = INFINITY;

bool same(const Tensor& a, const Tensor& b) {
  return allclose(a, b, 1e-6, 0, /*equal_nan=*/true);
}

Tensor gradient(const Tensor& y, const Tensor& x, bool create_graph = false) {
  return autograd::grad({y}, {x}, {ones_like(y)}, /*retain_graph=*/true, create_graph)[0];
}

// What is composed for second derivatives is what the kernel computes.
void check_both_ways(const Tensor& y, const Tensor& x) {
  CHECK(same(gradient(y, x), gradient(y, x, true)));
}

}  // namespace

TEST_CASE("activations of NaN, infinities and the ends of their pieces") {
  const Tensor x =
      tensor({kNaN, kInf, -kInf, -0.f, 0.2f, -0.2f, 1.f, -1.f, 3.f, -3.f}).requires_grad_();
  const auto check = [&](const Tensor& y, const Tensor& value, const Tensor& slope) {
    CHECK(same(y, value));
    CHECK(same(gradient(y, x), slope));
  };
  const float sixth = 1 / 6.f;
  check(hardsigmoid(x),
        tensor({kNaN, 1.f, 0.f, 0.5f, 3.2f / 6, 2.8f / 6, 4 / 6.f, 2 / 6.f, 1.f, 0.f}),
        tensor({0.f, 0.f, 0.f, sixth, sixth, sixth, sixth, sixth, 0.f, 0.f}));
  check(hardswish(x),
        tensor({kNaN, kInf, kNaN, 0.f, 0.1066666767f, -0.0933333337f, 4 / 6.f, -2 / 6.f, 3.f, 0.f}),
        tensor({1.f, 1.f, 0.f, 0.5f, 3.4f / 6, 2.6f / 6, 5 / 6.f, sixth, 1.f, 0.f}));
  const Tensor outside = tensor({1.f, 1.f, 1.f, 0.f, 0.f, 0.f, 1.f, 1.f, 1.f, 1.f});
  check(softshrink(x), tensor({kNaN, kInf, -kInf, 0.f, 0.f, 0.f, 0.5f, -0.5f, 2.5f, -2.5f}),
        outside);
  check(hardshrink(x), tensor({kNaN, kInf, -kInf, 0.f, 0.f, 0.f, 1.f, -1.f, 3.f, -3.f}), outside);
  check(relu6(x), tensor({kNaN, 6.f, 0.f, 0.f, 0.2f, 0.f, 1.f, 0.f, 3.f, 0.f}),
        tensor({1.f, 0.f, 0.f, 0.f, 1.f, 0.f, 1.f, 0.f, 1.f, 0.f}));
  check(threshold(x, 0.2f, 5), tensor({kNaN, kInf, 5.f, 5.f, 5.f, 5.f, 1.f, 5.f, 3.f, 5.f}),
        tensor({1.f, 1.f, 0.f, 0.f, 0.f, 0.f, 1.f, 0.f, 1.f, 0.f}));
  const Tensor leaked = tensor({kNaN, kInf, -kInf, 0.f, 0.2f, -0.05f, 1.f, -0.25f, 3.f, -0.75f});
  const Tensor leaks = tensor({0.25f, 1.f, 0.25f, 0.25f, 1.f, 0.25f, 1.f, 0.25f, 1.f, 0.25f});
  check(prelu(x, tensor({0.25f})), leaked, leaks);
  check(rrelu(x, 0.2, 0.3), leaked, leaks);
}

TEST_CASE("the logistic function and its logarithm reach their limits") {
  const Tensor x = tensor({kNaN, kInf, -kInf, -103.f, 103.f});
  CHECK(same(sigmoid(x), tensor({kNaN, 1.f, 0.f, 1.4012985e-45f, 1.f})));
  CHECK(same(logsigmoid(x), tensor({kNaN, 0.f, -kInf, -103.f, -1.4012985e-45f})));
  CHECK(same(softplus(x), tensor({kNaN, kInf, 0.f, 1.4012985e-45f, 103.f})));
  CHECK(same(
      logaddexp(tensor({kNaN, 1.f, kInf, -kInf, -kInf}), tensor({1.f, kNaN, kInf, -kInf, 2.f})),
      tensor({kNaN, kNaN, kInf, -kInf, 2.f})));
}

TEST_CASE("activations of integers are those that PyTorch has") {
  CHECK(same(softsign(tensor({1, 2, -3})), tensor({0.5f, 2 / 3.f, -0.75f})));
  CHECK(threshold(tensor({1, -2, 3}), 0, 7).equal(tensor({1, 7, 3})));
  CHECK(hardtanh(tensor({1, -2, 3})).equal(tensor({1, -1, 1})));
  CHECK_THROWS_AS(hardswish(tensor({1})), NotImplementedError);
  CHECK_THROWS_AS(hardshrink(tensor({1})), NotImplementedError);
}

TEST_CASE("the kernels of gradients agree with what second derivatives are made of") {
  manual_seed(3);
  const Tensor x = randn({6, 4}).requires_grad_(), y = randn({6, 4}).requires_grad_();
  const Tensor w = tensor({0.1f, 0.2f, 0.3f, 0.4f});
  for (const Tensor& in : {x, x.t(), x.unsqueeze(0).expand({3, 6, 4})}) {
    check_both_ways(glu(in, -1), x);
    check_both_ways(glu(in, -2), x);
  }
  check_both_ways(prelu(x, w), x);
  check_both_ways(prelu(x.t().reshape({6, 4}), w), x);
  for (const Reduction reduction : {Reduction::None, Reduction::Mean}) {
    for (const Tensor& of : {x, y}) {
      check_both_ways(huber_loss(x, y, reduction, 0.7), of);
      check_both_ways(smooth_l1_loss(x, y, reduction, 0.7), of);
    }
    check_both_ways(huber_loss(x, y.narrow(0, 0, 1), reduction), y);
    check_both_ways(binary_cross_entropy(sigmoid(x), sigmoid(y), {}, reduction), x);
  }
}

TEST_CASE("gradients of gradients through activations of straight pieces") {
  const Tensor x = tensor({-4.0, -2.0, -0.3, 0.4, 2.5, 3.5}, kDouble).requires_grad_();
  using Function = Tensor (*)(const Tensor&);
  const Function functions[] = {[](const Tensor& v) { return hardsigmoid(v); },
                                [](const Tensor& v) { return hardswish(v); },
                                [](const Tensor& v) { return softshrink(v); },
                                [](const Tensor& v) { return hardshrink(v); },
                                [](const Tensor& v) { return threshold(v, 0.1, 2); },
                                [](const Tensor& v) { return softsign(v); },
                                [](const Tensor& v) { return 3 / v; }};
  for (const Function f : functions) {
    CHECK(autograd::gradcheck(f, {x}));
    CHECK(autograd::gradgradcheck(f, {x}));
  }
}

TEST_CASE("activations of nothing, of one and of no dimensions") {
  for (const auto& sizes : {std::vector<std::int64_t>{0}, {3, 0}, {1}, {}}) {
    const Tensor x = full(sizes, -0.75f).requires_grad_();
    for (const Tensor& y : {hardsigmoid(x), hardswish(x), softshrink(x), hardshrink(x), softsign(x),
                            threshold(x, 0, 1), prelu(x, tensor(0.5f)), 2 / x}) {
      CHECK(y.sizes() == x.sizes());
      CHECK(gradient(y, x).sizes() == x.sizes());
    }
  }
  CHECK(glu(ones({0, 4}), 1).sizes() == IntArrayRef({0, 2}));
  CHECK(glu(ones({0, 4}), 0).sizes() == IntArrayRef({0, 4}));
}

TEST_CASE("threshold and rrelu notice that what they saved has changed") {
  const Tensor x = ones({3}).requires_grad_(), h = x * 1;
  const Tensor y = threshold(h, 0, 1).sum();
  h.add_(1);
  CHECK_THROWS_AS(y.backward(), RuntimeError);

  const Tensor z = rrelu(x, 0.1, 0.3, /*training=*/true).sum();
  z.backward();
  CHECK_THROWS_AS(z.backward(), RuntimeError);  // its slopes are released
}

TEST_CASE("losses of NaN and infinities") {
  const Tensor x = tensor({kNaN, kInf, -kInf, 1.f}).requires_grad_(), y = zeros({4});
  CHECK(same(huber_loss(x, y, Reduction::None), tensor({kNaN, kInf, kInf, 0.5f})));
  CHECK(same(smooth_l1_loss(x, y, Reduction::None, 0.5), tensor({kNaN, kInf, kInf, 0.75f})));
  CHECK(same(gradient(huber_loss(x, y, Reduction::Sum), x), tensor({kNaN, 1.f, -1.f, 1.f})));
  const Tensor sure = tensor({0.f, 1.f, 0.5f}).requires_grad_();
  CHECK(
      same(gradient(binary_cross_entropy(sure, tensor({0.f, 0.f, 1.f}), {}, Reduction::Sum), sure),
           tensor({0.f, 1e12f, -2.f})));
  CHECK(same(multi_margin_loss(tensor({kInf, 1.f, 2.f}).unsqueeze(0), tensor({0}), 1, 1, {},
                               Reduction::None),
             tensor({0.f})));
}
