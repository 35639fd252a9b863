#include <pullback/core/kernels/conv.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include <pullback/core/kernels/conv_columns.h>
#include <pullback/core/kernels/conv_cut.h>
#include <pullback/core/kernels/conv_depthwise.h>
#include <pullback/core/kernels/conv_direct.h>
#include <pullback/core/kernels/winograd.h>

// Which way a convolution goes. bench/compare measures the choice.
namespace pullback::kernels {
namespace {

std::atomic<bool>& strict() {
  static std::atomic<bool> value = [] {
    const char* asked = std::getenv("PULLBACK_STRICT_CONV");
    return asked && std::strcmp(asked, "1") == 0;
  }();
  return value;
}

bool unit_stride(const ConvShape& s) {
  return s.stride_h == 1 && s.stride_w == 1;
}

// Pointwise, BLAS needs no patches.
template <class T>
bool direct_weight_grad(const ConvShape& s) {
  const std::int64_t kernel = s.kernel_h * s.kernel_w, in = s.in_channels / s.groups;
  return kernel > 1 && in * kernel <= kernels().conv_grad.of<T>().most_taps;
}

// Without a stride, rows of two vectors are read faster where they lie.
template <class T>
bool by_channel(const ConvShape& s) {
  const bool wide = s.out_w >= 2 * kernels().conv.of<T>().lanes && unit_stride(s);
  return !wide && is_depthwise<T>(kernels(), s);
}

// With stride 1 the turned convolution is as good, unless its vectors are half empty or half of
// what it reads is padding. What a 1×1 kernel spreads overlaps nowhere, and BLAS is faster.
template <class T>
bool by_spreading(const ConvShape& s) {
  if (s.dilation_h != 1 || s.dilation_w != 1 || s.kernel_h * s.kernel_w == 1) return false;
  if (!unit_stride(s)) return true;
  const std::int64_t lanes = kernels().conv.of<T>().lanes, in = s.in_channels / s.groups;
  const double turned = std::max(filled(in, lanes), filled(s.in_w, lanes));
  const double share = double(s.out_w) / double(s.in_w);
  return filled(s.kernel_w * in, lanes) > 1.25 * turned * share;
}

// Winograd's way has to earn back the transforms of its channels and filters.
bool by_winograd(const ConvShape& s) {
  const std::int64_t tiles = s.batch * ((s.out_h + 3) / 4) * ((s.out_w + 3) / 4);
  return s.kernel_h == 3 && s.kernel_w == 3 && unit_stride(s) && s.dilation_h == 1 &&
         s.dilation_w == 1 && s.groups == 1 && s.in_channels >= 16 && s.out_channels >= 16 &&
         tiles >= 16 && s.batch * s.out_h * s.out_w >= 6 * tiles && !strict();
}

}  // namespace

bool strict_convolutions() noexcept {
  return strict();
}

void set_strict_convolutions(bool enabled) noexcept {
  strict() = enabled;
}

template <class T>
void conv2d(const ConvShape& s, const T* x, const T* weight, const T* bias, T* y) {
  if (by_channel<T>(s)) return depthwise_conv2d(kernels(), s, x, weight, bias, y);
  const ConvWeight<T> w = stored_weight(s, weight);
  if constexpr (std::is_same_v<T, float>) {
    if (by_winograd(s)) return winograd_conv2d(kernels(), s, x, w, bias, y);
  }
  direct_conv2d(kernels(), s, x, w, bias, y);
}

template <class T>
void conv2d_input_grad(const ConvShape& s, const T* g, const T* weight, T* gx) {
  if (by_channel<T>(s)) return depthwise_conv2d_input_grad(kernels(), s, g, weight, gx);
  const ConvShape turned = turned_shape(s);
  const ConvWeight<T> w = turned_weight(s, weight);
  if constexpr (std::is_same_v<T, float>) {
    if (by_winograd(turned)) return winograd_conv2d(kernels(), turned, g, w, nullptr, gx);
  }
  if (by_spreading<T>(s)) return spread_conv2d_input_grad(kernels(), s, g, weight, gx);
  if (!unit_stride(s)) return columns_conv2d_input_grad(s, g, weight, gx);
  direct_conv2d<T>(kernels(), turned, g, w, nullptr, gx);
}

template <class T>
void conv2d_weight_grad(const ConvShape& s, const T* x, const T* g, T* gw) {
  if (by_channel<T>(s)) return depthwise_conv2d_weight_grad(kernels(), s, x, g, gw);
  if constexpr (std::is_same_v<T, float>) {
    if (by_winograd(s)) return winograd_conv2d_weight_grad(kernels(), s, x, g, gw);
  }
  if (!direct_weight_grad<T>(s)) return columns_conv2d_weight_grad(s, x, g, gw);
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
