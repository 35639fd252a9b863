#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <pullback/core/kernels/pool.h>
#include <pullback/core/ops/indexed.h>

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
    const T* const in = data<T>(values);
    T* const counts = data<T>(y);
    for (std::int64_t i = 0, n = values.numel(); i < n; ++i) {
      const double v = static_cast<double>(in[i]);
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
  const auto* const v = data<std::int64_t>(values);
  const std::int64_t n = values.numel();
  const std::int64_t wrong = kernels::first_outside(v, n, std::numeric_limits<std::int64_t>::max());
  check(wrong < 0, "bincount: only supports 1-d non-negative integral inputs, got ",
        wrong < 0 ? 0 : v[wrong]);
  const std::int64_t length =
      n == 0 ? minlength : std::max(minlength, values.max().item<std::int64_t>() + 1);
  if (!weights.defined()) {
    const Tensor y = zeros({length}, kLong);
    auto* const counts = data<std::int64_t>(y);
    for (std::int64_t i = 0; i < n; ++i) ++counts[v[i]];
    return y;
  }
  check(weights.sizes() == x.sizes(),
        "bincount: weights should have the same shape as input: ", weights.sizes(), " and ",
        x.sizes());
  if (n == 0) return zeros({length}, kLong);  // as in PyTorch, whatever the weights
  const ScalarType type = weights.scalar_type() == ScalarType::Float ? kFloat : kDouble;
  const Tensor y = zeros({length}, type);
  join_at("bincount", y, 0, values, as_type(weights.detach(), type), kernels::Join::Sum);
  return y;
}

namespace {

/// Where each of `count` numbers belongs in a sorted row, before or after the elements that equal
/// it; not a number is larger than all. Several are sought side by side, because each step waits
/// for the one before.
template <class T, class Before>
void find_places(const T* row, std::int64_t n, const T* numbers, std::int64_t count,
                 std::int64_t* places, std::int64_t place_of_nan, Before before) {
  constexpr std::int64_t kSide = 8;
  for (std::int64_t i = 0; i < count; i += kSide) {
    const std::int64_t side = std::min(kSide, count - i);
    T x[kSide] = {};
    std::int64_t at[kSide] = {};
    std::copy_n(numbers + i, side, x);
    for (std::int64_t rest = n; rest > 1; rest -= rest / 2) {
      const std::int64_t half = rest / 2;
#pragma GCC unroll 8
      for (int k = 0; k < kSide; ++k) {
        const std::int64_t next = at[k] + half;
        at[k] = even_odds(before(row[next - 1], x[k])) ? next : at[k];
      }
    }
    for (int k = 0; k < side; ++k) {
      if (n > 0) at[k] += before(row[at[k]], x[k]);
      places[i + k] = x[k] == x[k] ? at[k] : place_of_nan;
    }
  }
}

template <class T>
void find_places(const T* row, std::int64_t n, const T* numbers, std::int64_t count, bool right,
                 std::int64_t* places) {
  if (right) return find_places(row, n, numbers, count, places, n, std::less_equal<T>());
  std::int64_t nan = n;
  while (nan > 0 && row[nan - 1] != row[nan - 1]) --nan;
  find_places(row, n, numbers, count, places, nan, std::less<T>());
}

}  // namespace

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
  const ScalarType common = promote_types(sorted.scalar_type(), values.scalar_type());
  const ScalarType type = is_integral(common, true) ? kLong : common;
  const Tensor s = dense(as_type(sorted.detach(), type)), v = dense(as_type(values.detach(), type));
  const std::int64_t n = s.size(-1), each = shared ? v.numel() : v.size(-1);
  Tensor y = empty(values.sizes(), kLong);
  const auto search = [&]<class T>(T) {
    const T *const rows = data<T>(s), *const in = data<T>(v);
    auto* const places = data<std::int64_t>(y);
    kernels::parallel_for(v.numel(), 4096, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end;) {
        const std::int64_t line = shared ? 0 : i / each;
        const std::int64_t stop = shared ? end : std::min(end, (line + 1) * each);
        find_places(rows + line * n, n, in + i, stop - i, right, places + i);
        i = stop;
      }
    });
  };
  type == kLong ? search(std::int64_t{}) : visit_float("searchsorted", type, search);
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
