#include <tuple>
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
using autograd::Tensors;
using autograd::wrt;

namespace {

double default_rtol(const Tensor& a, std::optional<double> atol, std::optional<double> rtol) {
  if (rtol) return *rtol;
  if (atol.value_or(0) > 0) return 0;
  return epsilon(a.scalar_type()) * static_cast<double>(std::max(rows(a), columns(a)));
}

// Which of the magnitudes (…×k, k > 0) count as nonzero.
Tensor significant(const Tensor& magnitudes, double atol, double rtol) {
  const Tensor tolerance = (magnitudes.amax({-1}, /*keepdim=*/true) * rtol).clamp_min(atol);
  return magnitudes > tolerance;
}

Tensor reciprocal_where(const Tensor& keep, const Tensor& x) {
  return x.reciprocal().masked_fill(keep.logical_not(), 0);
}

Tensor pseudo_inverse(const Tensor& a, double atol, double rtol, bool hermitian) {
  NoGradGuard no_grad;
  if (rows(a) == 0 || columns(a) == 0)
    return zeros(join(batch_sizes(a), {columns(a), rows(a)}), a.scalar_type());
  if (hermitian) {
    const auto [w, v] = eigh(a);
    const Tensor inverse = reciprocal_where(significant(w.abs(), atol, rtol), w);
    return (v * inverse.unsqueeze(-2)).matmul(v.mT());
  }
  const auto [u, s, vt] = svd(a, /*full_matrices=*/false);
  const Tensor inverse = reciprocal_where(significant(s, atol, rtol), s);
  return (vt.mT() * inverse.unsqueeze(-2)).matmul(u.mT());
}

// With P = A⁺: dP = −P dA P + P Pᵀ dAᵀ (I − A P) + (I − P A) dAᵀ Pᵀ P at constant rank (Golub and
// Pereyra 1973), so Ā = −Pᵀ g Pᵀ + (I − A P) gᵀ P Pᵀ + Pᵀ P gᵀ (I − P A).
Tensor pinv_gradient(const Tensor& a, const Tensor& p, const Tensor& g) {
  const Tensor gt = g.mT(), pt = p.mT();
  const Tensor left = gt.matmul(p).matmul(pt), right = pt.matmul(p).matmul(gt);
  return left - a.matmul(p.matmul(left)) + right - right.matmul(p).matmul(a) -
         pt.matmul(g).matmul(pt);
}

}  // namespace

Tensor pinv(const Tensor& a, std::optional<double> atol, std::optional<double> rtol,
            bool hermitian) {
  if (hermitian) {
    check_square("linalg.pinv", a);
  } else {
    check_matrix("linalg.pinv", a);
  }
  return record(
      "LinalgPinvBackward0",
      pseudo_inverse(a, atol.value_or(0), default_rtol(a, atol, rtol), hermitian),
      wrt(a, [a = saved(a)](const Tensor& g, const Tensor& y) { return pinv_gradient(*a, y, g); }));
}

Tensor matrix_rank(const Tensor& a, std::optional<double> atol, std::optional<double> rtol,
                   bool hermitian) {
  check_matrix("linalg.matrix_rank", a);
  NoGradGuard no_grad;
  if (rows(a) == 0 || columns(a) == 0) return zeros(batch_sizes(a), kLong);
  const Tensor magnitudes = hermitian ? eigvalsh(a).abs() : svdvals(a);
  return significant(magnitudes, atol.value_or(0), default_rtol(a, atol, rtol)).sum({-1});
}

