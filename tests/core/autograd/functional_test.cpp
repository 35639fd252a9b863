#include <pullback/core/autograd/functional.h>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/ops.h>
#include <pullback/core/print.h>

#include "catch.h"

using namespace pullback;
namespace functional = autograd::functional;
using functional::Tensors;

namespace {

Tensor values(std::initializer_list<TensorData> list) {
  return tensor(list, TensorOptions(kDouble));
}

bool is(const Tensor& x, const Tensor& expected) {
  UNSCOPED_INFO("found " << x);
  return x.sizes() == expected.sizes() && x.allclose(expected, 1e-14, 1e-14);
}

Tensor cube(const Tensor& x) {
  return x * x * x;
}
Tensor product_of_squares(const Tensors& in) {
  return (in[0] * in[0]).sum() * in[1].prod();
}

}  // namespace

TEST_CASE("a Jacobian has the output's sizes followed by the input's", "[functional]") {
  const Tensor x = values({1.0, 2.0});
  CHECK(is(functional::jacobian(cube, x), values({{3.0, 0.0}, {0.0, 12.0}})));
  const Tensor m = values({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  const Tensor j = functional::jacobian([](const Tensor& a) { return a.sum(IntArrayRef{1}); }, m);
  CHECK(j.sizes() == IntArrayRef({2, 2, 3}));
  CHECK(is(j[1], values({{0.0, 0.0, 0.0}, {1.0, 1.0, 1.0}})));
  CHECK_FALSE(j.requires_grad());
  CHECK_FALSE(x.requires_grad());
}

TEST_CASE("Jacobians of lists are blocks by output and input", "[functional]") {
  const Tensor a = values({1.0, 2.0}), b = values({3.0});
  const auto j = functional::jacobian(
      [](const Tensors& in) {
        return Tensors{in[0] * in[1], in[1] * in[1]};
      },
      {a, b});
  REQUIRE(j.size() == 2);
  CHECK(is(j[0][0], values({{3.0, 0.0}, {0.0, 3.0}})));
  CHECK(is(j[0][1], values({{1.0}, {2.0}})));
  CHECK(is(j[1][0], values({{0.0, 0.0}})));
  CHECK(is(j[1][1], values({{6.0}})));
}

TEST_CASE("vjp and jvp multiply the Jacobian from either side", "[functional]") {
  const Tensor x = values({1.0, 2.0, 3.0}), v = values({1.0, -1.0, 0.5});
  const auto f = [](const Tensor& in) { return in.cumsum(0) * in; };
  const Tensor j = functional::jacobian(f, x);
  const auto [y, left] = functional::vjp(f, x, v);
  CHECK(is(y, f(x)));
  CHECK(is(left, matmul(v, j)));
  CHECK(is(functional::jvp(f, x, v).second, matmul(j, v)));
  CHECK(
      is(functional::vjp([](const Tensor& in) { return in.sum(); }, x).second, ones({3}, kDouble)));
}

TEST_CASE("hessian, hvp and vhp agree", "[functional]") {
  const Tensor x = values({1.0, 2.0, 3.0}), v = values({1.0, -1.0, 0.5});
  const auto f = [](const Tensor& in) { return (in * in).sum() * in.prod(); };
  const Tensor h = functional::hessian(f, x);
  CHECK(is(h, h.t()));
  CHECK(h[0][0].item<double>() == 6 * 6);  // ∂²/∂x₀² of x₁x₂ (x₀³ + x₀(x₁² + x₂²)) = 6 x₀x₁x₂
  const auto [y, right] = functional::hvp(f, x, v);
  CHECK(y.item<double>() == 84);
  CHECK(is(right, matmul(h, v)));
  CHECK(is(functional::vhp(f, x, v).second, matmul(h, v)));

  const auto blocks = functional::hessian(product_of_squares, {x, values({2.0, 5.0})});
  CHECK(is(blocks[0][1], blocks[1][0].t()));
  CHECK(is(blocks[0][0], 20 * eye(3, kDouble)));
}

TEST_CASE("what functional returns is differentiable with create_graph", "[functional]") {
  const Tensor x = values({1.0, 2.0}).requires_grad_();
  const Tensor j = functional::jacobian(cube, x, /*create_graph=*/true);
  CHECK(is(autograd::grad({j.sum()}, {x})[0], values({6.0, 12.0})));
  const Tensor v = values({0.5, 0.25});
  const auto checked = [&](const Tensor& in) {
    return std::vector<Tensor>{functional::hvp([](const Tensor& a) { return cube(a).sum(); }, in, v,
                                               /*create_graph=*/true)
                                   .second,
                               functional::jvp(cube, in, v, /*create_graph=*/true).second};
  };
  CHECK(autograd::gradcheck(checked, {x}));
}

TEST_CASE("a constant has a zero Jacobian, and is refused when strict", "[functional]") {
  const Tensor x = values({1.0, 2.0});
  const auto constant = [](const Tensor& in) { return in.detach() * 2; };
  CHECK(is(functional::jacobian(constant, x), zeros({2, 2}, kDouble)));
  CHECK(throws_with([&] { functional::jacobian(constant, x, false, /*strict=*/true); },
                    "does not require gradients"));
}

TEST_CASE("functional refuses what it cannot differentiate", "[functional]") {
  const Tensor x = values({1.0, 2.0});
  CHECK(throws_with([&] { functional::hessian(cube, x); }, "should contain a single element"));
  CHECK(throws_with([&] { functional::vjp(cube, x); }, "The vector v can only be None"));
  CHECK(throws_with([&] { functional::vjp(cube, x, ones({3})); },
                    "v has invalid size: should be [2] but got [3]"));
  CHECK(throws_with([&] { functional::jvp(cube, x); }, "The vector v can only be None"));
}
