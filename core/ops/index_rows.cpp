#include <pullback/core/ops/indexed.h>

// Whole slices along one dimension addressed by a vector of indices.
namespace pullback {

using autograd::check_disjoint;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

/// Throws unless `index` is a vector of positions along dimension d.
Tensor checked_index(const char* op, const Tensor& x, int d, const Tensor& index) {
  check_defined(op, index);
  check<IndexError>(index.dim() <= 1, op, ": Index is supposed to be a vector, but has shape ",
                    index.sizes());
  check(is_integral(index.scalar_type(), false), op, ": Expected dtype int32/int64 for index, got ",
        index.scalar_type());
  const Tensor at = dense(as_type(index.detach(), kLong).reshape({-1}));
  check_bounds(op, at, d, x.dim() ? x.size(d) : 1);
  return at;
}

/// The indices with those from −length to −1 counted from the end.
Tensor counted_from_start(const char* op, const Tensor& index, std::int64_t length) {
  check_defined(op, index);
  const NoGradGuard no_grad;
  const Tensor from_end = (index < 0).logical_and(index >= -length);
  return where(from_end, index + length, index);
}

int line_dim(const char* op, const Tensor& x, std::int64_t dim) {
  check_defined(op, x);
  return wrap_dim(dim, x.get()->geometry.ndim, op);
}

/// The walk over slices of x at the places that a vector of indices says, beside those of another
/// tensor, or a scalar.
kernels::IndexedWalk slices(const Tensor& x, int d, const Tensor& at, const Tensor& other) {
  Geometry index = x.get()->geometry;
  for (int k = 0; k < index.ndim; ++k) index.stride[k] = k == d;
  if (index.ndim == 0) index = at.get()->geometry;
  index.size[d] = at.numel();
  return walk_of(x.get()->geometry, d, index, other.get()->geometry);
}

void join_slices(const Tensor& x, int d, const Tensor& at, const Tensor& other,
                 kernels::Join join) {
  kernels::scatter(x.scalar_type(), join, slices(x, d, at, other), data<char>(x),
                   data<std::int64_t>(at), kernels::kChecked, data<char>(other));
}

void check_source(const char* op, const Tensor& x, int d, const Tensor& index,
                  const Tensor& source) {
  check_defined(op, source);
  check(x.scalar_type() == source.scalar_type(), op,
        ": self and source expected to have the same dtype, but got (self) ", x.scalar_type(),
        " and (source) ", source.scalar_type());
  check<IndexError>(source.dim() > 0 || index.numel() == 1, op,
                    ": When source is scalar, index should have one element (got ", index.numel(),
                    ")");
  check(source.dim() == x.dim() || (x.dim() == 1 && source.dim() == 0), op,
        ": source and self must have the same number of dimensions: ", source.sizes(), " and ",
        x.sizes());
  for (std::int64_t k = 0; k < source.dim(); ++k)
    check(source.size(k) == (k == d ? index.numel() : x.size(k)), op, ": Number of indices (",
          index.numel(), ") and sizes of source ", source.sizes(), " do not match self ", x.sizes(),
          " along dimension ", d);
}

Tensor index_add_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                      const Tensor& index, const Tensor& source, const Scalar& alpha);

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = line_dim("index_select", x, dim);
  const Tensor at = checked_index("index_select", x, d, index);
  check(x.dim() > 0 || at.numel() == 1, "index_select: Index to scalar can have only 1 value, got ",
        at.numel(), " value(s)");
  Geometry shape = x.get()->geometry;
  if (shape.ndim > 0) shape.size[d] = at.numel();
  Tensor y = empty_of(shape, x.scalar_type());
  kernels::gather(x.scalar_type(), slices(x, d, at, y), data<char>(x), data<std::int64_t>(at),
                  kernels::kChecked, data<char>(y));
  return record("IndexSelectBackward0", y,
                wrt(x, [from = x.get()->geometry, d, index = saved(index)](const Tensor& g) {
                  return index_add_into("index_add", true, zeros(from.sizes(), g.dtype()), d,
                                        *index, g, 1);
                }));
}

