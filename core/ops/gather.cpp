#include <pullback/core/ops/indexed.h>

// Elements addressed by a tensor of indices along one dimension.
namespace pullback {

using autograd::check_disjoint;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

std::int64_t length_of(const Tensor& x, int d) {
  return x.dim() ? x.size(d) : 1;
}

/// Throws unless `index` may address dimension d of a tensor, position for position along the
/// others.
int check_index(const char* op, const Tensor& x, std::int64_t dim, const Tensor& index,
                const Tensor* source) {
  check_defined(op, x);
  check_defined(op, index);
  check(index.scalar_type() == ScalarType::Long || index.scalar_type() == ScalarType::Int, op,
        ": Expected dtype int64 for index, got ", index.scalar_type());
  const int n = x.get()->geometry.ndim, d = wrap_dim(dim, n, op);
  if (index.numel() == 0) return d;
  check(std::max(index.get()->geometry.ndim, 1) == std::max(n, 1), op,
        ": Index tensor must have the same number of dimensions as input tensor: ", index.sizes(),
        " and ", x.sizes());
  for (int k = 0; k < index.get()->geometry.ndim && n > 0; ++k) {
    check(k == d || index.size(k) <= x.size(k), op, ": Size does not match at dimension ", k,
          " expected index ", index.sizes(), " to be no larger than self ", x.sizes(),
          " apart from dimension ", d);
    check(!source || index.size(k) <= length_of(*source, k), op, ": Expected index ", index.sizes(),
          " to be no larger than src ", source ? source->sizes() : IntArrayRef(), " at dimension ",
          k);
  }
  return d;
}

/// The index as the kernels take it. It is checked before a tensor is changed in place; a copy is
/// thrown away if an index turns out to be wrong.
Tensor places(const char* op, bool in_place, const Tensor& x, int d, const Tensor& index) {
  const Tensor at = as_type(index.detach(), ScalarType::Long);
  if (in_place) check_bounds(op, at, d, length_of(x, d));
  return at;
}

Tensor scatter_add_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                        const Tensor& index, const Tensor& source);

}  // namespace

Tensor gather_index(const Tensor& x, int d, const Tensor& index) {
  check_index("gather", x, d, index, nullptr);
  const Tensor at = places("gather", false, x, d, index);
  check_bounds("gather", at, d, length_of(x, d));
  return at;
}

// y[i][j] = x[index[i][j]][j] for dim 0.
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = check_index("gather", x, dim, index, nullptr);
  const Tensor at = places("gather", false, x, d, index);
  Tensor y = empty_of(index.get()->geometry, x.scalar_type());
  const Geometry& picked = y.get()->geometry;
  if (!kernels::gather(x.scalar_type(), walk_of(x.get()->geometry, d, at.get()->geometry, picked),
                       data<char>(x), data<std::int64_t>(at), length_of(x, d), data<char>(y)))
    check_bounds("gather", at, d, length_of(x, d));
  return record("GatherBackward0", y,
                wrt(x, [shape = x.get()->geometry, d, at = saved(index)](const Tensor& g) {
                  return scatter_add_into("scatter_add", true, zeros(shape.sizes(), g.dtype()), d,
                                          *at, g);
                }));
}

namespace {

void check_same_type(const char* op, const Tensor& x, const Tensor& source) {
  check_defined(op, x);
  check_defined(op, source);
  check(x.scalar_type() == source.scalar_type(), op,
        ": Expected self.dtype to be equal to src.dtype, but got ", x.scalar_type(), " and ",
        source.scalar_type());
}

/// The gradient of a scattered source of these sizes; its elements beyond the index are unused.
Tensor gathered(const Tensor& g, int dim, const Tensor& index, IntArrayRef sizes) {
  const Tensor picked = gather(g, dim, index);
  if (picked.sizes() == sizes) return picked;
  Tensor whole = zeros(sizes, g.dtype());
  if (picked.numel() == 0) return whole;
  if (sizes.empty()) return picked.reshape(sizes);
  Tensor part = whole;
  for (std::int64_t k = 0; k < picked.dim(); ++k) part = part.narrow(k, 0, picked.size(k));
  part.copy_(picked);
  return whole;
}

Tensor scatter_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                    const Tensor& index, const Tensor& source) {
  check_same_type(op, x, source);
  const int d = check_index(op, x, dim, index, &source);
  const Tensor at = places(op, in_place, x, d, index);
  if (in_place) check_disjoint(op, x, {index, source});
  return changed(
      op, "ScatterBackward0", in_place, x,
      [&](const Tensor& y) { join_at(op, y, d, at, source, kernels::Join::Last); },
      wrt(x, [d, at = saved(index)](const Tensor& g) { return scatter(g, d, *at, 0); }),
      wrt(source, [d, at = saved(index), shape = source.get()->geometry](const Tensor& g) {
        return gathered(g, d, *at, shape.sizes());
      }));
}

