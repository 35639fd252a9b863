#include <pullback/pullback.h>

#include "catch.h"

using namespace pullback;

// Where the elements of an elementwise result lie.

TEST_CASE("an elementwise result lies as its operands, where they agree and leave no gaps") {
  const Tensor x = arange(24, kFloat).reshape({2, 3, 4}).permute({2, 0, 1});
  const Tensor y = x * 2 + 1;
  CHECK(y.strides() == x.strides());
  CHECK(relu(x).strides() == x.strides());
  CHECK(gelu(x).strides() == x.strides());
  CHECK((x + y).strides() == x.strides());
  CHECK((x < 3).strides() == x.strides());
  CHECK((x * full({}, 2.0f)).strides() == x.strides());
  CHECK((1 - x).strides() == x.strides());
  CHECK(equal(y, x.contiguous() * 2 + 1));
  CHECK(equal(x + y, x.contiguous() + y.contiguous()));
}

TEST_CASE("an elementwise result lies in rows where operands disagree, broadcast or leave gaps") {
  const Tensor x = arange(12, kFloat).reshape({3, 4}).t();
  const auto in_rows = [](const Tensor& y) { return y.is_contiguous(); };
  CHECK(in_rows(x + x.contiguous()));
  CHECK(in_rows(x + ones({3})));
  CHECK(in_rows(ones({4, 1}) * x));
  CHECK(in_rows(relu(arange(24, kFloat).reshape({4, 6}).slice(1, 0, 6, 2).t())));
  CHECK(in_rows(relu(ones({3, 1}).expand({3, 4}))));
  CHECK(in_rows(relu(zeros({0, 3}).t())));
}

TEST_CASE("gradients flow through transposed results") {
  const Tensor x = arange(6, kDouble).reshape({2, 3}).requires_grad_();
  const Tensor y = x.t().tanh() * x.t();
  y.backward(arange(6, kDouble).reshape({3, 2}));
  const Tensor t = x.detach().tanh(), g = arange(6, kDouble).reshape({3, 2}).t();
  CHECK(allclose(x.grad(), g * (t + (1 - t * t) * x.detach())));
}