namespace {

Tensor index_add_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                      const Tensor& index, const Tensor& source, const Scalar& alpha) {
  const int d = line_dim(op, x, dim);
  const Tensor at = checked_index(op, x, d, index);
  check_source(op, x, d, at, source);
  check_alpha(op, alpha, x.scalar_type());
  if (in_place) check_disjoint(op, x, {index, source});
  return changed(
      op, "IndexAddBackward0", in_place, x,
      [&](const Tensor& y) {
        const NoGradGuard no_grad;
        // A boolean times a number is a number, which the kernel for booleans cannot read.
        const Tensor added = alpha.equal(1) ? source : as_type(source * alpha, x.scalar_type());
        join_slices(y, d, at, added, kernels::Join::Sum);
      },
      wrt(x, [](const Tensor& g) { return g; }),
      wrt(source, [d, index = saved(index), alpha](const Tensor& g) {
        return scaled(index_select(g, d, *index), alpha);
      }));
}

Tensor index_copy_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                       const Tensor& index, const Tensor& source) {
  const int d = line_dim(op, x, dim);
  const Tensor at = checked_index(op, x, d, index);
  check_source(op, x, d, at, source);
  if (in_place) check_disjoint(op, x, {index, source});
  return changed(
      op, "IndexCopyBackward0", in_place, x,
      [&](const Tensor& y) { join_slices(y, d, at, source, kernels::Join::Last); },
      wrt(x, [d, index = saved(index)](const Tensor& g) { return index_fill(g, d, *index, 0); }),
      wrt(source,
          [d, index = saved(index)](const Tensor& g) { return index_select(g, d, *index); }));
}

Tensor index_fill_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                       const Tensor& index, const Scalar& value) {
  const int d = line_dim(op, x, dim);
  const Tensor at = checked_index(op, x, d, counted_from_start(op, index, x.dim() ? x.size(d) : 1));
  check_convertible(op, value, x.scalar_type());
  if (in_place) check_disjoint(op, x, {index});
  const Tensor filling = scalar_tensor(value, x.scalar_type());
  return changed(
      op, "IndexFillBackward0", in_place, x,
      [&](const Tensor& y) { join_slices(y, d, at, filling, kernels::Join::Last); },
      wrt(x, [d, index = saved(index)](const Tensor& g) { return index_fill(g, d, *index, 0); }));
}

}  // namespace

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha) {
  return index_add_into("index_add", false, x, dim, index, source, alpha);
}
Tensor index_copy(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  return index_copy_into("index_copy", false, x, dim, index, source);
}
Tensor index_fill(const Tensor& x, std::int64_t dim, const Tensor& index, const Scalar& value) {
  return index_fill_into("index_fill", false, x, dim, index, value);
}

Tensor TensorBase::index_select(std::int64_t dim, const Tensor& index) const {
  return pullback::index_select(self(Tensor()), dim, index);
}
Tensor TensorBase::index_add(std::int64_t dim, const Tensor& index, const Tensor& source,
                             const Scalar& alpha) const {
  return pullback::index_add(self(Tensor()), dim, index, source, alpha);
}
Tensor TensorBase::index_copy(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return pullback::index_copy(self(Tensor()), dim, index, source);
}
Tensor TensorBase::index_fill(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  return pullback::index_fill(self(Tensor()), dim, index, value);
}
Tensor TensorBase::index_add_(std::int64_t dim, const Tensor& index, const Tensor& source,
                              const Scalar& alpha) const {
  return index_add_into("index_add_", true, target("index_add_"), dim, index, source, alpha);
}
Tensor TensorBase::index_copy_(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return index_copy_into("index_copy_", true, target("index_copy_"), dim, index, source);
}
Tensor TensorBase::index_fill_(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  return index_fill_into("index_fill_", true, target("index_fill_"), dim, index, value);
}

}  // namespace pullback
