#include <limits>
#include <vector>

#include <pullback/core/ops.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

// By repeated squaring, in operations that are recorded themselves.
Tensor matrix_power(const Tensor& a, std::int64_t n) {
  // Products need no LAPACK, so integers will do; an inverse checks for itself.
  check(a.defined(), "linalg.matrix_power: expected a tensor but got an undefined one");
  check(a.dim() >= 2 && rows(a) == columns(a),
        "linalg.matrix_power: A must be batches of square matrices, but has sizes ", a.sizes());
  if (n == 0) return eye(rows(a), TensorOptions(a.scalar_type())).expand(a.sizes()).clone();
  if (n == 1) return a.clone();
  if (n < 0) {
    check(n != std::numeric_limits<std::int64_t>::min(),
          "linalg.matrix_power: n is too small: ", n);
    const Tensor inverse = inv(a);
    return n == -1 ? inverse : linalg::matrix_power(inverse, -n);
  }
  Tensor square = a, result;
  for (;; square = square.matmul(square)) {
    if (n % 2) result = result.defined() ? result.matmul(square) : square;
    n /= 2;
    if (n == 0) return result;
  }
}

namespace {

// The product of tensors i … j where split[i][j] says the cheapest last multiplication.
Tensor product(const std::vector<Tensor>& tensors,
               const std::vector<std::vector<std::size_t>>& split, std::size_t i, std::size_t j) {
  if (i == j) return tensors[i];
  const std::size_t k = split[i][j];
  return product(tensors, split, i, k).matmul(product(tensors, split, k + 1, j));
}

}  // namespace

// The order of least multiplications by dynamic programming (Cormen, Leiserson, Rivest and Stein,
// section 15.2).
Tensor multi_dot(TensorList list) {
  const std::size_t count = list.size();
  check(count >= 2, "multi_dot: expected at least 2 tensors but got ", count);
  for (const Tensor& x : list)
    check(x.defined(), "multi_dot: expected a tensor but got an undefined one");
  auto tensors = list.vec();
  const bool row = tensors.front().dim() == 1, column = tensors.back().dim() == 1;
  if (row) tensors.front() = tensors.front().unsqueeze(0);
  if (column) tensors.back() = tensors.back().unsqueeze(-1);
  for (std::size_t i = 0; i < count; ++i) {
    check(tensors[i].dim() == 2, "multi_dot: tensor ", i,
          " must be a matrix (the first and the last may be vectors), got sizes ",
          tensors[i].sizes());
    check(i == 0 || columns(tensors[i - 1]) == rows(tensors[i]), "multi_dot: tensors ", i - (i > 0),
          " and ", i, " with shapes ", tensors[i - (i > 0)].sizes(), " and ", tensors[i].sizes(),
          " cannot be multiplied");
  }
  std::vector<std::vector<double>> cost(count, std::vector<double>(count, 0));
  std::vector<std::vector<std::size_t>> split(count, std::vector<std::size_t>(count, 0));
  for (std::size_t length = 1; length < count; ++length)
    for (std::size_t i = 0; i + length < count; ++i) {
      const std::size_t j = i + length;
      cost[i][j] = std::numeric_limits<double>::infinity();
      for (std::size_t k = i; k < j; ++k) {
        const double total =
            cost[i][k] + cost[k + 1][j] +
            double(rows(tensors[i])) * double(columns(tensors[k])) * double(columns(tensors[j]));
        if (total < cost[i][j]) {
          cost[i][j] = total;
          split[i][j] = k;
        }
      }
    }
  Tensor result = product(tensors, split, 0, count - 1);
  if (column) result = result.squeeze(-1);
  if (row) result = result.squeeze(0);
  return result;
}

}  // namespace pullback::linalg

namespace pullback {

Tensor matrix_power(const Tensor& a, std::int64_t n) {
  return linalg::matrix_power(a, n);
}

}  // namespace pullback
