#pragma once

#include <cstdint>

#include <pullback/core/array_ref.h>
#include <pullback/core/kernels/loop.h>

namespace pullback {

using kernels::kMaxDims;

/// No tensor has as many elements, nor a view that repeats elements.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 58;

/// Where the elements of a tensor lie in its storage: element (i, j, …) at offset + i·strides[0] +
/// j·strides[1] + …, all in elements.
struct Geometry {
  std::int64_t offset = 0;
  int ndim = 0;
  std::int64_t size[kMaxDims];
  std::int64_t stride[kMaxDims];

  Geometry() = default;
  Geometry(const Geometry& other) { *this = other; }
  Geometry& operator=(const Geometry& other) {
    offset = other.offset;
    ndim = other.ndim;
    for (int d = 0; d < ndim; ++d) size[d] = other.size[d], stride[d] = other.stride[d];
    return *this;
  }
  /// A dense row-major layout. Throws for a negative size, for too many elements and for more than
  /// kMaxDims dimensions.
  explicit Geometry(IntArrayRef sizes);

  IntArrayRef sizes() const { return {size, static_cast<std::size_t>(ndim)}; }
  IntArrayRef strides() const { return {stride, static_cast<std::size_t>(ndim)}; }
  std::int64_t numel() const {
    std::int64_t n = 1;
    for (int d = 0; d < ndim; ++d) n *= size[d];
    return n;
  }
  /// Throws RuntimeError for kMaxElements elements or more, where an empty dimension counts as one:
  /// below it, products of sizes and distances in memory fit 64 bits.
  void check_numel(const char* op) const;
  /// Makes the strides those of a dense row-major layout at offset 0.
  void make_contiguous() {
    offset = 0;
    std::uint64_t n = 1;  // wraps for sizes that check_numel is about to refuse
    for (int d = ndim; d-- > 0;) {
      stride[d] = static_cast<std::int64_t>(n);
      n *= static_cast<std::uint64_t>(size[d] > 0 ? size[d] : 1);
    }
  }
  bool is_contiguous() const {
    std::int64_t n = 1;
    for (int d = ndim; d-- > 0;) {
      if (size[d] == 0) return true;
      if (size[d] != 1 && stride[d] != n) return false;
      n *= size[d];
    }
    return true;
  }
  bool same_sizes(const Geometry& other) const {
    if (ndim != other.ndim) return false;
    for (int d = 0; d < ndim; ++d)
      if (size[d] != other.size[d]) return false;
    return true;
  }
  /// Dense, and of the same sizes as another geometry without empty dimensions.
  bool is_contiguous_as(const Geometry& other) const {
    if (ndim != other.ndim) return false;
    std::int64_t n = 1;
    for (int d = ndim; d-- > 0;) {
      if (size[d] != other.size[d] || (stride[d] != n && size[d] != 1)) return false;
      n *= size[d];
    }
    return true;
  }
  void remove_dim(int dim) {
    for (int d = dim + 1; d < ndim; ++d) size[d - 1] = size[d], stride[d - 1] = stride[d];
    --ndim;
  }
  void insert_dim(int dim, std::int64_t new_size, std::int64_t new_stride) {
    for (int d = ndim; d > dim; --d) size[d] = size[d - 1], stride[d] = stride[d - 1];
    size[dim] = new_size, stride[dim] = new_stride;
    ++ndim;
  }
};

/// Maps dim in [-ndim, ndim) to [0, ndim); a scalar counts as one-dimensional. Throws IndexError
/// otherwise.
int wrap_dim(std::int64_t dim, int ndim, const char* op);

/// The stride of every step-th element. Where it would be out of bounds, there is no second such
/// element and any stride is right: then the old one.
inline std::int64_t stepped(std::int64_t stride, std::int64_t step) {
  std::int64_t product;
  return __builtin_mul_overflow(stride, step, &product) || product >= kMaxElements ? stride
                                                                                   : product;
}

/// The shape both broadcast to (sizes aligned at the right, 1 stretches). Throws RuntimeError that
/// names both shapes when they do not match.
Geometry broadcast(const char* op, IntArrayRef a, IntArrayRef b);

/// Can a tensor of shape `from` be broadcast to shape `to`?
bool is_expandable_to(IntArrayRef from, IntArrayRef to);

/// The dense layout of `sizes` with at most one -1, which `total` elements fill in. Throws
/// RuntimeError when the sizes do not fit.
Geometry infer_size(const char* op, IntArrayRef sizes, std::int64_t total);

/// The strides of `target` sizes over the same memory without a copy, if there are such.
bool view_strides(const Geometry& from, IntArrayRef target, Geometry& result);

}  // namespace pullback
