#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Columns that a blocked LU factors at a time; a multiple of every tier's vectors.
inline constexpr int kLuPanel = 16;

/// The loops of a blocked LU with partial pivoting on **row-major** matrices, in tiles of
/// registers.
template <class T>
struct DenseLu {
  /// Right sides that are solved for together.
  int width = 0;
  /// Factors the n×n `a` in place; rows lie `stride` apart, a multiple of kLuPanel ≥ n, and what
  /// lies beyond column n is overwritten. `panel` has room for kLuPanel rows of `stride` elements.
  /// pivots[k] is the 1-based row that was exchanged with row k. Returns the place of the first
  /// exact zero on U's diagonal, 1-based, or 0.
  int (*factor)(int n, T* a, std::int64_t stride, int* pivots, T* panel) = nullptr;
  /// Solves L U X = X, or Uᵀ Lᵀ X = X, for the first `columns` ≤ width columns of n rows of `width`
  /// elements; the rest of the last vector of columns is overwritten.
  void (*substitute)(bool transposed, int n, int columns, const T* lu, T* x) = nullptr;
  /// The same for one right side of n contiguous elements.
  void (*substitute_one)(bool transposed, int n, const T* lu, T* x) = nullptr;
};

/// Factors the dense row-major n×n matrix in place: P A = L U, L unit lower, with the pivots and
/// result of `DenseLu::factor`.
template <class T>
int dense_lu_factor(int n, T* a, int* pivots);

/// Solves A X = B, or Aᵀ X = B if `transposed`, in place of B, from `dense_lu_factor`'s result.
/// B(i, c) is at b[i·row + c·column]. Many right sides are shared over the pool, with the same
/// result on any number of threads.
template <class T>
void dense_lu_solve(bool transposed, int n, std::int64_t columns, const T* lu, const int* pivots,
                    T* b, std::int64_t row, std::int64_t column);

}  // namespace pullback::kernels
