#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/blas.h>
#include <pullback/core/ops/product.h>

// Products of vectors and matrices.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

// Y = A B:  Ā = G Bᵀ,  B̄ = Aᵀ G.
Tensor mm(const Tensor& a, const Tensor& b) {
  check_matrices("mm", a, "self", b, "mat2");
  Tensor y = blank({a.size(0), b.size(1)}, a.scalar_type());
  product_into(y, {a}, {b}, 1, 0);
  return record("MmBackward0", std::move(y),
                wrt(a,
                    [b = saved(b), columns = by_columns(a)](const Tensor& g) {
                      return product({g}, {*b, true}, columns);
                    }),
                wrt(b, [a = saved(a), columns = by_columns(b)](const Tensor& g) {
                  return product({*a, true}, {g}, columns);
                }));
}

Tensor bmm(const Tensor& a, const Tensor& b) {
  check_batches("bmm", a, b);
  Tensor y = blank({a.size(0), a.size(1), b.size(2)}, a.scalar_type());
  batch_into(y, a, b, 1, 0);
  return record("BmmBackward0", y,
                wrt(a, [b = saved(b)](const Tensor& g) { return bmm(g, b->mT()); }),
                wrt(b, [a = saved(a)](const Tensor& g) { return bmm(a->mT(), g); }));
}

Tensor mv(const Tensor& a, const Tensor& x) {
  check_operands("mv", a, x);
  check_dims("mv", a, "self", 2);
  check_dims("mv", x, "vec", 1);
  check(a.size(1) == x.size(0), "mv: size mismatch, got input ", a.sizes(), ", vec ", x.sizes());
  Tensor y = blank({a.size(0)}, a.scalar_type());
  const Operand w(a);
  visit_number(y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t rows = w.transposed ? a.size(1) : a.size(0),
                       columns = w.transposed ? a.size(0) : a.size(1);
    const Tensor v = x.stride(0) > 0 || x.size(0) <= 1 ? x : x.detach().clone();
    kernels::gemv<T>(w.transposed, rows, columns, T(1), elements<T>(w.tensor), w.leading,
                     elements<T>(v), std::max<std::int64_t>(v.stride(0), 1), T(0), y.data_ptr<T>(),
                     1);
  });
  return record("MvBackward0", y, wrt(a, [x = saved(x)](const Tensor& g) { return outer(g, *x); }),
                wrt(x, [a = saved(a)](const Tensor& g) { return mv(a->t(), g); }));
}

Tensor dot(const Tensor& a, const Tensor& b) {
  check_operands("dot", a, b);
  check_dims("dot", a, "1D tensors expected: the first operand", 1);
  check_dims("dot", b, "1D tensors expected: the second operand", 1);
  check(a.size(0) == b.size(0), "dot: inconsistent tensor size, expected tensor ", a.sizes(),
        " and src ", b.sizes(), " to have the same number of elements");
  Tensor y = blank(IntArrayRef(), a.scalar_type());
  visit_number(y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const Tensor u = a.stride(0) > 0 ? a : a.detach().clone(),
                 v = b.stride(0) > 0 ? b : b.detach().clone();
    *y.data_ptr<T>() =
        kernels::dot<T>(a.size(0), elements<T>(u), u.stride(0), elements<T>(v), v.stride(0));
  });
  return record("DotBackward0", y, wrt(a, [b = saved(b)](const Tensor& g) { return g * *b; }),
                wrt(b, [a = saved(a)](const Tensor& g) { return g * *a; }));
}

Tensor outer(const Tensor& a, const Tensor& b) {
  check_defined("outer", a);
  check_defined("outer", b);
  check_dims("outer", a, "self", 1);
  check_dims("outer", b, "vec2", 1);
  return a.reshape({a.size(0), 1}) * b;
}

// ---- matmul: the product that fits the operands' dimensions

namespace {

/// A product's elements under another shape; unlike view, the result counts as fresh.
Tensor fold(const Tensor& x, IntArrayRef sizes) {
  return record(
      "UnsafeViewBackward0", alias_of(x, Geometry(sizes)),
      wrt(x, [from = x.get()->geometry](const Tensor& g) { return g.reshape(from.sizes()); }));
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_operands("matmul", a, b);
  const std::int64_t p = a.dim(), q = b.dim();
  check(p > 0 && q > 0, "matmul: both arguments to matmul need to be at least 1D, but they are ", p,
        "D and ", q, "D");
  const std::int64_t inner = a.size(-1), other = b.size(q == 1 ? 0 : -2);
  check(inner == other, "matmul: inner sizes differ: ", a.sizes(), " @ ", b.sizes());
  if (p == 1 && q == 1) return dot(a, b);
  if (p == 2 && q == 1) return mv(a, b);
  if (p == 1 && q == 2) return squeeze(mm(unsqueeze(a, 0), b), 0);
  if (p == 2 && q == 2) return mm(a, b);
  if (q <= 2) {
    // One matrix for the whole batch: stack the batch's rows to one tall matrix.
    std::vector<std::int64_t> sizes(a.sizes().begin(), a.sizes().end() - 1);
    std::int64_t rows = 1;
    for (std::int64_t s : sizes) rows *= s;
    const Tensor tall = reshape(a, {rows, inner});
    if (q == 1) return fold(mv(tall, b), sizes);
    sizes.push_back(b.size(-1));
    return fold(mm(tall, b), sizes);
  }
  if (p == 1) return squeeze(matmul(unsqueeze(a, 0), b), -2);
  const Geometry batch =
      broadcast("matmul", a.sizes().slice(0, p - 2 > 0 ? p - 2 : 0), b.sizes().slice(0, q - 2));
  auto batched = [&](const Tensor& x) {
    std::vector<std::int64_t> sizes = batch.sizes().vec();
    sizes.push_back(x.size(-2));
    sizes.push_back(x.size(-1));
    return reshape(expand(x, sizes), {batch.numel(), x.size(-2), x.size(-1)});
  };
  std::vector<std::int64_t> sizes = batch.sizes().vec();
  sizes.push_back(a.size(-2));
  sizes.push_back(b.size(-1));
  return fold(bmm(batched(a), batched(b)), sizes);
}

// ---- methods

Tensor TensorBase::matmul(const Tensor& b) const {
  return pullback::matmul(self(Tensor()), b);
}
Tensor TensorBase::mm(const Tensor& b) const {
  return pullback::mm(self(Tensor()), b);
}
Tensor TensorBase::bmm(const Tensor& b) const {
  return pullback::bmm(self(Tensor()), b);
}
Tensor TensorBase::mv(const Tensor& b) const {
  return pullback::mv(self(Tensor()), b);
}
Tensor TensorBase::dot(const Tensor& b) const {
  return pullback::dot(self(Tensor()), b);
}
Tensor TensorBase::outer(const Tensor& b) const {
  return pullback::outer(self(Tensor()), b);
}

}  // namespace pullback
