#include <cmath>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/reduce.h>
#include <pullback/core/ops/spent.h>

// mean, variance, sums of exponentials and distances.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

using Over = std::bitset<kMaxDims>;

std::int64_t count(const Geometry& g, Over over) {
  std::int64_t n = 1;
  for (int d = 0; d < g.ndim; ++d)
    if (over[d]) n *= g.size[d];
  return n;
}

std::vector<std::int64_t> dims_of(Over over, int ndim) {
  std::vector<std::int64_t> dims;
  for (int d = 0; d < ndim; ++d)
    if (over[d]) dims.push_back(d);
  return dims;
}

void check_float(const char* op, ScalarType type) {
  check(is_floating_point(type), op,
        ": could not infer output dtype. Input dtype must be a floating point dtype. Got: ", type);
}

Tensor mean_over(const char* node, const Tensor& x, Over over, bool keepdim,
                 std::optional<ScalarType> dtype) {
  const ScalarType type = dtype.value_or(x.scalar_type());
  check_float("mean", type);
  const auto n = static_cast<double>(count(x.get()->geometry, over));
  Tensor y;
  {
    NoGradGuard no_grad;
    y = reduce("mean", simd().sum, as_type(x, type), over, keepdim) / n;
  }
  return record(node, y, wrt(x, [from = x.get()->geometry, over, keepdim, n](const Tensor& g) {
                  return expand(restore_dims(g, over, from.ndim, keepdim), from.sizes()) / n;
                }));
}

Tensor deviation(const Tensor& x, Over over, bool unbiased, bool keepdim) {
  NoGradGuard no_grad;
  const auto n = static_cast<double>(count(x.get()->geometry, over));
  const Tensor sum = reduce("var", simd().deviation, x, over, keepdim);
  const double degrees = n - (unbiased ? 1 : 0);
  return degrees > 0 ? sum / degrees : sum * NAN;
}

/// The gradient of the variance from g, the gradient of the result: (x − mean)·2g/degrees.
Tensor variance_gradient(const Tensor& g, const Tensor& x, Over over, bool unbiased, bool keepdim) {
  if (x.dim() == 0)
    return variance_gradient(g, x.unsqueeze(0), Over(1), unbiased, false).squeeze(0);
  const int ndim = static_cast<int>(x.dim());
  const double degrees = static_cast<double>(count(x.get()->geometry, over)) - (unbiased ? 1 : 0);
  const Tensor slope = restore_dims(g * (2 / degrees), over, ndim, keepdim);
  return product_over(x - mean(x, dims_of(over, ndim), true), slope);
}

Tensor var_over(const Tensor& x, Over over, bool unbiased, bool keepdim) {
  check_float("var", x.scalar_type());
  return record("VarBackward0", deviation(x, over, unbiased, keepdim),
                wrt(x, [over, unbiased, keepdim, x = saved(x)](const Tensor& g) {
                  return variance_gradient(g, *x, over, unbiased, keepdim);
                }));
}

Tensor std_over(const Tensor& x, Over over, bool unbiased, bool keepdim) {
  check_float("std", x.scalar_type());
  Tensor y;
  {
    NoGradGuard no_grad;
    y = sqrt(deviation(x, over, unbiased, keepdim));
  }
  return record("StdBackward0", y,
                wrt(x, [over, unbiased, keepdim, x = saved(x)](const Tensor& g, const Tensor& y) {
                  // The slope at 0 is taken as 0, as in PyTorch.
                  const Tensor of_variance = (g / (y * 2)).masked_fill(y == 0, 0);
                  return variance_gradient(of_variance, *x, over, unbiased, keepdim);
                }));
}

Over mask(const char* op, const Tensor& x, IntArrayRef dim = {}) {
  check_defined(op, x);
  return dim_mask(op, dim, x.get()->geometry.ndim);
}

}  // namespace

Tensor mean(const Tensor& x, std::optional<ScalarType> dtype) {
  return mean_over("MeanBackward0", x, mask("mean", x), false, dtype);
}
Tensor mean(const Tensor& x, IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) {
  return mean_over("MeanBackward1", x, mask("mean", x, dim), keepdim, dtype);
}
Tensor var(const Tensor& x, bool unbiased) {
  return var_over(x, mask("var", x), unbiased, false);
}
Tensor var(const Tensor& x, IntArrayRef dim, bool unbiased, bool keepdim) {
  return var_over(x, mask("var", x, dim), unbiased, keepdim);
}
Tensor std(const Tensor& x, bool unbiased) {
  return std_over(x, mask("std", x), unbiased, false);
}
Tensor std(const Tensor& x, IntArrayRef dim, bool unbiased, bool keepdim) {
  return std_over(x, mask("std", x, dim), unbiased, keepdim);
}

