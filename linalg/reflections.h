#pragma once

#include <cstdint>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/householder.h>
#include <pullback/linalg/interleave.h>
#include <pullback/linalg/matrix.h>

// QR factorisations as LAPACK packs them: R in the upper triangle of the m×n matrix, and below the
// diagonal the vectors of k ≤ min(m, n) reflections H = I − τ v vᵀ, whose product is Q.
namespace pullback::linalg {

/// The reflections of one matrix.
template <class T>
class Reflections {
 public:
  Reflections(int m, int n, int k);

  /// Factors a row-major matrix.
  void factor(const T* a);
  /// Takes the vectors and factors of a column-major packed matrix.
  void unpack(const T* packed, const T* tau);

  /// The column-major packed matrix, and the factors.
  void pack(T* packed, T* tau) const;
  /// The first `rows` rows of R, row-major, with zeros below the diagonal.
  void write_r(int rows, T* r) const;
  /// The first `columns` columns of the product, column-major.
  void write_q(int columns, T* q) const;

 private:
  /// H₁ … H_b = I − V T Vᵀ (Schreiber and Van Loan 1989).
  struct Block {
    int first, size, rows;
    T *v, *t, *tau;  ///< `size` vectors of `rows` elements, `size` rows of T, `size` factors
  };
  Block block(int first) const;
  bool one_block() const { return block_ >= k_; }
  void factor_blocks();
  /// Makes T of the block's vectors and factors.
  void join(const Block& block);
  /// Multiplies `columns` columns of the row-major `a` by the block's product, or by its transpose.
  void multiply(const Block& block, bool transposed, int columns, T* a, std::int64_t stride) const;

  int m_, n_, k_, block_;
  std::int64_t stride_;  ///< of the rows of R
  mutable kernels::Buffer<T> r_, v_, t_, tau_;
};

/// Those of at most kBatchLanes<T> matrices of up to kBatchedRows rows and columns, whose memory
/// follows one another, with the bits of `Reflections`.
template <class T>
class InterleavedReflections {
 public:
  InterleavedReflections(std::int64_t count, int m, int n, int k);

  void factor(const T* a);
  void unpack(const T* packed, const T* tau);

  void pack(T* packed, T* tau) const;
  void write_r(int rows, T* r) const;
  void write_q(int columns, T* q) const;

 private:
  std::int64_t count_;
  int m_, n_, k_;
  kernels::Buffer<T> packed_, tau_;
};

/// Calls f(reflections, i) for the reflections of each matrix i of a batch, or of the matrices from
/// i on that are worked on together. `flops` as for each_matrix.
template <class T, class F>
void each_reflections(std::int64_t count, int m, int n, int k, double flops, F&& f) {
  if (count >= kInterleaveFrom && std::max(m, n) <= kernels::kBatchedRows) {
    constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
    each_matrix(group_count<T>(count), flops * lanes / 4, [&](std::int64_t group) {
      const std::int64_t first = group * lanes;
      InterleavedReflections<T> some(std::min(lanes, count - first), m, n, k);
      f(some, first);
    });
  } else {
    each_matrix(count, flops, [&](std::int64_t i) {
      Reflections<T> one(m, n, k);
      f(one, i);
    });
  }
}

}  // namespace pullback::linalg
