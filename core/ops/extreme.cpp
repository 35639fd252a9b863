#include <pullback/core/ops/indexed.h>
#include <pullback/core/ops/reduce.h>

// The largest and smallest elements, truth over dimensions, counting.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;

namespace {

using Over = std::bitset<kMaxDims>;

Over everything(const Tensor& x) {
  return dim_mask("reduce", {}, x.get()->geometry.ndim);
}

/// Throws for a reduction that has no value of no elements.
void check_not_empty(const char* op, const Tensor& x, Over over) {
  const Geometry& g = x.get()->geometry;
  for (int d = 0; d < g.ndim; ++d)
    check<IndexError>(!over[d] || g.size[d] > 0, op, ": Expected reduction dim ", d,
                      " to have non-zero size: shape ", g.sizes());
}

Over one_dim(const char* op, const Tensor& x, std::int64_t dim) {
  Over over;
  const int d = wrap_dim(dim, x.get()->geometry.ndim, op);
  if (x.get()->geometry.ndim > 0) over.set(d);
  return over;
}

Tensor extreme(const char* op, const char* node, const kernels::Reduce& kernel, const Tensor& x,
               Over over, bool keepdim) {
  check_defined(op, x);
  check_not_empty(op, x, over);
  return record(node, reduce(op, kernel, x, over, keepdim),
                wrt(x, [over, keepdim, x = saved(x)](const Tensor& g, const Tensor& y) {
                  return shared_gradient(g, *x, y, over, keepdim);
                }));
}

std::tuple<Tensor, Tensor> extreme_along(const char* op, const char* node,
                                         const kernels::Reduce& where, const Tensor& x,
                                         std::int64_t dim, bool keepdim) {
  check_defined(op, x);
  const Over over = one_dim(op, x, dim);
  check_not_empty(op, x, over);
  const int d = wrap_dim(dim, x.get()->geometry.ndim, op);
  Tensor indices = reduce(op, where, x, over, /*keepdim=*/true);
  Tensor values = gather(x.detach(), d, indices);
  if (!keepdim && x.dim() > 0) {
    Geometry without = indices.get()->geometry;
    without.remove_dim(d);
    indices = alias_of(indices, without);
    values = alias_of(values, without);
  }
  return record(node, std::tuple{values, indices},
                wrt(x, [shape = x.get()->geometry, d, keepdim, at = saved(indices)](
                           const Tensors& g) { return spread(g[0], shape, d, *at, keepdim); }));
}

Tensor position(const char* op, const kernels::Reduce& kernel, const Tensor& x,
                std::optional<std::int64_t> dim, bool keepdim) {
  check_defined(op, x);
  const Over over = dim ? one_dim(op, x, *dim) : everything(x);
  check_not_empty(op, x, over);
  return reduce(op, kernel, x, over, keepdim);
}

}  // namespace

Tensor shared_gradient(const Tensor& g, const Tensor& x, const Tensor& y, Over over, bool keepdim) {
  const int n = static_cast<int>(x.dim());
  const Tensor value = restore_dims(y.detach(), over, n, keepdim), in = x.detach();
  const Tensor mask = where(value.isnan(), in.isnan(), in == value);
  std::vector<std::int64_t> dims;
  for (int d = 0; d < n; ++d)
    if (over[d]) dims.push_back(d);
  const Tensor count = dims.empty() ? ones_like(in) : mask.sum(dims, true);
  return mask * (restore_dims(g, over, n, keepdim) / count);
}

