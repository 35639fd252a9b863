#include <algorithm>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/ops/map.h>

// Running sums, products and extremes along a dimension.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;

namespace {

/// Runs a scan kernel along dimension d of the inputs, from the last element to the first if
/// `reversed`, into dense outputs of the last input's shape.
void scan(const kernels::Scan& kernel, std::initializer_list<Tensor*> outputs,
          std::initializer_list<const Tensor*> inputs, int d, bool reversed = false) {
  const Tensor& x = **(inputs.end() - 1);
  const Geometry& g = x.get()->geometry;
  if (x.numel() == 0) return;
  char* data[3];
  std::int64_t outer[3] = {}, inner[3];
  std::int64_t steps[3][kMaxDims];
  int count = 0;
  auto place = [&](const Tensor& t) {
    const auto size = static_cast<std::int64_t>(element_size(t.scalar_type()));
    const Geometry& own = t.get()->geometry;
    data[count] = t.get()->bytes();
    for (int k = 0; k < g.ndim; ++k) steps[count][k] = own.stride[k] * size;
    inner[count] = g.ndim ? steps[count][d] : size;
    if (reversed && g.ndim && own.size[d] > 0) {
      data[count] += (own.size[d] - 1) * inner[count];
      inner[count] = -inner[count];
    }
    ++count;
  };
  for (Tensor* out : outputs) place(*out);
  for (const Tensor* in : inputs) place(*in);
  // Lines along d, all of the innermost other dimension at once.
  int line = -1;
  for (int k = g.ndim - 1; k >= 0 && line < 0; --k)
    if (k != d) line = k;
  if (line >= 0)
    for (int k = 0; k < count; ++k) outer[k] = steps[k][line];
  std::int64_t index[kMaxDims] = {};
  const std::int64_t m = line >= 0 ? g.size[line] : 1, n = g.ndim ? g.size[d] : 1;
  constexpr std::int64_t kShare = 16384,
                         kNeighbours = 64;  // elements worth a thread's while; lines
  const std::int64_t lines = (kShare / n + kNeighbours) / kNeighbours * kNeighbours;
  for (;;) {
    kernels::parallel_for(m, lines, [&](std::int64_t begin, std::int64_t end) {
      char* part[3];
      for (int i = 0; i < count; ++i) part[i] = data[i] + begin * outer[i];
      kernel[x.scalar_type()](end - begin, n, part, outer, inner);
    });
    int k = g.ndim - 1;
    for (; k >= 0; --k) {
      if (k == d || k == line) continue;
      for (int i = 0; i < count; ++i) data[i] += steps[i][k];
      if (++index[k] < g.size[k]) break;
      for (int i = 0; i < count; ++i) data[i] -= steps[i][k] * g.size[k];
      index[k] = 0;
    }
    if (k < 0) return;
  }
}

/// x as its scan takes it: integers are scanned as int64.
Tensor scanned(const char* op, const kernels::Scan& kernel, const Tensor& x, int d,
               std::optional<ScalarType> dtype, bool reversed = false) {
  const ScalarType own = x.scalar_type();
  const ScalarType out = dtype.value_or(is_integral(own) ? ScalarType::Long : own);
  const Tensor in = is_integral(own) && out == ScalarType::Long ? x : as_type(x, out);
  check<NotImplementedError>(kernel[in.scalar_type()] != nullptr, op, ": not implemented for '",
                             in.scalar_type(), "'");
  Tensor y = empty_of(x.get()->geometry, is_integral(out) ? ScalarType::Long : out);
  scan(kernel, {&y}, {&in}, d, reversed);
  return as_type(y, out);
}

int line_dim(const char* op, const Tensor& x, std::int64_t dim) {
  check_defined(op, x);
  return wrap_dim(dim, x.get()->geometry.ndim, op);
}

/// Running sums, from the other end if `reversed`: the gradient of each is the other.
Tensor running_sum(const Tensor& x, int d, bool reversed, std::optional<ScalarType> dtype = {}) {
  return record("CumsumBackward0", scanned("cumsum", simd().cumsum, x, d, dtype, reversed),
                wrt(x, [d, reversed](const Tensor& g) { return running_sum(g, d, !reversed); }));
}

/// yᵢ = xᵢ + aᵢ₋₁ yᵢ₋₁, or yᵢ = xᵢ + aᵢ yᵢ₊₁ if `reversed`: a lies between neighbours and is one
/// shorter than x. The gradient of x is the recurrence from the other end.
Tensor recurrence(const Tensor& x, const Tensor& a, int d, bool reversed) {
  Tensor y = empty_of(x.get()->geometry, x.scalar_type());
  scan(simd().recurrence, {&y}, {&a, &x}, d, reversed);
  return record(
      "RecurrenceBackward0", std::move(y),
      wrt(x, a, [a = saved(a), d, reversed](const Tensor& g, const Tensor& y) {
        const Tensor between = *a, h = recurrence(g, between, d, !reversed);
        const std::int64_t n = between.size(d);
        return std::pair{h, narrow(reversed ? h : y, d, 0, n) * narrow(reversed ? y : h, d, 1, n)};
      }));
}

}  // namespace

