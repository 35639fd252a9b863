#include <pullback/core/ops/activation.h>

// Smooth activation functions.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;
using kernels::Kernels;

namespace {

constexpr double kInvSqrt2Pi = 0.39894228040143267794, kSqrt2ByPi = 0.79788456080286535588;

// GELU″(x) = φ(x)·(2 − x²)
Tensor gelu_curve(const Tensor& x, const double*) {
  return exp(x * x * -0.5) * (2 - x * x) * kInvSqrt2Pi;
}
constexpr Activation kGelu{"gelu",         "GeluBackward0",         "GeluBackwardBackward0",
                           &Kernels::gelu, &Kernels::gelu_backward, gelu_curve};

// With u = √(2/π)(x + 0.044715x³), t = tanh u:  f″ = (1 − t²)(u′ + ½x·u″ − x·t·u′²)
Tensor gelu_tanh_curve(const Tensor& x, const double*) {
  const Tensor t = tanh((x + x * x * x * 0.044715) * kSqrt2ByPi);
  const Tensor slope = (x * x * (3 * 0.044715) + 1) * kSqrt2ByPi;
  const Tensor bend = x * (6 * 0.044715 * kSqrt2ByPi);
  return (1 - t * t) * (slope + x * bend * 0.5 - x * t * slope * slope);
}
constexpr Activation kGeluTanh{"gelu",
                               "GeluBackward0",
                               "GeluBackwardBackward0",
                               &Kernels::gelu_tanh,
                               &Kernels::gelu_tanh_backward,
                               gelu_tanh_curve};

// With s = σ(x):  f″ = s(1 − s)(2 + x(1 − 2s))
Tensor silu_curve(const Tensor& x, const double*) {
  const Tensor s = sigmoid(x);
  return s * (1 - s) * (x * (1 - s * 2) + 2);
}
constexpr Activation kSilu{"silu",         "SiluBackward0",         "SiluBackwardBackward0",
                           &Kernels::silu, &Kernels::silu_backward, silu_curve};

// With t = tanh(softplus x), s = σ(x):  f = x·t,  t′ = (1 − t²)s,  t″ = t′(1 − s − 2ts),  f″ = 2t′
// + x·t″
Tensor mish_curve(const Tensor& x, const double*) {
  const Tensor t = tanh(softplus(x)), s = sigmoid(x);
  const Tensor slope = (1 - t * t) * s;
  return slope * 2 + x * slope * (1 - s - t * s * 2);
}
constexpr Activation kMish{"mish",         "MishBackward0",         "MishBackwardBackward0",
                           &Kernels::mish, &Kernels::mish_backward, mish_curve};

Tensor softplus_curve(const Tensor& x, const double* numbers) {
  const double beta = numbers[0], threshold = numbers[1];
  const Tensor s = sigmoid(x * beta);
  return where(x * beta > threshold, zeros_like(x), s * (1 - s) * beta);
}
constexpr Activation kSoftplus{
    "softplus",         "SoftplusBackward0",         "SoftplusBackwardBackward0",
    &Kernels::softplus, &Kernels::softplus_backward, softplus_curve};

Tensor logsigmoid_curve(const Tensor& x, const double*) {
  const Tensor s = sigmoid(x);
  return -(s * (1 - s));
}
constexpr Activation kLogsigmoid{
    "logsigmoid",         "LogSigmoidBackward0",         "LogSigmoidBackwardBackward0",
    &Kernels::logsigmoid, &Kernels::logsigmoid_backward, logsigmoid_curve};

// scale·x, or scale·α (exp(βx) − 1) below zero:  f″ = scale·α·β²·exp(βx)
Tensor elu_curve(const Tensor& x, const double* numbers) {
  const double alpha = numbers[0], scale = numbers[1], beta = numbers[2];
  return where(x > 0, zeros_like(x), exp(x * beta) * (alpha * scale * beta * beta));
}
constexpr Activation kElu{"elu",         "EluBackward0",         "EluBackwardBackward0",
                          &Kernels::elu, &Kernels::elu_backward, elu_curve};
constexpr Activation kCelu{"celu",        "CeluBackward0",        "EluBackwardBackward0",
                           &Kernels::elu, &Kernels::elu_backward, elu_curve};
constexpr Activation kSelu{"selu",        "EluBackward0",         "EluBackwardBackward0",
                           &Kernels::elu, &Kernels::elu_backward, elu_curve};

// f = x/(1 + |x|):  f″ = −2 sign x/(1 + |x|)³. PyTorch composes it; the node has its division's
// name.
Tensor softsign_curve(const Tensor& x, const double*) {
  return sign(x) * pow(abs(x) + 1, -3) * -2;
}
constexpr Activation kSoftsign{"softsign",
                               "DivBackward0",
                               "SoftsignBackwardBackward0",
                               &Kernels::softsign,
                               &Kernels::softsign_backward,
                               softsign_curve,
                               0.5f};

}  // namespace

