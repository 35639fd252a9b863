#include <pullback/core/kernels/conv.h>

#include <pullback/core/kernels/conv_columns.h>
#include <pullback/core/kernels/conv_direct.h>

// Which way a convolution goes. bench/compare measures the choice.
namespace pullback::kernels {
namespace {

bool unit_stride(const ConvShape& s) {
  return s.stride_h == 1 && s.stride_w == 1;
}

// A direct weight gradient wants vectors along the output channels, and sums that stay in the
// second-level cache.
template <class T>
bool direct_weight_grad(const Kernels& tier, const ConvShape& s) {
  const std::int64_t kernel = s.kernel_h * s.kernel_w, in = s.in_channels / s.groups;
  return unit_stride(s) && s.dilation_h == 1 && s.dilation_w == 1 && kernel > 1 &&
         3 * (s.out_channels / s.groups) >= conv_tiles<T>(tier).lanes && in * kernel <= 1500;
}

}  // namespace

template <class T>
void conv2d(const ConvShape& s, const T* x, const T* weight, const T* bias, T* y) {
  direct_conv2d(kernels(), s, x, stored_weight(s, weight), bias, y);
}

template <class T>
void conv2d_input_grad(const ConvShape& s, const T* g, const T* weight, T* gx) {
  if (!unit_stride(s)) return columns_conv2d_input_grad(s, g, weight, gx);
  direct_conv2d<T>(kernels(), turned_shape(s), g, turned_weight(s, weight), nullptr, gx);
}

template <class T>
void conv2d_weight_grad(const ConvShape& s, const T* x, const T* g, T* gw) {
  if (!direct_weight_grad<T>(kernels(), s)) return columns_conv2d_weight_grad(s, x, g, gw);
  direct_conv2d_weight_grad(kernels(), s, x, g, gw);
}

#define PULLBACK_INSTANTIATE(T)                                                 \
  template void conv2d<T>(const ConvShape&, const T*, const T*, const T*, T*);  \
  template void conv2d_input_grad<T>(const ConvShape&, const T*, const T*, T*); \
  template void conv2d_weight_grad<T>(const ConvShape&, const T*, const T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
