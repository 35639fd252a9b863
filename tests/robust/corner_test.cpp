#include <cmath>

#include "catch.h"

#include <pullback/core/autograd/engine.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>

// Values and gradients where a formula is at its limits: ties, NaN, exponents that are far apart,
// tensors without elements or dimensions. Numbers are PyTorch 2.13's.
using namespace pullback;

namespace {

const double kNaN = std::nan("");

Tensor gradient(const Tensor& y, const Tensor& x) {
  return autograd::grad({y}, {x})[0];
}

}  // namespace

TEST_CASE("logcumsumexp has a gradient where exponentials overflow") {
  const Tensor x = tensor({-2.5e-5, -93270., -1279., 0.5}, kDouble).requires_grad_();
  const Tensor g = tensor({1., -2., 3., 4.}, kDouble), again = tensor({1., 1., 1., 2.}, kDouble);
  const Tensor first = autograd::grad({logcumsumexp(x, 0)}, {x}, {g}, true, true)[0];
  CHECK(allclose(first, tensor({3.5101391748933093, 0., 0., 2.4898608251066916}, kDouble), 1e-14));
  const Tensor second = autograd::grad({first}, {x}, {again})[0];
  CHECK(allclose(second, tensor({-0.9400090930064477, 0., 0., 0.9400090930064477}, kDouble), 1e-13,
                 1e-14));
}

TEST_CASE("elements that equal the median, the largest or the smallest share its gradient") {
  const Tensor x = tensor({1., 3., 2., 2.}).requires_grad_();
  CHECK(gradient(median(x), x).equal(tensor({0., 0., 0.5, 0.5})));
  const Tensor lost = tensor({1., kNaN, 2., kNaN}).requires_grad_();
  const Tensor shared = tensor({0., 0.5, 0., 0.5});
  CHECK(gradient(max(lost), lost).equal(shared));
  CHECK(gradient(min(lost), lost).equal(shared));
  CHECK(gradient(median(lost), lost).equal(shared));
}

TEST_CASE("a dimension without elements has no largest, even if there are no lines along it") {
  const Tensor x = empty({3, 0, 0});
  CHECK_THROWS_AS(amax(x, 1), IndexError);
  CHECK_THROWS_AS(min(x, 2), IndexError);
  CHECK_THROWS_AS(argmax(x, 2), IndexError);
  CHECK_THROWS_AS(aminmax(x), Error);
  CHECK(std::get<0>(aminmax(ones({2, 3}), {}, /*keepdim=*/true)).sizes() == IntArrayRef({1, 1}));
}

TEST_CASE("meshgrid's xy has the second line along the first dimension") {
  const auto grids = meshgrid({tensor({1, 2, 3}), tensor({4, 5}), tensor({6})}, "xy");
  CHECK(grids[0].squeeze(2).equal(tensor({{1, 2, 3}, {1, 2, 3}})));
  CHECK(grids[1].squeeze(2).equal(tensor({{4, 4, 4}, {5, 5, 5}})));
  CHECK(grids[2].sizes() == IntArrayRef({2, 3, 1}));
}
