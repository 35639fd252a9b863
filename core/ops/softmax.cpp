#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/row_loop.h>

// softmax and its logarithm.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;
using kernels::Kernels;

namespace {

// Of columns what the kernels of rows do; operands are the result, then x, or g and y.
template <kernels::Scan Kernels::*kKernel, int kOperands>
void columns(const Columns& c, const Strip* operands, double) {
  c.run(simd().*kKernel, operands, kOperands);
}
constexpr auto softmax_columns = columns<&Kernels::softmax_columns, 2>;
constexpr auto log_softmax_columns = columns<&Kernels::log_softmax_columns, 2>;
constexpr auto softmax_backward_columns = columns<&Kernels::softmax_backward_columns, 3>;
constexpr auto log_softmax_backward_columns = columns<&Kernels::log_softmax_backward_columns, 3>;

/// Runs along dimension d of a, and of b if there is one.
Tensor along(const RowOperation& operation, const Tensor& a, const Tensor& b, int d) {
  const Geometry& g = a.get()->geometry;
  const ScalarType type = a.scalar_type();
  std::int64_t inner = 1;
  for (int k = d + 1; k < g.ndim; ++k) inner *= g.size[k];
  constexpr std::int64_t kFew = 16;  // columns, which would take longer than bringing them together
  const bool together = inner > 1 && inner < kFew;
  const auto in_rows = [&](const Tensor& x) {
    if (!x.defined()) return x;
    return together ? x.detach().movedim(d, -1).contiguous() : x.detach().contiguous();
  };
  const Tensor x = in_rows(a), z = in_rows(b);
  Tensor y = empty_of(x.get()->geometry, type);
  const std::int64_t n = g.ndim == 0 ? 1 : g.size[d];
  for_rows(operation, type, n > 0 ? y.numel() / n : 0, n, together ? 1 : inner, {{&y}, {&x}, {&z}});
  return together ? y.movedim(-1, d).contiguous() : y;
}

Tensor floating(const char* op, const Tensor& x, std::optional<ScalarType> dtype) {
  check_defined(op, x);
  const Tensor v = dtype ? x.to(*dtype) : x;
  check<NotImplementedError>(is_floating_point(v.scalar_type()), op, ": not implemented for '",
                             v.scalar_type(), "'; pass a floating-point dtype");
  return v;
}

/// y·(g − Σ g·y)
Tensor softmax_backward(const Tensor& g, const Tensor& y, int d) {
  return record("SoftmaxBackwardDataBackward0",
                along({simd().softmax_backward, softmax_backward_columns}, g, y, d),
                wrt(g, [d, y = saved(y)](const Tensor& gg) { return softmax_backward(gg, *y, d); }),
                wrt(y, [d, g = saved(g), y = saved(y)](const Tensor& gg) {
                  const Tensor u = *g, v = *y;
                  if (u.dim() == 0) return gg * (u - u * v) - gg * v * u;
                  return gg * (u - (u * v).sum(d, true)) - u * (gg * v).sum(d, true);
                }));
}

/// g − exp(y)·Σ g
Tensor log_softmax_backward(const Tensor& g, const Tensor& y, int d) {
  return record("LogSoftmaxBackwardDataBackward0",
                along({simd().log_softmax_backward, log_softmax_backward_columns}, g, y, d),
                wrt(g,
                    [d, y = saved(y)](const Tensor& gg) {
                      const Tensor p = exp(*y);
                      return p.dim() == 0 ? gg - gg * p : gg - (gg * p).sum(d, true);
                    }),
                wrt(y, [d, g = saved(g), y = saved(y)](const Tensor& gg) {
                  const Tensor u = *g;
                  return -gg * exp(*y) * (u.dim() == 0 ? u : u.sum(d, true));
                }));
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  const Tensor v = floating("softmax", x, dtype);
  const int d = wrap_dim(dim, v.get()->geometry.ndim, "softmax");
  return record(
      "SoftmaxBackward0", along({simd().softmax, softmax_columns}, v, {}, d),
      wrt(v, [d](const Tensor& g, const Tensor& y) { return softmax_backward(g, y, d); }));
}

Tensor log_softmax(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  const Tensor v = floating("log_softmax", x, dtype);
  const int d = wrap_dim(dim, v.get()->geometry.ndim, "log_softmax");
  return record(
      "LogSoftmaxBackward0", along({simd().log_softmax, log_softmax_columns}, v, {}, d),
      wrt(v, [d](const Tensor& g, const Tensor& y) { return log_softmax_backward(g, y, d); }));
}

Tensor softmin(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  return softmax(-x, dim, dtype);
}

Tensor TensorBase::softmax(std::int64_t dim, std::optional<ScalarType> t) const {
  return pullback::softmax(self(Tensor()), dim, t);
}
Tensor TensorBase::log_softmax(std::int64_t dim, std::optional<ScalarType> t) const {
  return pullback::log_softmax(self(Tensor()), dim, t);
}

}  // namespace pullback
