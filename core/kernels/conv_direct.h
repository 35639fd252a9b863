#pragma once

#include <cstdint>

#include <pullback/core/kernels/conv.h>
#include <pullback/core/kernels/kernels.h>

namespace pullback::kernels {

/// Element (o, c, p, q) of the weight of one group lies at data[o·out + c·in + p·row + q·column];
/// the groups' weights lie `group` apart.
template <class T>
struct ConvWeight {
  const T* data;
  std::int64_t out, in, row, column, group;
  ConvWeight of_group(std::int64_t i) const {
    return {data + i * group, out, in, row, column, group};
  }
};

/// The weight as it is stored, and with the channels exchanged and the kernel turned by 180°: a
/// convolution with that is the adjoint of one with stride 1.
template <class T>
ConvWeight<T> stored_weight(const ConvShape& shape, const T* weight);
template <class T>
ConvWeight<T> turned_weight(const ConvShape& shape, const T* weight);
/// The convolution whose weight is `turned_weight`. Its padding may be negative, and its input's
/// extent short of what the output asks for: there is 0 beyond.
ConvShape turned_shape(const ConvShape& shape);

/// `conv2d` with sums that stay in registers, for any shape.
template <class T>
void direct_conv2d(const Kernels& tier, const ConvShape& shape, const T* x,
                   const ConvWeight<T>& weight, const T* bias, T* y);

/// `conv2d_input_grad` for dilations of 1, any stride: vectors lie along the weights of a kernel
/// row (kernel column, input channel), over which every pixel of g spreads.
template <class T>
void spread_conv2d_input_grad(const Kernels& tier, const ConvShape& shape, const T* g,
                              const T* weight, T* gx);

/// `conv2d_weight_grad` with sums that stay in registers, for any shape.
template <class T>
void direct_conv2d_weight_grad(const Kernels& tier, const ConvShape& shape, const T* x, const T* g,
                               T* gw);

}  // namespace pullback::kernels
