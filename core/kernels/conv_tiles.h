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
  /// width = vectors·lanes: out[i·width + o] = bias[o] + Σ_k weights[k·width + o] x[i +
  /// offsets[k]]. bias may be null.
  void (*along_channels)(int pixels, int vectors, std::int64_t taps, const T* weights,
                         const std::int64_t* offsets, const T* x, const T* bias, T* out) = nullptr;
};

}  // namespace pullback::kernels
