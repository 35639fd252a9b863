#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/spent.h>

// Activation functions with parameters. Each gradient is a fused kernel of its own; its gradient in
// turn is written out in elementwise operations.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

void check_float(const char* op, const Tensor& x) {
  check_defined(op, x);
  check<NotImplementedError>(is_floating_point(x.scalar_type()), op, ": not implemented for '",
                             x.scalar_type(), "'; convert with .to(kFloat)");
}

/// f(x, numbers…) by a kernel.
template <class... N>
Tensor value(const char* op, const Map& kernel, const Tensor& x, N... numbers) {
  check_float(op, x);
  Tensor y = empty_of(x.get()->geometry, x.scalar_type());
  run_loop(loop_for(op, kernel, x.scalar_type()), y, {x, Number(numbers, x.scalar_type())...},
           2.0f);
  return y;
}

/// g·f′(x, numbers…) by a kernel, over g where it may be.
template <class... N>
Tensor gradient(const Map& kernel, Tensor&& g, const Tensor& x, N... numbers) {
  const ScalarType type = x.scalar_type();
  return run_over(loop_for("backward", kernel, type), std::move(g), x, 2.0f,
                  Number(numbers, type)...);
}

using Slope = Tensor (*)(const Tensor& x, double a, double b);

/// The gradient of an activation as an operation: linear in g, and with the second derivative
/// `curve` in x.
template <class... N>
Tensor record_gradient(const char* name, const Map& kernel, Tensor g, const Tensor& x, Slope curve,
                       double a, double b, N... numbers) {
  // g is taken only where nothing is recorded.
  return record(name, gradient(kernel, std::move(g), x, numbers...),
                wrt(g,
                    [=, &kernel, x = saved(x)](const Tensor& gg) {
                      return record_gradient(name, kernel, gg, *x, curve, a, b, numbers...);
                    }),
                wrt(x, [=, g = saved(g), x = saved(x)](const Tensor& gg) {
                  return gg * *g * curve(*x, a, b);
                }));
}

Tensor no_curve(const Tensor& x, double, double) {
  return zeros_like(x);
}

constexpr double kInvSqrt2Pi = 0.39894228040143267794, kSqrt2ByPi = 0.79788456080286535588;

// GELU″(x) = φ(x)·(2 − x²)
Tensor gelu_curve(const Tensor& x, double, double) {
  return exp(x * x * -0.5) * (2 - x * x) * kInvSqrt2Pi;
}

// With u = √(2/π)(x + 0.044715x³), t = tanh u:  f″ = (1 − t²)(u′ + ½x·u″ − x·t·u′²)
Tensor gelu_tanh_curve(const Tensor& x, double, double) {
  const Tensor t = tanh((x + x * x * x * 0.044715) * kSqrt2ByPi);
  const Tensor slope = (x * x * (3 * 0.044715) + 1) * kSqrt2ByPi;
  const Tensor bend = x * (6 * 0.044715 * kSqrt2ByPi);
  return (1 - t * t) * (slope + x * bend * 0.5 - x * t * slope * slope);
}

// With s = σ(x):  f″ = s(1 − s)(2 + x(1 − 2s))
Tensor silu_curve(const Tensor& x, double, double) {
  const Tensor s = sigmoid(x);
  return s * (1 - s) * (x * (1 - s * 2) + 2);
}

// With t = tanh(softplus x), s = σ(x):  f = x·t,  t′ = (1 − t²)s,  t″ = t′(1 − s − 2ts),  f″ = 2t′
// + x·t″
Tensor mish_curve(const Tensor& x, double, double) {
  const Tensor t = tanh(softplus(x)), s = sigmoid(x);
  const Tensor slope = (1 - t * t) * s;
  return slope * 2 + x * slope * (1 - s - t * s * 2);
}

Tensor softplus_curve(const Tensor& x, double beta, double threshold) {
  const Tensor s = sigmoid(x * beta);
  return where(x * beta > threshold, zeros_like(x), s * (1 - s) * beta);
}

Tensor logsigmoid_curve(const Tensor& x, double, double) {
  const Tensor s = sigmoid(x);
  return -(s * (1 - s));
}

// a·(exp(bx) − 1) below zero:  f″ = a·b²·exp(bx)
Tensor elu_curve(const Tensor& x, double a, double b) {
  return where(x > 0, zeros_like(x), exp(x * b) * (a * b * b));
}

}  // namespace