Tensor gelu(const Tensor& x, std::string_view approximate) {
  check(approximate == "none" || approximate == "tanh",
        "gelu: approximate argument must be either none or tanh, not '", approximate, "'");
  return activation(approximate == "tanh" ? kGeluTanh : kGelu, x);
}

Tensor silu(const Tensor& x) {
  return activation(kSilu, x);
}

Tensor mish(const Tensor& x) {
  return activation(kMish, x);
}

Tensor softplus(const Tensor& x, const Scalar& beta, const Scalar& threshold) {
  return activation(kSoftplus, x, beta.toDouble(), threshold.toDouble());
}

Tensor logsigmoid(const Tensor& x) {
  return activation(kLogsigmoid, x);
}

Tensor elu(const Tensor& x, const Scalar& alpha) {
  return activation(kElu, x, alpha.toDouble(), 1.0, 1.0);
}

Tensor celu(const Tensor& x, const Scalar& alpha) {
  const double a = alpha.toDouble();
  check(a != 0, "celu: ZeroDivisionError: alpha cannot be 0 for CELU");
  return activation(kCelu, x, a, 1.0, 1 / a);
}

// The constants make mean 0 and variance 1 a fixed point (Klambauer et al. 2017, section 2).
Tensor selu(const Tensor& x) {
  return activation(kSelu, x, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946,
                    1.0);
}

Tensor softsign(const Tensor& x) {
  check_defined("softsign", x);
  if (!is_floating_point(x.scalar_type())) return x / (abs(x) + 1);
  return activation(kSoftsign, x);
}

Tensor tanhshrink(const Tensor& x) {
  check_defined("tanhshrink", x);
  return x - tanh(x);
}

namespace {

struct Halves {
  Halves(const Tensor& x, int dim) {
    const NoGradGuard unrecorded;
    const std::int64_t half = x.size(dim) / 2;
    a = x.narrow(dim, 0, half);
    b = x.narrow(dim, half, half);
  }
  Tensor a, b;
};

}  // namespace

// y = a·σ(b), with a and b the halves of x:  ā = g·σ(b),  b̄ = g·a·σ(b)(1 − σ(b)).
Tensor glu(const Tensor& x, std::int64_t dim) {
  check_float("glu", x);
  check(x.dim() > 0, "glu: does not support 0-dimensional tensors");
  const int d = wrap_dim(dim, x.get()->geometry.ndim, "glu");
  const std::int64_t n = x.size(d), half = n / 2;
  check(n % 2 == 0, "glu: Halving dimension must be even, but dimension ", d, " is size ", n);
  const ScalarType type = x.scalar_type();
  const Halves in(x, d);
  Tensor y = empty(in.a.sizes(), type);
  run_loop(simd().glu[type], y, {in.a, in.b}, 2.0f);
  return record("GluBackward0", std::move(y), wrt(x, [d, half, x = saved(x)](const Tensor& g) {
                  const Tensor v = *x;
                  if (GradMode::is_enabled()) {
                    const Tensor s = sigmoid(v.narrow(d, half, half));
                    return cat({g * s, g * v.narrow(d, 0, half) * s * (1 - s)}, d);
                  }
                  const ScalarType type = v.scalar_type();
                  const Tensor gx = empty(v.sizes(), type);
                  const Halves in(v, d), out(gx, d);
                  run_loop(simd().glu[type], out.a, {g, in.b}, 2.0f);
                  run_loop(simd().glu_backward[type], out.b, {g, in.a, in.b}, 2.0f);
                  return gx;
                }));
}

}  // namespace pullback