Tensor amax(const Tensor& x, IntArrayRef dim, bool keepdim) {
  check_defined("amax", x);
  return extreme("amax", "AmaxBackward0", simd().amax, x,
                 dim_mask("amax", dim, x.get()->geometry.ndim), keepdim);
}
Tensor amin(const Tensor& x, IntArrayRef dim, bool keepdim) {
  check_defined("amin", x);
  return extreme("amin", "AminBackward0", simd().amin, x,
                 dim_mask("amin", dim, x.get()->geometry.ndim), keepdim);
}
Tensor max(const Tensor& x) {
  check_defined("max", x);
  return extreme("max", "MaxBackward1", simd().amax, x, everything(x), false);
}
Tensor min(const Tensor& x) {
  check_defined("min", x);
  return extreme("min", "MinBackward1", simd().amin, x, everything(x), false);
}
std::tuple<Tensor, Tensor> max(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme_along("max", "MaxBackward0", simd().argmax, x, dim, keepdim);
}
std::tuple<Tensor, Tensor> min(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme_along("min", "MinBackward0", simd().argmin, x, dim, keepdim);
}
std::tuple<Tensor, Tensor> aminmax(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  check_defined("aminmax", x);
  const Over over = dim ? one_dim("aminmax", x, *dim) : everything(x);
  check_not_empty("aminmax", x, over);
  return record("AminmaxBackward0",
                std::tuple(reduce("aminmax", simd().amin, x, over, keepdim),
                           reduce("aminmax", simd().amax, x, over, keepdim)),
                wrt(x, [over, keepdim, x = saved(x)](const Tensors& g, const Tensors& y) {
                  Tensor sum;
                  for (std::size_t i = 0; i < 2; ++i) {
                    if (!g[i].defined()) continue;
                    const Tensor part = shared_gradient(g[i], *x, y[i], over, keepdim);
                    sum = sum.defined() ? sum + part : part;
                  }
                  return sum;
                }));
}
Tensor max(const Tensor& a, const Tensor& b) {
  return maximum(a, b);
}
Tensor min(const Tensor& a, const Tensor& b) {
  return minimum(a, b);
}
Tensor argmax(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  return position("argmax", simd().argmax, x, dim, keepdim);
}
Tensor argmin(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  return position("argmin", simd().argmin, x, dim, keepdim);
}

Tensor all(const Tensor& x) {
  check_defined("all", x);
  return reduce("all", simd().all, x, everything(x));
}
Tensor any(const Tensor& x) {
  check_defined("any", x);
  return reduce("any", simd().any, x, everything(x));
}
Tensor all(const Tensor& x, std::int64_t dim, bool keepdim) {
  check_defined("all", x);
  return reduce("all", simd().all, x, one_dim("all", x, dim), keepdim);
}
Tensor any(const Tensor& x, std::int64_t dim, bool keepdim) {
  check_defined("any", x);
  return reduce("any", simd().any, x, one_dim("any", x, dim), keepdim);
}
Tensor count_nonzero(const Tensor& x, std::optional<std::int64_t> dim) {
  check_defined("count_nonzero", x);
  return reduce("count_nonzero", simd().count_nonzero, x,
                dim ? one_dim("count_nonzero", x, *dim) : everything(x));
}

Tensor TensorBase::amax(IntArrayRef dim, bool keepdim) const {
  return pullback::amax(self(Tensor()), dim, keepdim);
}
Tensor TensorBase::amin(IntArrayRef dim, bool keepdim) const {
  return pullback::amin(self(Tensor()), dim, keepdim);
}
Tensor TensorBase::max() const {
  return pullback::max(self(Tensor()));
}
Tensor TensorBase::min() const {
  return pullback::min(self(Tensor()));
}
std::tuple<Tensor, Tensor> TensorBase::max(std::int64_t dim, bool keepdim) const {
  return pullback::max(self(Tensor()), dim, keepdim);
}
std::tuple<Tensor, Tensor> TensorBase::min(std::int64_t dim, bool keepdim) const {
  return pullback::min(self(Tensor()), dim, keepdim);
}
Tensor TensorBase::max(const Tensor& b) const {
  return pullback::maximum(self(Tensor()), b);
}
Tensor TensorBase::min(const Tensor& b) const {
  return pullback::minimum(self(Tensor()), b);
}
Tensor TensorBase::argmax(std::optional<std::int64_t> dim, bool keepdim) const {
  return pullback::argmax(self(Tensor()), dim, keepdim);
}
Tensor TensorBase::argmin(std::optional<std::int64_t> dim, bool keepdim) const {
  return pullback::argmin(self(Tensor()), dim, keepdim);
}
Tensor TensorBase::all() const {
  return pullback::all(self(Tensor()));
}
Tensor TensorBase::any() const {
  return pullback::any(self(Tensor()));
}
Tensor TensorBase::all(std::int64_t dim, bool keepdim) const {
  return pullback::all(self(Tensor()), dim, keepdim);
}
Tensor TensorBase::any(std::int64_t dim, bool keepdim) const {
  return pullback::any(self(Tensor()), dim, keepdim);
}
Tensor TensorBase::count_nonzero(std::optional<std::int64_t> dim) const {
  return pullback::count_nonzero(self(Tensor()), dim);
}

}  // namespace pullback
