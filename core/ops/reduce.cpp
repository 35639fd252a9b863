#include <pullback/core/ops/reduce.h>

#include <pullback/core/kernels/reduce.h>

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

Tensor reduce(const char* op, const kernels::Reduce& kernel, const Tensor& x,
              std::bitset<kMaxDims> over, bool keepdim) {
  const Geometry& g = x.get()->geometry;
  const ScalarType type = x.get()->dtype;
  check<NotImplementedError>(kernel[type] != nullptr, op, ": not implemented for '", type,
                             "'; convert with .to(dtype)");
  const ScalarType out = kernel.result(type);
  Tensor y = empty_of(reduced(g, over, keepdim), out);
  std::int64_t in_strides[kMaxDims], out_strides[kMaxDims];
  std::int64_t step = static_cast<std::int64_t>(element_size(out));
  for (int d = g.ndim; d-- > 0;) {
    in_strides[d] = g.stride[d] * static_cast<std::int64_t>(element_size(type));
    out_strides[d] = over[d] ? 0 : step;
    if (!over[d]) step *= g.size[d];
  }
  kernels::reduce(kernel, type, g.ndim, g.size, {y.get()->bytes(), out_strides},
                  {x.get()->bytes(), in_strides}, over.to_ulong());
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
