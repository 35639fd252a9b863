#include <array>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/product.h>

// Sums with a product, β·c + α·(a b).
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

/// g·s in g's type: integers drop what s has behind the point.
Tensor times(const Tensor& g, const Scalar& s) {
  return scaled(g, is_integral(g.scalar_type()) ? Scalar(s.toLong()) : s);
}

void check_start(const char* op, const Tensor& c, IntArrayRef sizes, ScalarType type) {
  check_defined(op, c);
  check(c.scalar_type() == type, op,
        ": self and the product must have the same dtype: ", c.scalar_type(), " and ", type);
  check(is_expandable_to(c.sizes(), sizes), op, ": The expanded size of the tensor ", c.sizes(),
        " must match the shape of the product ", sizes);
}

/// β·c + α·product, where nothing is recorded.
Tensor sum_with(const char* op, const Tensor& c, const Tensor& product, const Scalar& beta,
                const Scalar& alpha) {
  check_start(op, c, product.sizes(), product.scalar_type());
  const NoGradGuard unrecorded;
  return beta.equal(0) ? times(product, alpha) : times(c, beta) + times(product, alpha);
}

}  // namespace

Tensor addmm(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta,
             const Scalar& alpha) {
  check_matrices("addmm", a, "mat1", b, "mat2");
  const std::array<std::int64_t, 2> sizes{a.size(0), b.size(1)};
  check_start("addmm", c, sizes, a.scalar_type());
  Tensor y = blank(sizes, a.scalar_type());
  const bool row = c.dim() == 1 && c.size(0) == sizes[1] && c.is_contiguous();
  if (!row && !beta.equal(0)) copy_into(y, c);  // with β = 0, NaN in c does not spread
  product_into(y, {a}, {b}, alpha, beta, row ? &c : nullptr);
  return record("AddmmBackward0", std::move(y),
                wrt(c, [beta](const Tensor& g) { return scaled(g, beta); }),
                wrt(a,
                    [b = saved(b), alpha, columns = by_columns(a)](const Tensor& g) {
                      return scaled(product({g}, {*b, true}, columns), alpha);
                    }),
                wrt(b, [a = saved(a), alpha, columns = by_columns(b)](const Tensor& g) {
                  return scaled(product({*a, true}, {g}, columns), alpha);
                }));
}

Tensor addmv(const Tensor& c, const Tensor& a, const Tensor& x, const Scalar& beta,
             const Scalar& alpha) {
  check_operands("addmv", a, x);
  check_dims("addmv", a, "mat", 2);
  check_dims("addmv", x, "vec", 1);
  const Tensor y = sum_with("addmv", c, mv(a.detach(), x.detach()), beta, alpha);
  return record(
      "AddmvBackward0", y, wrt(c, [beta](const Tensor& g) { return scaled(g, beta); }),
      wrt(a, [x = saved(x), alpha](const Tensor& g) { return scaled(outer(g, *x), alpha); }),
      wrt(x, [a = saved(a), alpha](const Tensor& g) { return scaled(mv(a->t(), g), alpha); }));
}

Tensor baddbmm(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta,
               const Scalar& alpha) {
  check_batches("baddbmm", a, b);
  const std::array<std::int64_t, 3> sizes{a.size(0), a.size(1), b.size(2)};
  check_start("baddbmm", c, sizes, a.scalar_type());
  Tensor y = blank(sizes, a.scalar_type());
  if (!beta.equal(0)) copy_into(y, c);  // with β = 0, NaN in c does not spread
  batch_into(y, a, b, alpha, beta);
  return record(
      "BaddbmmBackward0", y, wrt(c, [beta](const Tensor& g) { return scaled(g, beta); }),
      wrt(a, [b = saved(b), alpha](const Tensor& g) { return scaled(bmm(g, b->mT()), alpha); }),
      wrt(b, [a = saved(a), alpha](const Tensor& g) { return scaled(bmm(a->mT(), g), alpha); }));
}

Tensor addbmm(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta,
              const Scalar& alpha) {
  check_defined("addbmm", a);
  check_defined("addbmm", b);
  const Tensor product = bmm(a.detach(), b.detach()).sum({0}, /*keepdim=*/false, a.scalar_type());
  const Tensor y = sum_with("addbmm", c, product, beta, alpha);
  auto repeated = [](const Tensor& g, std::int64_t batch) {
    return g.unsqueeze(0).expand({batch, -1, -1});
  };
  return record("AddbmmBackward0", y, wrt(c, [beta](const Tensor& g) { return scaled(g, beta); }),
                wrt(a,
                    [repeated, b = saved(b), alpha](const Tensor& g) {
                      const Tensor w = *b;
                      return scaled(bmm(repeated(g, w.size(0)), w.mT()), alpha);
                    }),
                wrt(b, [repeated, a = saved(a), alpha](const Tensor& g) {
                  const Tensor x = *a;
                  return scaled(bmm(x.mT(), repeated(g, x.size(0))), alpha);
                }));
}

// ---- methods

Tensor TensorBase::addmm(const Tensor& a, const Tensor& b, const Scalar& beta,
                         const Scalar& alpha) const {
  return pullback::addmm(self(Tensor()), a, b, beta, alpha);
}
Tensor TensorBase::addmm_(const Tensor& a, const Tensor& b, const Scalar& beta,
                          const Scalar& alpha) const {
  return autograd::change_to("addmm_", target("addmm_"), [&](const Tensor& x) {
    return pullback::addmm(x, a, b, beta, alpha);
  });
}
Tensor TensorBase::addmv(const Tensor& a, const Tensor& b, const Scalar& beta,
                         const Scalar& alpha) const {
  return pullback::addmv(self(Tensor()), a, b, beta, alpha);
}
Tensor TensorBase::addbmm(const Tensor& a, const Tensor& b, const Scalar& beta,
                          const Scalar& alpha) const {
  return pullback::addbmm(self(Tensor()), a, b, beta, alpha);
}
Tensor TensorBase::baddbmm(const Tensor& a, const Tensor& b, const Scalar& beta,
                           const Scalar& alpha) const {
  return pullback::baddbmm(self(Tensor()), a, b, beta, alpha);
}

}  // namespace pullback
