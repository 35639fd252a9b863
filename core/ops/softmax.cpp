#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/row_loop.h>

// softmax and its logarithm.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

/// Runs a row kernel along one dimension: that dimension is brought to the end of dense copies.
Tensor rows(const kernels::Rows& kernel, std::initializer_list<const Tensor*> inputs, int d) {
  const Tensor& model = **inputs.begin();
  const Geometry& g = model.get()->geometry;
  std::vector<Tensor> dense;
  for (const Tensor* x : inputs) dense.push_back(x->detach().movedim(d, -1).contiguous());
  Tensor y = empty_of(dense[0].get()->geometry, model.scalar_type());
  const std::int64_t n = g.size[d], rows = n > 0 ? y.numel() / n : 0;
  if (dense.size() == 1) {
    for_rows(kernel, y.scalar_type(), rows, n, {{&y, n}, {&dense[0], n}});
  } else {
    for_rows(kernel, y.scalar_type(), rows, n, {{&y, n}, {&dense[0], n}, {&dense[1], n}});
  }
  return d == g.ndim - 1 ? y : y.movedim(-1, d).contiguous();
}

Tensor along(const kernels::Rows& kernel, const Tensor& a, int d) {
  if (a.dim() > 0) return rows(kernel, {&a}, d);
  const Tensor one = a.detach().reshape({1});
  return rows(kernel, {&one}, 0).reshape(IntArrayRef());
}

Tensor along(const kernels::Rows& kernel, const Tensor& a, const Tensor& b, int d) {
  if (a.dim() > 0) return rows(kernel, {&a, &b}, d);
  const Tensor x = a.detach().reshape({1}), y = b.detach().reshape({1});
  return rows(kernel, {&x, &y}, 0).reshape(IntArrayRef());
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
  return record("SoftmaxBackwardDataBackward0", along(simd().softmax_backward, g, y, d),
                wrt(g, [d, y = saved(y)](const Tensor& gg) { return softmax_backward(gg, *y, d); }),
                wrt(y, [d, g = saved(g), y = saved(y)](const Tensor& gg) {
                  const Tensor u = *g, v = *y;
                  if (u.dim() == 0) return gg * (u - u * v) - gg * v * u;
                  return gg * (u - (u * v).sum(d, true)) - u * (gg * v).sum(d, true);
                }));
}

/// g − exp(y)·Σ g
Tensor log_softmax_backward(const Tensor& g, const Tensor& y, int d) {
  return record("LogSoftmaxBackwardDataBackward0", along(simd().log_softmax_backward, g, y, d),
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
      "SoftmaxBackward0", along(simd().softmax, v, d),
      wrt(v, [d](const Tensor& g, const Tensor& y) { return softmax_backward(g, y, d); }));
}

Tensor log_softmax(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  const Tensor v = floating("log_softmax", x, dtype);
  const int d = wrap_dim(dim, v.get()->geometry.ndim, "log_softmax");
  return record(
      "LogSoftmaxBackward0", along(simd().log_softmax, v, d),
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
