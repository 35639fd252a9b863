#pragma once

#include <cstdint>

namespace pullback::kernels {

/// The loops of a direct weight gradient: the taps' sums stay in registers while the pixels of a
/// band go by.
template <class T>
struct ConvGradTiles {
  static constexpr int kMostTaps = 5;  ///< of a row that `along_channels` takes

  int lanes = 0;               ///< elements of a vector
  std::int64_t most_taps = 0;  ///< beyond this many a product with patches is faster

  int vectors = 0;  ///< most vectors of channels that `along_channels` takes
  /// `vectors` or one vector along the output channels, of width elements in all. Each of `count`
  /// rows of taps reads `taps` ≤ kMostTaps neighbours, from offsets[r] on:
  /// sums[(r·taps + q)·width + o] +=
  /// Σ_nij g[((n·rows + i)·columns + j)·width + o] x[n·x_image + i·x_row + j + offsets[r] + q],
  /// o < width.
  void (*along_channels)(int vectors, int taps, std::int64_t count, const std::int64_t* offsets,
                         std::int64_t images, std::int64_t rows, std::int64_t columns, const T* g,
                         const T* x, std::int64_t x_image, std::int64_t x_row, T* sums) = nullptr;

  int rows = 0;  ///< most output channels of `along_pixels`
  int taps = 0;  ///< most taps
  /// Vectors along the pixels: to the lanes of sums[(o·sum_row + k)·lanes] is added what makes up
  /// Σ_ij g[o·g_plane + i·g_row + j] x[i·x_row + j + offsets[k]]. Whole vectors are read; beyond
  /// the last column g has zeros.
  void (*along_pixels)(int channels, int taps, std::int64_t rows, std::int64_t columns, const T* g,
                       std::int64_t g_plane, std::int64_t g_row, const T* x, std::int64_t x_row,
                       const std::int64_t* offsets, T* sums, std::int64_t sum_row) = nullptr;
};

}  // namespace pullback::kernels
