#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Positions of one dimension whose sums have the same taps: the k-th of `count` is written at
/// to + k·to_step, and its u-th of `taps` products is of weight tap + u·tap_step with what lies at
/// from + k·from_step + u·tap_from.
struct DepthwiseRun {
  std::int64_t count, to, to_step, from, from_step, taps, tap, tap_step, tap_from;
};
struct DepthwiseRuns {
  const DepthwiseRun* begin;
  const DepthwiseRun* end;
};

/// The loops of convolutions with one filter a channel, on images that have been turned so that
/// vectors lie along channels: a pixel or a weight is one vector.
template <class T>
struct DepthwiseTiles {
  int lanes = 0;  ///< elements of a vector

  /// to[row, column] = bias + Σ weights[tap row, tap column] from[row, column] for all runs of rows
  /// and of columns. Rows of the images and of the weights are `to_width`, `from_width` and
  /// `kernel_w` vectors long.
  void (*sums)(DepthwiseRuns rows, DepthwiseRuns columns, const T* bias, const T* weights,
               std::int64_t kernel_w, const T* from, std::int64_t from_width, T* to,
               std::int64_t to_width) = nullptr;

  /// sum += Σ_ij g[i·g_row + j] x[i·x_row + j·x_step], all counted in vectors.
  void (*products)(std::int64_t rows, std::int64_t columns, const T* g, std::int64_t g_row,
                   const T* x, std::int64_t x_row, std::int64_t x_step, T* sum) = nullptr;
};

}  // namespace pullback::kernels
