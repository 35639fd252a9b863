#include <cmath>

#include "catch.h"

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/indexing.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/nn/norm.h>
#include <pullback/optim/adagrad.h>

// docs/differences.md, line by line.
using namespace pullback;

namespace {

const double kNaN = std::nan("");

Tensor gradient(const Tensor& y, const Tensor& x) {
  return autograd::grad({y.sum()}, {x})[0];
}

}  // namespace

TEST_CASE("folds lie in rows, and gradients as their formulas leave them") {
  const Tensor x = zeros({2, 3}).t().requires_grad_();
  const std::vector<std::int64_t> in_rows{2, 1};
  CHECK(empty_like(x).strides() == in_rows);
  CHECK(softmax(x, 1).strides() == in_rows);
  CHECK(gradient(x * 2, x).strides() == in_rows);
  CHECK(gradient(mm(x, ones({2, 2})), x).strides() == x.strides());
}

TEST_CASE("nothing is written through an expanded tensor") {
  const auto expanded = [] { return zeros({1}).expand({3}); };
  CHECK_THROWS_AS(expanded().add_(1), RuntimeError);
  CHECK_THROWS_AS(expanded().fill_(1), RuntimeError);
  CHECK_THROWS_AS(expanded().zero_(), RuntimeError);
  CHECK_THROWS_AS(expanded().masked_fill_(ones({3}, kBool), 1), RuntimeError);
}

TEST_CASE("as_strided has no gradient on an expanded tensor") {
  const Tensor x = zeros({1, 3}).requires_grad_();
  const Tensor y = x.expand({2, 3}).as_strided({2}, {1});
  CHECK_THROWS_AS(y.sum().backward(), NotImplementedError);
}

TEST_CASE("NaNs share the gradient of the largest and the least value") {
  const Tensor x = tensor({1., kNaN, 3., kNaN}).requires_grad_();
  const Tensor shared = tensor({0., 0.5, 0., 0.5});
  CHECK(gradient(amax(x), x).equal(shared));
  CHECK(gradient(amin(x), x).equal(shared));
  CHECK(gradient(max(x), x).equal(shared));
}

TEST_CASE("gelu has its limit at minus infinity") {
  CHECK(gelu(tensor({-HUGE_VAL})).item<double>() == 0);
}

TEST_CASE("what index has read does not change with the index, and may be read backward again") {
  const Tensor x = arange(3, kFloat).requires_grad_(), at = tensor({1, 2});
  const Tensor y = x.index({at}).sum();
  at.fill_(0);
  y.backward();
  CHECK(x.grad().equal(tensor({0., 1., 1.})));
  const Tensor again = x.index({at});
  again.sum().backward();
  again.sum().backward();
  CHECK(x.grad().equal(tensor({4., 1., 1.})));
}

TEST_CASE("types that PyTorch refuses") {
  const Tensor at = tensor({1}).to(kInt);
  CHECK(zeros({2}).index_fill(0, at, 5).equal(tensor({0., 5.})));
  CHECK(zeros({2}).index_copy(0, at, ones({1})).equal(tensor({0., 1.})));

  const Tensor bools = tensor({false, true});
  CHECK(bools.argmax().item<std::int64_t>() == 1);
  CHECK_FALSE(median(bools).item<bool>());
  CHECK(ones({2, 2}, kBool).trace().item<std::int64_t>() == 2);
  CHECK(searchsorted(bools, tensor({true})).item<std::int64_t>() == 1);

  const Tensor x = tensor({0.5, -1.});
  CHECK(binary_cross_entropy_with_logits(x, tensor({0, 1}))
            .equal(binary_cross_entropy_with_logits(x, tensor({0., 1.}))));
}

TEST_CASE("max pooling is padded up to half of what its dilated kernel covers") {
  const Tensor x = zeros({1, 1, 8});
  CHECK(max_pool1d(x, 3, 1, 2, 2).size(2) == 8);
  CHECK_THROWS_AS(max_pool1d(x, 3, 1, 3, 2), RuntimeError);
}

TEST_CASE("the gradient of a cosine similarity is its value's where eps takes part") {
  const Tensor a = tensor({0.5, 0.}).requires_grad_(), b = tensor({3., 4.});
  CHECK(gradient(cosine_similarity(a, b, 0, /*eps=*/1), a).allclose(tensor({0.6, 0.8})));
}

TEST_CASE("a transposed convolution has an output") {
  const Tensor x = ones({1, 1, 3}), w = ones({1, 1, 2});
  CHECK_THROWS_AS(conv_transpose1d(x, w, {}, 1, /*padding=*/2), RuntimeError);
}

TEST_CASE("a batch that is refused is not counted") {
  nn::BatchNorm1d norm(1);
  CHECK_THROWS_AS(norm(ones({1, 1})), ValueError);
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 0);
}

TEST_CASE("each of Adagrad's groups has its first sum") {
  const Tensor x = zeros({1}).requires_grad_();
  optim::Adagrad adagrad(
      {optim::ParamGroup({x}, optim::AdagradOptions(1).initial_accumulator_value(3))},
      optim::AdagradOptions(1));
  x.sum().backward();
  adagrad.step();
  CHECK(x.allclose(tensor({-0.5})));
}

TEST_CASE("what inference made may take part in a graph") {
  const Tensor x = ones({1}).requires_grad_();
  Tensor y;
  {
    const InferenceMode inference;
    y = x * 2;
  }
  CHECK(gradient(x * y, x).equal(tensor({2.})));
}

TEST_CASE("the gradient of erfinv is computed from its value") {
  const Tensor x = tensor({0.5}).requires_grad_();
  const Tensor y = erfinv(x);
  y.mul_(2);
  CHECK_THROWS_AS(y.sum().backward(), RuntimeError);
}