namespace {

struct LeastSquares {
  Tensor solution, residuals, ranks;
};

// b is a batch of matrices here.
LeastSquares least_squares(const Tensor& a, const Tensor& b, double rcond) {
  NoGradGuard no_grad;
  const int m = static_cast<int>(rows(a)), n = static_cast<int>(columns(a));
  const int many = static_cast<int>(columns(b)), tall = std::max(m, n);
  const auto batch = broadcast_batch("linalg.lstsq", batch_sizes(a), batch_sizes(b));
  const std::int64_t count = count_of(batch);
  const Tensor factors = copy_columns(a, join(batch, {m, n}));
  const Tensor work = empty_columns(join(batch, {tall, many}), a.scalar_type());
  work.zero_();
  work.narrow(-2, 0, m).copy_(b);
  LeastSquares result{empty_columns(join(batch, {n, many}), a.scalar_type()),
                      empty({0}, a.scalar_type()), empty(batch, kLong)};
  std::vector<int> info(count);
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    each_matrix(count, 6.0 * m * n * std::min(m, n) + 4.0 * m * n * many, [&](std::int64_t i) {
      int rank = 0;
      info[i] = lapack::least_squares(m, n, many, factors.data_ptr<T>() + i * m * n,
                                      work.data_ptr<T>() + i * tall * std::int64_t{many},
                                      static_cast<T>(rcond), &rank);
      result.ranks.data_ptr<std::int64_t>()[i] = rank;
    });
  });
  if (const auto i = first_failure(info); i >= 0)
    check<LinAlgError>(false, failure("linalg.lstsq", a, i),
                       "The least squares problem could not be solved because the input matrix "
                       "contained non-finite values.");
  result.solution.copy_(work.narrow(-2, 0, n));
  if (m > n && (result.ranks == n).all().item<bool>())
    result.residuals = (a.matmul(result.solution) - b).square().sum({-2});
  return result;
}

}  // namespace

// At constant rank X = A⁺ B: B̄ = (A⁺)ᵀ g and Ā is pinv's for g Bᵀ. A squared residual ρ = ‖A x −
// b‖² has Aᵀ(A x − b) = 0, so only dA and db count: Ā += 2 r ρ̄ xᵀ, b̄ −= 2 r ρ̄ with r = A x − b.
std::tuple<Tensor, Tensor, Tensor, Tensor> lstsq(const Tensor& a, const Tensor& b,
                                                 std::optional<double> rcond) {
  check_matrix("linalg.lstsq", a);
  check_same_type("linalg.lstsq", a, b);
  const bool vector = b.dim() == a.dim() - 1 && b.sizes() == a.sizes().slice(0, b.dim());
  check(vector || b.dim() >= 2,
        "linalg.lstsq: The input tensor B must have at least 2 dimensions.");
  check(vector || rows(b) == rows(a),
        "linalg.lstsq: input.size(-2) should match other.size(-2), got ", a.sizes(), " and ",
        b.sizes());
  auto value = least_squares(a, vector ? b.detach().unsqueeze(-1) : b.detach(),
                             rcond.value_or(default_rtol(a, {}, {})));
  if (vector) {
    NoGradGuard no_grad;
    value.solution = value.solution.squeeze(-1).clone();
    if (value.residuals.dim() > 1) value.residuals = value.residuals.squeeze(-1).clone();
  }
  return record(
      "LinalgLstsqBackward0",
      std::tuple(value.solution, value.residuals, value.ranks, empty({0}, a.scalar_type())),
      wrt(a, b,
          [a = saved(a), b = saved(b), vector](const Tensors& g, const Tensors& y, Needs needs) {
            const auto column = [&](const Tensor& t) { return vector ? t.unsqueeze(-1) : t; };
            const Tensor kept_a = *a, kept_b = column(*b);
            Tensor ga, gb;
            const auto add = [](Tensor& sum, const Tensor& term) {
              sum = sum.defined() ? sum + term : term;
            };
            if (g[0].defined()) {
              const Tensor gx = column(g[0]), p = pinv(kept_a);
              add(gb, p.mT().matmul(gx));
              if (needs[0]) add(ga, pinv_gradient(kept_a, p, gx.matmul(kept_b.mT())));
            }
            if (g[1].defined() && y[1].numel() > 0) {
              const Tensor x = column(y[0]);
              const Tensor scaled = (kept_a.matmul(x) - kept_b) * (column(g[1]).unsqueeze(-2) * 2);
              add(gb, scaled.neg());
              if (needs[0]) add(ga, scaled.matmul(x.mT()));
            }
            if (vector && gb.defined()) gb = gb.squeeze(-1);
            return std::pair(std::move(ga), std::move(gb));
          }));
}

}  // namespace pullback::linalg

namespace pullback {

Tensor pinverse(const Tensor& a, double rcond) {
  return linalg::pinv(a, {}, rcond);
}

}  // namespace pullback
