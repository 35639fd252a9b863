#include <cmath>
#include <numbers>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/last_step.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/special.h>
#include <pullback/core/ops/spent.h>

// Elementwise functions of one operand: for each its kernel, its node's name, and its gradient in
// terms of the incoming gradient g and either the input x or the output y.
namespace pullback {

using autograd::Needs;
using autograd::record;
using autograd::record_inplace;
using autograd::saved;
using autograd::saved_copy;
using autograd::wrt;
using kernels::Kernels;

namespace {

enum class Result { Float, SameType };

Tensor value_of(const char* op, const Tensor& x, const Map& kernel, Result result) {
  check_defined(op, x);
  if (result == Result::Float) return map_float(op, x, kernel);
  // Rounding leaves integers as they are.
  if (!kernel[x.scalar_type()] && is_integral(x.scalar_type(), false)) return x.detach().clone();
  return map(op, x, kernel);
}

void change(const char* op, const Tensor& x, const Map& kernel, Result result) {
  const ScalarType type = x.scalar_type();
  if (result == Result::SameType && !kernel[type] && is_integral(type, false)) return;
  run_loop(loop_for(op, kernel, type), x, {x}, 1.0f);
}

void check_type(const char* op, const Tensor& x, Result result) {
  if (result == Result::Float) check_result_type(op, float_type(x.scalar_type()), x.scalar_type());
}

/// May write its result over g.
using Formula = Tensor (*)(Tensor&& g, const Tensor& value);

Tensor from_input(const char* op, const char* node, const Tensor& x, const Map& kernel,
                  Result result, Formula f) {
  return record(node, value_of(op, x, kernel, result),
                wrt(x, [f, x = saved(x)](Tensor&& g) { return f(std::move(g), *x); }));
}

Tensor from_output(const char* op, const char* node, const Tensor& x, const Map& kernel,
                   Result result, Formula f) {
  return record(node, value_of(op, x, kernel, result),
                wrt(x, [f](Tensor&& g, const Tensor& y) { return f(std::move(g), y); }));
}

Tensor from_input_(const char* op, const char* node, const Tensor& x, const Map& kernel,
                   Result result, Formula f) {
  check_type(op, x, result);
  return record_inplace(
      op, node, x, [&] { change(op, x, kernel, result); },
      wrt(x, [f, x = saved_copy(x)](Tensor&& g) { return f(std::move(g), *x); }));
}

Tensor from_output_(const char* op, const char* node, const Tensor& x, const Map& kernel,
                    Result result, Formula f) {
  check_type(op, x, result);
  return record_inplace(
      op, node, x, [&] { change(op, x, kernel, result); },
      wrt(x, [f](Tensor&& g, const Tensor& y) { return f(std::move(g), y); }));
}

// Activations, whose slope the next node may take instead: f(g, y) is the kernel `slope`.

using Slope = Tensor (*)(Tensor g, const Tensor& y);

Tensor sloped(const char* op, const char* node, const Tensor& x, const Map& kernel, Result result,
              Slope f, Map Kernels::*slope) {
  return record(node, value_of(op, x, kernel, result),
                wrt(x, [f, slope](Tensor&& g, const Tensor& y, Needs needs) {
                  return leave_step(needs, slope, g, y) ? std::move(g) : f(std::move(g), y);
                }));
}

Tensor sloped_(const char* op, const char* node, const Tensor& x, const Map& kernel, Result result,
               Slope f, Map Kernels::*slope) {
  check_type(op, x, result);
  return record_inplace(
      op, node, x, [&] { change(op, x, kernel, result); },
      wrt(x, [f, slope](Tensor&& g, const Tensor& y, Needs needs) {
        return leave_step(needs, slope, g, y) ? std::move(g) : f(std::move(g), y);
      }));
}

// The formula looks at neither: nothing is kept, so that a later change is no mistake.
Tensor from_nothing(const char* op, const char* node, const Tensor& x, const Map& kernel,
                    Result result, Formula f) {
  return record(node, value_of(op, x, kernel, result),
                wrt(x, [f](Tensor&& g) { return f(std::move(g), g); }));
}

Tensor from_nothing_(const char* op, const char* node, const Tensor& x, const Map& kernel,
                     Result result, Formula f) {
  check_type(op, x, result);
  return record_inplace(
      op, node, x, [&] { change(op, x, kernel, result); },
      wrt(x, [f](Tensor&& g) { return f(std::move(g), g); }));
}

constexpr double kLog2 = std::numbers::ln2, kLog10 = std::numbers::ln10;
const double kTwoBySqrtPi = 2 / std::sqrt(std::numbers::pi);

}  // namespace

#define PULLBACK_METHODS(op)                 \
  Tensor TensorBase::op() const {            \
    return pullback::op(self(Tensor()));     \
  }                                          \
  Tensor TensorBase::op##_() const {         \
    return pullback::op##_(target(#op "_")); \
  }

