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
