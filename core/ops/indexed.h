#pragma once

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/indexed.h>
#include <pullback/core/ops/dense.h>

/// What operations share whose places come from a tensor of indices.
namespace pullback {

/// A condition that is true as often as not, so that a choice by it is made without a branch, which
/// would be hard to foresee.
inline bool even_odds(bool condition) {
  return __builtin_expect_with_probability(condition, 1, 0.5) != 0;
}

/// Throws IndexError for an index outside [0, length).
inline void check_bounds(const char* op, const Tensor& index, int dim, std::int64_t length) {
  Geometry once = index.get()->geometry;
  for (int d = 0; d < once.ndim; ++d)
    if (once.stride[d] == 0 && once.size[d] > 1) once.size[d] = 1;
  const Tensor distinct = dense(alias_of(index, once));
  const auto* indices = data<std::int64_t>(distinct);
  const std::int64_t wrong = kernels::first_outside(indices, distinct.numel(), length);
  check<IndexError>(wrong < 0, op, ": index ", wrong < 0 ? 0 : indices[wrong],
                    " is out of bounds for dimension ", dim, " with size ", length);
}

/// The walk over an index's positions in x, whose places along dimension d it says, beside a tensor
/// of as many positions or a scalar.
inline kernels::IndexedWalk walk_of(const Geometry& x, int d, const Geometry& index,
                                    const Geometry& other) {
  kernels::IndexedWalk walk;
  walk.ndim = index.ndim;
  walk.dim = d;
  walk.along = x.ndim > 0 ? x.stride[d] : 0;
  for (int k = 0; k < index.ndim; ++k) {
    walk.sizes[k] = index.size[k];
    walk.index[k] = index.stride[k];
    walk.x[k] = k == d || k >= x.ndim ? 0 : x.stride[k];
    walk.other[k] = k < other.ndim ? other.stride[k] : 0;
  }
  return walk;
}

/// Joins source to the elements of x at the indices along dimension d. Throws IndexError for an
/// index outside, when some of x may have changed.
inline void join_at(const char* op, const Tensor& x, int d, const Tensor& index,
                    const Tensor& source, kernels::Join join) {
  const std::int64_t length = x.dim() ? x.size(d) : 1;
  if (!kernels::scatter(
          x.scalar_type(), join,
          walk_of(x.get()->geometry, d, index.get()->geometry, source.get()->geometry),
          data<char>(x), data<std::int64_t>(index), length, data<char>(source)))
    check_bounds(op, index, d, length);
}

/// The gradient of elements that were picked along dimension d of a tensor of this shape: g at
/// their indices, and zeros.
Tensor spread(const Tensor& g, const Geometry& shape, int d, const Tensor& index, bool keepdim);

/// An index as the kernels take it. Throws unless gather takes it along dimension d of x.
Tensor gather_index(const Tensor& x, int d, const Tensor& index);

/// Which elements of a mask are set, int64 numbers in order.
Tensor places_set(const Tensor& mask);

/// A copy of x after `change`, or x itself, recorded by the same rules.
template <class F, class... R>
Tensor changed(const char* op, const char* node, bool in_place, const Tensor& x, F change,
               R... rules) {
  if (in_place)
    return autograd::record_inplace(
        op, node, x, [&] { change(x); }, rules...);
  Tensor y = empty_of(x.get()->geometry, x.scalar_type());
  copy_into(y, x);
  change(y);
  return autograd::record(node, y, rules...);
}

}  // namespace pullback
