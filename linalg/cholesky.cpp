#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/buffer.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/interleave.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>
#include <pullback/linalg/small_cholesky.h>

namespace pullback::linalg {

using autograd::record;
using autograd::wrt;

namespace {

// From L⁻¹ dA L⁻ᵀ = L⁻¹ dL + (L⁻¹ dL)ᵀ: Ā = sym(L⁻ᵀ Φ(Lᵀ L̄) L⁻¹), where Φ keeps the lower triangle
// and halves the diagonal (Murray 2016, section 3.1).
Tensor cholesky_gradient(const Tensor& g, const Tensor& l) {
  const Tensor product = l.mT().matmul(g.tril());
  const Tensor phi = (product.tril() + product.tril(-1)) * 0.5;
  Tensor ga = solve_triangular(l.mT(), phi, /*upper=*/true);
  ga = solve_triangular(l, ga, /*upper=*/false, /*left=*/false);
  return (ga + ga.mT()) * 0.5;
}

// L of row-major matrices of n rows, of which the lower triangles are read.
template <class T>
void factor_interleaved(std::int64_t count, int n, const T* from, T* to, int* info) {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  const std::int64_t size = std::int64_t{n} * n;
  each_matrix(group_count<T>(count), 0.4 * n * size * lanes / 4, [&](std::int64_t i) {
    const std::int64_t first = i * lanes, here = std::min(lanes, count - first);
    kernels::Buffer<T> group(size * lanes);
    int failed[lanes];
    interleave(from + first * size, here, size, group.data());
    kernels::kernels().cholesky.of<T>().factor(n, group.data(), failed);
    deinterleave(group.data(), here, size, to + first * size);
    std::copy(failed, failed + here, info + first);
  });
}

// The same in place.
template <class T>
void factor_each(std::int64_t count, int n, T* values, int* info) {
  each_matrix(count, 0.4 * n * n * n, [&](std::int64_t i) {
    T* matrix = values + i * n * n;
    // The memory of a row-major lower triangle is LAPACK's upper one.
    info[i] = n <= kSmallCholesky ? small_cholesky(n, matrix)
                                  : lapack::cholesky(/*upper=*/true, n, matrix);
    for (std::int64_t r = 0; r < n; ++r)
      std::fill(matrix + r * n + r + 1, matrix + (r + 1) * n, T(0));
  });
}

}  // namespace

Tensor cholesky(const Tensor& a, bool upper) {
  check_square("linalg.cholesky", a);
  const int n = static_cast<int>(rows(a));
  const std::int64_t count = matrix_count(a);
  const bool interleaved = n <= kSmallCholesky && count >= kInterleaveFrom;
  // Interleaving copies, so what lies row by row already needs no copy before.
  const bool as_it_lies = interleaved && !upper && a.is_contiguous();
  // Row-major memory of L, or of Uᵀ.
  Tensor factor = as_it_lies ? empty(a.sizes(), a.scalar_type())
                  : upper    ? copy_columns(a)
                             : copy_rows(a);
  std::vector<int> info(count);
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    T* values = factor.data_ptr<T>();
    if (interleaved) {
      const T* from = as_it_lies ? a.data_ptr<T>() : values;
      factor_interleaved(count, n, from, values, info.data());
    } else {
      factor_each(count, n, values, info.data());
    }
  });
  if (const auto i = first_failure(info); i >= 0)
    check<LinAlgError>(false, failure("linalg.cholesky", a, i),
                       "The factorization could not be completed because the input is not "
                       "positive-definite (the leading minor of order ",
                       info[i], " is not positive-definite).");
  return record("LinalgCholeskyExBackward0", factor,
                wrt(a, [upper](const Tensor& g, const Tensor& y) {
                  return upper ? cholesky_gradient(g.mT(), y.mT()) : cholesky_gradient(g, y);
                }));
}

}  // namespace pullback::linalg

namespace pullback {

using autograd::Needs;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

Tensor solved(const Tensor& b, const Tensor& factor, bool upper) {
  using namespace linalg;
  const int n = static_cast<int>(rows(factor)), many = static_cast<int>(columns(b));
  const auto batch = broadcast_batch("cholesky_solve", batch_sizes(factor), batch_sizes(b));
  Tensor x = copy_columns(b, join(batch, {rows(b), columns(b)}));
  const Tensor memory = factor.detach().contiguous();
  const BatchIndex index(batch_sizes(factor), batch);
  visit_real(b.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    each_matrix(count_of(batch), 2.0 * n * n * many, [&](std::int64_t i) {
      lapack::cholesky_solve(!upper, n, many, memory.data_ptr<T>() + index[i] * n * n,
                             x.data_ptr<T>() + i * n * std::int64_t{many});
    });
  });
  return x;
}

}  // namespace

// X = A⁻¹ B with A = L Lᵀ: B̄ = A⁻¹ g, Ā = −B̄ Xᵀ, and dA = dL Lᵀ + L dLᵀ gives L̄ = (Ā + Āᵀ) L, lower
// triangle.
Tensor cholesky_solve(const Tensor& b, const Tensor& factor, bool upper) {
  using namespace linalg;
  check_square("cholesky_solve", factor, "L");
  check_matrix("cholesky_solve", b, "B");
  check_same_type("cholesky_solve", factor, b);
  check(rows(factor) == rows(b), "cholesky_solve: Incompatible matrix sizes: each A matrix is ",
        rows(factor), " by ", rows(factor), " but each b matrix is ", rows(b), " by ", columns(b));
  return record("CholeskySolveBackward0", solved(b, factor, upper),
                wrt(b, factor,
                    [upper, factor = saved(factor)](const Tensor& g, const Tensor& x, Needs needs) {
                      const Tensor f = *factor;
                      Tensor gb = cholesky_solve(g, f, upper), gf;
                      if (needs[1]) {
                        Tensor ga = gb.matmul(x.mT());
                        ga = (ga + ga.mT()).neg();
                        gf = upper ? f.matmul(ga).triu() : ga.matmul(f).tril();
                      }
                      return std::pair(std::move(gb), std::move(gf));
                    }));
}

}  // namespace pullback
