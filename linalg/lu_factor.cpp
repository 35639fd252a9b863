#include <tuple>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>

// The factors as results: lu_factor, lu, and solutions from given factors.
namespace pullback::linalg {

using autograd::Needs;
using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;

namespace {

struct Factored {
  Tensor factors, pivots;
  std::vector<int> info;
};

// Column-major LU of A itself, wide and tall too, with LAPACK's pivots.
Factored factor(const char* op, const Tensor& a) {
  check_matrix(op, a);
  const int m = static_cast<int>(rows(a)), n = static_cast<int>(columns(a)), k = std::min(m, n);
  Factored result{copy_columns(a), empty(join(batch_sizes(a), {k}), kInt), {}};
  const std::int64_t count = matrix_count(a);
  result.info.resize(count);
  visit_real(a.scalar_type(), [&](auto zero) {
    auto* factors = result.factors.data_ptr<decltype(zero)>();
    int* pivots = result.pivots.data_ptr<int>();
    each_matrix(count, 0.7 * m * n * k, [&](std::int64_t i) {
      result.info[i] = lapack::lu_factor(m, n, factors + i * m * n, pivots + i * k);
    });
  });
  return result;
}

// The permutation matrix P of A = P L U.
Tensor permutation(const Tensor& pivots, std::int64_t m, ScalarType dtype) {
  const std::int64_t k = pivots.size(-1);
  const auto batch = pivots.sizes().slice(0, pivots.dim() - 1);
  Tensor p = zeros(join(batch, {m, m}), dtype);
  std::vector<std::int64_t> order(m);
  visit_real(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < count_of(batch); ++i) {
      for (std::int64_t r = 0; r < m; ++r) order[r] = r;
      for (std::int64_t r = 0; r < k; ++r)
        std::swap(order[r], order[pivots.data_ptr<int>()[i * k + r] - 1]);
      for (std::int64_t r = 0; r < m; ++r) p.data_ptr<T>()[(i * m + order[r]) * m + r] = T(1);
    }
  });
  return p;
}

// Gradient of A = P L U from those of L (unit lower m×k) and U (upper k×n); either may be
// undefined. Square: Ā = P L⁻ᵀ [tril(Lᵀ L̄, −1) + triu(Ū Uᵀ)] U⁻ᵀ, from L⁻¹ Pᵀ dA U⁻¹ = L⁻¹ dL + dU
// U⁻¹. Wide, U = [U₁ U₂]: the columns U₂ = L⁻¹ (PᵀA)₂ give Ā₂ = L⁻ᵀ Ū₂ and add −Ā₂ U₂ᵀ to L̄. Tall
// is the same for L₂ = (PᵀA)₂ U⁻¹.
Tensor lu_gradient(const Tensor& p, const Tensor& l, const Tensor& u, Tensor gl, Tensor gu) {
  const std::int64_t m = rows(l), n = columns(u), k = columns(l);
  if (!gl.defined() && !gu.defined()) return {};
  if (!gl.defined()) gl = zeros_like(l);
  if (!gu.defined()) gu = zeros_like(u);
  Tensor l1 = l.narrow(-2, 0, k), u1 = u.narrow(-1, 0, k), rest;
  if (n > k) {
    rest = solve_triangular(l1.mT(), gu.narrow(-1, k, n - k), /*upper=*/true, /*left=*/true,
                            /*unitriangular=*/true);
    gl = gl - rest.matmul(u.narrow(-1, k, n - k).mT());
    gu = gu.narrow(-1, 0, k);
  } else if (m > k) {
    rest = solve_triangular(u1.mT(), gl.narrow(-2, k, m - k), /*upper=*/false, /*left=*/false);
    gu = gu - l.narrow(-2, k, m - k).mT().matmul(rest);
    gl = gl.narrow(-2, 0, k);
  }
  Tensor middle = l1.mT().matmul(gl).tril(-1) + gu.matmul(u1.mT()).triu();
  Tensor ga =
      solve_triangular(l1.mT(), middle, /*upper=*/true, /*left=*/true, /*unitriangular=*/true);
  ga = solve_triangular(u1.mT(), ga, /*upper=*/false, /*left=*/false);
  if (rest.defined()) ga = cat({ga, rest}, n > k ? -1 : -2);
  return p.matmul(ga);
}

// L with its ones, and U, out of the packed matrix; differentiable.
Tensor unit_lower(const Tensor& packed) {
  const std::int64_t k = std::min(rows(packed), columns(packed));
  return packed.narrow(-1, 0, k).tril(-1) +
         eye(rows(packed), k, TensorOptions(packed.scalar_type()));
}
Tensor upper(const Tensor& packed) {
  return packed.narrow(-2, 0, std::min(rows(packed), columns(packed))).triu();
}

