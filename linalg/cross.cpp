#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/geometry.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

// x₁ x₂ x₀ along dim, or x₂ x₀ x₁ for two steps.
Tensor rotated(const Tensor& x, std::int64_t dim, std::int64_t steps) {
  return cat({x.narrow(dim, steps, 3 - steps), x.narrow(dim, 0, steps)}, dim);
}

}  // namespace

// ⟨g, a × b⟩ is the volume of (g, a, b), which a cyclic change of the three keeps: ā = b × g, b̄ = g
// × a.
Tensor cross(const Tensor& a, const Tensor& b, std::int64_t dim) {
  check(a.defined() && b.defined(), "linalg.cross: expected a tensor but got an undefined one");
  check(a.dim() == b.dim(),
        "linalg.cross: inputs must have the same number of dimensions: ", a.sizes(), " and ",
        b.sizes());
  dim = wrap_dim(dim, static_cast<int>(a.dim()), "linalg.cross");
  check(a.size(dim) == 3 && b.size(dim) == 3, "linalg.cross: inputs dimension ", dim,
        " must have length 3. Got ", a.size(dim), " and ", b.size(dim));
  Tensor value;
  {
    NoGradGuard no_grad;
    value = rotated(a, dim, 1) * rotated(b, dim, 2) - rotated(a, dim, 2) * rotated(b, dim, 1);
  }
  return record(
      "LinalgCrossBackward0", value,
      wrt(a, [b = saved(b), dim](const Tensor& g) { return cross(b->expand_as(g), g, dim); }),
      wrt(b, [a = saved(a), dim](const Tensor& g) { return cross(g, a->expand_as(g), dim); }));
}

}  // namespace pullback::linalg

namespace pullback {

Tensor cross(const Tensor& a, const Tensor& b, std::optional<std::int64_t> dim) {
  check(a.defined(), "cross: expected a tensor but got an undefined one");
  if (dim) return linalg::cross(a, b, *dim);
  for (std::int64_t d = 0; d < a.dim(); ++d)
    if (a.size(d) == 3) return linalg::cross(a, b, d);
  check(false, "cross: no dimension of size 3 in input of sizes ", a.sizes());
  return {};
}

Tensor TensorBase::cross(const Tensor& other, std::optional<std::int64_t> dim) const {
  return pullback::cross(self(Tensor()), other, dim);
}

}  // namespace pullback
