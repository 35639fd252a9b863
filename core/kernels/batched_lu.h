#pragma once

namespace pullback::kernels {

/// Matrices that are factored together: as many as fit side by side in a cache line.
template <class T>
inline constexpr int kLuLanes = 64 / static_cast<int>(sizeof(T));

/// LU with partial pivoting of kLuLanes<T> small matrices at once. Their entries are interleaved:
/// entry (i, j) of matrix l is at a[(i + j·n)·lanes + l], so that every step is the same step of
/// all. Their memory begins at a cache line.
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
