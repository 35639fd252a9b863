#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/ops.h>
#include <pullback/core/print.h>

#include "catch.h"

using namespace pullback;

namespace {

Tensor leaf(std::initializer_list<TensorData> values) {
  return tensor(values, TensorOptions(kDouble)).requires_grad_();
}

bool is(const Tensor& x, std::initializer_list<TensorData> values) {
  UNSCOPED_INFO("found " << x);
  return x.equal(tensor(values, TensorOptions(kDouble)));
}

}  // namespace

TEST_CASE("a tensor's hook sees its gradient and may replace it", "[hooks]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor y = x * 2;
  Tensor seen;
  const unsigned id = y.register_hook([&](const Tensor& g) {
    seen = g;
    return g * 10;
  });
  (y * 3).sum().backward();
  CHECK(is(seen, {3.0, 3.0}));
  CHECK(is(x.grad(), {60.0, 60.0}));

  y.remove_hook(id);
  x.mutable_grad().reset();
  (y * 3).sum().backward();
  CHECK(is(x.grad(), {6.0, 6.0}));
  CHECK_THROWS_AS(y.remove_hook(id), ValueError);
}

TEST_CASE("hooks of one tensor run in the order of their registration", "[hooks]") {
  const Tensor x = leaf({1.0});
  x.register_hook([](const Tensor& g) { return g + 1; });
  x.register_hook([](const Tensor& g) { return g * 10; });
  x.backward(ones({1}, kDouble));
  CHECK(is(x.grad(), {20.0}));
}

TEST_CASE("a hook that changes the size, or on what needs no gradient, throws", "[hooks]") {
  const Tensor x = leaf({1.0, 2.0});
  x.register_hook([](const Tensor&) { return ones({5}, kDouble); });
  CHECK(throws_with([&] { x.sum().backward(); }, "hook has changed the size of value"));
  CHECK(throws_with([] { ones({1}).register_hook([](const Tensor&) {}); },
                    "cannot register a hook on"));
}

TEST_CASE("after a change in place, old hooks see the old value's gradient, new ones the new's",
          "[hooks]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor y = x * 2;
  std::string order;
  y.register_hook([&](const Tensor& g) { order += is(g, {5.0, 5.0}) ? "old " : "wrong "; });
  y.retain_grad();
  y.mul_(5);
  y.register_hook([&](const Tensor& g) { order += is(g, {1.0, 1.0}) ? "new " : "wrong "; });
  y.sum().backward();
  CHECK(order == "new old ");
  CHECK(is(y.grad(), {1.0, 1.0}));
}

TEST_CASE("retain_grad keeps the gradient that hooks left, and adds up over passes", "[hooks]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor y = x * 2;
  y.retain_grad();
  y.retain_grad();
  y.register_hook([](const Tensor& g) { return g * 10; });
  const Tensor z = (y * 3).sum();
  z.backward({}, /*retain_graph=*/true);
  CHECK(is(y.grad(), {30.0, 30.0}));
  z.backward();
  CHECK(is(y.grad(), {60.0, 60.0}));
  CHECK(throws_with([] { ones({1}).retain_grad(); }, "requires_grad_()"));
}

TEST_CASE("a tensor that retains its gradient may die before the backward pass", "[hooks]") {
  const Tensor x = leaf({1.0, 2.0});
  Tensor z;
  {
    const Tensor y = x * 2;
    y.retain_grad();
    z = (y * y).sum();
  }
  const Tensor reuses_its_memory = x.detach() * 2;
  z.backward();
  CHECK(is(x.grad(), {8.0, 16.0}));
  CHECK_FALSE(reuses_its_memory.grad().defined());
}

TEST_CASE("a view whose base is changed goes on retaining its gradient", "[hooks]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor base = x * 2;
  const Tensor first = base[0];
  first.retain_grad();
  base.mul_(3);
  (first * 4).sum().backward();
  CHECK(first.grad().item<double>() == 4);
  CHECK(is(x.grad(), {24.0, 0.0}));
}

TEST_CASE("a leaf's post-accumulate hook runs once its .grad is complete", "[hooks]") {
  const Tensor x = leaf({1.0, 2.0});
  int calls = 0;
  const unsigned id = x.register_post_accumulate_grad_hook([&](const Tensor& p) {
    ++calls;
    CHECK(p.is_same(x));
    CHECK(is(p.grad(), {5.0, 7.0}));
    p.mutable_grad().reset();  // as an optimizer inside the backward pass does
  });
  (x * x + 3 * x).sum().backward();
  CHECK(calls == 1);
  CHECK_FALSE(x.grad().defined());
  x.remove_hook(id);
  x.sum().backward();
  CHECK(calls == 1);
  CHECK(throws_with([&] { (x * 2).register_post_accumulate_grad_hook([](const Tensor&) {}); },
                    "cannot be registered on non-leaf tensors"));
}

