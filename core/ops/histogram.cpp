#include <algorithm>
#include <cmath>

#include <pullback/core/ops/dense.h>
#include <pullback/core/ops/map.h>

// Counting and searching: results are numbers of elements or places, without gradients.
namespace pullback {

Tensor histc(const Tensor& x, std::int64_t bins, const Scalar& min, const Scalar& max) {
  check_defined("histc", x);
  check(bins > 0, "histc: bins must be > 0, but got ", bins);
  check<NotImplementedError>(is_floating_point(x.scalar_type()), "histc: not implemented for '",
                             x.scalar_type(), "'");
  double low = min.toDouble(), high = max.toDouble();
  const Tensor values = dense(x.detach());
  if (low == high && x.numel() > 0) {
    low = values.min().item<double>();
    high = values.max().item<double>();
  }
  if (low == high) low -= 1, high += 1;
  check(std::isfinite(low) && std::isfinite(high), "histc: range of [", low, ", ", high,
        "] is not finite");
  check(low < high, "histc: max must be larger than min: ", low, " and ", high);
  Tensor y = zeros({bins}, x.scalar_type());
  visit_float("histc", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    T* counts = y.data_ptr<T>();
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      const double v = static_cast<double>(values.data_ptr<T>()[i]);
      if (!(v >= low && v <= high)) continue;
      const auto bin =
          static_cast<std::int64_t>((v - low) / (high - low) * static_cast<double>(bins));
      counts[std::min(bin, bins - 1)] += 1;
    }
  });
  return y;
}

Tensor bincount(const Tensor& x, const Tensor& weights, std::int64_t minlength) {
  check_defined("bincount", x);
  check(x.dim() == 1 && is_integral(x.scalar_type(), false),
        "bincount: only supports 1-d non-negative integral inputs, not ", x.scalar_type(),
        x.sizes());
  check(minlength >= 0, "bincount: minlength should be >= 0, got ", minlength);
  const Tensor values = dense(as_type(x.detach(), kLong));
  const std::int64_t* v = values.data_ptr<std::int64_t>();
  std::int64_t length = minlength;
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    check(v[i] >= 0, "bincount: only supports 1-d non-negative integral inputs, got ", v[i]);
    length = std::max(length, v[i] + 1);
  }
  if (!weights.defined()) {
    Tensor y = zeros({length}, kLong);
    for (std::int64_t i = 0; i < values.numel(); ++i) ++y.data_ptr<std::int64_t>()[v[i]];
    return y;
  }
  check(weights.sizes() == x.sizes(),
        "bincount: weights should have the same shape as input: ", weights.sizes(), " and ",
        x.sizes());
  if (x.numel() == 0) return zeros({length}, kLong);  // as in PyTorch, whatever the weights
  const ScalarType type = weights.scalar_type() == ScalarType::Float ? kFloat : kDouble;
  const Tensor w = dense(as_type(weights.detach(), type));
  Tensor y = zeros({length}, type);
  visit_float("bincount", type, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < values.numel(); ++i) y.data_ptr<T>()[v[i]] += w.data_ptr<T>()[i];
  });
  return y;
}

Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right) {
  check_defined("searchsorted", sorted);
  check_defined("searchsorted", values);
  check(sorted.dim() >= 1, "searchsorted: boundaries tensor must have at least one dimension");
  const bool shared = sorted.dim() == 1;
  if (!shared) {
    check(sorted.dim() == values.dim(),
          "searchsorted: boundaries tensor should be 1 dimension or the first N-1 "
          "dimensions of boundaries tensor and input value tensor must match: ",
          sorted.sizes(), " and ", values.sizes());
    for (std::int64_t d = 0; d + 1 < sorted.dim(); ++d)
      check(sorted.size(d) == values.size(d),
            "searchsorted: the first N-1 dimensions must match: ", sorted.sizes(), " and ",
            values.sizes());
  }
  const ScalarType type = promote_types(sorted.scalar_type(), values.scalar_type());
  const Tensor s = dense(as_type(sorted.detach(), type)), v = dense(as_type(values.detach(), type));
  const std::int64_t n = s.size(-1), each = shared ? v.numel() : v.size(-1);
  Tensor y = empty(values.sizes(), kLong);
  visit(type, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < v.numel(); ++i) {
      const T* line = s.data_ptr<T>() + (shared || each == 0 ? 0 : i / each * n);
      const T x = v.data_ptr<T>()[i];
      // Not a number is larger than all.
      auto less = [](T a, T b) { return a < b || (b != b && a == a); };
      y.data_ptr<std::int64_t>()[i] = (right ? std::upper_bound(line, line + n, x, less)
                                             : std::lower_bound(line, line + n, x, less)) -
                                      line;
    }
  });
  return y;
}

Tensor bucketize(const Tensor& values, const Tensor& boundaries, bool right) {
  check_defined("bucketize", boundaries);
  check(boundaries.dim() == 1, "bucketize: boundaries tensor must be 1 dimension, but got ",
        boundaries.sizes());
  return searchsorted(boundaries, values, right);
}

Tensor TensorBase::histc(std::int64_t bins, const Scalar& min, const Scalar& max) const {
  return pullback::histc(self(Tensor()), bins, min, max);
}
Tensor TensorBase::bincount() const {
  return pullback::bincount(self(Tensor()), Tensor(), 0);
}
Tensor TensorBase::bincount(const Tensor& weights, std::int64_t minlength) const {
  return pullback::bincount(self(Tensor()), weights, minlength);
}

}  // namespace pullback
