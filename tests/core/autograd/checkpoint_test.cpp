#include <pullback/core/autograd/checkpoint.h>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/autograd/graph.h>
#include <pullback/core/autograd/saved.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>

#include <thread>

#include "catch.h"

using namespace pullback;

namespace {

Tensor leaf(std::initializer_list<TensorData> values) {
  return tensor(values, TensorOptions(kDouble)).requires_grad_();
}

}  // namespace

TEST_CASE("a checkpointed function is computed again in the backward pass", "[checkpoint]") {
  const Tensor x = leaf({0.5, -1.0}), w = leaf({2.0, 3.0});
  int calls = 0;
  const auto f = [&](const Tensor& in) {
    ++calls;
    return ((in * w).tanh() * in).exp();
  };
  f(x).sum().backward();
  const Tensor gx = x.grad().clone(), gw = w.grad().clone();
  x.mutable_grad().reset();
  w.mutable_grad().reset();

  calls = 0;
  const Tensor y = autograd::checkpoint(f, x);
  CHECK(calls == 1);
  CHECK(autograd::graph_text(y).find("saved") == std::string::npos);
  y.sum().backward();
  CHECK(calls == 2);
  CHECK(x.grad().equal(gx));
  CHECK(w.grad().equal(gw));
  CHECK(throws_with([&] { y.sum().backward(); }, "second time"));
}

TEST_CASE("checkpoints nest and differentiate twice", "[checkpoint]") {
  const Tensor x = leaf({0.5, -1.0});
  const auto f = [](const Tensor& in) {
    return autograd::checkpoint([](const Tensor& a) { return a.sin() * a; }, in) * in.exp();
  };
  const auto checkpointed = [&](const Tensor& in) { return autograd::checkpoint(f, in); };
  CHECK(autograd::gradcheck(checkpointed, {x}));
  CHECK(autograd::gradgradcheck(checkpointed, {x}));
}

TEST_CASE("a checkpoint draws the same random numbers again and leaves the sequence alone",
          "[checkpoint]") {
  const Tensor x = ones({64}, kDouble).requires_grad_();
  manual_seed(3);
  const Tensor y =
      autograd::checkpoint([](const Tensor& in) { return (in * rand({64}, kDouble)).exp(); }, x);
  const Generator::State after = get_rng_state();
  y.sum().backward();
  CHECK(x.grad().allclose(y.detach() * y.detach().log()));
  const Tensor next = rand({4});
  set_rng_state(after);
  CHECK(rand({4}).equal(next));
}

TEST_CASE("a checkpoint notices a function or an input that is another than before",
          "[checkpoint]") {
  const Tensor x = leaf({0.5, -1.0});
  bool again = false;
  const Tensor y = autograd::checkpoint(
      [&](const Tensor& in) {
        const Tensor e = in.exp();
        return std::exchange(again, true) ? e * e.sin() : e;
      },
      x);
  CHECK(throws_with([&] { y.sum().backward(); }, "A different number of tensors was saved"));

  const Tensor m = x * 1;
  const Tensor z = autograd::checkpoint([](const Tensor& in) { return in.exp(); }, m);
  m.mul_(2);
  CHECK(throws_with([&] { z.sum().backward(); }, "changed in place since the forward pass"));
}

TEST_CASE("hooks pack what operations save, and unpack it for their rules", "[checkpoint]") {
  const Tensor x = leaf({0.5, -1.0});
  int packed = 0, unpacked = 0;
  Tensor y;
  {
    const autograd::SavedTensorsHooks hooks(
        [&](const Tensor& saved) {
          ++packed;
          return std::any(saved.to(kFloat));
        },
        [&](const std::any& value) {
          ++unpacked;
          return std::any_cast<Tensor>(value).to(kDouble);
        });
    y = (x.exp() * x).sum();
  }
  CHECK(packed == 3);
  y.backward();
  CHECK(unpacked == 3);
  const Tensor exact = (x.exp() * (1 + x)).detach();
  CHECK(x.grad().allclose(exact, 1e-6, 0));
  CHECK_FALSE(x.grad().equal(exact));

  const autograd::SavedTensorsHooks wrong([](const Tensor&) { return std::any(); },
                                          [](const std::any&) { return ones({7}); });
  CHECK(throws_with([&] { x.exp().sum().backward(); }, "unpack returned another tensor"));
}

TEST_CASE("a recomputation that throws leaves the generator as it was") {
  struct Mine {};
  bool fails = false;
  const Tensor x = ones({3}).requires_grad_();
  const Tensor y = autograd::checkpoint(
      [&](const Tensor& a) {
        const Tensor r = a * rand({3});
        if (fails) throw Mine();
        return r;
      },
      x);
  const Generator::State before = get_rng_state();
  const Tensor expected = rand({4});
  set_rng_state(before);
  fails = true;
  CHECK_THROWS_AS(y.sum().backward(), Mine);
  CHECK(rand({4}).equal(expected));
}

TEST_CASE("two threads go backward through one checkpointed graph", "[checkpoint]") {
  const Tensor x = leaf({0.5, -1.0});
  const auto f = [](const Tensor& in) { return (in * in).tanh() * in; };
  const Tensor expected = autograd::grad({f(x).sum()}, {x})[0];
  for (int round = 0; round < 100; ++round) {
    const Tensor y = autograd::checkpoint(f, x).sum();
    Tensor found[2];
    std::thread threads[2];
    for (int t = 0; t < 2; ++t)
      threads[t] = std::thread([&, t] {
        try {
          found[t] = autograd::grad({y}, {x}, {}, /*retain_graph=*/true)[0];
        } catch (const std::exception&) {  // then it stays undefined
        }
      });
    for (std::thread& thread : threads) thread.join();
    for (const Tensor& g : found) REQUIRE((g.defined() && g.equal(expected)));
  }
}
