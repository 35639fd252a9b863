#include <algorithm>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Views that show a part of a tensor.
namespace pullback {

using autograd::make_view;
using autograd::record;
using autograd::wrt;

namespace {

Geometry dense(const Geometry& g) {
  Geometry d = g;
  d.make_contiguous();
  return d;
}

/// Records a view that shows part of x; `cut` turns x's geometry into the part's. The gradient is
/// laid out densely, because x itself may be expanded.
template <class Cut>
Tensor record_part(const char* name, const Tensor& x, Cut cut) {
  const Geometry& from = x.get()->geometry;
  return record(name, make_view(x, cut(from)), wrt(x, [from, cut](const Tensor& g) {
                  const Geometry whole = dense(from);
                  return autograd::as_strided_scatter(g, whole, cut(whole));
                }));
}

}  // namespace

Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index) {
  const Geometry& from = geometry_of("select", x);
  check<IndexError>(from.ndim > 0, "select: cannot be applied to a 0-dim tensor");
  const int d = wrap_dim(dim, from.ndim, "select");
  check<IndexError>(index >= -from.size[d] && index < from.size[d], "select: index ", index,
                    " out of range for tensor of size ", from.sizes(), " at dimension ", d);
  const std::int64_t i = index < 0 ? index + from.size[d] : index;
  return record_part("SelectBackward0", x, [d, i](Geometry g) {
    g.offset += i * g.stride[d];
    g.remove_dim(d);
    return g;
  });
}

Tensor slice(const Tensor& x, std::int64_t dim, std::optional<std::int64_t> start,
             std::optional<std::int64_t> end, std::int64_t step) {
  const Geometry& from = geometry_of("slice", x);
  check<IndexError>(from.ndim > 0, "slice: cannot be applied to a 0-dim tensor");
  check<ValueError>(step > 0, "slice: step must be greater than zero, got ", step);
  const int d = wrap_dim(dim, from.ndim, "slice");
  const std::int64_t n = from.size[d];
  auto clip = [n](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + n : i, 0, n); };
  const std::int64_t first = clip(start.value_or(0)), last = std::max(first, clip(end.value_or(n)));
  const std::int64_t length = last > first ? (last - first - 1) / step + 1 : 0;
  return record_part("SliceBackward0", x, [d, first, length, step](Geometry g) {
    g.offset += first * g.stride[d];
    g.size[d] = length;
    g.stride[d] = stepped(g.stride[d], step);
    return g;
  });
}

Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length) {
  const Geometry& g = geometry_of("narrow", x);
  check(g.ndim > 0, "narrow: cannot be applied to a 0-dim tensor");
  const int d = wrap_dim(dim, g.ndim, "narrow");
  check(length >= 0, "narrow: length must be non-negative, got ", length);
  check<IndexError>(start >= -g.size[d] && start <= g.size[d], "narrow: start ", start,
                    " out of range for dimension ", d, " of size ", g.size[d]);
  if (start < 0) start += g.size[d];
  check(length <= g.size[d] - start, "narrow: start (", start, ") + length (", length,
        ") exceeds dimension size (", g.size[d], ")");
  return slice(x, d, start, start + length, 1);
}

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  const Geometry& from = geometry_of("diagonal", x);
  check(from.ndim >= 2, "diagonal: requires a tensor of at least two dimensions, got ",
        from.sizes());
  const int a = wrap_dim(dim1, from.ndim, "diagonal"), b = wrap_dim(dim2, from.ndim, "diagonal");
  check(a != b, "diagonal: dimensions cannot be identical ", dim1, ", ", dim2);
  const std::int64_t n = offset >= 0 ? std::min(from.size[a], from.size[b] - offset)
                                     : std::min(from.size[a] + offset, from.size[b]);
  return record_part("DiagonalBackward0", x, [a, b, n, offset](Geometry g) {
    const std::int64_t step = g.stride[a] + g.stride[b];
    if (n > 0) g.offset += offset >= 0 ? offset * g.stride[b] : -offset * g.stride[a];
    g.remove_dim(std::max(a, b));
    g.remove_dim(std::min(a, b));
    g.insert_dim(g.ndim, std::max<std::int64_t>(n, 0), step);
    return g;
  });
}

Tensor as_strided(const Tensor& x, IntArrayRef sizes, IntArrayRef strides,
                  std::optional<std::int64_t> storage_offset) {
  const Geometry& from = geometry_of("as_strided", x);
  check(sizes.size() == strides.size(),
        "as_strided: mismatch in length of strides and shape: ", sizes, " and ", strides);
  Geometry to(sizes);
  to.offset = storage_offset.value_or(from.offset);
  std::int64_t last = std::min(to.offset, kMaxElements);
  bool overflows = false;
  for (int d = 0; d < to.ndim; ++d) {
    check(strides[d] >= 0, "as_strided: Negative strides are not supported: ", strides);
    to.stride[d] = strides[d];
    std::int64_t extent;
    overflows = overflows || strides[d] >= kMaxElements ||
                __builtin_mul_overflow(to.size[d], strides[d], &extent) || extent >= kMaxElements;
    if (!overflows) last += std::max<std::int64_t>(extent - strides[d], 0);
  }
  const auto available =
      static_cast<std::int64_t>(x.get()->storage->bytes / element_size(x.scalar_type()));
  check(!overflows && to.offset >= 0 && to.offset < kMaxElements &&
            (to.numel() == 0 || last < available),
        "as_strided: setStorage: sizes ", sizes, ", strides ", strides, " and offset ", to.offset,
        " need more than the ", available, " elements of the storage");
  return record("AsStridedBackward0", make_view(x, to),
                wrt(x, [whole = from, part = to](const Tensor& g) {
                  return autograd::as_strided_scatter(g, whole, part);
                }));
}

// ---- methods

Tensor TensorBase::narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const {
  return pullback::narrow(self(Tensor()), dim, start, length);
}
Tensor TensorBase::slice(std::int64_t dim, std::optional<std::int64_t> start,
                         std::optional<std::int64_t> end, std::int64_t step) const {
  return pullback::slice(self(Tensor()), dim, start, end, step);
}
Tensor TensorBase::select(std::int64_t dim, std::int64_t index) const {
  return pullback::select(self(Tensor()), dim, index);
}
Tensor TensorBase::operator[](std::int64_t index) const {
  return pullback::select(self(Tensor()), 0, index);
}
Tensor TensorBase::diagonal(std::int64_t offset, std::int64_t dim1, std::int64_t dim2) const {
  return pullback::diagonal(self(Tensor()), offset, dim1, dim2);
}
Tensor TensorBase::as_strided(IntArrayRef sizes, IntArrayRef strides,
                              std::optional<std::int64_t> offset) const {
  return pullback::as_strided(self(Tensor()), sizes, strides, offset);
}

}  // namespace pullback
