#include <cmath>

#include "catch.h"

#include <pullback/core/autograd/engine.h>
#include <pullback/core/indexing.h>
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

bool same(const Tensor& a, const Tensor& b) {
  return allclose(a, b, 1e-6, 0, /*equal_nan=*/true);
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

TEST_CASE("beside a NaN both operands of maximum and minimum have the whole gradient") {
  const Tensor a = tensor({kNaN, 1., kNaN, 2., 3.}).requires_grad_();
  const Tensor b = tensor({0., kNaN, kNaN, 2., 1.}).requires_grad_();
  const auto gradients = [&](const Tensor& y) { return autograd::grad({y.sum()}, {a, b}); };
  const auto of_largest = gradients(maximum(a, b)), of_least = gradients(minimum(a, b));
  CHECK(of_largest[0].equal(tensor({1., 1., 1., 0.5, 1.})));
  CHECK(of_largest[1].equal(tensor({1., 1., 1., 0.5, 0.})));
  CHECK(of_least[0].equal(tensor({1., 1., 1., 0.5, 0.})));
  CHECK(of_least[1].equal(tensor({1., 1., 1., 0.5, 1.})));
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

TEST_CASE("booleans are added and compared where indices meet") {
  const Tensor x = tensor({true, true, false}), at = tensor({0, 2}), y = tensor({false, true});
  CHECK(x.scatter_reduce(0, at, y, "amax", false).equal(tensor({false, true, true})));
  CHECK(x.scatter_reduce(0, at, y, "amin").equal(tensor({false, true, false})));
  CHECK(x.scatter_reduce(0, at, y, "prod").equal(tensor({false, true, false})));
  CHECK(x.scatter_reduce(0, at, y, "sum").equal(tensor({true, true, true})));
  for (const int alpha : {2, -1})
    CHECK(x.index_add(0, at, y, alpha).equal(tensor({true, true, true})));
}

TEST_CASE("index_fill counts negative indices from the end") {
  const Tensor x = ones({2, 3});
  CHECK(x.index_fill(1, tensor({-1, 0}), 5).equal(tensor({{5., 1., 5.}, {5., 1., 5.}})));
  CHECK(throws_with([&] { x.index_fill(1, tensor({-4}), 5); }, "index -4 is out of bounds"));
}

TEST_CASE("a tensor without dimensions is one element to an index") {
  const Tensor x = tensor(1.), two = tensor({0, 0}), source = tensor(3.).requires_grad_();
  CHECK(throws_with([&] { x.index_select(0, two); }, "Index to scalar can have only 1 value"));
  CHECK(throws_with([&] { x.index_copy(0, two, x); }, "index should have one element"));
  CHECK(throws_with([&] { zeros({2}).scatter(0, two, x); }, "to be no larger than src"));
  CHECK(throws_with([&] { take_along_dim(x, tensor(0), -1); }, "tensor has no dimensions"));
  CHECK(gradient(zeros({2}).scatter_add(0, tensor({1}), source).sum(), source).item<float>() == 1);
  const Tensor none = empty({0}, kLong);
  CHECK(gradient(zeros({2}).scatter_add(0, none, source).sum(), source).item<float>() == 0);
}

TEST_CASE("a tensor of one integer indexes as the integer does") {
  const Tensor x = arange(24.).reshape({2, 3, 4}).clone(), one = tensor(1), two = tensor({0, 1});
  const Tensor y = x[one];
  CHECK(y.is_view());
  CHECK(y.equal(x[1]));
  y.zero_();
  CHECK(x[1].equal(zeros({3, 4})));
  using indexing::None;
  using indexing::Slice;
  CHECK(x.index({one, Slice(), two}).sizes() == IntArrayRef({3, 2}));
  CHECK(x.index({one, None, two}).sizes() == IntArrayRef({1, 2, 4}));
  CHECK(x.index({Slice(), one, None, two}).sizes() == IntArrayRef({2, 1, 2}));
  x.index_put_({one.to(kInt), two}, tensor(5.));
  CHECK(x[1][1].equal(full({4}, 5.)));
  CHECK_THROWS_AS(x[tensor(2)], IndexError);
}

TEST_CASE("scatter_reduce takes no indices, and those of 32 bits") {
  const Tensor x = tensor({1., 2.}), y = tensor({3., 4.});
  CHECK(x.scatter_reduce(0, empty({0, 0}, kLong), y, "amax").equal(x));
  CHECK(x.scatter_reduce(0, zeros({2}, kInt), y, "amax").equal(tensor({4., 2.})));
}

TEST_CASE("the difference from a boolean target is a loss") {
  const Tensor x = tensor({0.5, 2.}).requires_grad_(), target = tensor({true, false});
  CHECK(smooth_l1_loss(x, target).item<double>() == 0.8125);
  CHECK(huber_loss(x, target).item<double>() == 0.8125);
  CHECK(gradient(smooth_l1_loss(x, target), x).equal(tensor({-0.25, 0.5})));
}

TEST_CASE("dist takes any order") {
  const Tensor a = tensor({1., 2.}), b = tensor({3., 5.});
  CHECK(allclose(dist(a, b, -1), tensor(1.2)));
  CHECK(dist(a, b, -INFINITY).item<float>() == 2);
  CHECK_THROWS_AS(dist(empty({0}), empty({0}), -1), RuntimeError);
}

TEST_CASE("linear takes one weight for each input, which gives one output") {
  CHECK(linear(ones({4, 2, 3}), ones({3})).equal(full({4, 2}, 3.)));
  CHECK_THROWS_AS(linear(ones({2, 3}), ones({3}), ones({})), RuntimeError);
}

TEST_CASE("an edge is replicated where the cut took everything") {
  CHECK(pad(tensor({{{5.}}}), {3, -1}, kReplicate).equal(tensor({{{5., 5., 5.}}})));
  CHECK(pad(tensor({{{5., 7.}}}), {-2, 3}, kReplicate).equal(tensor({{{7., 7., 7.}}})));
  CHECK_THROWS_AS(pad(tensor({{{5., 7.}}}), {-2, 0}, kReplicate), RuntimeError);
}

TEST_CASE("clamp between tensors broadcasts and keeps NaN, and the upper bound wins") {
  CHECK(same(clamp(full({3}, 3.), tensor({1., 5., kNaN}), full({3}, 2.)), tensor({2., 2., kNaN})));
  CHECK(same(clamp(tensor({kNaN, 1., 2.}), tensor(0.), tensor({1., kNaN, 3.})),
             tensor({kNaN, kNaN, 2.})));
  CHECK(clamp(ones({3, 1}), zeros({4}), ones({2, 1, 1})).sizes() == IntArrayRef({2, 3, 4}));
  CHECK(clamp(tensor({1, 5}), tensor({2, 2}), tensor({3, 3})).equal(tensor({2, 3})));
}

TEST_CASE("a cube keeps the sign of zero, and a quotient of a number is rounded as PyTorch's") {
  const Tensor y = pow(tensor({-0., -2., kNaN, -INFINITY}), 3);
  CHECK(same(y, tensor({0., -8., kNaN, -INFINITY})));
  CHECK(std::signbit(y[0].item<float>()));
  CHECK(pow(tensor({2, -3}), 3).equal(tensor({8, -27})));
  const Tensor x = tensor({2., 4., 0.}).requires_grad_(), q = 6 / x;
  CHECK(q.equal(tensor({3., 1.5, INFINITY})));
  CHECK(same(gradient(q.sum(), x), tensor({-1.5, -0.375, -INFINITY})));
  CHECK((1 / tensor({2, 4})).equal(tensor({0.5, 0.25})));
}

TEST_CASE("the median of nothing is what PyTorch makes of NaN, and a number is its own largest") {
  CHECK(std::isnan(median(empty({0, 2})).item<float>()));
  CHECK(median(empty({0, 2}, kInt)).item<int>() == std::numeric_limits<int>::min());
  CHECK(median(empty({0, 2}, kBool)).item<bool>());
  const auto [value, index] = topk(tensor(-3.0), 0);
  CHECK((value.item<float>() == -3 && index.item<std::int64_t>() == 0));
}

TEST_CASE("numbers among a clamp's tensors do not make its type larger") {
  const Tensor number = full({}, -2.0, kDouble);
  CHECK(clamp(number, tensor({1.0f, 2.0f}), tensor({3, 4})).scalar_type() == kFloat);
  CHECK(clamp(full({}, -2, kLong), tensor({1, 2}).to(kInt), full({}, 3.0f)).scalar_type() ==
        kFloat);
}

TEST_CASE("a number is scattered by one index, whatever it joins") {
  const Tensor number = full({}, 0.5f).requires_grad_();
  const Tensor y = scatter_reduce(full({2}, 3.0f), 0, tensor({1}), number, "prod", true);
  CHECK(equal(y, tensor({3.0f, 1.5f})));
  y.sum().backward();
  CHECK(number.grad().item<float>() == 3);
}
