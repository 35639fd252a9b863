#pragma once

#include <pullback/core/ops/map.h>

/// How products of matrices reach BLAS.
namespace pullback {

/// Throws unless both are defined, of one type, and not bool.
void check_operands(const char* op, const Tensor& a, const Tensor& b);
/// Throws unless x, which the error calls `which`, has so many dimensions.
void check_dims(const char* op, const Tensor& x, const char* which, int dims);
/// Throws unless a b is a product of two matrices; the error calls a `left` and b `right`.
void check_matrices(const char* op, const Tensor& a, const char* left, const Tensor& b,
                    const char* right);
/// Throws unless a and b are batches of as many matrices, whose products there are.
void check_batches(const char* op, const Tensor& a, const Tensor& b);

/// A matrix, or the transpose of one without the cost of a view.
struct Factor {
  const Tensor& matrix;
  bool transposed = false;

  std::int64_t rows() const { return matrix.get()->geometry.size[transposed ? 1 : 0]; }
  std::int64_t columns() const { return matrix.get()->geometry.size[transposed ? 0 : 1]; }
  Factor t() const { return {matrix, !transposed}; }
  Tensor tensor() const { return transposed ? matrix.t() : matrix; }
};

/// A matrix as BLAS takes it: rows or columns next to each other, in its own memory or a copy.
class Operand {
  Tensor copy_;

 public:
  const Tensor& tensor;
  bool transposed = false;
  std::int64_t leading = 1;

  explicit Operand(const Tensor& x)
      : copy_(fits(x) ? Tensor() : x.detach().contiguous()), tensor(copy_.defined() ? copy_ : x) {
    fits(tensor);
  }
  explicit Operand(const Factor& x) : Operand(x.matrix) { transposed = transposed != x.transposed; }
  Operand(const Operand&) = delete;

 private:
  bool fits(const Tensor& x) {
    const Geometry& g = x.get()->geometry;
    const int r = g.ndim - 2, c = g.ndim - 1;
    const std::int64_t rows = g.size[r], columns = g.size[c];
    if ((g.stride[c] == 1 || columns <= 1) && (g.stride[r] >= columns || rows <= 1)) {
      transposed = false;
      leading =
          rows <= 1 ? std::max<std::int64_t>(columns, 1) : std::max<std::int64_t>(g.stride[r], 1);
      return true;
    }
    if ((g.stride[r] == 1 || rows <= 1) && (g.stride[c] >= rows || columns <= 1)) {
      transposed = true;
      leading =
          columns <= 1 ? std::max<std::int64_t>(rows, 1) : std::max<std::int64_t>(g.stride[c], 1);
      return true;
    }
    return false;
  }
};

template <class T>
const T* elements(const Tensor& x) {
  return reinterpret_cast<const T*>(x.get()->bytes());
}

template <class F>
void visit_number(ScalarType type, F&& f) {
  visit(type, [&](auto zero) {
    if constexpr (!std::is_same_v<decltype(zero), bool>) f(zero);
  });
}

/// α a b + β y in the dense memory of y, or α a b + β row.
void product_into(const Tensor& y, const Factor& a, const Factor& b, const Scalar& alpha,
                  const Scalar& beta, const Tensor* row = nullptr);

/// y = α a b + β y for batches of matrices.
void batch_into(const Tensor& y, const Tensor& a, const Tensor& b, const Scalar& alpha,
                const Scalar& beta);

inline Tensor blank(IntArrayRef sizes, ScalarType type) {
  return empty_of(Geometry(sizes), type);
}

/// Do x's columns lie in memory one after the other?
bool by_columns(const Tensor& x);

/// a b, in memory by columns or by rows, recorded where gradients are. A gradient lies as its
/// tensor does: that of W in x Wᵀ then comes to W dense, and is kept as it is.
Tensor product(const Factor& a, const Factor& b, bool by_columns);

}  // namespace pullback