TEST_CASE("hooks of a node see gradients before and after it, and may replace them", "[hooks]") {
  const Tensor x = leaf({1.0, 2.0}), w = leaf({3.0, 4.0});
  const Tensor y = x * w;
  std::string order;
  y.register_hook([&](const Tensor&) { order += "tensor "; });
  y.grad_fn()->register_prehook([&](const std::vector<Tensor>& g) {
    order += "before ";
    CHECK(g.size() == 1);
    return std::vector<Tensor>{g[0] * 2};
  });
  const unsigned after = y.grad_fn()->register_hook(
      [&](const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) {
        order += "after ";
        CHECK(is(outputs[0], {2.0, 2.0}));
        CHECK(is(inputs[0], {6.0, 8.0}));
        return std::vector<Tensor>{inputs[0] * 10, inputs[1]};
      });
  const Tensor z = y.sum();
  z.backward({}, /*retain_graph=*/true);
  CHECK(order == "tensor before after ");
  CHECK(is(x.grad(), {60.0, 80.0}));
  CHECK(is(w.grad(), {2.0, 4.0}));

  y.grad_fn()->remove_hook(after);
  y.grad_fn()->register_hook([](const auto&, const auto&) { return std::vector<Tensor>(5); });
  CHECK(throws_with([&] { z.backward(); }, "incorrect number of values"));
}

TEST_CASE("a hook that removes itself or adds one changes the next pass only", "[hooks]") {
  const Tensor x = leaf({1.0});
  const Tensor y = x * 2;
  std::string order;
  unsigned once = 0, once_before = 0, once_after = 0, once_accumulated = 0;
  using Tensors = std::vector<Tensor>;
  autograd::Node& node = *y.grad_fn();
  once = y.register_hook([&](const Tensor&) {
    y.remove_hook(once);
    y.register_hook([&](const Tensor&) { order += "added "; });
  });
  y.register_hook([&](const Tensor&) { order += "tensor "; });
  once_before = node.register_prehook([&](const Tensors&) {
    node.remove_hook(once_before);
    return Tensors();
  });
  node.register_prehook([&](const Tensors&) {
    order += "before ";
    return Tensors();
  });
  once_after = node.register_hook([&](const Tensors&, const Tensors&) {
    node.remove_hook(once_after);
    return Tensors();
  });
  node.register_hook([&](const Tensors&, const Tensors&) {
    order += "after ";
    return Tensors();
  });
  once_accumulated =
      x.register_post_accumulate_grad_hook([&](const Tensor&) { x.remove_hook(once_accumulated); });
  x.register_post_accumulate_grad_hook([&](const Tensor&) { order += "leaf "; });
  y.backward({}, /*retain_graph=*/true);
  CHECK(order == "tensor before after leaf ");
  order.clear();
  y.backward();
  CHECK(order == "tensor added before after leaf ");
}

TEST_CASE("a hook may run a backward pass of its own", "[hooks]") {
  const Tensor x = leaf({3.0}), other = leaf({5.0});
  const Tensor y = x * 2;
  y.register_hook([&](const Tensor& g) {
    const AutoGradMode recording(true);
    (other * other).backward();
    return g * other.grad().detach();
  });
  y.backward();
  CHECK(is(other.grad(), {10.0}));
  CHECK(is(x.grad(), {20.0}));
}

TEST_CASE("a backward pass inside a hook may run through the graph that is being run", "[hooks]") {
  const Tensor x = leaf({3.0});
  const Tensor square = x * x;
  const Tensor y = square * 2;
  Tensor inner;
  y.register_hook(
      [&](const Tensor&) { inner = autograd::grad({square}, {x}, {}, /*retain_graph=*/true)[0]; });
  y.backward();
  CHECK(is(inner, {6.0}));
  CHECK(is(x.grad(), {12.0}));
}

TEST_CASE("hooks stay differentiable where the graph is created", "[hooks]") {
  const Tensor x = leaf({3.0});
  const Tensor y = x * x;
  y.register_hook([&](const Tensor& g) { return g * x; });
  const Tensor g = autograd::grad({y}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  CHECK(is(g, {18.0}));
  CHECK(is(autograd::grad({g}, {x})[0], {12.0}));
}
