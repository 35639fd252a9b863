#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Activation functions composed of other operations, and every activation in place.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

void check_float(const char* op, const Tensor& x) {
  check_defined(op, x);
  check<NotImplementedError>(x.is_floating_point(), op, ": not implemented for '", x.scalar_type(),
                             "'; convert with .to(kFloat)");
}

/// One node for a function that `value` composes; `gradient(g, x)` is in differentiable operations.
template <class Value, class Gradient>
Tensor composed(const char* op, const char* name, const Tensor& x, Value value, Gradient gradient) {
  check_float(op, x);
  Tensor y;
  {
    const NoGradGuard unrecorded;
    y = value(x);
  }
  return record(name, std::move(y),
                wrt(x, [gradient, x = saved(x)](const Tensor& g) { return gradient(g, *x); }));
}

/// g where the condition holds, 0 elsewhere.
Tensor only_where(const Tensor& condition, const Tensor& g) {
  return where(condition, g, zeros_like(g));
}

Tensor within(const Tensor& x, double low, double high) {
  return logical_and(x >= low, x <= high);
}

/// What hardshrink and softshrink do to a gradient.
auto shrunk(double lambda) {
  return [lambda](const Tensor& g, const Tensor& x) {
    return where(within(x, -lambda, lambda), zeros_like(g), g);
  };
}

template <class F>
Tensor in_place(const char* op, const Tensor& x, F f) {
  check_defined(op, x);
  return autograd::change_to(op, x, f);
}

}  // namespace

Tensor hardsigmoid(const Tensor& x) {
  return composed(
      "hardsigmoid", "HardsigmoidBackward0", x,
      [](const Tensor& v) { return clamp(v + 3, 0, 6) / 6; },
      [](const Tensor& g, const Tensor& v) { return only_where(abs(v) < 3, g / 6); });
}

Tensor hardswish(const Tensor& x) {
  return composed(
      "hardswish", "HardswishBackward0", x,
      [](const Tensor& v) { return v * clamp(v + 3, 0, 6) / 6; },
      [](const Tensor& g, const Tensor& v) {
        return where(v < 3, only_where(v > -3, g * (v / 3 + 0.5)), g);
      });
}

Tensor hardshrink(const Tensor& x, const Scalar& lambda) {
  const double l = lambda.toDouble();
  return composed(
      "hardshrink", "HardshrinkBackward0", x,
      [l](const Tensor& v) { return where(within(v, -l, l), zeros_like(v), v); }, shrunk(l));
}

Tensor softshrink(const Tensor& x, const Scalar& lambda) {
  const double l = lambda.toDouble();
  check(l >= 0, "softshrink: lambda must be greater or equal to 0, but found to be ", l);
  return composed(
      "softshrink", "SoftshrinkBackward0", x,
      [l](const Tensor& v) { return where(within(v, -l, l), zeros_like(v), v - l * sign(v)); },
      shrunk(l));
}

Tensor tanhshrink(const Tensor& x) {
  check_defined("tanhshrink", x);
  return x - tanh(x);
}

Tensor glu(const Tensor& x, std::int64_t dim) {
  check_float("glu", x);
  check(x.dim() > 0, "glu: does not support 0-dimensional tensors");
  const int d = wrap_dim(dim, x.get()->geometry.ndim, "glu");
  const std::int64_t n = x.size(d), half = n / 2;
  check(n % 2 == 0, "glu: Halving dimension must be even, but dimension ", d, " is size ", n);
  return composed(
      "glu", "GluBackward0", x,
      [d, half](const Tensor& v) {
        return v.narrow(d, 0, half) * sigmoid(v.narrow(d, half, half));
      },
      [d, half](const Tensor& g, const Tensor& v) {
        const Tensor s = sigmoid(v.narrow(d, half, half));
        return cat({g * s, g * v.narrow(d, 0, half) * s * (1 - s)}, d);
      });
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
  Tensor y;
  {
    const NoGradGuard unrecorded;
    y = where(x > 0, x, w * x);
  }
  return record(
      "PreluKernelBackward0", std::move(y),
      wrt(x, [x = saved(x), w = saved(w)](const Tensor& g) { return where(*x > 0, g, *w * g); }),
      wrt(w, [x = saved(x)](const Tensor& g) {
        const Tensor v = *x;
        return where(v > 0, zeros_like(g), v * g);
      }));
}

