#pragma once

#include <pullback/core/kernels/batch_lanes.h>

namespace pullback::kernels {

/// LU with partial pivoting of kBatchLanes<T> interleaved matrices (batch_lanes.h) at once: entry
/// (i, j) of matrix l is at a[(i + j·n)·lanes + l].
template <class T>
struct BatchedLu {
  /// Factors in place. pivots[k·lanes + l] is LAPACK's 1-based row that was exchanged with row k;
  /// info[l] is the place of the first exact zero on U's diagonal, 1-based, or 0.
  void (*factor)(int n, T* a, int* pivots, int* info) = nullptr;
  /// Solves A X = B, or Aᵀ X = B, in place of the interleaved n×columns B.
  void (*solve)(bool transposed, int n, int columns, const T* lu, const int* pivots,
                T* b) = nullptr;
};

}  // namespace pullback::kernels
