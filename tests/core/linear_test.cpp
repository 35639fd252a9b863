#include <pullback/pullback.h>

#include "catch.h"

using namespace pullback;

// A layer whose rows leave the last-level cache takes its gradients in one pass over them.

namespace {

/// Small integers, whose sums are exact in any order.
Tensor whole(IntArrayRef sizes, ScalarType type) {
  return randint(-3, 4, sizes).to(type);
}

struct Case {
  std::int64_t rows, in, out;
  ScalarType type;
};

const Case kCases[] = {{1'300'003, 2, 3, kFloat},
                       {1'000'001, 1, 7, kDouble},
                       {100'000, 33, 70, kFloat},
                       {17'000, 100, 500, kFloat}};

}  // namespace

TEST_CASE("the gradients of many rows are those of three products") {
  for (const Case& c : kCases) {
    INFO(c.rows << " rows, " << c.in << " to " << c.out);
    const Tensor x = whole({c.rows, c.in}, c.type).requires_grad_();
    const Tensor weight = whole({c.out, c.in}, c.type).requires_grad_();
    const Tensor bias = whole({c.out}, c.type).requires_grad_();
    const Tensor g = whole({c.rows, c.out}, c.type);

    nn::functional::linear(x, weight, bias).backward(g);
    CHECK(equal(x.grad(), mm(g, weight.detach())));
    CHECK(equal(weight.grad(), mm(g.t(), x.detach())));
    CHECK(equal(bias.grad(), g.sum(0)));

    const std::vector<Tensor> without_bias =
        autograd::grad(nn::functional::linear(x, weight), {x, weight}, {g});
    CHECK(equal(without_bias[0], x.grad()));
    CHECK(equal(without_bias[1], weight.grad()));

    const std::vector<Tensor> without_x =
        autograd::grad(nn::functional::linear(x.detach(), weight, bias), {weight, bias}, {g});
    CHECK(equal(without_x[0], weight.grad()));
    CHECK(equal(without_x[1], bias.grad()));
  }
}

TEST_CASE("many rows may have gradients of any layout, and gradients of gradients") {
  const Tensor x = whole({1'500'000, 2}, kFloat).requires_grad_();
  const Tensor weight = whole({3, 2}, kFloat).requires_grad_();
  const Tensor bias = zeros({3}).requires_grad_();
  const Tensor row = whole({3}, kFloat), by_columns = whole({3, x.size(0)}, kFloat).t();
  for (const Tensor& g : {row.expand({x.size(0), 3}), by_columns}) {
    const std::vector<Tensor> found =
        autograd::grad(nn::functional::linear(x, weight, bias), {x, weight, bias}, {g});
    CHECK(equal(found[0], mm(g, weight.detach())));
    CHECK(equal(found[1], mm(g.t(), x.detach())));
    CHECK(equal(found[2], g.sum(0)));
  }
  const Tensor g = whole({x.size(0), 3}, kFloat).requires_grad_();
  const Tensor along_x = autograd::grad(nn::functional::linear(x, weight, bias), {x}, {g},
                                        /*retain_graph=*/std::nullopt, /*create_graph=*/true)[0];
  const std::vector<Tensor> second = autograd::grad(along_x.sum(), {weight, g});
  CHECK(equal(second[0], g.detach().sum(0).unsqueeze(1).expand({3, 2})));
  CHECK(equal(second[1], weight.detach().sum(1).expand({x.size(0), 3})));
}

TEST_CASE("many rows may come back from hooks in another layout") {
  const Tensor x = whole({1'500'000, 2}, kFloat).requires_grad_();
  const Tensor weight = whole({3, 2}, kFloat).requires_grad_();
  const Tensor g = whole({x.size(0), 3}, kFloat);
  const Tensor y = [&] {
    const autograd::SavedTensorsHooks hooks(
        [](const Tensor& saved) -> std::any { return saved.t().contiguous(); },
        [](const std::any& packed) { return std::any_cast<const Tensor&>(packed).t(); });
    return nn::functional::linear(x, weight);
  }();
  const std::vector<Tensor> found = autograd::grad(y, {x, weight}, {g});
  CHECK(equal(found[0], mm(g, weight.detach())));
  CHECK(equal(found[1], mm(g.t(), x.detach())));
}

TEST_CASE("the bits of many rows' gradients do not depend on the number of threads") {
  const Tensor x = randn({150'000, 40}).requires_grad_();
  const Tensor weight = randn({30, 40}).requires_grad_(), bias = randn({30}).requires_grad_();
  const auto gradients = [&] {
    return autograd::grad(nn::functional::linear(x, weight, bias).sin().sum(), {x, weight, bias});
  };
  const int threads = num_threads();
  set_num_threads(1);
  const std::vector<Tensor> alone = gradients();
  set_num_threads(4);
  const std::vector<Tensor> shared = gradients();
  set_num_threads(threads);
  for (std::size_t i = 0; i < 3; ++i) CHECK(equal(alone[i], shared[i]));
}

TEST_CASE("a layer without input features gives its bias, whatever the batch's dimensions") {
  const Tensor weight = ones({2, 0}), bias = tensor({1.0, 2.0}, kFloat);
  CHECK(equal(nn::functional::linear(ones({3, 4, 0}), weight, bias), bias.expand({3, 4, 2})));
}

TEST_CASE("a layer may have no outputs") {
  const Tensor x = ones({3, 2}).requires_grad_();
  const Tensor y = nn::functional::linear(x, zeros({0, 2}), zeros({0}));
  CHECK(y.sizes() == IntArrayRef({3, 0}));
  y.sum().backward();
  CHECK(equal(x.grad(), zeros({3, 2})));
}
