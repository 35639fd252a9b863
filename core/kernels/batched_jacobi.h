#pragma once

#include <pullback/core/kernels/batch_lanes.h>

namespace pullback::kernels {

/// Eigenvalues and singular values of kBatchLanes<T> interleaved matrices (batch_lanes.h) at once,
/// by Jacobi's method: plane rotations until nothing is left to rotate. failed[l] says that matrix
/// l has entries that are no numbers or nearly too large to be, or took too long; its results are
/// void.
template <class T>
struct BatchedJacobi {
  /// A = VᵀΛV of symmetric matrices of n rows, of which the upper triangles a[(i·n + j)·lanes + l],
  /// i ≤ j, are read and overwritten. The eigenvalues ascend; row j of v is the eigenvector of
  /// number j. Without vectors v is null.
  void (*eigen)(int n, T* a, T* values, T* v, bool* failed) = nullptr;
  /// X = VᵀSU for `count` ≤ `length` vectors x[(i·length + k)·lanes + l], the rows of X. The
  /// singular values descend; X is replaced by U, of orthonormal rows, V has count rows and
  /// columns. Without vectors v is null and X is left void. Fails for dependent vectors too.
  void (*singular)(int count, int length, T* x, T* values, T* v, bool* failed) = nullptr;
};

}  // namespace pullback::kernels
