#include <pullback/core/autograd/function.h>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/indexing.h>
#include <pullback/core/ops.h>
#include <pullback/core/print.h>

#include "catch.h"

using namespace pullback;
using autograd::AutogradContext;
using autograd::Function;
using autograd::tensor_list;

namespace {

Tensor leaf(std::initializer_list<TensorData> values) {
  return tensor(values, TensorOptions(kDouble)).requires_grad_();
}

bool is(const Tensor& x, std::initializer_list<TensorData> values) {
  UNSCOPED_INFO("found " << x);
  return x.allclose(tensor(values, TensorOptions(kDouble)), 1e-14, 0);
}

struct Exp : Function<Exp> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    Tensor y = x.exp();
    ctx->save_for_backward({y});
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list g) {
    return {g[0] * ctx->get_saved_variables()[0]};
  }
};

struct Power : Function<Power> {
  static Tensor forward(AutogradContext* ctx, Tensor x, std::int64_t n) {
    ctx->save_for_backward({x});
    ctx->saved_data["n"] = n;
    return x.pow(n);
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list g) {
    const std::int64_t n = ctx->saved_data["n"].toInt();
    const Tensor x = ctx->get_saved_variables()[0];
    return {g[0] * n * (n == 1 ? ones_like(x) : Power::apply(x, n - 1)), Tensor()};
  }
};

/// Doubles its input in place.
struct Double : Function<Double> {
  static Tensor forward(AutogradContext* ctx, Tensor x) {
    x.mul_(2);
    ctx->mark_dirty({x});
    return x;
  }
  static tensor_list backward(AutogradContext*, tensor_list g) { return {g[0] * 2}; }
};

struct SinCos : Function<SinCos> {
  static bool materialize;
  static tensor_list seen;
  static tensor_list forward(AutogradContext* ctx, Tensor x) {
    ctx->set_materialize_grads(materialize);
    ctx->save_for_backward({x});
    return {x.sin(), x.cos()};
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list g) {
    seen = g;
    const Tensor x = ctx->get_saved_variables()[0];
    const Tensor a = g[0].defined() ? g[0] * x.cos() : zeros_like(x);
    return {g[1].defined() ? a - g[1] * x.sin() : a};
  }
};
bool SinCos::materialize = true;
tensor_list SinCos::seen;

struct Product : Function<Product> {
  static std::vector<bool> needs;
  static Tensor forward(AutogradContext* ctx, const Tensor& a, double scale, const Tensor& b) {
    ctx->save_for_backward({a, b});
    ctx->saved_data["scale"] = scale;
    return a * b * scale;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list g) {
    needs = {ctx->needs_input_grad(0), ctx->needs_input_grad(1)};
    const auto saved = ctx->get_saved_variables();
    const double scale = ctx->saved_data["scale"].toDouble();
    return {needs[0] ? g[0] * saved[1] * scale : Tensor(), Tensor(),
            needs[1] ? g[0] * saved[0] * scale : Tensor()};
  }
};
std::vector<bool> Product::needs;

struct MaxAndWhere : Function<MaxAndWhere> {
  static std::tuple<Tensor, Tensor> forward(AutogradContext* ctx, const Tensor& x) {
    const Tensor top = x.max(), mask = (x == top).to(kDouble);
    ctx->mark_non_differentiable({mask});
    ctx->save_for_backward({mask});
    return {top, mask};
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list g) {
    return {g[0] * ctx->get_saved_variables()[0]};
  }
};

struct Once : Function<Once> {
  static constexpr bool once_differentiable = true;
  static Tensor forward(AutogradContext*, const Tensor& x) { return x * 2; }
  static tensor_list backward(AutogradContext*, tensor_list g) { return {g[0] * 2}; }
};

struct Identity : Function<Identity> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x; }
  static tensor_list backward(AutogradContext*, tensor_list g) { return {-g[0]}; }
};

struct First : Function<First> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x.narrow(0, 0, 1); }
  static tensor_list backward(AutogradContext*, tensor_list g) { return {cat({g[0], g[0]})}; }
};

struct TooMany : Function<TooMany> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x * 1; }
  static tensor_list backward(AutogradContext*, tensor_list g) { return {g[0], g[0]}; }
};

struct WrongShape : Function<WrongShape> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x * 1; }
  static tensor_list backward(AutogradContext*, tensor_list) { return {ones({7}, kDouble)}; }
};

struct ForgetsDirty : Function<ForgetsDirty> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->mark_dirty({x});
    return x * 2;
  }
  static tensor_list backward(AutogradContext*, tensor_list g) { return g; }
};

}  // namespace

TEST_CASE("a custom function's gradient is what its author wrote, to any order", "[function]") {
  const Tensor x = leaf({0.5, 1.0});
  const Tensor y = Exp::apply(x);
  CHECK(y.grad_fn()->name() == "ExpBackward");
  CHECK(y.equal(x.detach().exp()));
  const Tensor first = autograd::grad({y.sum()}, {x}, {}, {}, /*create_graph=*/true)[0];
  CHECK(first.equal(y));
  const Tensor second = autograd::grad({first.sum()}, {x}, {}, {}, /*create_graph=*/true)[0];
  CHECK(second.allclose(y));
  CHECK(autograd::grad({second.sum()}, {x})[0].allclose(y));

  const Tensor cube = Power::apply(x, 3);
  const Tensor slope = autograd::grad({cube.sum()}, {x}, {}, {}, true)[0];
  CHECK(is(slope, {0.75, 3.0}));
  CHECK(is(autograd::grad({slope.sum()}, {x})[0], {3.0, 6.0}));
}

