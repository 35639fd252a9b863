#include <pullback/core/autograd/engine.h>

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/tensor_impl.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "catch.h"

using namespace pullback;

namespace {

Tensor leaf(std::initializer_list<TensorData> values) {
  return tensor(values, TensorOptions(kDouble)).requires_grad_();
}

double at(const Tensor& x, std::int64_t i) {
  return x.flatten()[i].item<double>();
}

}  // namespace

TEST_CASE("gradients are right to order two") {
  using Inputs = std::vector<Tensor>;
  const Tensor a = leaf({{0.3, -0.7, 0.2}, {0.9, 0.4, -0.5}});
  const Tensor b = leaf({0.8, -0.6, 1.1});
  const std::vector<std::pair<std::string, std::function<Tensor(const Inputs&)>>> functions{
      {"tanh, which keeps its output", [](const Inputs& in) { return tanh(in[0]); }},
      {"broadcasting",
       [](const Inputs& in) {
         const Tensor &a = in[0], &b = in[1];
         return a * b * b / (b * b + 2) - a;
       }},
      {"several outputs, one of them unused",
       [](const Inputs& in) {
         const auto parts = (in[0] * in[0]).split(1, 1);
         return parts[0] * parts[2] * parts[2];
       }},
      {"a list of inputs",
       [](const Inputs& in) {
         return cat({in[0] * in[0], in[0]}, 0) * cat({in[1] * in[1], in[1]}).sum();
       }},
      {"a change in place of a view",
       [](const Inputs& in) {
         Tensor x = in[0] * in[0];
         Tensor row = x[1];
         row.mul_(in[1]);
         x.add_(in[1]);
         row.exp_();
         return x * x + row * row;
       }},
      {"a copy into a slice",
       [](const Inputs& in) {
         Tensor x = in[0] * in[0];
         x.select(1, 0).copy_(in[1].slice(0, 0, 2) * 2);
         return x * x * in[0];
       }},
      {"views of views",
       [](const Inputs& in) {
         Tensor x = in[0] * 1;
         x.t()[1].mul_(x.t()[0] * 1);
         return x.t() * x.t() * x.t();
       }},
  };
  for (const auto& [name, f] : functions) {
    INFO(name);
    CHECK(autograd::gradcheck(f, {a, b}));
    CHECK(autograd::gradgradcheck(f, {a, b}));
  }
}

TEST_CASE("a graph of a million nodes is built, differentiated and dropped without recursion") {
  const Tensor x = leaf({1.0});
  Tensor y = x;
  for (int i = 0; i < 1'000'000; ++i) y = y + x;
  y.backward();
  CHECK(at(x.grad(), 0) == 1'000'001);
  y.reset();
}

TEST_CASE("two to the sixtieth paths through shared values take sixty steps") {
  const Tensor x = leaf({1.0});
  Tensor y = x;
  for (int i = 0; i < 60; ++i) y = y + y;
  y.backward();
  CHECK(at(x.grad(), 0) == std::ldexp(1.0, 60));
}

TEST_CASE("a gradient is moved into .grad unless somebody else holds it") {
  const Tensor p = leaf({1.0, 2.0}), q = leaf({3.0, 4.0});
  autograd::gradient_counts() = {};
  SECTION("fresh gradients are moved") {
    (p * q).sum().backward();
    CHECK(autograd::gradient_counts().moved == 2);
    CHECK(autograd::gradient_counts().copied == 0);
  }
  SECTION("a layer's gradients are moved though they come as views") {
    const Tensor weight = ones({3, 2}).requires_grad_(), bias = ones({3}).requires_grad_();
    linear(ones({4, 2}), weight, bias).square().sum().backward();
    const Tensor kernel = ones({2, 1, 3, 3}).requires_grad_(), shift = ones({2}).requires_grad_();
    conv2d(ones({1, 1, 4, 4}), kernel, shift).square().sum().backward();
    CHECK(autograd::gradient_counts().moved == 4);
    CHECK(autograd::gradient_counts().copied == 0);
    CHECK_FALSE(weight.grad().is_view());
  }
  SECTION("a view of what somebody else holds is copied") {
    Tensor kept;
    const Tensor y = p.view({1, 2});
    y.register_hook([&](const Tensor& g) { kept = g; });
    (y * q).sum().backward();
    CHECK(autograd::gradient_counts().copied == 1);
    p.grad().mul_(5);
    CHECK(kept[0][0].item<double>() == 3);
  }
  SECTION("an expanded gradient is copied once for each leaf") {
    (p + q).sum().backward();
    CHECK(autograd::gradient_counts().copied == 2);
  }
  SECTION("a second pass adds in place") {
    (p * q).sum().backward();
    const void* before = p.grad().data_ptr();
    (p * q).sum().backward();
    CHECK(autograd::gradient_counts().added == 2);
    CHECK(p.grad().data_ptr() == before);
    CHECK(at(p.grad(), 0) == 6);
  }
  SECTION("the caller's gradient stays the caller's") {
    const Tensor g = ones({2}, kDouble);
    p.backward(g);
    p.grad().mul_(5);
    CHECK(at(g, 0) == 1);
  }
}

