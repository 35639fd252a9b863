#include <pullback/core/autograd/gradcheck.h>

#include <pullback/core/autograd/function.h>
#include <pullback/core/ops.h>

#include "catch.h"

using namespace pullback;
using autograd::AutogradContext;
using autograd::Function;
using autograd::gradcheck;
using autograd::gradgradcheck;
using autograd::tensor_list;

namespace {

Tensor leaf(std::initializer_list<TensorData> values) {
  return tensor(values, TensorOptions(kDouble)).requires_grad_();
}

struct WrongSlope : Function<WrongSlope> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x * 2; }
  static tensor_list backward(AutogradContext*, tensor_list g) { return {g[0] * 3}; }
};

/// Right once, wrong twice: its slope counts as a constant.
struct WrongCurvature : Function<WrongCurvature> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list g) {
    return {g[0] * 2 * ctx->get_saved_variables()[0].detach()};
  }
};

struct Drifting : Function<Drifting> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x * 2; }
  static tensor_list backward(AutogradContext*, tensor_list g) {
    static int calls = 0;
    return {g[0] * (2 + 1e-9 * ++calls)};
  }
};

struct AddsConstant : Function<AddsConstant> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x * 2; }
  static tensor_list backward(AutogradContext*, tensor_list g) { return {g[0] * 2 + 1e-9}; }
};

struct IgnoresUndefined : Function<IgnoresUndefined> {
  static tensor_list forward(AutogradContext* ctx, const Tensor& x) {
    ctx->set_materialize_grads(false);
    return {x * 2, x * 3};
  }
  static tensor_list backward(AutogradContext*, tensor_list g) {
    if (!g[0].defined() || !g[1].defined()) return {Tensor()};
    return {g[0] * 2 + g[1] * 3};
  }
};

}  // namespace

TEST_CASE("gradcheck accepts right gradients, of several inputs and outputs", "[gradcheck]") {
  const Tensor a = leaf({{0.3, -0.7, 0.2}, {0.9, 0.4, -0.5}}), b = leaf({0.8, -0.6, 1.1});
  const auto f = [](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{in[0] * in[1].sin(), in[1].exp(), in[0] > 0};
  };
  CHECK(gradcheck(f, {a, b}));
  CHECK(gradgradcheck(f, {a, b}));
  CHECK(gradcheck([](const Tensor& x) { return x * x; }, {b}));
}

TEST_CASE("gradcheck takes inputs that are not contiguous, empty, 0-d or need no gradient",
          "[gradcheck]") {
  const Tensor strided = leaf({{0.3, -0.7, 0.2}, {0.9, 0.4, -0.5}}).detach().t().slice(0, 0, 3, 2);
  REQUIRE_FALSE(strided.is_contiguous());
  const Tensor before = strided.clone();
  const auto f = [](const std::vector<Tensor>& in) { return (in[0] * in[1]).tanh(); };
  const Tensor x = strided.requires_grad_();
  CHECK(gradcheck(f, {x, tensor(2.0, kDouble)}));
  CHECK(gradgradcheck(f, {x, leaf({2.0}).select(0, 0).detach().requires_grad_()}));
  CHECK(x.equal(before));
  CHECK(gradcheck(f, {zeros({0, 3}, kDouble).requires_grad_(), ones({3}, kDouble)}));
}

TEST_CASE("gradcheck says where a gradient is wrong", "[gradcheck]") {
  const Tensor x = leaf({1.0, 2.0});
  const auto f = [](const Tensor& in) { return WrongSlope::apply(in); };
  CHECK_THROWS_AS(gradcheck(f, {x}), autograd::GradcheckError);
  CHECK(throws_with([&] { gradcheck(f, {x}); },
                    "Jacobian mismatch for output 0 with respect to input 0,\n"
                    "numerical:tensor([[2.0000, 0.0000],\n        [0.0000, 2.0000]], "
                    "dtype=torch.float64)\n"
                    "analytical:tensor([[3., 0.],\n        [0., 3.]], dtype=torch.float64)"));
  autograd::GradcheckOptions quiet;
  quiet.raise_exception = false;
  CHECK_FALSE(gradcheck(f, {x}, quiet));
}

TEST_CASE("gradgradcheck finds a wrong second derivative that gradcheck cannot see",
          "[gradcheck]") {
  const Tensor x = leaf({1.0, 2.0});
  const auto f = [](const Tensor& in) { return WrongCurvature::apply(in); };
  CHECK(gradcheck(f, {x}));
  CHECK(throws_with([&] { gradgradcheck(f, {x}); }, "Jacobian mismatch for output 0"));
}

TEST_CASE("gradcheck finds gradients that drift, do not scale, or fail on undefined ones",
          "[gradcheck]") {
  const Tensor x = leaf({1.0, 2.0});
  const auto drifting = [](const Tensor& in) { return Drifting::apply(in); };
  CHECK(throws_with([&] { gradcheck(drifting, {x}); }, "Backward is not reentrant"));
  autograd::GradcheckOptions tolerant;
  tolerant.nondet_tol = 1e-6;
  CHECK(gradcheck(drifting, {x}, tolerant));
  CHECK(
      throws_with([&] { gradcheck([](const Tensor& in) { return AddsConstant::apply(in); }, {x}); },
                  "backward not multiplied by grad_output"));
  const auto ignores = [](const Tensor& in) { return IgnoresUndefined::apply(in); };
  CHECK(throws_with([&] { gradcheck(ignores, {x}); }, "Jacobian mismatch"));
}

TEST_CASE("gradcheck refuses inputs that it cannot move", "[gradcheck]") {
  const Tensor x = leaf({1.0, 2.0});
  const auto f = [](const Tensor& in) { return in * 2; };
  CHECK(throws_with([&] { gradcheck(f, {x.detach()}); },
                    "expects at least one input tensor to require gradient"));
  CHECK(throws_with([&] { gradcheck(f, {x.detach()[0].expand({2}).requires_grad_()}); },
                    "has a dimension with stride 0"));
}

TEST_CASE("gradcheck holds a function that hides its slope against a constant", "[gradcheck]") {
  const Tensor x = leaf({1.0, 2.0});
  CHECK(throws_with([&] { gradcheck([](const Tensor& in) { return in.detach() * 2; }, {x}); },
                    "Numerical gradient for function expected to be zero"));
  CHECK(gradcheck([](const Tensor& in) { return ones_like(in).detach(); }, {x}));
}