TEST_CASE("a function whose inputs need no gradient leaves no trace", "[function]") {
  const Tensor x = leaf({1.0, 2.0}).detach();
  CHECK_FALSE(Exp::apply(x).requires_grad());
  const NoGradGuard no_grad;
  CHECK_FALSE(Exp::apply(leaf({1.0})).requires_grad());
}

TEST_CASE("a function that saves its output is freed with it", "[function]") {
  const Tensor x = leaf({1.0, 2.0});
  autograd::Node* const none = nullptr;
  Ref<autograd::Node> node;
  {
    const Tensor y = Exp::apply(x);
    node = Ref<autograd::Node>::share(y.grad_fn());
    CHECK(node->refs.get() == 2);
    CHECK(node.get() != none);
  }
  CHECK(node->refs.get() == 1);
}

TEST_CASE("saved tensors are released by backward and guarded against changes", "[function]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor y = Exp::apply(x).sum();
  y.backward();
  CHECK(throws_with([&] { y.backward(); }, "second time"));
  const Tensor z = Exp::apply(x);
  z.detach().mul_(2);
  CHECK(throws_with([&] { z.sum().backward(); }, "modified by an inplace operation"));
}

TEST_CASE("an input that is marked dirty becomes the output", "[function]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor y = x * 3;
  const auto version = y._version();
  const Tensor z = Double::apply(y);
  CHECK(z.is_same(y));
  CHECK(y._version() > version);
  CHECK(y.grad_fn()->name() == "DoubleBackward");
  z.sum().backward();
  CHECK(is(x.grad(), {6.0, 6.0}));

  SECTION("a leaf that requires grad may not be changed") {
    CHECK(throws_with([&] { Double::apply(x); }, "leaf Variable that requires grad"));
  }
  SECTION("a view takes its base along") {
    const Tensor base = x * 1;
    Double::apply(base[1]);
    x.mutable_grad().reset();
    base.sum().backward();
    CHECK(is(x.grad(), {1.0, 2.0}));
  }
  SECTION("it has to be returned") {
    CHECK(throws_with([&] { ForgetsDirty::apply(x * 1); }, "were not returned as output"));
  }
}

TEST_CASE("gradients of unused outputs are zeros, or undefined on demand", "[function]") {
  const Tensor x = leaf({0.5});
  SinCos::materialize = GENERATE(true, false);
  const auto y = SinCos::apply(x);
  y[1].backward();
  CHECK(SinCos::seen[0].defined() == SinCos::materialize);
  CHECK(x.grad().item<double>() == -std::sin(0.5));
  SinCos::seen.clear();
}

TEST_CASE("a function knows which gradients are needed, and skips arguments that are no tensors",
          "[function]") {
  const Tensor a = leaf({2.0}), b = leaf({5.0});
  Product::apply(a, 3.0, b).backward();
  CHECK(Product::needs == std::vector<bool>{true, true});
  CHECK(is(a.grad(), {15.0}));
  CHECK(is(b.grad(), {6.0}));
  Product::apply(a.detach(), 3.0, b).backward();
  CHECK(Product::needs == std::vector<bool>{false, true});
}

TEST_CASE("outputs marked as not differentiable carry no gradient", "[function]") {
  const Tensor x = leaf({1.0, 4.0, 2.0});
  const auto [top, mask] = MaxAndWhere::apply(x);
  CHECK(top.requires_grad());
  CHECK_FALSE(mask.requires_grad());
  top.backward();
  CHECK(is(x.grad(), {0.0, 1.0, 0.0}));
}

TEST_CASE("a once differentiable function refuses a second derivative", "[function]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor g = autograd::grad({Once::apply(x).pow(2).sum()}, {x}, {}, {}, true)[0];
  CHECK(is(g, {8.0, 16.0}));
  CHECK(throws_with([&] { g.sum().backward(); }, "trying to differentiate twice a function"));
}

TEST_CASE("an input returned as it is comes out as a view with the function's gradient",
          "[function]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor y = Identity::apply(x);
  CHECK_FALSE(y.is_same(x));
  CHECK(y.data_ptr() == x.data_ptr());
  CHECK(y.grad_fn()->name() == "IdentityBackward");
  y.sum().backward();
  CHECK(is(x.grad(), {-1.0, -1.0}));
}

TEST_CASE("a view that a function returns may not be changed in place", "[function]") {
  const Tensor x = leaf({1.0, 2.0});
  const Tensor y = First::apply(x * 1);
  CHECK(throws_with([&] { y.mul_(2); }, "created inside a custom Function"));
  y.sum().backward();
  CHECK(is(x.grad(), {1.0, 1.0}));
}

TEST_CASE("a wrong number or shape of gradients is refused", "[function]") {
  const Tensor x = leaf({1.0, 2.0});
  CHECK(throws_with([&] { TooMany::apply(x).sum().backward(); },
                    "TooManyBackward returned an incorrect number of gradients (expected 1, got "
                    "2)"));
  CHECK(throws_with([&] { WrongShape::apply(x).sum().backward(); },
                    "WrongShapeBackward returned an invalid gradient"));
}

TEST_CASE("saved data knows its kind", "[function]") {
  const autograd::SavedValue value = 3;
  CHECK(value.toInt() == 3);
  CHECK_THROWS_AS(value.toDouble(), TypeError);
}
