#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/lu.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

using autograd::Needs;
using autograd::record;
using autograd::saved;
using autograd::wrt;

// x = A⁻¹ b. With x̄ = g: b̄ = A⁻ᵀ g, Ā = −b̄ xᵀ (Giles 2008, section 2.3.1). From the right, X A = B,
// the same argument gives B̄ = g A⁻ᵀ and Ā = −Xᵀ B̄.
Tensor solve_with(const Lu& lu, const Tensor& a, const Tensor& b, Side side) {
  return record("LinalgSolveExBackward0", lu.solve(b, side),
                wrt(a, b, [lu, side, a = saved(a)](const Tensor& g, const Tensor& x, Needs needs) {
                  Tensor gb = solve_with(lu.transposed(), a->mT(), g, side), ga;
                  if (needs[0]) {
                    if (side == Side::Left) ga = gb.matmul(x.mT()).neg();
                    if (side == Side::Right) ga = x.mT().matmul(gb).neg();
                    if (side == Side::Vector) ga = (gb.unsqueeze(-1) * x.unsqueeze(-2)).neg();
                  }
                  return std::pair(std::move(ga), std::move(gb));
                }));
}

namespace {

// PyTorch's rule: B is a batch of vectors when it has one dimension, or the sizes of A without the
// last.
bool is_vector(const Tensor& a, const Tensor& b) {
  return b.dim() == 1 || b.sizes() == a.sizes().slice(0, a.dim() - 1);
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b, bool left) {
  check_square("linalg.solve", a);
  check_same_type("linalg.solve", a, b);
  const bool vector = is_vector(a, b);
  check(vector || b.dim() >= 2,
        "linalg.solve: The input tensor B must have at least 2 dimensions.");
  const std::int64_t b_rows = vector ? b.size(-1) : rows(b), b_columns = vector ? 1 : columns(b);
  check(columns(a) == (left ? b_rows : b_columns),
        "linalg.solve: Incompatible shapes of A and B for the equation ",
        left ? "AX = B" : "XA = B", " (", rows(a), "x", columns(a), " and ", b_rows, "x", b_columns,
        ")");
  // A vector at the right of X has passed the check only for n = 1, where the sides are the same.
  const Side side = vector ? Side::Vector : left ? Side::Left : Side::Right;
  const Lu lu(a);
  if (const auto i = lu.first_singular(); i >= 0)
    check<LinAlgError>(false, failure("linalg.solve", a, i),
                       "The solver failed because the input matrix is singular.");
  return solve_with(lu, a, b, side);
}

namespace {

// d(A⁻¹) = −A⁻¹ dA A⁻¹, so Ā = −Yᵀ g Yᵀ (Giles 2008, section 2.2.3).
Tensor inverse_of(const Lu& lu, const Tensor& a) {
  return record("LinalgInvExBackward0", lu.inverse(), wrt(a, [](const Tensor& g, const Tensor& y) {
                  const Tensor yt = y.mT();
                  return yt.matmul(g).matmul(yt).neg();
                }));
}

}  // namespace

Tensor inv(const Tensor& a) {
  check_square("linalg.inv", a);
  const Lu lu(a);
  if (const auto i = lu.first_singular(); i >= 0)
    check<LinAlgError>(false, failure("linalg.inv", a, i), "The diagonal element ", lu.zero_at(i),
                       " is zero, the inversion could not be completed because the input matrix is "
                       "singular.");
  return inverse_of(lu, a);
}

Tensor inverse_or_infinite(const Tensor& a) {
  return inverse_of(Lu(a), a);
}

}  // namespace pullback::linalg

namespace pullback {

Tensor inverse(const Tensor& a) {
  return linalg::inv(a);
}
Tensor TensorBase::inverse() const {
  return linalg::inv(self(Tensor()));
}

}  // namespace pullback
