#include <pullback/core/kernels/conv_image.h>

#include <algorithm>
#include <cstring>

namespace pullback::kernels {
namespace {

// Whether a tap reads at this place within the stride.
bool used(std::int64_t phase, std::int64_t kernel, std::int64_t dilation, std::int64_t stride) {
  for (std::int64_t p = 0; p < kernel; ++p) {
    if (p * dilation % stride == phase) return true;
  }
  return false;
}

// Rows of small images are shorter than a call of memcpy is long.
template <class T>
void copy_run(const T* from, std::int64_t count, T* to) {
  constexpr std::int64_t kPiece = 16 / sizeof(T);
  if (count < kPiece || count > 16 * kPiece) {
    std::copy_n(from, count, to);
    return;
  }
  for (std::int64_t t = 0; t < count - kPiece; t += kPiece) std::memcpy(to + t, from + t, 16);
  std::memcpy(to + count - kPiece, from + count - kPiece, 16);
}

// How a row is copied: to[t] = from[t·stride + offset] for t in [first, last), and 0 beside it.
struct RowCopy {
  RowCopy(std::int64_t offset, std::int64_t stride, std::int64_t extent, std::int64_t count)
      : offset(offset),
        stride(stride),
        count(count),
        first(
            std::clamp<std::int64_t>(offset >= 0 ? 0 : (-offset + stride - 1) / stride, 0, count)),
        last(std::clamp<std::int64_t>(
            extent - offset <= 0 ? 0 : (extent - offset + stride - 1) / stride, first, count)) {}

  // `zeroed`: what lies beside it is 0 already.
  template <class T>
  void run(const T* from, bool zeroed, T* to) const {
    if (!zeroed) {
      std::fill(to, to + first, T(0));
      std::fill(to + last, to + count, T(0));
    }
    if (stride == 1) {
      copy_run(from + offset + first, last - first, to + first);
    } else {
      for (std::int64_t t = first; t < last; ++t) to[t] = from[t * stride + offset];
    }
  }

  std::int64_t offset, stride, count, first, last;
};

}  // namespace

ConvImage::ConvImage(const ConvShape& s, std::int64_t band, std::int64_t spare, bool in_place)
    : in_place(in_place && s.stride_h == 1 && s.stride_w == 1 && s.padding_h == 0 &&
               s.padding_w == 0 && s.in_h >= s.out_h + s.dilation_h * (s.kernel_h - 1) &&
               s.in_w >= s.out_w + s.dilation_w * (s.kernel_w - 1)) {
  if (this->in_place) {
    rows = s.in_h, columns = s.in_w, channel = rows * columns, size = 0;
    return;
  }
  rows = band + s.dilation_h * (s.kernel_h - 1) / s.stride_h;
  columns = s.out_w + s.dilation_w * (s.kernel_w - 1) / s.stride_w;
  channel = s.stride_h * s.stride_w * rows * columns;
  size = s.in_channels / s.groups * channel + spare;
}

void ConvImage::tap_offsets(const ConvShape& s, std::int64_t* offsets) const {
  const std::int64_t phase = rows * columns;
  for (std::int64_t p = 0; p < s.kernel_h; ++p)
    for (std::int64_t c = 0; c < s.in_channels / s.groups; ++c)
      for (std::int64_t q = 0; q < s.kernel_w; ++q) {
        const std::int64_t y = p * s.dilation_h, x = q * s.dilation_w;
        const std::int64_t place = y % s.stride_h * s.stride_w + x % s.stride_w;
        *offsets++ = c * channel + place * phase + y / s.stride_h * columns + x / s.stride_w;
      }
}

template <class T>
const T* ConvImage::at(const ConvShape& s, const T* image, std::int64_t first_row, bool zeroed,
                       T* copy) const {
  if (in_place) return image + first_row * columns;
  for (std::int64_t y = 0; y < s.stride_h; ++y) {
    if (!used(y, s.kernel_h, s.dilation_h, s.stride_h)) continue;
    for (std::int64_t x = 0; x < s.stride_w; ++x) {
      if (!used(x, s.kernel_w, s.dilation_w, s.stride_w)) continue;
      const RowCopy row_copy(x - s.padding_w, s.stride_w, s.in_w, columns);
      for (std::int64_t c = 0; c < s.in_channels / s.groups; ++c) {
        T* to = copy + c * channel + (y * s.stride_w + x) * rows * columns;
        for (std::int64_t r = 0; r < rows; ++r, to += columns) {
          const std::int64_t row = (first_row + r) * s.stride_h + y - s.padding_h;
          if (row < 0 || row >= s.in_h) {
            if (!zeroed) std::fill(to, to + columns, T(0));
          } else {
            row_copy.run(image + (c * s.in_h + row) * s.in_w, zeroed, to);
          }
        }
      }
    }
  }
  return copy;
}

template const float* ConvImage::at<float>(const ConvShape&, const float*, std::int64_t, bool,
                                           float*) const;
template const double* ConvImage::at<double>(const ConvShape&, const double*, std::int64_t, bool,
                                             double*) const;

}  // namespace pullback::kernels
