#pragma once

#include <cstdint>

#include <pullback/core/geometry.h>
#include <pullback/core/ref.h>
#include <pullback/core/tensor.h>

namespace pullback::linalg {

/// On which side of the unknown the matrix stands: A X = B, X A = B, or A x = b with b a vector [*,
/// n].
enum class Side : std::uint8_t { Left, Right, Vector };

/// The LU factorisation of a batch of square matrices, as a one-word shared handle: one
/// factorisation serves a value, its gradient and its second gradient. Nothing here is recorded.
class Lu {
 public:
  /// Factors the batch; never fails, see `first_singular`.
  explicit Lu(const Tensor& a);

  /// The same factors read as those of Aᵀ.
  Lu transposed() const;
  /// The solution of A X = B (or as `side` says), batches broadcast.
  Tensor solve(const Tensor& b, Side side) const;
  /// A⁻¹.
  Tensor inverse() const;
  /// Sign of the determinant (0 if singular) and the logarithm of its absolute value, as [batch]
  /// tensors.
  void signed_log_det(Tensor& sign, Tensor& log) const;
  Tensor det() const;

  /// Index of the first matrix with an exact zero on U's diagonal, or −1; `zero_at` tells its
  /// 1-based place.
  std::int64_t first_singular() const;
  int zero_at(std::int64_t matrix) const { return data_->info.data_ptr<int>()[matrix]; }
  /// Is U's diagonal of this matrix zero to rounding error somewhere?
  bool nearly_singular(std::int64_t matrix) const;

 private:
  struct Data {
    RefCount refs;
    Tensor factors, pivots, info;
    Geometry batch;
    std::int64_t count = 0;  ///< of matrices
    int n = 0;
    bool of_transpose = false;  ///< LAPACK saw Aᵀ: the row-major memory was factored as it lay
    bool blocked = false;       ///< row-major factors of A itself (kernels/dense_lu.h)
    int lanes = 1;              ///< how many matrices are interleaved (kernels/batched_lu.h)
    /// Where entry `offset` of matrix i lies, among blocks of `size` entries a matrix.
    std::int64_t at(std::int64_t i, std::int64_t offset, std::int64_t size) const {
      return (i / lanes * size + offset) * lanes + i % lanes;
    }
    static void destroy(Data* data) { delete data; }
  };
  Lu(Ref<Data> data, bool transposed) : data_(std::move(data)), transposed_(transposed) {}
  template <class T>
  void factor_interleaved(const Tensor& memory);
  template <class T>
  void solve_interleaved(bool transposed, std::int64_t count, int columns, T* x) const;
  /// Calls f(u, exchanged) for each entry u of U's diagonal of matrix i, and whether its row was
  /// exchanged.
  template <class T, class F>
  void each_diagonal_entry(std::int64_t i, F&& f) const;

  Ref<Data> data_;
  bool transposed_ = false;
};

/// x = A⁻¹ b (or as `side` says) as a recorded operation on a and b, from factors of a that exist
/// already.
Tensor solve_with(const Lu& lu, const Tensor& a, const Tensor& b, Side side);

/// As `inv`, but infinities and NaN for a singular matrix in place of an error.
Tensor inverse_or_infinite(const Tensor& a);

}  // namespace pullback::linalg
