#pragma once

#include <cstdint>

#include <pullback/core/kernels/batch_lanes.h>

namespace pullback::kernels {

/// Householder reflections H = I − τ v vᵀ with v₀ = 1 and LAPACK's signs, by loops that give a
/// matrix the same bits alone and in a batch, in every tier.
template <class T>
struct Householder {
  /// A = H₁ … Hₖ R of kBatchLanes<T> interleaved m×n matrices (batch_lanes.h), m ≤ kBatchedRows, in
  /// place: R above, the vectors below the diagonal. Entry (i, j) is at a[(i + j·m)·lanes + l], τ
  /// of reflection i at tau[i·lanes + l].
  void (*factor_batch)(int m, int n, T* a, T* tau) = nullptr;
  /// The first `columns` columns of H₁ … Hₖ, interleaved m×columns, from `factor_batch`'s results.
  void (*product_batch)(int m, int columns, int k, const T* a, const T* tau, T* q) = nullptr;
  /// A = H₁ … Hₖ R of one **row-major** m×n matrix that begins at a cache line and whose rows lie
  /// `stride` apart, a multiple of kBatchLanes<T>. What lies beside the columns, and below the
  /// diagonal, is overwritten. Vector i, with its zeros and its one, goes to the m elements at v +
  /// i·m.
  void (*factor)(int m, int n, T* a, std::int64_t stride, T* v, T* tau) = nullptr;
  /// The first `columns` columns of H₁ … Hₖ, row-major, from `factor`'s vectors.
  void (*product)(int m, int columns, int k, const T* v, const T* tau, T* q,
                  std::int64_t stride) = nullptr;
};

/// The most rows of interleaved matrices.
inline constexpr int kBatchedRows = 32;

}  // namespace pullback::kernels
