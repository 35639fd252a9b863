#include "catch.h"

#include <cmath>
#include <optional>

#include <pullback/core/factories.h>
#include <pullback/core/random.h>
#include <pullback/nn/functional.h>

// What layers compute is compared with PyTorch in reference_test.cpp.
using namespace pullback;
namespace F = pullback::nn::functional;

TEST_CASE("dropout does nothing in evaluation, and refuses what is no probability", "[layers]") {
  nn::Dropout dropout(0.5);
  const Tensor x = arange(1, 9, kFloat);
  CHECK(!dropout(x).is_same(x));
  dropout->eval();
  CHECK(dropout(x).is_same(x));
  CHECK_THROWS_AS(nn::Dropout(2.0), ValueError);
}

TEST_CASE("dropout of channels zeroes all of a channel or nothing", "[layers]") {
  manual_seed(0);
  const Tensor y = nn::Dropout2d(0.5)(ones({4, 8, 3, 3})).flatten(2);
  CHECK(equal(y.amin({2}), y.amax({2})));
  CHECK(y.min().item<float>() == 0);
  CHECK(y.max().item<float>() == 2);
  CHECK_THROWS_AS(nn::Dropout2d(0.5)(ones({4})), RuntimeError);
}

TEST_CASE("functions drop what modules drop", "[layers]") {
  const Tensor x = ones({3, 4, 2, 2});
  const auto after_seed = [](auto f) {
    manual_seed(3);
    return f();
  };
  CHECK(equal(after_seed([&] { return nn::Dropout(0.3)(x); }),
              after_seed([&] { return F::dropout(x, F::DropoutFuncOptions().p(0.3)); })));
  CHECK(equal(after_seed([&] { return nn::Dropout2d(0.3)(x); }),
              after_seed([&] { return F::dropout2d(x, F::Dropout2dFuncOptions().p(0.3)); })));
  CHECK(F::dropout(x, F::DropoutFuncOptions().training(false)).is_same(x));
}

TEST_CASE("batch norm counts the batches it is trained on", "[layers]") {
  nn::BatchNorm1d norm(1);
  const Tensor x = tensor({1.0, 2.0, 3.0, 6.0}, kFloat).view({4, 1});
  norm(x);
  norm(x);
  norm->eval();
  norm(x);
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 2);
}

TEST_CASE("batch norm refuses another layout, and to train on one value a channel", "[layers]") {
  nn::BatchNorm1d norm(1);
  CHECK_THROWS_AS(nn::BatchNorm2d(1)->forward(ones({4, 1})), ValueError);
  CHECK_THROWS_AS(norm(ones({1, 1})), ValueError);
}

TEST_CASE("batch norm takes an empty batch, which leaves the running statistics", "[layers]") {
  nn::BatchNorm2d norm(2);
  const Tensor x = ones({0, 2, 3, 1}).requires_grad_(), y = norm(x);
  y.sum().backward();
  CHECK(y.sizes() == x.sizes());
  CHECK(x.grad().sizes() == x.sizes());
  CHECK(equal(norm->weight.grad(), zeros({2})));
  CHECK(equal(norm->bias.grad(), zeros({2})));
  CHECK(equal(norm->running_mean, zeros({2})));
  CHECK(equal(norm->running_var, ones({2})));
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 1);
}

TEST_CASE("batch norm without momentum averages all batches", "[layers]") {
  nn::BatchNorm1d norm(nn::BatchNorm1dOptions(1).momentum(std::nullopt));
  norm(tensor({0.0, 2.0}, kFloat).view({2, 1}));
  norm(tensor({4.0, 6.0}, kFloat).view({2, 1}));
  CHECK(std::abs(norm->running_mean.item<float>() - 3) < 1e-6f);
}

TEST_CASE("a convolution that keeps the size has no stride", "[layers]") {
  CHECK_THROWS_AS(nn::Conv2d(nn::Conv2dOptions(1, 1, 3).stride(2).padding(kSame)), ValueError);
}

