#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Neighbouring output pixels that fill one vector, or its first `width` lanes.
struct PixelRun {
  std::int64_t from;  ///< where the first tap reads the first pixel
  std::int64_t to;    ///< where the first pixel is written
  std::int64_t width;
};

/// The loops of a direct convolution: tiles of sums that stay in registers while the taps (input
/// channel, kernel row, kernel column) go by. Tap k of an output pixel reads at the pixel's place
/// plus offsets[k].
template <class T>
struct ConvTiles {
  int lanes = 0;    ///< elements of a vector
  int rows = 0;     ///< most rows of a tile
  int vectors = 0;  ///< most vectors of a row

  /// Vectors along the pixels, rows ≤ `rows` output channels:
  /// y[o·plane + to + i] = bias[o] + Σ_k weights[k·rows + o] x[from + i + offsets[k]], i < width.
  /// Whole vectors are read. bias may be null.
  void (*along_pixels)(int rows, std::int64_t taps, const T* weights, const std::int64_t* offsets,
                       const T* x, std::int64_t count, const PixelRun* runs, const T* bias, T* y,
                       std::int64_t plane) = nullptr;

  /// 1 or `vectors` vectors along the output channels, pixels ≤ `rows` neighbours; with
  /// width = vectors·lanes: out[i·pitch + o] = bias[o] + Σ_k weights[k·width + o] x[i +
  /// offsets[k]]. bias may be null.
  void (*along_channels)(int pixels, int vectors, std::int64_t taps, const T* weights,
                         const std::int64_t* offsets, const T* x, const T* bias, T* out,
                         std::int64_t pitch) = nullptr;

  /// Adds up what pixels spread over a row: to[i] = Σ_j spread[j·pitch + at] with
  /// at = first + i − j·step, over the j < pixels for which 0 ≤ at < count; i < length. Whole
  /// vectors are written. Before the first pixel are `lanes` zeros; as many elements behind each
  /// pixel's count become zeros, whatever the tiles have left there.
  void (*gather_spread)(std::int64_t length, std::int64_t first, std::int64_t step,
                        std::int64_t pixels, std::int64_t count, T* spread, std::int64_t pitch,
                        T* to) = nullptr;

  /// to[r·to_row + t] = from[r·from_row + 2t] for r < rows, t < count.
  void (*every_second)(std::int64_t rows, std::int64_t count, const T* from, std::int64_t from_row,
                       T* to, std::int64_t to_row) = nullptr;
};

}  // namespace pullback::kernels
