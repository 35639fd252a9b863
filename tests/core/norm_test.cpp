#include "catch.h"

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>

using namespace pullback;

namespace {

using Sizes = std::vector<std::int64_t>;

std::vector<Tensor> gradients(const Tensor& y, const std::vector<Tensor>& inputs,
                              bool create_graph) {
  manual_seed(2);
  const Tensor g = randn(y.sizes(), kDouble);
  return autograd::grad({y}, inputs, {g}, /*retain_graph=*/true, create_graph);
}

void check_close(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(allclose(a[i], b[i], 1e-10, 1e-10));
}

}  // namespace

// Large enough for several chunks of rows and parts of their sums.
TEST_CASE("a normalisation's fused gradient is the one composed for second derivatives", "[norm]") {
  manual_seed(1);
  const Tensor x = randn({64, 40, 30}, kDouble).requires_grad_();
  SECTION("batch norm") {
    const Tensor w = randn({40}, kDouble).requires_grad_(),
                 b = randn({40}, kDouble).requires_grad_();
    const bool training = GENERATE(true, false);
    const Tensor y = batch_norm(x, w, b, zeros({40}, kDouble), ones({40}, kDouble), training);
    check_close(gradients(y, {x, w, b}, false), gradients(y, {x, w, b}, true));
  }
  SECTION("batch norm of short, long and single planes") {
    const Sizes sizes =
        GENERATE(Sizes{300, 40}, Sizes{5, 3, 2, 2}, Sizes{4, 6, 100}, Sizes{1, 3, 7});
    const Tensor planes = randn(sizes, kDouble).requires_grad_(),
                 w = randn({sizes[1]}, kDouble).requires_grad_(),
                 b = randn({sizes[1]}, kDouble).requires_grad_();
    const Tensor y = batch_norm(planes, w, b, {}, {}, true);
    check_close(gradients(y, {planes, w, b}, false), gradients(y, {planes, w, b}, true));
  }
  SECTION("group norm") {
    const Sizes sizes = GENERATE(Sizes{7, 6}, Sizes{5, 6, 9}, Sizes{3, 6, 10, 10});
    const Tensor planes = randn(sizes, kDouble).requires_grad_(),
                 w = randn({6}, kDouble).requires_grad_(), b = randn({6}, kDouble).requires_grad_();
    const Tensor y = group_norm(planes, 3, w, b);
    check_close(gradients(y, {planes, w, b}, false), gradients(y, {planes, w, b}, true));
  }
  SECTION("layer norm of short and long rows") {
    const Sizes sizes = GENERATE(Sizes{700, 3}, Sizes{1, 40}, Sizes{300, 1100});
    const Tensor rows = randn(sizes, kDouble).requires_grad_(),
                 w = randn({sizes[1]}, kDouble).requires_grad_(),
                 b = randn({sizes[1]}, kDouble).requires_grad_();
    const Tensor y = layer_norm(rows, sizes[1], w, b);
    check_close(gradients(y, {rows, w, b}, false), gradients(y, {rows, w, b}, true));
  }
  SECTION("layer norm") {
    const Tensor w = randn({30}, kDouble).requires_grad_(),
                 b = randn({30}, kDouble).requires_grad_();
    const Tensor y = layer_norm(x, 30, w, b);
    check_close(gradients(y, {x, w, b}, false), gradients(y, {x, w, b}, true));
  }
}

TEST_CASE("a normalisation's bits do not depend on the number of threads", "[norm]") {
  manual_seed(1);
  const Tensor x = randn({64, 40, 30}, kDouble).requires_grad_();
  const int before = kernels::num_threads();
  std::vector<Tensor> found[2];
  for (int i = 0; i < 2; ++i) {
    kernels::set_num_threads(i ? 4 : 1);
    for (const Tensor& y : {layer_norm(x, 30), batch_norm(x, {}, {}, {}, {}, true),
                            batch_norm(x.reshape({1200, 64}), {}, {}, {}, {}, true),
                            batch_norm(x.reshape({10, 24, 320}), {}, {}, {}, {}, true),
                            group_norm(x, 4), softmax(x, 0), log_softmax(x, 1)}) {
      found[i].push_back(y);
      found[i].push_back(gradients(y, {x}, false)[0]);
    }
  }
  kernels::set_num_threads(before);
  for (std::size_t k = 0; k < found[0].size(); ++k) CHECK(equal(found[0][k], found[1][k]));
}

TEST_CASE("a batch far from zero is normalised by its deviation", "[norm]") {
  manual_seed(1);
  const Sizes sizes =
      GENERATE(Sizes{1000, 20}, Sizes{100, 20, 3, 3}, Sizes{10, 20, 200}, Sizes{1, 20, 50});
  const Tensor x = randn(sizes) + 1000, planes = x.to(kDouble).reshape({sizes[0], 20, -1});
  const Tensor mean = planes.mean({0, 2}, true), var = planes.var({0, 2}, false, true);
  const Tensor expected = ((planes - mean) / (var + 1e-5).sqrt()).reshape(sizes);
  CHECK(allclose(batch_norm(x, {}, {}, {}, {}, true).to(kDouble), expected, 0, 1e-3));
}

TEST_CASE("a constant in evaluation has a gradient where x is infinite", "[norm]") {
  const Tensor x = full({4, 3}, INFINITY).requires_grad_();
  const Tensor y = batch_norm(x, {}, {}, zeros({3}), ones({3}), false, 0.1, 0);
  CHECK(equal(autograd::grad({y}, {x}, {ones_like(y)})[0], ones({4, 3})));
}