TEST_CASE("a rule writes over the gradient it is given only where nobody else sees it") {
  const Tensor x = leaf({0.5, -1.0});
  const auto slope = [](double v) { return 1 - std::tanh(v) * std::tanh(v); };
  SECTION("not the caller's") {
    const Tensor g = ones({2}, kDouble);
    tanh(x).backward(g);
    CHECK(at(g, 0) == 1);
    CHECK(std::abs(at(x.grad(), 0) - slope(0.5)) < 1e-15);
  }
  SECTION("not one that a hook or .grad keeps") {
    const Tensor y = x * 2, z = tanh(y);
    Tensor kept;
    z.register_hook([&](const Tensor& g) { kept = g; });
    z.retain_grad();
    exp(z).backward(ones({2}, kDouble));
    CHECK(at(kept, 0) == std::exp(std::tanh(1.0)));
    CHECK(at(z.grad(), 1) == std::exp(std::tanh(-2.0)));
  }
  SECTION("not one that is asked for") {
    const Tensor z = tanh(x), y = relu(z);
    const std::vector<Tensor> g = autograd::grad({y.sum()}, {y, z, x});
    CHECK(at(g[0], 1) == 1);
    CHECK(at(g[1], 1) == 0);
    CHECK(std::abs(at(g[2], 0) - slope(0.5)) < 1e-15);
  }
  SECTION("not one with a history, which would be that of another value") {
    const Tensor w = leaf({2.0, 3.0}), y = exp(x), z = exp(x);
    for (const Tensor& t : {y, z, x})
      t.register_hook([&](const Tensor& g) {
        const AutoGradMode recording(true);
        return g * w;
      });
    (y + z).sum().backward();
    CHECK_FALSE(x.grad().requires_grad());
    CHECK(std::abs(at(x.grad(), 0) - 8 * std::exp(0.5)) < 1e-14);
  }
  SECTION("not one that goes another way as well") {
    const Tensor z = x * 3;
    (tanh(z) + z).backward(ones({2}, kDouble));
    CHECK(std::abs(at(x.grad(), 0) - 3 * (slope(1.5) + 1)) < 1e-14);
  }
}

TEST_CASE("a product's gradient is added to the sum it belongs to") {
  const Tensor w = leaf({2.0, -3.0}), x = leaf({1.0, 0.5});
  autograd::gradient_counts() = {};
  const auto cube = [&] { return (x * w * w * w).sum(); };
  cube().backward();
  CHECK(at(w.grad(), 0) == 12);
  CHECK(at(w.grad(), 1) == 13.5);
  CHECK(at(x.grad(), 1) == -27);
  CHECK(autograd::gradient_counts().added == 2);
  SECTION("where it is recorded, in a new one") {
    const Tensor g = autograd::grad({cube()}, {w}, {}, {}, /*create_graph=*/true)[0];
    CHECK(at(autograd::grad({g.sum()}, {w})[0], 0) == 12);
  }
  SECTION("with the bits that it has in a new one, whatever the layout of the sum") {
    const Tensor a = arange(1, 31, kDouble).reshape({6, 5}) / 7, b = a.sin() + 1;
    const auto gradient = [&](const Tensor& values, bool record) {
      const Tensor y = values.detach().requires_grad_();
      const Tensor product = tanh(y * a);
      const Tensor root = (product + mm(y, b.t()).cos().sum()).sum();
      return autograd::grad({root}, {y}, {}, {}, record)[0].detach();
    };
    const Tensor plain = gradient(b, false);
    CHECK(plain.equal(gradient(b, true)));
    CHECK(plain.equal(gradient(b.t().contiguous().t(), false)));
  }
  SECTION("where a hook looks at it, by itself") {
    const Tensor y = w * w;
    const Tensor z = y * w;
    std::vector<double> seen;
    z.grad_fn()->register_hook(
        [&](const std::vector<Tensor>& to, const std::vector<Tensor>&) -> std::vector<Tensor> {
          for (const Tensor& g : to) seen.push_back(at(g, 0));
          return {};
        });
    z.sum().backward();
    CHECK(seen == std::vector<double>{2, 4});
  }
}

TEST_CASE("a second backward throws where something was saved, and works where nothing was") {
  const Tensor x = leaf({2.0});
  const Tensor square = x * x;
  square.backward();
  CHECK(throws_with([&] { square.backward(); }, "second time"));
  const Tensor twice = x + x;
  twice.backward();
  twice.backward();
  CHECK(at(x.grad(), 0) == 8);
}

TEST_CASE("a saved value that was changed in place is noticed") {
  const Tensor x = leaf({1.0, 2.0});
  Tensor m = x * 1;
  const Tensor y = m * m;
  m.mul_(3);
  CHECK(throws_with([&] { y.sum().backward(); }, "modified by an inplace operation"));
}

TEST_CASE("a value that depends on itself through a change in place is freed") {
  const Tensor x = leaf({1.0, 2.0});
  const auto uses = [&] { return x.get()->storage->refs.get(); };
  const auto before = uses();
  {
    Tensor m = x * x;
    const Tensor s = m * exp(m);
    m.mul_(s);
    CHECK(uses() > before);
  }
  CHECK(uses() == before);
}

