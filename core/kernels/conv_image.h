#pragma once

#include <cstdint>

#include <pullback/core/kernels/conv.h>
#include <pullback/core/kernels/conv_tiles.h>

namespace pullback::kernels {

/// How a direct convolution sees a band of output rows' share of one image and group: padded, and
/// with the rows and columns sorted by their place within a stride, so that every tap reads
/// neighbouring output pixels at neighbouring places. Where no padding and no stride ask for a
/// copy, it is the image itself.
struct ConvImage {
  /// `spare`: elements that may be read beyond the last pixel; `in_place`: without a copy if
  /// possible.
  ConvImage(const ConvShape& shape, std::int64_t band, std::int64_t spare, bool in_place);

  /// Offset of a tap from an output pixel's place.
  std::int64_t tap_offset(const ConvShape& shape, std::int64_t channel, std::int64_t row,
                          std::int64_t column) const;
  /// All of them: kernel row, input channel, kernel column.
  void tap_offsets(const ConvShape& shape, std::int64_t* offsets) const;

  /// Where output pixel (row first_row + i, column j) has its place: at(…) + i·columns + j. A copy
  /// that was `zeroed` and has taken bands of the same place only keeps its padding.
  template <class T>
  const T* at(const ConvTiles<T>& tiles, const ConvShape& shape, const T* image,
              std::int64_t first_row, bool zeroed, T* copy) const;

  bool in_place;
  std::int64_t rows, columns;  ///< of the pixels at one place within the strides
  std::int64_t plane;          ///< elements of an input channel
  std::int64_t size;           ///< elements of a copy
};

}  // namespace pullback::kernels
