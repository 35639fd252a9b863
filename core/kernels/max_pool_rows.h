#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Windows of a row of outputs that all have the same taps: rows×columns of them, `row_step` and
/// `column_step` elements apart, and start `stride` elements after one another.
struct MaxPoolWindows {
  std::int64_t rows, row_step, columns, column_step, stride;
};

template <class T>
struct MaxPoolRows {
  /// y[j] = the largest of the window that starts at x[j·stride], a NaN if there is one, and
  /// indices[j] = place + its distance from x, for j < count. A window is less than 2³¹ elements
  /// long. `readable` elements may be read from x on; of the `writable` results from y and indices
  /// on, those beyond `count` may be overwritten.
  void (*row)(std::int64_t count, const MaxPoolWindows& windows, const T* x, std::int64_t readable,
              std::int64_t place, T* y, std::int64_t* indices, std::int64_t writable) = nullptr;
};

}  // namespace pullback::kernels
