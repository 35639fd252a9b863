#pragma once

#include <pullback/core/kernels/conv.h>
#include <pullback/core/kernels/kernels.h>

namespace pullback::kernels {

// Convolutions with one filter a channel, on images turned so that vectors lie along channels: any
// stride, padding and dilation fills them, and no tap reads padding.

/// Whether a convolution has one filter a channel, channels enough for a vector, and rows that fit
/// in working space.
template <class T>
bool is_depthwise(const Kernels& tier, const ConvShape& shape);

/// `conv2d`, `conv2d_input_grad` and `conv2d_weight_grad`.
template <class T>
void depthwise_conv2d(const Kernels& tier, const ConvShape& shape, const T* x, const T* weight,
                      const T* bias, T* y);
template <class T>
void depthwise_conv2d_input_grad(const Kernels& tier, const ConvShape& shape, const T* g,
                                 const T* weight, T* gx);
template <class T>
void depthwise_conv2d_weight_grad(const Kernels& tier, const ConvShape& shape, const T* x,
                                  const T* g, T* gw);

}  // namespace pullback::kernels