Tensor rrelu(const Tensor& x, const Scalar& lower, const Scalar& upper, bool training,
             Generator* generator) {
  check_float("rrelu", x);
  const double low = lower.toDouble(), high = upper.toDouble();
  check(low <= high, "rrelu: Lower bound should be less than or equal to the upper bound, got ",
        low, " and ", high);
  Tensor y, slopes;
  {
    const NoGradGuard unrecorded;
    const Tensor negative = x <= 0;
    slopes = ones_like(x);
    if (training) {
      // A number of double precision for each element that is not positive, in order.
      const Tensor drawn = empty({negative.sum().item<std::int64_t>()}, kDouble);
      drawn.uniform_(low, high, generator);
      slopes.masked_scatter_(negative, drawn.to(x.scalar_type()));
    } else {
      slopes.masked_fill_(negative, (low + high) / 2);
    }
    y = x * slopes;
  }
  return record("RreluWithNoiseBackward0", std::move(y),
                wrt(x, [slopes](const Tensor& g) { return g * slopes; }));
}

Tensor threshold(const Tensor& x, const Scalar& limit, const Scalar& replacement) {
  check_defined("threshold", x);
  // NaN is not below the limit: it stays.
  const Tensor keep = logical_not(x <= limit);
  Tensor y;
  {
    const NoGradGuard unrecorded;
    y = where(keep, x, full_like(x, replacement));
  }
  return record("ThresholdBackward0", std::move(y),
                wrt(x, [keep](const Tensor& g) { return only_where(keep, g); }));
}

// ---- in place

Tensor silu_(const Tensor& x) {
  return in_place("silu_", x, [](const Tensor& v) { return silu(v); });
}
Tensor mish_(const Tensor& x) {
  return in_place("mish_", x, [](const Tensor& v) { return mish(v); });
}
Tensor selu_(const Tensor& x) {
  return in_place("selu_", x, [](const Tensor& v) { return selu(v); });
}
Tensor relu6_(const Tensor& x) {
  return in_place("relu6_", x, [](const Tensor& v) { return relu6(v); });
}
Tensor hardsigmoid_(const Tensor& x) {
  return in_place("hardsigmoid_", x, [](const Tensor& v) { return hardsigmoid(v); });
}
Tensor hardswish_(const Tensor& x) {
  return in_place("hardswish_", x, [](const Tensor& v) { return hardswish(v); });
}
Tensor elu_(const Tensor& x, const Scalar& alpha) {
  return in_place("elu_", x, [&](const Tensor& v) { return elu(v, alpha); });
}
Tensor celu_(const Tensor& x, const Scalar& alpha) {
  return in_place("celu_", x, [&](const Tensor& v) { return celu(v, alpha); });
}
Tensor leaky_relu_(const Tensor& x, const Scalar& slope) {
  return in_place("leaky_relu_", x, [&](const Tensor& v) { return leaky_relu(v, slope); });
}
Tensor hardtanh_(const Tensor& x, const Scalar& min_val, const Scalar& max_val) {
  return in_place("hardtanh_", x, [&](const Tensor& v) { return hardtanh(v, min_val, max_val); });
}
Tensor threshold_(const Tensor& x, const Scalar& limit, const Scalar& replacement) {
  return in_place("threshold_", x,
                  [&](const Tensor& v) { return threshold(v, limit, replacement); });
}
Tensor rrelu_(const Tensor& x, const Scalar& lower, const Scalar& upper, bool training,
              Generator* generator) {
  return in_place("rrelu_", x,
                  [&](const Tensor& v) { return rrelu(v, lower, upper, training, generator); });
}

}  // namespace pullback