TEST_CASE("an activation in place changes its input, which stays differentiable", "[layers]") {
  const Tensor leaf = tensor({-1.0, 2.0}, kFloat).requires_grad_();
  Tensor x = leaf * 1;
  CHECK(nn::LeakyReLU(nn::LeakyReLUOptions(0.5).inplace(true))(x).is_same(x));
  CHECK(equal(x, tensor({-0.5, 2.0}, kFloat)));
  x.sum().backward();
  CHECK(equal(leaf.grad(), tensor({0.5, 1.0}, kFloat)));
  CHECK_THROWS_AS(leaky_relu_(leaf), RuntimeError);
}

TEST_CASE("instance norm refuses another layout, and to train on one position", "[layers]") {
  nn::InstanceNorm2d norm(nn::InstanceNorm2dOptions(3).affine(true));
  CHECK_THROWS_AS(norm(ones({3, 4})), ValueError);
  CHECK_THROWS_AS(norm(ones({1, 2, 4, 4})), ValueError);
  CHECK_THROWS_AS(norm(ones({1, 3, 1, 1})), ValueError);
}

TEST_CASE("interpolation says which sizes it needs", "[layers]") {
  const Tensor x = ones({1, 1, 2, 2});
  CHECK_THROWS_AS(interpolate(x, {}), ValueError);
  CHECK_THROWS_AS(interpolate(x, {{4, 4}}, {{2.0}}), ValueError);
  CHECK_THROWS_AS(interpolate(x, {{4, 4}}, {}, kNearest, true), ValueError);
  CHECK_THROWS_AS(interpolate(x, {{4}}, {}, kLinear), NotImplementedError);
  CHECK_THROWS_AS(interpolate(x, {{0, 4}}), RuntimeError);
}

TEST_CASE("alpha dropout keeps mean and variance", "[layers]") {
  manual_seed(0);
  const Tensor x = randn({100000}), y = nn::AlphaDropout(0.3)(x);
  CHECK(std::abs(y.mean().item<float>()) < 0.02f);
  CHECK(std::abs(y.var().item<float>() - 1) < 0.02f);
  CHECK(F::alpha_dropout(x).is_same(x));
}

TEST_CASE("a Gaussian's variance may be that of all along any one dimension", "[layers]") {
  const Tensor x = arange(24, kFloat).view({2, 3, 4}), y = zeros({2, 3, 4});
  for (const std::vector<std::int64_t>& sizes :
       std::vector<std::vector<std::int64_t>>{{1, 3, 4}, {2, 1, 4}, {2, 3, 1}, {2, 3}}) {
    const Tensor v = full(sizes, 2.0);
    CHECK(equal(gaussian_nll_loss(x, y, v), gaussian_nll_loss(x, y, full({2, 3, 4}, 2.0))));
  }
  CHECK_THROWS_AS(gaussian_nll_loss(x, y, ones({1, 1, 4})), ValueError);
  CHECK_THROWS_AS(gaussian_nll_loss(x, y, ones({3, 4})), ValueError);
  CHECK_THROWS_AS(gaussian_nll_loss(x, y, ones({2, 2, 4})), ValueError);
}

TEST_CASE("a padding row counts from the end in functions as in modules", "[layers]") {
  const auto gradient = [](const F::EmbeddingFuncOptions& options) {
    const Tensor rows = ones({3, 2}).requires_grad_();
    F::embedding(tensor({2}, kLong), rows, options).sum().backward();
    return rows.grad().sum().item<float>();
  };
  CHECK(gradient({}) == 2);
  CHECK(gradient(F::EmbeddingFuncOptions().padding_idx(-1)) == 0);
  CHECK(gradient(F::EmbeddingFuncOptions().padding_idx(-2)) == 2);
  CHECK_THROWS_AS(gradient(F::EmbeddingFuncOptions().padding_idx(-4)), ValueError);
}
