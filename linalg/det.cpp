#include <limits>
#include <tuple>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/lu.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;

namespace {

// c on the diagonal of n×n matrices, for c of shape [*].
Tensor scaled_identity(const Tensor& c, std::int64_t n) {
  return c.unsqueeze(-1).unsqueeze(-1) * eye(n, TensorOptions(c.scalar_type()));
}

// The cofactors ∂det/∂A = det(U) det(V) U diag(∏_{j≠i} sⱼ) Vᵀ, which exist for singular matrices
// too.
Tensor cofactors(const Tensor& a) {
  const auto [u, s, vt] = svd(a, /*full_matrices=*/false);
  const std::int64_t n = s.size(-1);
  // Products of the singular values before and after each.
  std::vector<Tensor> before(n), after(n), others(n);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t j = n - 1 - i;
    before[i] = i ? before[i - 1] * s.narrow(-1, i - 1, 1) : ones_like(s.narrow(-1, 0, 1));
    after[j] = i ? after[j + 1] * s.narrow(-1, j + 1, 1) : ones_like(s.narrow(-1, 0, 1));
  }
  for (std::int64_t i = 0; i < n; ++i) others[i] = before[i] * after[i];
  const Tensor sign = (linalg::det(u) * linalg::det(vt)).unsqueeze(-1).unsqueeze(-1);
  return sign * (u * cat(others, -1).unsqueeze(-2)).matmul(vt);
}

// Ā = g det(A) A⁻ᵀ (Giles 2008, section 2.2.4) where A is regular, g · cofactors elsewhere.
Tensor det_gradient(const Lu& lu, const Tensor& a, const Tensor& g, const Tensor& y) {
  const std::int64_t n = rows(a), count = y.numel();
  bool all_regular = true;
  for (std::int64_t i = 0; i < count && all_regular; ++i) all_regular = !lu.nearly_singular(i);
  if (all_regular)
    return solve_with(lu.transposed(), a.mT(), scaled_identity(g * y, n), Side::Left);
  const Tensor each_a = a.reshape({count, n, n}), each_g = g.reshape({count}),
               each_gy = (g * y).reshape({count});
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor matrix = each_a.select(0, i);
    parts.push_back(lu.nearly_singular(i)
                        ? each_g.select(0, i) * cofactors(matrix)
                        : solve_with(Lu(matrix).transposed(), matrix.mT(),
                                     scaled_identity(each_gy.select(0, i), n), Side::Left));
  }
  return stack(parts).reshape(a.sizes());
}

}  // namespace

Tensor det(const Tensor& a) {
  check_square("linalg.det", a);
  const Lu lu(a);
  return record("LinalgDetBackward0", lu.det(),
                wrt(a, [lu, a = saved(a)](const Tensor& g, const Tensor& y) {
                  return det_gradient(lu, *a, g, y);
                }));
}

// d log|det A| = tr(A⁻¹ dA), so Ā = g A⁻ᵀ (Giles 2008, section 2.2.4). The sign is locally
// constant.
std::tuple<Tensor, Tensor> slogdet(const Tensor& a) {
  check_square("linalg.slogdet", a);
  const Lu lu(a);
  Tensor sign, log;
  lu.signed_log_det(sign, log);
  return record("LinalgSlogdetBackward0", std::tuple(sign, log),
                wrt(a, [lu, a = saved(a)](const Tensors& g) {
                  if (!g[1].defined()) return Tensor();
                  const Tensor kept = *a;
                  return solve_with(lu.transposed(), kept.mT(), scaled_identity(g[1], rows(kept)),
                                    Side::Left);
                }));
}

}  // namespace pullback::linalg

namespace pullback {

Tensor det(const Tensor& a) {
  return linalg::det(a);
}
std::tuple<Tensor, Tensor> slogdet(const Tensor& a) {
  return linalg::slogdet(a);
}
Tensor TensorBase::det() const {
  return linalg::det(self(Tensor()));
}

Tensor logdet(const Tensor& a) {
  const auto [sign, log] = linalg::slogdet(a);
  return log.where(sign != -1, std::numeric_limits<double>::quiet_NaN());
}

}  // namespace pullback
