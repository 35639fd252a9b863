#include <cstddef>
#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

using autograd::Needs;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

// Up to this size plain loops over many right sides at once beat a call of LAPACK.
constexpr int kSmall = 32;

/// As lapack::triangular_solve, but the right sides' entries of one unknown are neighbours.
template <class T>
void substitute_rows(lapack::Triangle shape, int n, int columns, const T* t, T* x) {
  const bool forward = shape.upper == shape.transposed;
  const auto entry = [&](int i, int k) { return shape.transposed ? t[k + i * n] : t[i + k * n]; };
  for (int step = 0; step < n; ++step) {
    const int i = forward ? step : n - 1 - step;
    T* row = x + std::ptrdiff_t{i} * columns;
    for (int before = 0; before < step; ++before) {
      const int k = forward ? before : n - 1 - before;
      const T factor = entry(i, k);
      const T* known = x + std::ptrdiff_t{k} * columns;
      for (int c = 0; c < columns; ++c) row[c] -= factor * known[c];
    }
    if (shape.unit_diagonal) continue;
    const T divisor = entry(i, i);
    for (int c = 0; c < columns; ++c) row[c] /= divisor;
  }
}

Tensor solved(const Tensor& a, const Tensor& b, bool upper, bool left, bool unitriangular) {
  const int n = static_cast<int>(rows(a));
  const auto many = static_cast<int>(left ? columns(b) : rows(b));
  const auto batch = broadcast_batch("linalg.solve_triangular", batch_sizes(a), batch_sizes(b));
  const auto sizes = join(batch, {rows(b), columns(b)});
  const bool by_rows = n <= kSmall && many > 1;
  Tensor x = left != by_rows ? copy_columns(b, sizes) : copy_rows(b, sizes);
  // The memory of A or of Aᵀ, whichever is dense, is column-major and is read as it lies.
  const bool columns_dense = a.mT().is_contiguous();
  const Tensor memory = columns_dense ? a : a.detach().contiguous();
  const lapack::Triangle shape{columns_dense == upper, columns_dense != left, unitriangular};
  const BatchIndex index(batch_sizes(a), batch);
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* triangle = memory.data_ptr<T>();
    T* values = x.data_ptr<T>();
    each_matrix(count_of(batch), 1.0 * n * n * many, [&](std::int64_t i) {
      (by_rows ? substitute_rows<T>
               : lapack::triangular_solve<T>)(shape, n, many, triangle + index[i] * n * n,
                                              values + i * n * std::int64_t{many});
    });
  });
  return x;
}

}  // namespace

// As for `solve`: B̄ = A⁻ᵀ g, Ā = −B̄ Xᵀ, of which only the triangle that is read counts (Giles 2008,
// section 2.3.1).
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left,
                        bool unitriangular) {
  check_square("linalg.solve_triangular", a);
  check_matrix("linalg.solve_triangular", b, "B");
  check_same_type("linalg.solve_triangular", a, b);
  check(rows(a) == b.size(left ? -2 : -1),
        "linalg.solve_triangular: Incompatible shapes of A and B for the equation ",
        left ? "AX = B" : "XA = B", " (", rows(a), "x", columns(a), " and ", rows(b), "x",
        columns(b), ")");
  return record("LinalgSolveTriangularBackward0", solved(a, b, upper, left, unitriangular),
                wrt(a, b,
                    [upper, left, unitriangular, a = saved(a)](const Tensor& g, const Tensor& x,
                                                               Needs needs) {
                      Tensor gb = solve_triangular(a->mT(), g, !upper, left, unitriangular), ga;
                      if (needs[0]) {
                        ga = (left ? gb.matmul(x.mT()) : x.mT().matmul(gb)).neg();
                        const std::int64_t skip = unitriangular ? 1 : 0;
                        ga = upper ? ga.triu(skip) : ga.tril(-skip);
                      }
                      return std::pair(std::move(ga), std::move(gb));
                    }));
}

}  // namespace pullback::linalg