TEST_CASE("a loss's fused gradient is the one composed for second derivatives", "[loss]") {
  manual_seed(1);
  const Reduction reduction = GENERATE(Reduction::Mean, Reduction::Sum, Reduction::None);
  const Tensor x = randn({40, 30}, kDouble).requires_grad_();
  SECTION("mean squared error of operands that broadcast") {
    const Tensor y = randn({30}, kFloat).requires_grad_();
    const Tensor loss = mse_loss(x, y, reduction);
    CHECK(loss.dtype() == kDouble);
    CHECK(mse_loss(y, zeros({}, kDouble), reduction).dtype() == kDouble);
    check_close(gradients(loss, {x, y}, false), gradients(loss, {x, y}, true));
  }
  SECTION("binary cross-entropy with logits") {
    const Tensor y = rand({40, 30}, kDouble).requires_grad_();
    // A weight of more dimensions makes the loss larger than its operands.
    const Tensor weight = GENERATE(Tensor(), ones({2, 40, 30}, kDouble) * 3);
    const Tensor loss = binary_cross_entropy_with_logits(x, y, weight, {}, reduction);
    check_close(gradients(loss, {x, y}, false), gradients(loss, {x, y}, true));
  }
}

TEST_CASE("a mean of ignored targets only is not a number", "[loss]") {
  const Tensor loss = nll_loss(zeros({2, 3}), tensor({-100, -100}));
  CHECK(isnan(loss).item<bool>());
}

TEST_CASE(
    "normalisation takes floating-point numbers, and planes without positions by running ones",
    "[norm]") {
  CHECK_THROWS_AS(layer_norm(ones({3, 2}, kLong), {2}), NotImplementedError);
  const Tensor x = tensor({{1., 2.}, {3., 4.}});
  CHECK(instance_norm(x, {}, {}, tensor({1., 0.}), tensor({4., 1.}), false, 0, 0)
            .equal(tensor({{0., 2.}, {1., 4.}})));
}

TEST_CASE("a loss of one target has its dimension", "[loss]") {
  const Tensor x = tensor({0.1, 0.4, 0.9});
  CHECK(multi_margin_loss(x, tensor({1}), 1, 1, {}, kNone).sizes() == IntArrayRef({1}));
  CHECK(multi_margin_loss(x, tensor(1), 1, 1, {}, kNone).sizes() == IntArrayRef({}));
}

TEST_CASE("losses refuse targets that do not fit", "[loss]") {
  const Tensor even = full({2, 2}, 0.5);
  CHECK_THROWS_AS(cross_entropy(even, even, {}, kMean, /*ignore_index=*/1), RuntimeError);
  const Tensor x = zeros({2, 3});
  CHECK_THROWS_AS(cross_entropy(x, tensor({0, 3})), IndexError);
  CHECK_THROWS_AS(cross_entropy(x, tensor({0, 1, 2})), ValueError);
  CHECK_THROWS_AS(cross_entropy(x, tensor({0.0, 1.0})), RuntimeError);
  CHECK_THROWS_AS(binary_cross_entropy(full({2}, 1.5), ones({2})), RuntimeError);
  CHECK_THROWS_AS(binary_cross_entropy(ones({2}), ones({3})), ValueError);
}

TEST_CASE("the padding that keeps the size works for even kernels too", "[conv]") {
  manual_seed(1);
  const Tensor x = randn({1, 2, 5, 6}), w = randn({3, 2, 2, 4});
  const Tensor y = conv2d(x, w, {}, 1, kSame);
  CHECK(y.sizes() == IntArrayRef({1, 3, 5, 6}));
  // An odd number of padded positions has one more at the end.
  CHECK(allclose(y.slice(2, 0, 4).slice(3, 1, 4), conv2d(x, w), 1e-4, 1e-5));
  CHECK_THROWS_AS(conv2d(x, w, {}, 2, kSame), RuntimeError);
}

TEST_CASE("batch norm of few and of many channels has each channel's statistics", "[norm]") {
  manual_seed(5);
  const Sizes sizes = GENERATE(Sizes{2, 1}, Sizes{1000, 3}, Sizes{1003, 7}, Sizes{10, 1500},
                               Sizes{77, 2, 3}, Sizes{2, 0}, Sizes{600, 2, 5, 5});
  CAPTURE(sizes);
  const std::int64_t channels = sizes[1];
  const Tensor x = randn(sizes, kDouble) * 2 + 1, w = randn({channels}, kDouble),
               b = randn({channels}, kDouble);
  Tensor mean = zeros({channels}, kDouble), var = ones({channels}, kDouble);
  const auto check = [&](const Tensor& y, const Tensor& m, const Tensor& v) {
    Sizes one(sizes.size(), 1);
    one[1] = channels;
    const auto spread = [&](const Tensor& t) { return t.view(one); };
    CHECK(
        allclose(y, (x - spread(m)) / sqrt(spread(v) + 1e-5) * spread(w) + spread(b), 1e-9, 1e-9));
  };
  const Tensor columns = x.transpose(0, 1).reshape({channels, channels ? x.numel() / channels : 2});
  check(batch_norm(x, w, b, mean, var, true, 1.0), columns.mean(1), columns.var(1, false));
  CHECK(allclose(mean, columns.mean(1), 1e-9, 1e-9));
  CHECK(allclose(var, columns.var(1, /*unbiased=*/true), 1e-9, 1e-9));
  check(batch_norm(x, w, b, mean, var, false), mean, var);
}

TEST_CASE("group norm expects a weight for each channel, of the input's type", "[norm]") {
  CHECK_THROWS_WITH(group_norm(ones({2, 4}), 2, ones({3})),
                    "group_norm: weight should contain 4 elements, but has size [3]");
  CHECK_THROWS(group_norm(ones({2, 4}), 2, ones({4}), ones({4}, kDouble)));
}
