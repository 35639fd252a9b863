#pragma once

#include <bitset>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/ops/map.h>

namespace pullback {

/// The dimensions that a reduction runs over, as a mask; none named means all. Throws IndexError
/// for one out of range and RuntimeError for one named twice.
std::bitset<kMaxDims> dim_mask(const char* op, IntArrayRef dims, int ndim);

/// The shape of a reduction's result.
Geometry reduced(const Geometry& x, std::bitset<kMaxDims> over, bool keepdim);

/// Reduces x over a set of dimensions; the result has the type that the kernel gives (without
/// recording). Throws NotImplementedError when the kernel does not take x's type.
Tensor reduce(const char* op, const kernels::Reduce& kernel, const Tensor& x,
              std::bitset<kMaxDims> over, bool keepdim = false);

/// Puts reduced dimensions back as size 1, so that a result or its gradient broadcasts against the
/// input.
Tensor restore_dims(const Tensor& y, std::bitset<kMaxDims> over, int ndim, bool keepdim);

/// The gradient g of a value y that is picked among the elements of x, shared by all that equal it;
/// NaNs equal each other here.
Tensor shared_gradient(const Tensor& g, const Tensor& x, const Tensor& y,
                       std::bitset<kMaxDims> over, bool keepdim);

}  // namespace pullback