TEST_CASE("backward passes nest thousands deep") {
  const Tensor x = leaf({1.0});
  int depth = 0;
  std::function<void()> descend = [&] {
    if (++depth >= 8000) return;
    const AutoGradMode recording(true);
    Tensor y = x * 2;
    y.register_hook([&](const Tensor&) { descend(); });
    y.backward();
  };
  descend();
  CHECK(depth == 8000);
}

TEST_CASE("threads run backward passes at the same time, over parameters that they share",
          "[threads]") {
  const Tensor w = tensor({2.0}, TensorOptions(kDouble)).requires_grad_();
  constexpr int kThreads = 4, kPasses = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kPasses; ++i) {
        const Tensor x = ones({1}, kDouble).requires_grad_();
        (w * x * x).backward();
        if (at(x.grad(), 0) != 4) std::abort();
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(at(w.grad(), 0) == kThreads * kPasses);
}

TEST_CASE("threads run backward passes through one graph", "[threads]") {
  const Tensor x = leaf({1.0});
  Tensor shared = x;
  for (int i = 0; i < 50; ++i) shared = shared * 1.0 + x * 0.0;
  constexpr int kThreads = 4, kPasses = 50;
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kPasses; ++i) {
        const Tensor g = autograd::grad({shared}, {x}, {}, /*retain_graph=*/true)[0];
        if (g.item<double>() != 1) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a view made without grad says that it requires grad, but is outside of the graph") {
  const Tensor x = leaf({1.0, 2.0});
  Tensor y;
  {
    const NoGradGuard no_grad;
    y = x.unsqueeze(0);
  }
  CHECK(y.requires_grad());
  CHECK(y.is_leaf());
  CHECK_THROWS_WITH(y.backward(ones({1, 2}, kDouble)),
                    "backward: element 0 of tensors does not require grad and does not have a "
                    "grad_fn");
  CHECK_THROWS_AS(y.register_hook([](const Tensor& g) { return g; }), RuntimeError);
  (y * x).sum().backward();
  CHECK(equal(x.grad(), tensor({1.0, 2.0}, kDouble)));
}

TEST_CASE("in-place changes keep what the other operand's gradient needs") {
  const Tensor x = tensor({1.5, 2.0}, kDouble), b = leaf({2.0, 3.0});
  x.pow_(b);  // x itself requires no grad before the change
  x.sum().backward();
  CHECK(allclose(b.grad(), tensor({2.25 * std::log(1.5), 8 * std::log(2.0)}, kDouble)));
}

TEST_CASE("an operation whose gradient is zero keeps nothing that may not change") {
  const Tensor x = leaf({1.5, -2.5});
  const Tensor y = x.sign(), z = (x * 1).floor_();
  y.mul_(3);
  z.mul_(3);
  (y + z).sum().backward();
  CHECK(equal(x.grad(), zeros({2}, kDouble)));
}

TEST_CASE("a leaf that was detached after the forward pass takes no gradient") {
  const Tensor x = leaf({1.0, 2.0}), y = leaf({3.0, 4.0});
  const Tensor z = (x * y).sum();
  x.requires_grad_(false);
  z.backward();
  CHECK(!x.grad().defined());
  CHECK(y.grad().defined());
}

TEST_CASE(
    "what a change of a part makes of its gradient neither rounds nor spreads what was there") {
  const Tensor x = tensor({{1., 2.}, {3., 4.}}, kFloat).requires_grad_();
  const Tensor small = x.clone();
  small[1].mul_(1e-6);
  const Tensor ones_and_millionths = tensor({{1., 1.}, {1e-6, 1e-6}}, kFloat);
  CHECK(autograd::grad({small.sum()}, {x})[0].equal(ones_and_millionths));
  const Tensor replaced = x.clone();
  replaced[1].copy_(full({2}, -1));
  CHECK(autograd::grad({replaced.sqrt().sum()}, {x})[0].equal(
      tensor({{0.5, 0.25 * std::sqrt(2.)}, {0., 0.}}, kFloat)));
}

TEST_CASE("changing the shape in place obeys the rules of views and leaves") {
  const Tensor x = leaf({{1.0, 2.0}});
  CHECK_THROWS_AS(x.t_(), RuntimeError);
  CHECK_THROWS_AS(x.t().t_(), RuntimeError);
  CHECK_THROWS_AS((x * 1).unbind(1)[0].unsqueeze_(0), RuntimeError);
  CHECK_THROWS_AS(x.copy_(x), RuntimeError);
  CHECK((x * 1).t_().sizes() == IntArrayRef({2, 1}));
}

TEST_CASE("a tensor without dimensions has a dimension 0 for those who name it") {
  const Tensor x = tensor(-3.0, kDouble);
  CHECK(x.movedim(0, -1).dim() == 0);
  CHECK_THROWS_AS(x.movedim(1, 0), IndexError);
  CHECK(x.norm(1, {0}).item<double>() == 3);
}
