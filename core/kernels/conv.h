#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Sizes of a two-dimensional cross-correlation: x is batch × in_channels × in_h × in_w, the weight
/// out_channels × in_channels/groups × kernel_h × kernel_w, y batch × out_channels × out_h × out_w,
/// all dense. One dimension is the case in_h = kernel_h = out_h = 1.
struct ConvShape {
  std::int64_t batch = 0, groups = 1;
  std::int64_t in_channels = 0, out_channels = 0;
  std::int64_t in_h = 1, in_w = 1, kernel_h = 1, kernel_w = 1, out_h = 1, out_w = 1;
  std::int64_t stride_h = 1, stride_w = 1, padding_h = 0, padding_w = 0;
  std::int64_t dilation_h = 1, dilation_w = 1;
};

// For float and double. Work is cut along images, groups and bands of rows by sizes only and
// partial sums are added in one order, so results do not depend on the number of threads.

/// y[n, o, i, j] = bias[o] + Σ w[o, c, p, q] x[n, c, i s + p d − pad, j s + q d − pad]; bias may be
/// null.
template <class T>
void conv2d(const ConvShape& shape, const T* x, const T* weight, const T* bias, T* y);

/// The adjoint of `conv2d` in x: overwrites gx with what g pulls back to.
template <class T>
void conv2d_input_grad(const ConvShape& shape, const T* g, const T* weight, T* gx);

/// The adjoint of `conv2d` in the weight: overwrites gw.
template <class T>
void conv2d_weight_grad(const ConvShape& shape, const T* x, const T* g, T* gw);

/// Whether float32 convolutions never go by Winograd's algorithm, which is two to three times as
/// fast but rounds more; at first what PULLBACK_STRICT_CONV=1 says, else false.
bool strict_convolutions() noexcept;
void set_strict_convolutions(bool enabled) noexcept;

}  // namespace pullback::kernels
