#pragma once

#include <pullback/core/kernels/batch_lanes.h>

namespace pullback::kernels {

/// Cholesky factorisation of kBatchLanes<T> interleaved matrices (batch_lanes.h) at once: entry
/// (i, j) of matrix l is at a[(i·n + j)·lanes + l].
template <class T>
struct BatchedCholesky {
  /// Reads the lower triangles, and leaves L in their place and zeros above. info[l] is the order
  /// of the first leading minor that is not positive, or 0.
  void (*factor)(int n, T* a, int* info) = nullptr;
};

}  // namespace pullback::kernels
