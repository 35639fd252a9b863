#include <cmath>
#include <limits>

#include "catch.h"

#include <pullback/core/autograd/engine.h>
#include <pullback/core/indexing.h>
#include <pullback/core/ops.h>

// Numbers that an element type cannot hold, and types that an operation does not take.
using namespace pullback;

TEST_CASE("a number that overflows the element type is refused where PyTorch refuses it") {
  const Tensor x = zeros({2}), i = zeros({2}, kInt), at = zeros({1}, kLong);
  const Tensor mask = ones({2}, kBool);
  const std::int64_t large = std::int64_t{1} << 40;
  const std::string words = "without overflow";
  CHECK(throws_with([] { full({2}, 1e300); }, words));
  CHECK(throws_with([] { full({2}, std::nan(""), kLong); }, words));
  CHECK(throws_with([] { full({2}, INFINITY, kInt); }, words));
  CHECK(throws_with([] { full({2}, 0x1p63, kLong); }, words));
  CHECK(throws_with([&] { i.fill_(large); }, words));
  CHECK(throws_with([&] { x.masked_fill(mask, -1e300); }, words));
  CHECK(throws_with([&] { i.clamp(0, large); }, words));
  CHECK(throws_with([&] { x.clamp_min(-1e300); }, words));
  CHECK(throws_with([&] { x.index_fill(0, at, 1e300); }, words));
  CHECK(throws_with([&] { i.scatter(0, at, large); }, words));
  CHECK(throws_with([&] { i.add(i, large); }, words));
  CHECK(throws_with([&] { i.index_put_({at}, large); }, words));
  CHECK(throws_with([&] { x.addcmul(x, x, 1e300); }, words));
  CHECK(throws_with([&] { x.addcdiv_(x, x, 1e300); }, words));
  CHECK(throws_with([&] { x.lerp(x, 1e300); }, words));
  CHECK(throws_with([&] { where(x > 0, x, 1e300); }, words));
  CHECK(throws_with([&] { where(x > 0, 1e300, 0); }, words));
  CHECK(i.equal(zeros({2}, kInt)));
  CHECK(full({1}, INFINITY).isinf().item<bool>());
  CHECK(full({1}, -0x1p63, kLong).item<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
  CHECK(full({1}, 7, kBool).item<bool>());
  CHECK((x + 1e300).isinf().all().item<bool>());
}

TEST_CASE("an integer tensor takes no fraction for alpha") {
  const Tensor i = ones({2}, kInt), rows = ones({2, 2}, kInt);
  const std::string words = "argument alpha must not be a floating point number";
  CHECK(throws_with([&] { i.add(i, 1.5); }, words));
  CHECK(throws_with([&] { i.add(1, 1.5); }, words));
  CHECK(throws_with([&] { i.sub(1, 1.5); }, words));
  CHECK(throws_with([&] { i.add_(i, 1.5); }, words));
  CHECK(throws_with([&] { i.add_(1, 1.5); }, words));
  CHECK(throws_with([&] { i.sub_(1, 1.5); }, words));
  CHECK(throws_with([&] { rows.index_add(0, tensor({0}), ones({1, 2}, kInt), 1.5); }, words));
  CHECK(i.equal(ones({2}, kInt)));
  CHECK(i.add(1.5, 1.5).equal(full({2}, 3.25)));
}

TEST_CASE("products drop what an integer's factor has behind the point") {
  const Tensor a = tensor({{3, 2}, {1, 5}}), v = tensor({1, 2}), batch = a.unsqueeze(0);
  CHECK(a.addmm(a, a, 2.7, 1).equal(tensor({{17, 20}, {10, 37}})));
  CHECK(a.addbmm(batch, batch, 2.7, 1).equal(tensor({{17, 20}, {10, 37}})));
  CHECK(v.addmv(a, v, 2.7, 1).equal(tensor({9, 15})));
  CHECK(v.addmv(a, v, 1, 0.5).equal(v));
}

TEST_CASE("a boolean is neither subtracted nor a factor of numbers") {
  const Tensor x = ones({2}), b = x > 0;
  CHECK(throws_with([&] { x.sub(b); }, "with a bool tensor is not supported"));
  CHECK(throws_with([&] { x.sub_(b); }, "with a bool tensor is not supported"));
  CHECK(throws_with([&] { 1 - b; }, "with a bool tensor is not supported"));
  CHECK(throws_with([&] { b - b; }, "with two bool tensors is not supported"));
  CHECK(throws_with([&] { x.add(x, true); }, "Boolean alpha only supported"));
  CHECK(throws_with([&] { x.sub_(x, true); }, "Boolean alpha only supported"));
  CHECK(b.add(b, true).equal(b));
  const Tensor leaf = ones({2}).requires_grad_();
  CHECK(allclose(autograd::grad({logaddexp(leaf, b).sum()}, {leaf})[0], full({2}, 0.5)));
}

TEST_CASE("three operands have the type that those with dimensions decide") {
  const Tensor x = ones({2}), one = ones({}, kDouble);
  CHECK(x.addcdiv(tensor(true), one).dtype() == kFloat);
  CHECK(x.addcmul(tensor(2), one).dtype() == kFloat);
  CHECK(x.to(kInt).addcmul(tensor(2), one).dtype() == kDouble);
  CHECK(x.lerp(zeros({2}), one).equal(zeros({2})));
  CHECK_THROWS_AS(x.lerp(zeros({2}), one.expand({2})), RuntimeError);
}

TEST_CASE("tensors of different types can be equal") {
  CHECK(equal(tensor({1., 2.}), tensor({1, 2})));
  CHECK_FALSE(equal(tensor({1., 2.5}), tensor({1, 2})));
}

TEST_CASE("an integer tensor keeps no history of what is copied into it") {
  const Tensor i = zeros({2}, kLong);
  i.copy_(ones({2}).requires_grad_());
  CHECK_FALSE(i.requires_grad());
  CHECK(i.equal(tensor({1, 1})));
}

TEST_CASE("a number to integer powers, negative ones too") {
  CHECK(pow(2, tensor({-1, 2})).equal(tensor({0, 4})));
  CHECK(pow(-1, tensor({-1, -2})).equal(tensor({-1, 1})));
  CHECK_THROWS_AS(pow(tensor({2}), -1), RuntimeError);
}

TEST_CASE("nothing may be divided by zero") {
  const Tensor none = empty({0}, kLong);
  CHECK(none.remainder(0).equal(none));
  CHECK(none.floor_divide(tensor(0)).equal(none));
  CHECK_THROWS_AS(tensor({1}).fmod(0), RuntimeError);
}

TEST_CASE("hypot and logaddexp take floating-point numbers only") {
  const Tensor i = ones({2}, kInt), b = ones({2}, kBool), x = ones({2});
  CHECK_THROWS_AS(hypot(i, i), NotImplementedError);
  CHECK_THROWS_AS(logaddexp(i, b), NotImplementedError);
  CHECK(throws_with([&] { hypot(i, i); }, "hypot: not implemented for 'Int'"));
  CHECK(allclose(hypot(i, x), full({2}, std::sqrt(2.0))));
  CHECK(allclose(logaddexp(b, x), full({2}, 1 + std::log(2.0))));
}

TEST_CASE("integer arithmetic wraps as the processor's") {
  const std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = -(least + 1);
  const Tensor x = tensor({least});
  CHECK((-x).equal(x));
  CHECK(x.abs().equal(x));
  CHECK((x - 1).item<std::int64_t>() == most);
  CHECK(x.sub(1, 1).item<std::int64_t>() == most);
  CHECK(x.sub(tensor({1}), least).equal(tensor({std::int64_t{0}})));
  CHECK(x.add(most, 2).item<std::int64_t>() == most - 1);
  CHECK((x * -1).equal(x));
  CHECK(floor_divide(x, tensor({-1})).equal(x));
  CHECK((x % tensor({-1})).item<std::int64_t>() == 0);
  CHECK(throws_with([&] { x % 0; }, "divisor is 0"));
}

TEST_CASE("a device name that makes no sense is refused") {
  CHECK(throws_with([] { Device("gpu"); }, "Device: unknown device 'gpu'"));
  CHECK(throws_with([] { Device("cuda:x"); }, "invalid device index"));
  CHECK(throws_with([] { Device("cuda:"); }, "invalid device index"));
  CHECK(throws_with([] { Device("cuda:99999999999"); }, "invalid device index"));
  CHECK(throws_with([] { Device(static_cast<const char*>(nullptr)); }, "Device: null"));
  CHECK(Device("cuda:3").index() == 3);
}

TEST_CASE("memory that nobody has set holds truth values in a bool tensor") {
  for (int i = 0; i < 50; ++i) {
    full({70}, -1, kInt);  // leaves memory that is neither true nor false
    const Tensor b = empty({280}, kBool);
    CHECK(((b == true).sum() + (b == false).sum()).item<std::int64_t>() == 280);
  }
}
