#pragma once

#include <pullback/core/kernels/conv.h>

namespace pullback::kernels {

// The gradients through a matrix of patches and BLAS: for any shape.

/// `conv2d_input_grad`.
template <class T>
void columns_conv2d_input_grad(const ConvShape& shape, const T* g, const T* weight, T* gx);

/// `conv2d_weight_grad`.
template <class T>
void columns_conv2d_weight_grad(const ConvShape& shape, const T* x, const T* g, T* gw);

}  // namespace pullback::kernels