Tensor scatter_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                    const Tensor& index, const Scalar& value) {
  const int d = check_index(op, x, dim, index, nullptr);
  check_convertible(op, value, x.scalar_type());
  const Tensor at = places(op, in_place, x, d, index);
  if (in_place) check_disjoint(op, x, {index});
  const Tensor source = scalar_tensor(value, x.scalar_type());
  return changed(
      op, "ScatterBackward1", in_place, x,
      [&](const Tensor& y) { join_at(op, y, d, at, source, kernels::Join::Last); },
      wrt(x, [d, at = saved(index)](const Tensor& g) { return scatter(g, d, *at, 0); }));
}

Tensor scatter_add_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                        const Tensor& index, const Tensor& source) {
  check_same_type(op, x, source);
  const int d = check_index(op, x, dim, index, &source);
  const Tensor at = places(op, in_place, x, d, index);
  if (in_place) check_disjoint(op, x, {index, source});
  return changed(
      op, "ScatterAddBackward0", in_place, x,
      [&](const Tensor& y) { join_at(op, y, d, at, source, kernels::Join::Sum); },
      wrt(x, [](const Tensor& g) { return g; }),
      wrt(source, [d, at = saved(index), shape = source.get()->geometry](const Tensor& g) {
        return gathered(g, d, *at, shape.sizes());
      }));
}

}  // namespace

Tensor spread(const Tensor& g, const Geometry& shape, int d, const Tensor& index, bool keepdim) {
  if (shape.ndim == 0) return g;
  return scatter_into("scatter", true, zeros(shape.sizes(), g.scalar_type()), d,
                      keepdim ? index : unsqueeze(index, d), keepdim ? g : unsqueeze(g, d));
}

Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  return scatter_into("scatter", false, x, dim, index, source);
}
Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Scalar& value) {
  return scatter_into("scatter", false, x, dim, index, value);
}
Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  return scatter_add_into("scatter_add", false, x, dim, index, source);
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<std::int64_t> dim) {
  check_defined("take_along_dim", x);
  check_defined("take_along_dim", index);
  if (!dim) return gather(x.reshape({-1}), 0, index.reshape({-1}));
  check(x.dim() == index.dim(),
        "take_along_dim: input and indices should have the same number of dimensions, but got ",
        x.dim(), " and ", index.dim());
  check<IndexError>(x.dim() > 0, "take_along_dim: Dimension specified as ", *dim,
                    " but tensor has no dimensions");
  const int d = wrap_dim(*dim, x.get()->geometry.ndim, "take_along_dim");
  std::vector<std::int64_t> own = x.sizes().vec(), at = index.sizes().vec();
  const std::int64_t length = own[d], count = at[d];
  own[d] = at[d] = 1;
  const Geometry common = broadcast("take_along_dim", own, at);
  std::vector<std::int64_t> from = common.sizes().vec(), to = from;
  from[d] = length, to[d] = count;
  return gather(x.expand(from), d, index.expand(to));
}

Tensor TensorBase::gather(std::int64_t dim, const Tensor& index) const {
  return pullback::gather(self(Tensor()), dim, index);
}
Tensor TensorBase::take_along_dim(const Tensor& index, std::optional<std::int64_t> dim) const {
  return pullback::take_along_dim(self(Tensor()), index, dim);
}
Tensor TensorBase::scatter(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return pullback::scatter(self(Tensor()), dim, index, source);
}
Tensor TensorBase::scatter(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  return pullback::scatter(self(Tensor()), dim, index, value);
}
Tensor TensorBase::scatter_(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return scatter_into("scatter_", true, target("scatter_"), dim, index, source);
}
Tensor TensorBase::scatter_(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  return scatter_into("scatter_", true, target("scatter_"), dim, index, value);
}
Tensor TensorBase::scatter_add(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return pullback::scatter_add(self(Tensor()), dim, index, source);
}
Tensor TensorBase::scatter_add_(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return scatter_add_into("scatter_add_", true, target("scatter_add_"), dim, index, source);
}

}  // namespace pullback
