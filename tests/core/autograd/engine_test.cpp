#include <pullback/core/autograd/engine.h>

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/ops.h>
#include <pullback/core/tensor_impl.h>

#include "catch.h"

using namespace pullback;

namespace {

Tensor leaf(std::initializer_list<TensorData> values) {
  return tensor(values, TensorOptions(kDouble)).requires_grad_();
}

double at(const Tensor& x, std::int64_t i) {
  return x.flatten()[i].item<double>();
}

/// The largest relative difference between the gradient of f and central differences, over all
/// inputs.
double gradient_error(const std::function<Tensor()>& f, const std::vector<Tensor>& inputs) {
  const auto grads = autograd::grad({f()}, inputs, {}, true, false, true);
  double worst = 0;
  for (std::size_t j = 0; j < inputs.size(); ++j) {
    double* x = inputs[j].data_ptr<double>();
    for (std::int64_t i = 0; i < inputs[j].numel(); ++i) {
      const double kept = x[i], step = 1e-5;
      x[i] = kept + step;
      const double up = f().item<double>();
      x[i] = kept - step;
      const double down = f().item<double>();
      x[i] = kept;
      const double analytic = grads[j].defined() ? at(grads[j], i) : 0;
      worst =
          std::max(worst, std::abs((up - down) / (2 * step) - analytic) / (1 + std::abs(analytic)));
    }
  }
  return worst;
}

/// The same for the gradient of the gradient: Σ‖∇f‖².
double second_order_error(const std::function<Tensor()>& f, const std::vector<Tensor>& inputs) {
  return gradient_error(
      [&] {
        Tensor total;
        for (const Tensor& g : autograd::grad({f()}, inputs, {}, true, true, true)) {
          if (!g.defined()) continue;
          const Tensor square = (g * g).sum();
          total = total.defined() ? total + square : square;
        }
        return total;
      },
      inputs);
}

}  // namespace

TEST_CASE("gradients are right to order two") {
  const Tensor a = leaf({{0.3, -0.7, 0.2}, {0.9, 0.4, -0.5}});
  const Tensor b = leaf({0.8, -0.6, 1.1});
  const std::vector<std::pair<std::string, std::function<Tensor()>>> functions{
      {"tanh, which keeps its output", [&] { return tanh(a).sum(); }},
      {"broadcasting", [&] { return (a * b * b / (b * b + 2) - a).sum(); }},
      {"several outputs, one of them unused",
       [&] {
         const auto parts = (a * a).split(1, 1);
         return (parts[0] * parts[2] * parts[2]).sum();
       }},
      {"a list of inputs",
       [&] {
         return (cat({a * a, a}, 0) * cat({b * b, b}).sum()).sum();
       }},
      {"a change in place of a view",
       [&] {
         Tensor x = a * a;
         Tensor row = x[1];
         row.mul_(b);
         x.add_(b);
         row.exp_();
         return (x * x + row * row).sum();
       }},
      {"a copy into a slice",
       [&] {
         Tensor x = a * a;
         x.select(1, 0).copy_(b.slice(0, 0, 2) * 2);
         return (x * x * a).sum();
       }},
      {"views of views",
       [&] {
         Tensor x = a * 1;
         x.t()[1].mul_(x.t()[0] * 1);
         return (x.t() * x.t() * x.t()).sum();
       }},
  };
  for (const auto& [name, f] : functions) {
    INFO(name);
    CHECK(gradient_error(f, {a, b}) < 1e-7);
    CHECK(second_order_error(f, {a, b}) < 1e-6);
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
