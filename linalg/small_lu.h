#pragma once

namespace pullback::linalg {

/// Up to this size plain loops beat a call of LAPACK.
inline constexpr int kSmallLu = 32;

/// `lapack::lu_factor` of a square column-major matrix, in plain loops: in place, LAPACK's 1-based
/// pivots, and k > 0 when U(k, k) is the first exact zero on the diagonal.
template <class T>
int small_lu_factor(int n, T* a, int* pivots);

/// `lapack::lu_solve`, in plain loops: A X = B or Aᵀ X = B in place of the column-major n×columns
/// B.
template <class T>
void small_lu_solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b);

/// The same for a row-major B, several columns at a time: every column sees the same operations in
/// the same order.
template <class T>
void small_lu_solve_rows(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b);

}  // namespace pullback::linalg