Tensor gelu(const Tensor& x, std::string_view approximate) {
  check(approximate == "none" || approximate == "tanh",
        "gelu: approximate argument must be either none or tanh, not '", approximate, "'");
  if (approximate == "tanh") {
    return record("GeluBackward0", value("gelu", simd().gelu_tanh, x),
                  wrt(x, [x = saved(x)](Tensor&& g) {
                    return record_gradient("GeluBackwardBackward0", simd().gelu_tanh_backward,
                                           std::move(g), *x, gelu_tanh_curve, 0, 0);
                  }));
  }
  return record("GeluBackward0", value("gelu", simd().gelu, x), wrt(x, [x = saved(x)](Tensor&& g) {
                  return record_gradient("GeluBackwardBackward0", simd().gelu_backward,
                                         std::move(g), *x, gelu_curve, 0, 0);
                }));
}

Tensor silu(const Tensor& x) {
  return record("SiluBackward0", value("silu", simd().silu, x), wrt(x, [x = saved(x)](Tensor&& g) {
                  return record_gradient("SiluBackwardBackward0", simd().silu_backward,
                                         std::move(g), *x, silu_curve, 0, 0);
                }));
}

Tensor mish(const Tensor& x) {
  return record("MishBackward0", value("mish", simd().mish, x), wrt(x, [x = saved(x)](Tensor&& g) {
                  return record_gradient("MishBackwardBackward0", simd().mish_backward,
                                         std::move(g), *x, mish_curve, 0, 0);
                }));
}

Tensor softplus(const Tensor& x, const Scalar& beta, const Scalar& threshold) {
  const double b = beta.toDouble(), t = threshold.toDouble();
  return record("SoftplusBackward0", value("softplus", simd().softplus, x, b, t),
                wrt(x, [b, t, x = saved(x)](Tensor&& g) {
                  return record_gradient("SoftplusBackwardBackward0", simd().softplus_backward,
                                         std::move(g), *x, softplus_curve, b, t, b, t);
                }));
}

Tensor logsigmoid(const Tensor& x) {
  return record("LogSigmoidBackward0", value("logsigmoid", simd().logsigmoid, x),
                wrt(x, [x = saved(x)](Tensor&& g) {
                  return record_gradient("LogSigmoidBackwardBackward0", simd().logsigmoid_backward,
                                         std::move(g), *x, logsigmoid_curve, 0, 0);
                }));
}

namespace {

// scale·x, or scale·α (exp(βx) − 1) below 0.
Tensor scaled_elu(const char* op, const char* name, const Tensor& x, double alpha, double scale,
                  double beta) {
  return record(name, value(op, simd().elu, x, alpha, scale, beta),
                wrt(x, [alpha, scale, beta, x = saved(x)](Tensor&& g) {
                  return record_gradient("EluBackwardBackward0", simd().elu_backward, std::move(g),
                                         *x, elu_curve, alpha * scale, beta, alpha, scale, beta);
                }));
}

}  // namespace

Tensor elu(const Tensor& x, const Scalar& alpha) {
  return scaled_elu("elu", "EluBackward0", x, alpha.toDouble(), 1, 1);
}

Tensor celu(const Tensor& x, const Scalar& alpha) {
  const double a = alpha.toDouble();
  check(a != 0, "celu: ZeroDivisionError: alpha cannot be 0 for CELU");
  return scaled_elu("celu", "CeluBackward0", x, a, 1, 1 / a);
}

// The constants make mean 0 and variance 1 a fixed point (Klambauer et al. 2017, section 2).
Tensor selu(const Tensor& x) {
  return scaled_elu("selu", "EluBackward0", x, 1.6732632423543772848170429916717,
                    1.0507009873554804934193349852946, 1);
}

Tensor leaky_relu(const Tensor& x, const Scalar& slope) {
  const double s = slope.toDouble();
  return record("LeakyReluBackward0", value("leaky_relu", simd().leaky_relu, x, s),
                wrt(x, [s, x = saved(x)](Tensor&& g) {
                  return record_gradient("LeakyReluBackwardBackward0", simd().leaky_relu_backward,
                                         std::move(g), *x, no_curve, 0, 0, s);
                }));
}

Tensor hardtanh(const Tensor& x, const Scalar& min_val, const Scalar& max_val) {
  const double low = min_val.toDouble(), high = max_val.toDouble();
  check(low <= high, "hardtanh: min_val cannot be greater than max_val: ", low, " and ", high);
  check_defined("hardtanh", x);
  if (is_integral(x.scalar_type(), false))
    return clamp(x, static_cast<std::int64_t>(low), static_cast<std::int64_t>(high));
  return record("HardtanhBackward0", value("hardtanh", simd().hardtanh, x, low, high),
                wrt(x, [low, high, x = saved(x)](Tensor&& g) {
                  return record_gradient("HardtanhBackwardBackward0", simd().hardtanh_backward,
                                         std::move(g), *x, no_curve, 0, 0, low, high);
                }));
}

Tensor relu6(const Tensor& x) {
  return hardtanh(x, 0, 6);
}

Tensor softsign(const Tensor& x) {
  check_defined("softsign", x);
  return x / (abs(x) + 1);
}

}  // namespace pullback
