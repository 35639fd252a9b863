#include <pullback/core/ops/activation.h>

// Activation functions made of straight pieces, and hardswish with its one bend.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;
using kernels::Kernels;

namespace {

constexpr float kCost = 0.5f;

constexpr Activation straight(const char* op, const char* name, const char* gradient_name,
                              Map Kernels::*value, Map Kernels::*gradient) {
  return {op, name, gradient_name, value, gradient, nullptr, kCost};
}

constexpr Activation kLeakyRelu =
    straight("leaky_relu", "LeakyReluBackward0", "LeakyReluBackwardBackward0", &Kernels::leaky_relu,
             &Kernels::leaky_relu_backward);
// Outside training.
constexpr Activation kRrelu =
    straight("rrelu", "RreluWithNoiseBackward0", "LeakyReluBackwardBackward0", &Kernels::leaky_relu,
             &Kernels::leaky_relu_backward);
constexpr Activation kHardtanh =
    straight("hardtanh", "HardtanhBackward0", "HardtanhBackwardBackward0", &Kernels::clamp,
             &Kernels::hardtanh_backward);
constexpr Activation kHardsigmoid =
    straight("hardsigmoid", "HardsigmoidBackward0", "HardsigmoidBackwardBackward0",
             &Kernels::hardsigmoid, &Kernels::hardsigmoid_backward);
constexpr Activation kSoftshrink =
    straight("softshrink", "SoftshrinkBackward0", "SoftshrinkBackwardBackward0",
             &Kernels::softshrink, &Kernels::shrink);
// These two are the kernel of their gradient, applied to x.
constexpr Activation kHardshrink =
    straight("hardshrink", "HardshrinkBackward0", "HardshrinkBackwardBackward0", &Kernels::shrink,
             &Kernels::shrink);
constexpr Activation kThreshold =
    straight("threshold", "ThresholdBackward0", "ThresholdBackwardBackward0", &Kernels::threshold,
             &Kernels::threshold);

// 1/3 between -3 and 3.
Tensor hardswish_curve(const Tensor& x, const double*) {
  return (abs(x) < 3).to(x.scalar_type()) / 3;
}
constexpr Activation kHardswish{"hardswish",
                                "HardswishBackward0",
                                "HardswishBackwardBackward0",
                                &Kernels::hardswish,
                                &Kernels::hardswish_backward,
                                hardswish_curve,
                                kCost};

}  // namespace

Tensor leaky_relu(const Tensor& x, const Scalar& slope) {
  return activation(kLeakyRelu, x, slope.toDouble());
}

Tensor hardtanh(const Tensor& x, const Scalar& min_val, const Scalar& max_val) {
  const double low = min_val.toDouble(), high = max_val.toDouble();
  check(low <= high, "hardtanh: min_val cannot be greater than max_val: ", low, " and ", high);
  check_defined("hardtanh", x);
  if (is_integral(x.scalar_type(), false))
    return clamp(x, static_cast<std::int64_t>(low), static_cast<std::int64_t>(high));
  return activation(kHardtanh, x, low, high);
}

Tensor relu6(const Tensor& x) {
  return hardtanh(x, 0, 6);
}

Tensor hardsigmoid(const Tensor& x) {
  return activation(kHardsigmoid, x);
}

Tensor hardswish(const Tensor& x) {
  return activation(kHardswish, x);
}

Tensor softshrink(const Tensor& x, const Scalar& lambda) {
  const double l = lambda.toDouble();
  check(l >= 0, "softshrink: lambda must be greater or equal to 0, but found to be ", l);
  return activation(kSoftshrink, x, l);
}

Tensor hardshrink(const Tensor& x, const Scalar& lambda) {
  const double l = lambda.toDouble();
  check_float("hardshrink", x);
  const ScalarType type = x.scalar_type();
  Tensor y = empty_of(x.get()->geometry, type);
  fill_result(simd().shrink[type], y, {x, x, Number(l, type)});
  return record_activation(kHardshrink, std::move(y), x, std::array{l});
}

Tensor threshold(const Tensor& x, const Scalar& limit, const Scalar& replacement) {
  check_defined("threshold", x);
  const ScalarType type = x.scalar_type();
  if (!is_floating_point(type)) return where(x <= limit, full_like(x, replacement), x);
  Tensor y = empty_of(x.get()->geometry, type);
  // NaN is not below the limit: it stays.
  fill_result(simd().threshold[type], y, {x, x, Number(limit, type), Number(replacement, type)});
  return record_activation(kThreshold, std::move(y), x, std::array{limit.toDouble(), 0.0});
}

Tensor prelu(const Tensor& x, const Tensor& weight) {
  check_float("prelu", x);
  check_defined("prelu", weight);
  check(weight.scalar_type() == x.scalar_type(), "prelu: Type promoting not supported. Got ",
        x.scalar_type(), " and ", weight.scalar_type());
  check(weight.dim() <= 1,
        "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = ", weight.dim());
  Tensor w = weight;
  if (weight.dim() == 1) {
    const std::int64_t channels = x.dim() > 1 ? x.size(1) : 1;
    check(weight.numel() == 1 || (x.dim() > 0 && weight.numel() == channels),
          "prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = ",
          weight.numel(), " and channel size = ", channels);
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(x.dim()), 1);
    if (x.dim() > 0) sizes[x.dim() > 1 ? 1 : 0] = weight.numel();
    w = weight.view(sizes);
  }
  const ScalarType type = x.scalar_type();
  Tensor y = empty_of(x.get()->geometry, type);
  fill_result(simd().leaky_relu[type], y, {x, w});
  return record("PreluKernelBackward0", std::move(y),
                wrt(x,
                    [x = saved(x), w = saved(w)](Tensor&& g) {
                      const Tensor v = *x, slope = *w;
                      if (GradMode::is_enabled()) return where(v > 0, g, slope * g);
                      return run_over(simd().leaky_relu_backward[v.scalar_type()], std::move(g), v,
                                      kCost, slope);
                    }),
                wrt(w, [x = saved(x)](const Tensor& g) {
                  const Tensor v = *x;
                  return where(v > 0, 0, v * g);
                }));
}

Tensor rrelu(const Tensor& x, const Scalar& lower, const Scalar& upper, bool training,
             Generator* generator) {
  check_float("rrelu", x);
  const double low = lower.toDouble(), high = upper.toDouble();
  check(low <= high, "rrelu: Lower bound should be less than or equal to the upper bound, got ",
        low, " and ", high);
  if (!training) return activation(kRrelu, x, (low + high) / 2);
  Tensor y, slopes;
  {
    const NoGradGuard unrecorded;
    const Tensor negative = x <= 0;
    slopes = ones_like(x);
    // A number of double precision for each element that is not positive, in order.
    const Tensor drawn = empty({negative.sum().item<std::int64_t>()}, kDouble);
    drawn.uniform_(low, high, generator);
    slopes.masked_scatter_(negative, drawn.to(x.scalar_type()));
    y = x * slopes;
  }
  return record("RreluWithNoiseBackward0", std::move(y),
                wrt(x, [slopes = saved(slopes)](const Tensor& g) { return g * *slopes; }));
}

}  // namespace pullback
