#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <pullback/core/kernels/pool.h>
#include <pullback/core/tensor.h>

// What every decomposition needs: checks of a batch of matrices, column-major memory, and a loop
// over the batch.
namespace pullback::linalg {

/// Throws RuntimeError unless x is a float32 or float64 tensor of at least two dimensions.
void check_matrix(const char* op, const Tensor& x, const char* name = "A");
/// As check_matrix, and the matrices must be square.
void check_square(const char* op, const Tensor& x, const char* name = "A");
/// Throws RuntimeError unless both have one element type.
void check_same_type(const char* op, const Tensor& a, const Tensor& b);

inline std::int64_t rows(const Tensor& x) {
  return x.size(-2);
}
inline std::int64_t columns(const Tensor& x) {
  return x.size(-1);
}

/// The sizes before the last two, and how many matrices they make.
std::vector<std::int64_t> batch_sizes(const Tensor& x);
std::int64_t count_of(IntArrayRef sizes);
inline std::int64_t matrix_count(const Tensor& x) {
  return count_of(batch_sizes(x));
}
/// `batch` followed by `rest`.
std::vector<std::int64_t> join(IntArrayRef batch, IntArrayRef rest);
/// The batch sizes that both broadcast to.
std::vector<std::int64_t> broadcast_batch(const char* op, const std::vector<std::int64_t>& a,
                                          const std::vector<std::int64_t>& b);

/// Uninitialised matrices in column-major memory, as LAPACK wants them; an ordinary tensor, not a
/// view.
Tensor empty_columns(IntArrayRef sizes, ScalarType dtype);
/// Fresh column-major or row-major copies of x, stretched to `sizes`. Not recorded.
Tensor copy_columns(const Tensor& x, IntArrayRef sizes);
Tensor copy_rows(const Tensor& x, IntArrayRef sizes);
inline Tensor copy_columns(const Tensor& x) {
  return copy_columns(x, x.sizes());
}
inline Tensor copy_rows(const Tensor& x) {
  return copy_rows(x, x.sizes());
}

/// Which matrix of the batch `from` meets matrix i of the batch `to` that it broadcasts to.
class BatchIndex {
 public:
  BatchIndex(IntArrayRef from, IntArrayRef to);
  std::int64_t operator[](std::int64_t i) const { return same_ ? i : index_[i]; }

 private:
  bool same_;
  std::vector<std::int64_t> index_;
};

/// Runs f(i) for each matrix of a batch, in parallel when `flops` for one of them make it worth
/// while.
template <class F>
void each_matrix(std::int64_t count, double flops, F&& f) {
  constexpr double kFlopsOfAChunk = 40000;
  const auto chunk = static_cast<std::int64_t>(std::max(1.0, kFlopsOfAChunk / (flops + 20)));
  if (count <= chunk) {
    for (std::int64_t i = 0; i < count; ++i) f(i);
    return;
  }
  kernels::parallel_for(count, chunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) f(i);
  });
}

/// Calls f with a float or a double, as the element type is.
template <class F>
void visit_real(ScalarType type, F&& f) {
  if (type == ScalarType::Float) {
    f(float{});
  } else {
    f(double{});
  }
}

/// eps of a floating-point element type.
double epsilon(ScalarType type);

/// Index of the first matrix whose factorisation returned anything but 0, or −1.
std::int64_t first_failure(const std::vector<int>& info);
/// "op: " or, in a batch, "op: (Batch element i): ", the beginning of a failed factorisation's
/// message.
std::string failure(const char* op, const Tensor& x, std::int64_t i);
/// Throws LinAlgError where LAPACK did not find all `what` of a matrix of the batch `x`.
void check_converged(const char* op, const Tensor& x, const std::vector<int>& info,
                     const char* what);

}  // namespace pullback::linalg
