#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Windows that all have the same taps: rows×columns of them, `row_step` and `column_step` elements
/// apart. The next window of a row starts `stride` elements after one, and the next row of windows
/// `x_row` elements; its results lie `y_row` after.
struct MaxPoolWindows {
  std::int64_t rows, row_step, columns, column_step, stride, x_row, y_row;
};

template <class T>
struct MaxPoolRows {
  /// y[i·y_row + j] = the largest of the window that starts at x[i·x_row + j·stride], a NaN if
  /// there is one, and indices[i·y_row + j] = place + its distance from x, for i < rows, j < count
  /// ≤ y_row. Distances are less than 2³¹. `readable` elements may be read from x on; of the
  /// `writable` results from y and indices on, those behind the first of them may be overwritten.
  void (*rows)(std::int64_t rows, std::int64_t count, const MaxPoolWindows& windows, const T* x,
               std::int64_t readable, std::int64_t place, T* y, std::int64_t* indices,
               std::int64_t writable) = nullptr;
};

}  // namespace pullback::kernels