Tensor cumsum(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  return running_sum(x, line_dim("cumsum", x, dim), /*reversed=*/false, dtype);
}

// x̄ᵢ = ∏ₖ﹤ᵢ xₖ · sᵢ with sᵢ = gᵢ + xᵢ₊₁ sᵢ₊₁: without a division, so that zeros do no harm.
Tensor cumprod(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  const int d = line_dim("cumprod", x, dim);
  return record(
      "CumprodBackward0", scanned("cumprod", simd().cumprod, x, d, dtype),
      wrt(x, [d, x = saved(x)](const Tensor& g, const Tensor& y) {
        if (y.dim() == 0 || y.numel() == 0) return g;
        const Tensor v = x->to(g.scalar_type());
        const std::int64_t rest = v.size(d) - 1;
        const Tensor s = recurrence(g, narrow(v, d, 1, rest), d, /*reversed=*/true);
        return cat({narrow(s, d, 0, 1), narrow(s, d, 1, rest) * narrow(y, d, 0, rest)}, d);
      }));
}

namespace {

constexpr double kNothing = -1e38;  ///< a logarithm whose exponential is 0, in any type

/// Σⱼ≥ᵢ gⱼ exp(xᵢ − yⱼ) over those gⱼ that are positive, in logarithms: each exponent is at most
/// log gⱼ in the end, while exp(−yⱼ) alone overflows.
Tensor pulled_back(const Tensor& g, const Tensor& x, const Tensor& y, std::int64_t d) {
  const Tensor positive = g > 0;
  const Tensor log_g = where(positive, log(where(positive, g, 1)), kNothing);
  return exp(x + flip(logcumsumexp(flip(log_g - y, {d}), d), {d}));
}

}  // namespace

// x̄ᵢ = Σⱼ≥ᵢ gⱼ exp(xᵢ − yⱼ).
Tensor logcumsumexp(const Tensor& x, std::int64_t dim) {
  const int d = line_dim("logcumsumexp", x, dim);
  return record("LogcumsumexpBackward0", scanned("logcumsumexp", simd().logcumsumexp, x, d, {}),
                wrt(x, [d, x = saved(x)](const Tensor& g, const Tensor& y) {
                  if (y.dim() == 0) return g;
                  return pulled_back(g, *x, y, d) - pulled_back(-g, *x, y, d);
                }));
}

namespace {

std::tuple<Tensor, Tensor> running_extreme(const char* op, const char* node,
                                           const kernels::Scan& kernel, const Tensor& x,
                                           std::int64_t dim) {
  const int d = line_dim(op, x, dim);
  Tensor values = empty_of(x.get()->geometry, x.scalar_type()),
         indices = empty_of(x.get()->geometry, kLong);
  scan(kernel, {&values, &indices}, {&x}, d);
  return record(node, std::tuple{values, indices},
                wrt(x, [d, at = saved(indices), shape = x.get()->geometry](const Tensors& g) {
                  if (shape.ndim == 0) return g[0];
                  return scatter_add(zeros(shape.sizes(), g[0].dtype()), d, *at, g[0]);
                }));
}

}  // namespace

std::tuple<Tensor, Tensor> cummax(const Tensor& x, std::int64_t dim) {
  return running_extreme("cummax", "CummaxBackward0", simd().cummax, x, dim);
}
std::tuple<Tensor, Tensor> cummin(const Tensor& x, std::int64_t dim) {
  return running_extreme("cummin", "CumminBackward0", simd().cummin, x, dim);
}

Tensor diff(const Tensor& x, std::int64_t n, std::int64_t dim) {
  check_defined("diff", x);
  check(x.dim() > 0, "diff: expects input to be at least one-dimensional");
  check(n >= 0, "diff: order must be non-negative but got ", n);
  const int d = wrap_dim(dim, static_cast<int>(x.dim()), "diff");
  Tensor y = n == 0 ? zeros_like(x).copy_(x) : x;
  for (std::int64_t left = std::min(n, x.size(d)); left > 0; --left) {
    const std::int64_t length = std::max<std::int64_t>(y.size(d) - 1, 0);
    const Tensor next = y.narrow(d, y.size(d) - length, length), before = y.narrow(d, 0, length);
    y = y.scalar_type() == kBool ? logical_xor(next, before) : next - before;
  }
  return y;
}

Tensor TensorBase::cumsum(std::int64_t dim, std::optional<ScalarType> t) const {
  return pullback::cumsum(self(Tensor()), dim, t);
}
Tensor TensorBase::cumprod(std::int64_t dim, std::optional<ScalarType> t) const {
  return pullback::cumprod(self(Tensor()), dim, t);
}

}  // namespace pullback
