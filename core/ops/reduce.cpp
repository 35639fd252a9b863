#include <pullback/core/ops/reduce.h>

namespace pullback {

std::bitset<kMaxDims> dim_mask(const char* op, IntArrayRef dims, int ndim) {
  std::bitset<kMaxDims> mask;
  if (dims.empty()) {
    for (int d = 0; d < ndim; ++d) mask.set(d);
    return mask;
  }
  for (std::int64_t dim : dims) {
    const int d = wrap_dim(dim, ndim, op);
    check(!mask[d], op, ": dim ", d, " appears multiple times in the list of dims: ", dims);
    mask.set(d);
  }
  return mask;
}

Geometry reduced(const Geometry& x, std::bitset<kMaxDims> over, bool keepdim) {
  Geometry y;
  for (int d = 0; d < x.ndim; ++d) {
    if (!over[d])
      y.size[y.ndim++] = x.size[d];
    else if (keepdim)
      y.size[y.ndim++] = 1;
  }
  y.make_contiguous();
  return y;
}

Tensor reduce(kernels::Reduction kernel, const Tensor& x, std::bitset<kMaxDims> over, bool keepdim,
              ScalarType out) {
  const Geometry& g = x.get()->geometry;
  Tensor y = empty_of(reduced(g, over, keepdim), out);
  const std::int64_t m = y.get()->geometry.numel();
  const auto size = static_cast<std::int64_t>(element_size(x.get()->dtype));
  const auto out_size = static_cast<std::int64_t>(element_size(out));
  if (m == 0) return y;
  std::int64_t n = 1;
  int first = g.ndim, last = -1;
  for (int d = 0; d < g.ndim; ++d)
    if (over[d]) {
      n *= g.size[d];
      first = std::min(first, d);
      last = std::max(last, d);
    }
  char* to = y.get()->bytes();
  // Dense input whose reduced dimensions lie together: [before][n][after].
  bool together = g.is_contiguous();
  for (int d = first; d <= last; ++d) together = together && over[d];
  if (together) {
    std::int64_t after = 1;
    for (int d = last + 1; d < g.ndim && last >= 0; ++d) after *= g.size[d];
    if (last < 0) after = 1;
    if (after == 1) {
      kernel(m, n, x.get()->bytes(), n * size, size, to, out_size);
    } else {
      for (std::int64_t b = 0; b < m / after; ++b)
        kernel(after, n, x.get()->bytes() + b * n * after * size, size, after * size,
               to + b * after * out_size, out_size);
    }
    return y;
  }
  // Otherwise bring the reduced dimensions to the end of a copy.
  Geometry order;
  order.offset = g.offset;
  for (int pass = 0; pass < 2; ++pass)
    for (int d = 0; d < g.ndim; ++d)
      if (over[d] == (pass == 1)) {
        order.size[order.ndim] = g.size[d];
        order.stride[order.ndim++] = g.stride[d];
      }
  Tensor dense = empty_of(order, x.get()->dtype);
  copy_into(dense, alias_of(x, order));
  kernel(m, n, dense.get()->bytes(), n * size, size, to, out_size);
  return y;
}

Tensor restore_dims(const Tensor& y, std::bitset<kMaxDims> over, int ndim, bool keepdim) {
  if (keepdim) return y;
  Tensor r = y;
  for (int d = 0; d < ndim; ++d)
    if (over[d]) r = unsqueeze(r, d);
  return r;
}

}  // namespace pullback