#define PULLBACK_POINTWISE(how, op, node, result, formula)                                        \
  static Tensor op##_gradient([[maybe_unused]] Tensor&& g, [[maybe_unused]] const Tensor& x,      \
                              [[maybe_unused]] const Tensor& y) {                                 \
    return formula;                                                                               \
  }                                                                                               \
  Tensor op(const Tensor& a) {                                                                    \
    return how(#op, node, a, simd().op, Result::result,                                           \
               [](Tensor&& g, const Tensor& v) { return op##_gradient(std::move(g), v, v); });    \
  }                                                                                               \
  Tensor op##_(const Tensor& a) {                                                                 \
    check_defined(#op "_", a);                                                                    \
    return how##_(#op "_", node, a, simd().op, Result::result,                                    \
                  [](Tensor&& g, const Tensor& v) { return op##_gradient(std::move(g), v, v); }); \
  }                                                                                               \
  PULLBACK_METHODS(op)

#define PULLBACK_SLOPED(op, node, result)                                      \
  Tensor op(const Tensor& a) {                                                 \
    return sloped(#op, node, a, simd().op, Result::result, op##_backward,      \
                  &Kernels::op##_backward);                                    \
  }                                                                            \
  Tensor op##_(const Tensor& a) {                                              \
    check_defined(#op "_", a);                                                 \
    return sloped_(#op "_", node, a, simd().op, Result::result, op##_backward, \
                   &Kernels::op##_backward);                                   \
  }                                                                            \
  PULLBACK_METHODS(op)

PULLBACK_SLOPED(tanh, "TanhBackward0", Float)
PULLBACK_SLOPED(sigmoid, "SigmoidBackward0", Float)
PULLBACK_SLOPED(relu, "ReluBackward0", SameType)

#undef PULLBACK_SLOPED

// clang-format off
PULLBACK_POINTWISE(from_input,  abs,        "AbsBackward0",        SameType, g * sign(x))
PULLBACK_POINTWISE(from_input,  square,     "PowBackward0",        SameType, g * (x * 2))
PULLBACK_POINTWISE(from_output, reciprocal, "ReciprocalBackward0", Float,    -g * (y * y))
PULLBACK_POINTWISE(from_output, sqrt,       "SqrtBackward0",       Float,    g / (y * 2))
PULLBACK_POINTWISE(from_output, rsqrt,      "RsqrtBackward0",      Float,    g * pow(y, 3) * -0.5)
PULLBACK_POINTWISE(from_output, exp,        "ExpBackward0",        Float,    product_over(std::move(g), y))
PULLBACK_POINTWISE(from_output, exp2,       "Exp2Backward0",       Float,    g * y * kLog2)
PULLBACK_POINTWISE(from_output, expm1,      "Expm1Backward0",      Float,    g * (y + 1))
PULLBACK_POINTWISE(from_input,  log,        "LogBackward0",        Float,    g / x)
PULLBACK_POINTWISE(from_input,  log2,       "Log2Backward0",       Float,    g / (x * kLog2))
PULLBACK_POINTWISE(from_input,  log10,      "Log10Backward0",      Float,    g / (x * kLog10))
PULLBACK_POINTWISE(from_input,  log1p,      "Log1PBackward0",      Float,    g / (x + 1))
PULLBACK_POINTWISE(from_input,  sin,        "SinBackward0",        Float,    g * cos(x))
PULLBACK_POINTWISE(from_input,  cos,        "CosBackward0",        Float,    -g * sin(x))
PULLBACK_POINTWISE(from_output, tan,        "TanBackward0",        Float,    g * (y * y + 1))
PULLBACK_POINTWISE(from_input,  asin,       "AsinBackward0",       Float,    g * rsqrt(1 - x * x))
PULLBACK_POINTWISE(from_input,  acos,       "AcosBackward0",       Float,    -g * rsqrt(1 - x * x))
PULLBACK_POINTWISE(from_input,  atan,       "AtanBackward0",       Float,    g / (x * x + 1))
PULLBACK_POINTWISE(from_input,  sinh,       "SinhBackward0",       Float,    g * cosh(x))
PULLBACK_POINTWISE(from_input,  cosh,       "CoshBackward0",       Float,    g * sinh(x))
PULLBACK_POINTWISE(from_input,  asinh,      "AsinhBackward0",      Float,    g * rsqrt(x * x + 1))
PULLBACK_POINTWISE(from_input,  acosh,      "AcoshBackward0",      Float,    g * rsqrt(x * x - 1))
PULLBACK_POINTWISE(from_input,  atanh,      "AtanhBackward0",      Float,    g / (1 - x * x))
PULLBACK_POINTWISE(from_input,  erf,        "ErfBackward0",        Float,    g * exp(-(x * x)) * kTwoBySqrtPi)
PULLBACK_POINTWISE(from_input,  erfc,       "ErfcBackward0",       Float,    g * exp(-(x * x)) * -kTwoBySqrtPi)
PULLBACK_POINTWISE(from_output, erfinv,     "ErfinvBackward0",     Float,    g * exp(y * y) / kTwoBySqrtPi)
PULLBACK_POINTWISE(from_input,  lgamma,     "LgammaBackward0",     Float,    g * digamma(x))
PULLBACK_POINTWISE(from_input,  digamma,    "DigammaBackward0",    Float,    g * polygamma(1, x))
// Constant between steps.
PULLBACK_POINTWISE(from_nothing, sign,       "SignBackward0",       SameType, zeros_like(g))
PULLBACK_POINTWISE(from_nothing, floor,      "FloorBackward0",      SameType, zeros_like(g))
PULLBACK_POINTWISE(from_nothing, ceil,       "CeilBackward0",       SameType, zeros_like(g))
PULLBACK_POINTWISE(from_nothing, round,      "RoundBackward0",      SameType, zeros_like(g))
PULLBACK_POINTWISE(from_nothing, trunc,      "TruncBackward0",      SameType, zeros_like(g))
// clang-format on

#undef PULLBACK_POINTWISE

Tensor frac(const Tensor& x) {
  check_defined("frac", x);
  return record("FracBackward0", map("frac", x, simd().frac),
                wrt(x, [](const Tensor& g) { return g; }));
}
Tensor frac_(const Tensor& x) {
  check_defined("frac_", x);
  loop_for("frac_", simd().frac, x.scalar_type());
  return record_inplace(
      "frac_", "FracBackward0", x, [&] { change("frac_", x, simd().frac, Result::Float); },
      wrt(x, [](const Tensor& g) { return g; }));
}
PULLBACK_METHODS(frac)

// sinc x = sin(πx)/(πx), 1 at 0:  x̄ = g·(cos(πx) − sinc x)/x, 0 at 0.
Tensor sinc(const Tensor& x) {
  check_defined("sinc", x);
  const Tensor at_zero = x == 0;
  const Tensor safe = where(at_zero, ones_like(x), x);
  const Tensor angle = safe * std::numbers::pi;
  if (autograd::requires_grad(x) && GradMode::is_enabled()) {
    Tensor value;
    {
      NoGradGuard no_grad;
      value = where(at_zero, ones_like(angle), sin(angle) / angle);
    }
    return record("SincBackward0", value, wrt(x, [x = saved(x)](const Tensor& g) {
                    const Tensor zero = *x == 0;
                    const Tensor away = where(zero, ones_like(*x), *x);
                    const Tensor turn = away * std::numbers::pi;
                    // Near 0 the quotient cancels: its series −π²x/3 gives value and second
                    // derivative there.
                    const Tensor slope = (cos(turn) - sin(turn) / turn) / away;
                    return g * where(zero, *x * (-std::numbers::pi * std::numbers::pi / 3), slope);
                  }));
  }
  return where(at_zero, ones_like(angle), sin(angle) / angle);
}
Tensor sinc_(const Tensor& x) {
  check_defined("sinc_", x);
  check_result_type("sinc_", float_type(x.scalar_type()), x.scalar_type());
  // The rule keeps its input, which must not be what changes.
  return x.copy_(sinc(x.clone()));
}
PULLBACK_METHODS(sinc)

#undef PULLBACK_METHODS

// ---- fused gradients, themselves differentiable

namespace {

/// The kernel's f(g, v), over g where nothing is recorded and it may be.
Tensor fused(const char* op, Tensor&& g, const Tensor& v, const Map& kernel) {
  return run_over(loop_for(op, kernel, v.scalar_type()), std::move(g), v, 1.0f);
}

}  // namespace

Tensor tanh_backward(Tensor g, const Tensor& y) {
  return record(
      "TanhBackwardBackward0", fused("tanh_backward", std::move(g), y, simd().tanh_backward),
      wrt(g, [y = saved(y)](const Tensor& gg) { return tanh_backward(gg, *y); }),
      wrt(y, [g = saved(g), y = saved(y)](const Tensor& gg) { return gg * *g * *y * -2; }));
}

Tensor sigmoid_backward(Tensor g, const Tensor& y) {
  return record(
      "SigmoidBackwardBackward0",
      fused("sigmoid_backward", std::move(g), y, simd().sigmoid_backward),
      wrt(g, [y = saved(y)](const Tensor& gg) { return sigmoid_backward(gg, *y); }),
      wrt(y, [g = saved(g), y = saved(y)](const Tensor& gg) { return gg * *g * (1 - *y * 2); }));
}

Tensor relu_backward(Tensor g, const Tensor& y) {
  return record("ThresholdBackwardBackward0",
                fused("relu_backward", std::move(g), y, simd().relu_backward),
                wrt(g, [y = saved(y)](const Tensor& gg) { return relu_backward(gg, *y); }));
}

}  // namespace pullback