// ---- sums of exponentials, distances

// y = log Σ exp x:  x̄ = g·exp(x − y).
Tensor logsumexp(const Tensor& x, IntArrayRef dim, bool keepdim) {
  const Over over = mask("logsumexp", x, dim);
  const Tensor in = as_type(x, float_type(x.scalar_type()));
  return record("LogsumexpBackward0", reduce("logsumexp", simd().logsumexp, in, over, keepdim),
                wrt(x, [over, keepdim, x = saved(x)](const Tensor& g, const Tensor& y) {
                  const Tensor v = *x;
                  const int n = static_cast<int>(v.dim());
                  return restore_dims(g, over, n, keepdim) *
                         exp(v - restore_dims(y, over, n, keepdim));
                }));
}

namespace {

/// The gradient of the p-norm y of d with respect to d, 0 where the norm is 0.
Tensor norm_slope(const Tensor& d, const Tensor& y, double p) {
  if (p == 0) return zeros_like(d);
  if (p == 1) return sign(d);
  if (std::isinf(p)) {
    const Tensor hits = abs(d) == abs(y);
    return sign(d) * (hits / hits.sum());
  }
  const Tensor at_zero = y == 0;
  const Tensor safe = where(at_zero, ones_like(y), y);
  if (p == 2) return (d / safe).masked_fill(at_zero, 0);
  const Tensor zero = d == 0;
  const Tensor magnitude = where(zero, ones_like(d), abs(d));
  const Tensor power = where(zero, zeros_like(d), pow(magnitude, p - 1));
  return (sign(d) * power / pow(safe, p - 1)).masked_fill(at_zero, 0);
}

}  // namespace

// y = ‖a − b‖ₚ.
Tensor dist(const Tensor& a, const Tensor& b, const Scalar& p) {
  check_defined("dist", a);
  check_defined("dist", b);
  const double order = p.toDouble();
  const ScalarType type = result_type(a, b);
  check(is_floating_point(type), "dist: only supports floating point types, got ", type);
  Tensor y;
  {
    NoGradGuard no_grad;
    const Tensor d = a - b;
    const Over over = mask("dist", d);
    check(order >= 0 || d.numel() > 0, "dist: cannot compute the ", order,
          " norm on an empty tensor because the operation does not have an identity");
    y = order == 2           ? reduce("dist", simd().norm2, d, over)
        : order == 1         ? reduce("dist", simd().abs_sum, d, over)
        : order == -INFINITY ? reduce("dist", simd().amin, abs(d), over)
        : std::isinf(order)
            ? (d.numel() ? reduce("dist", simd().abs_max, d, over) : zeros(IntArrayRef(), type))
        : order == 0 ? reduce("dist", simd().count_nonzero, d, over).to(type)
                     : pow(pow(abs(d), order).sum(), 1 / order);
  }
  return record("DistBackward0", y,
                wrt(a, b, [a = saved(a), b = saved(b), order](const Tensor& g, const Tensor& y) {
                  const Tensor slope = g * norm_slope(*a - *b, y, order);
                  return std::pair{slope, -slope};
                }));
}

// ---- methods

Tensor TensorBase::mean(std::optional<ScalarType> t) const {
  return pullback::mean(self(Tensor()), t);
}
Tensor TensorBase::mean(IntArrayRef dim, bool keepdim, std::optional<ScalarType> t) const {
  return pullback::mean(self(Tensor()), dim, keepdim, t);
}
Tensor TensorBase::var(bool unbiased) const {
  return pullback::var(self(Tensor()), unbiased);
}
Tensor TensorBase::var(IntArrayRef dim, bool unbiased, bool keepdim) const {
  return pullback::var(self(Tensor()), dim, unbiased, keepdim);
}
Tensor TensorBase::std(bool unbiased) const {
  return pullback::std(self(Tensor()), unbiased);
}
Tensor TensorBase::std(IntArrayRef dim, bool unbiased, bool keepdim) const {
  return pullback::std(self(Tensor()), dim, unbiased, keepdim);
}
Tensor TensorBase::logsumexp(IntArrayRef dim, bool keepdim) const {
  return pullback::logsumexp(self(Tensor()), dim, keepdim);
}
Tensor TensorBase::dist(const Tensor& other, const Scalar& p) const {
  return pullback::dist(self(Tensor()), other, p);
}

}  // namespace pullback
