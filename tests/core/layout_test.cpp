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
  CHECK(x.add(y, 2).strides() == x.strides());
  CHECK(where(x < 3, x, y).strides() == x.strides());
  CHECK(where(x < 3, x, 0).strides() == x.strides());
  CHECK(x.masked_fill(x < 3, 1).strides() == x.strides());
  CHECK(clamp(x, 1, 2).strides() == x.strides());
  CHECK(clamp(x, x * 0, y).strides() == x.strides());
  CHECK(lerp(x, y, 0.5).strides() == x.strides());
  CHECK(lerp(x, y, x).strides() == x.strides());
  CHECK(addcmul(x, y, y, 2).strides() == x.strides());
  CHECK(addcdiv(x, y, y, 2).strides() == x.strides());
  CHECK(nan_to_num(x).strides() == x.strides());
  CHECK(isnan(x).strides() == x.strides());
  CHECK(nn::functional::hardshrink(x).strides() == x.strides());
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

TEST_CASE("clones, conversions and numbers like a tensor lie as it does, if it leaves no gaps") {
  const Tensor x = arange(24, kFloat).reshape({2, 3, 4}).permute({2, 0, 1});
  CHECK(x.clone().strides() == x.strides());
  CHECK(equal(x.clone(), x));
  CHECK(x.to(kDouble).strides() == x.strides());
  CHECK(zeros_like(x).strides() == x.strides());
  CHECK(ones_like(x, kInt).strides() == x.strides());
  CHECK(full_like(x, 2).strides() == x.strides());
  CHECK(flip(x, {0, 2}).strides() == x.strides());
  CHECK(equal(flip(x, {0, 2}), flip(x.contiguous(), {0, 2})));
  CHECK(equal(x.to(kDouble).to(kFloat), x));
  CHECK((x.to(kInt) + 0.5).strides() == x.strides());
  CHECK(x.slice(0, 0, 4, 2).clone().is_contiguous());
  CHECK(ones({3, 1}).expand({3, 4}).clone().is_contiguous());
  CHECK(zeros({0, 3}).t().clone().is_contiguous());
}

TEST_CASE("what needs rows makes rows of any layout") {
  const Tensor x = arange(24, kDouble).reshape({2, 3, 4}).permute({2, 0, 1}), rows = x.contiguous();
  CHECK(rows.is_contiguous());
  CHECK(equal(x.reshape({-1}), rows.reshape({-1})));
  CHECK(equal(x.repeat_interleave(1, 1), rows));
  CHECK(equal(x.repeat_interleave(2, 0), rows.repeat_interleave(2, 0)));
  CHECK(equal(bmm(x.permute({2, 0, 1}), x.permute({2, 1, 0})),
              bmm(rows.permute({2, 0, 1}).contiguous(), rows.permute({2, 1, 0}).contiguous())));
  const Tensor mask = x > 4, source = arange(24, kDouble);
  CHECK(equal(x.masked_scatter(mask, source), rows.masked_scatter(mask.contiguous(), source)));
  const Tensor leaf = zeros({4, 2, 3}, kDouble).requires_grad_();
  (leaf * x).sum().backward();
  CHECK(equal(leaf.grad(), rows));
}

TEST_CASE("gradients flow through transposed results") {
  const Tensor x = arange(6, kDouble).reshape({2, 3}).requires_grad_();
  const Tensor y = x.t().tanh() * x.t();
  y.backward(arange(6, kDouble).reshape({3, 2}));
  const Tensor t = x.detach().tanh(), g = arange(6, kDouble).reshape({3, 2}).t();
  CHECK(allclose(x.grad(), g * (t + (1 - t * t) * x.detach())));
}

TEST_CASE("operands by rows and by columns meet in matrices of any width") {
  const std::pair<std::int64_t, std::int64_t> sizes[] = {
      {5, 300}, {300, 5}, {100, 100}, {129, 257}, {300, 300}, {1000, 100}, {65, 1025}, {2, 700}};
  for (const ScalarType type : {kFloat, kDouble, kLong, kInt, kBool}) {
    for (const auto& [n, m] : sizes) {
      INFO(type << " " << n << " by " << m);
      const Tensor wide = randint(0, 9, {n, m + 7}).to(type), x = wide.narrow(1, 3, m);
      const Tensor y = randint(0, 9, {m, n}).to(type).t(), rows = y.contiguous();
      CHECK(equal(maximum(x, y), maximum(x.contiguous(), rows)));
      CHECK(equal(y < x, rows < x.contiguous()));
      CHECK(equal(where(y > 4, x, y), where(rows > 4, x.contiguous(), rows)));
      CHECK(equal(where(x.select(1, 0).unsqueeze(1) > 4, x, y),
                  where(x.select(1, 0).unsqueeze(1).expand({n, m}).contiguous() > 4, x.contiguous(),
                        rows)));
      const Tensor changed = wide.clone();
      changed.narrow(1, 3, m).copy_(y);
      CHECK(equal(changed.narrow(1, 3, m), rows));
      CHECK(equal(changed.narrow(1, 0, 3), wide.narrow(1, 0, 3)));
      CHECK(equal(changed.narrow(1, m + 3, 4), wide.narrow(1, m + 3, 4)));
      if (type == kBool) continue;
      CHECK(equal(x + y, x.contiguous() + rows));
      changed.narrow(1, 3, m).add_(y);
      CHECK(equal(changed.narrow(1, 3, m), rows * 2));
      CHECK(equal(changed.narrow(1, 0, 3), wide.narrow(1, 0, 3)));
      CHECK(equal(changed.narrow(1, m + 3, 4), wide.narrow(1, m + 3, 4)));
    }
  }
  const Tensor x = randn({3, 200, 300}), y = randn({300, 200, 3}).permute({2, 1, 0});
  CHECK(equal(x * y, x * y.contiguous()));
}
