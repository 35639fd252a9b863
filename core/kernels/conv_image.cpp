#include <pullback/core/kernels/conv_image.h>

#include <algorithm>
#include <cstring>

#include <pullback/core/kernels/conv_cut.h>

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

// How rows are copied: to[t] = from[t·stride + offset] for t in [first, last), and 0 beside it.
struct RowCopy {
  RowCopy(std::int64_t offset, std::int64_t stride, std::int64_t extent, std::int64_t count)
      : offset(offset),
        stride(stride),
        count(count),
        first(std::clamp<std::int64_t>(offset >= 0 ? 0 : ceil_div(-offset, stride), 0, count)),
        last(std::clamp<std::int64_t>(extent - offset <= 0 ? 0 : ceil_div(extent - offset, stride),
                                      first, count)) {}

  // `zeroed`: what lies beside them is 0 already.
  template <class T>
  void run(const ConvTiles<T>& tiles, std::int64_t rows, const T* from, std::int64_t from_row,
           bool zeroed, T* to) const {
    for (std::int64_t r = 0; r < rows && !zeroed; ++r) {
      std::fill_n(to + r * count, first, T(0));
      std::fill_n(to + r * count + last, count - last, T(0));
    }
    from += first * stride + offset, to += first;
    if (stride == 2) return tiles.every_second(rows, last - first, from, from_row, to, count);
    for (std::int64_t r = 0; r < rows; ++r, from += from_row, to += count) {
      if (stride == 1) {
        copy_run(from, last - first, to);
      } else {
        for (std::int64_t t = 0; t < last - first; ++t) to[t] = from[t * stride];
      }
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
    rows = s.in_h, columns = s.in_w, plane = rows * columns, size = 0;
    return;
  }
  rows = band + s.dilation_h * (s.kernel_h - 1) / s.stride_h;
  columns = s.out_w + s.dilation_w * (s.kernel_w - 1) / s.stride_w;
  plane = s.stride_h * s.stride_w * rows * columns;
  size = s.in_channels / s.groups * plane + spare;
}

std::int64_t ConvImage::tap_offset(const ConvShape& s, std::int64_t c, std::int64_t p,
                                   std::int64_t q) const {
  const std::int64_t y = p * s.dilation_h, x = q * s.dilation_w;
  const std::int64_t place = y % s.stride_h * s.stride_w + x % s.stride_w;
  return c * plane + (place * rows + y / s.stride_h) * columns + x / s.stride_w;
}

void ConvImage::tap_offsets(const ConvShape& s, std::int64_t* offsets) const {
  for (std::int64_t p = 0; p < s.kernel_h; ++p)
    for (std::int64_t c = 0; c < s.in_channels / s.groups; ++c)
      for (std::int64_t q = 0; q < s.kernel_w; ++q) *offsets++ = tap_offset(s, c, p, q);
}

template <class T>
const T* ConvImage::at(const ConvTiles<T>& tiles, const ConvShape& s, const T* image,
                       std::int64_t first_row, bool zeroed, T* copy) const {
  if (in_place) return image + first_row * columns;
  for (std::int64_t y = 0; y < s.stride_h; ++y) {
    if (!used(y, s.kernel_h, s.dilation_h, s.stride_h)) continue;
    // The first row's place in the image, and which rows lie inside.
    const std::int64_t top = first_row * s.stride_h + y - s.padding_h;
    const std::int64_t first =
        std::clamp<std::int64_t>(ceil_div(std::max<std::int64_t>(-top, 0), s.stride_h), 0, rows);
    const std::int64_t last = std::clamp<std::int64_t>(
        ceil_div(std::max<std::int64_t>(s.in_h - top, 0), s.stride_h), first, rows);
    for (std::int64_t c = 0; c < s.in_channels / s.groups; ++c)
      for (std::int64_t x = 0; x < s.stride_w; ++x) {
        if (!used(x, s.kernel_w, s.dilation_w, s.stride_w)) continue;
        T* to = copy + c * plane + (y * s.stride_w + x) * rows * columns;
        if (!zeroed) {
          std::fill_n(to, first * columns, T(0));
          std::fill_n(to + last * columns, (rows - last) * columns, T(0));
        }
        if (first == last) continue;
        const RowCopy row_copy(x - s.padding_w, s.stride_w, s.in_w, columns);
        row_copy.run(tiles, last - first, image + (c * s.in_h + top + first * s.stride_h) * s.in_w,
                     s.stride_h * s.in_w, zeroed, to + first * columns);
      }
  }
  return copy;
}

template const float* ConvImage::at<float>(const ConvTiles<float>&, const ConvShape&, const float*,
                                           std::int64_t, bool, float*) const;
template const double* ConvImage::at<double>(const ConvTiles<double>&, const ConvShape&,
                                             const double*, std::int64_t, bool, double*) const;

}  // namespace pullback::kernels