Tensor lu_solve_values(const Tensor& packed, const Tensor& pivots, const Tensor& b, bool left,
                       bool adjoint) {
  const int n = static_cast<int>(rows(packed));
  const auto lu_batch = batch_sizes(packed);
  const auto batch = broadcast_batch("linalg.lu_solve", lu_batch, batch_sizes(b));
  const auto sizes = join(batch, {rows(b), columns(b)});
  const auto many = static_cast<int>(left ? columns(b) : rows(b));
  const Tensor factors = copy_columns(packed);
  const Tensor order = pivots.contiguous();
  Tensor x = left ? copy_columns(b, sizes) : copy_rows(b, sizes);
  const BatchIndex index(lu_batch, batch);
  visit_real(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    each_matrix(count_of(batch), 2.0 * n * n * many, [&](std::int64_t i) {
      const std::int64_t k = index[i];
      lapack::lu_solve<T>(adjoint != !left, n, many, factors.data_ptr<T>() + k * n * n,
                          order.data_ptr<int>() + k * n,
                          x.data_ptr<T>() + i * n * std::int64_t{many});
    });
  });
  return x;
}

}  // namespace

std::tuple<Tensor, Tensor> lu_factor(const Tensor& a) {
  auto [factors, pivots, info] = factor("linalg.lu_factor", a);
  if (const auto i = first_failure(info); i >= 0)
    check<LinAlgError>(false, failure("linalg.lu_factor", a, i), "U[", info[i], ",", info[i],
                       "] is zero and using it on lu_solve would result in a division by zero; "
                       "linalg.lu(A) returns the factors all the same");
  return record("LinalgLuFactorExBackward0", std::tuple(factors, pivots),
                wrt(a, [](const Tensors& g, const Tensors& y) {
                  if (!g[0].defined()) return Tensor();
                  const std::int64_t k = std::min(rows(y[0]), columns(y[0]));
                  return lu_gradient(permutation(y[1], rows(y[0]), y[0].scalar_type()),
                                     unit_lower(y[0]), upper(y[0]), g[0].narrow(-1, 0, k).tril(-1),
                                     g[0].narrow(-2, 0, k).triu());
                }));
}

std::tuple<Tensor, Tensor, Tensor> lu(const Tensor& a) {
  const auto [factors, pivots, info] = factor("linalg.lu", a);
  Tensor p, l, u;
  {
    NoGradGuard no_grad;
    p = permutation(pivots, rows(a), a.scalar_type());
    l = unit_lower(factors);
    u = upper(factors);
  }
  auto [recorded_l, recorded_u] =
      record("LinalgLuBackward0", std::tuple(l, u), wrt(a, [p](const Tensors& g, const Tensors& y) {
               return lu_gradient(p, y[0], y[1], g[0].defined() ? g[0].tril(-1) : g[0],
                                  g[1].defined() ? g[1].triu() : g[1]);
             }));
  return {p, recorded_l, recorded_u};
}

Tensor lu_solve(const Tensor& packed, const Tensor& pivots, const Tensor& b, bool left,
                bool adjoint) {
  check_square("linalg.lu_solve", packed, "LU");
  check_matrix("linalg.lu_solve", b, "B");
  check_same_type("linalg.lu_solve", packed, b);
  check(pivots.defined(), "linalg.lu_solve: expected pivots but got an undefined tensor");
  check(pivots.scalar_type() == kInt, "linalg.lu_solve: pivots must be of type Int, got ",
        pivots.scalar_type());
  check(rows(packed) == b.size(left ? -2 : -1),
        "linalg.lu_solve: Incompatible shapes of A and B for ",
        left ? "the equation AX = B (" : "the equation XA = B (", rows(packed), "x",
        columns(packed), " and ", rows(b), "x", columns(b), ")");
  check(
      pivots.sizes() == packed.sizes().slice(0, packed.dim() - 1),
      "linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix: ",
      pivots.sizes(), " and ", packed.sizes());
  check(pivots.numel() == 0 ||
            (pivots.min().item<int>() >= 1 && pivots.max().item<std::int64_t>() <= rows(packed)),
        "linalg.lu_solve: Pivots given to lu_solve must all be between 1 and ", rows(packed),
        " and are the row numbers of LAPACK");
  // With A = P L U:  X̄ = g gives B̄ = A⁻ᵀ g and Ā = −B̄ Xᵀ, then L̄ = Pᵀ Ā Uᵀ and Ū = Lᵀ Pᵀ Ā.
  return record(
      "LinalgLuSolveBackward0", lu_solve_values(packed, pivots, b, left, adjoint),
      wrt(packed, b,
          [packed = saved(packed), pivots, left, adjoint](const Tensor& g, const Tensor& x,
                                                          Needs needs) {
            Tensor gb = lu_solve(*packed, pivots, g, left, !adjoint), glu;
            if (needs[0]) {
              Tensor ga = left ? gb.matmul(x.mT()).neg() : x.mT().matmul(gb).neg();
              if (adjoint) ga = ga.mT();
              ga = permutation(pivots, x.size(left ? -2 : -1), x.scalar_type()).mT().matmul(ga);
              const Tensor kept = *packed;
              glu = ga.matmul(upper(kept).mT()).tril(-1) + unit_lower(kept).mT().matmul(ga).triu();
            }
            return std::pair(std::move(glu), std::move(gb));
          }));
}

}  // namespace pullback::linalg
