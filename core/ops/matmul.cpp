#include <array>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/blas.h>
#include <pullback/core/ops/map.h>

// Products of vectors and matrices.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

void check_operands(const char* op, const Tensor& a, const Tensor& b) {
  check_defined(op, a);
  check_defined(op, b);
  check(a.scalar_type() == b.scalar_type(), op,
        ": expected m1 and m2 to have the same dtype, but got: ", a.scalar_type(),
        " != ", b.scalar_type());
  check<NotImplementedError>(a.scalar_type() != ScalarType::Bool, op,
                             ": not implemented for 'Bool'; use .to(kInt)");
}

void check_dims(const char* op, const Tensor& x, const char* which, int dims) {
  check(x.dim() == dims, op, ": ", which, " must be a ",
        dims == 1   ? "vector"
        : dims == 2 ? "matrix"
                    : "3D tensor",
        ", but has shape ", x.sizes());
}

/// A matrix, or the transpose of one without the cost of a view.
struct Factor {
  const Tensor& matrix;
  bool transposed = false;

  std::int64_t rows() const { return matrix.get()->geometry.size[transposed ? 1 : 0]; }
  std::int64_t columns() const { return matrix.get()->geometry.size[transposed ? 0 : 1]; }
  Factor t() const { return {matrix, !transposed}; }
  Tensor tensor() const { return transposed ? matrix.t() : matrix; }
};

/// A matrix as BLAS takes it: rows or columns next to each other, in its own memory or a copy.
class Operand {
  Tensor copy_;

 public:
  const Tensor& tensor;
  bool transposed = false;
  std::int64_t leading = 1;

  explicit Operand(const Tensor& x)
      : copy_(fits(x) ? Tensor() : x.detach().clone()), tensor(copy_.defined() ? copy_ : x) {
    fits(tensor);
  }
  explicit Operand(const Factor& x) : Operand(x.matrix) { transposed = transposed != x.transposed; }
  Operand(const Operand&) = delete;

 private:
  bool fits(const Tensor& x) {
    const Geometry& g = x.get()->geometry;
    const int r = g.ndim - 2, c = g.ndim - 1;
    const std::int64_t rows = g.size[r], columns = g.size[c];
    if ((g.stride[c] == 1 || columns <= 1) && (g.stride[r] >= columns || rows <= 1)) {
      transposed = false;
      leading =
          rows <= 1 ? std::max<std::int64_t>(columns, 1) : std::max<std::int64_t>(g.stride[r], 1);
      return true;
    }
    if ((g.stride[r] == 1 || rows <= 1) && (g.stride[c] >= rows || columns <= 1)) {
      transposed = true;
      leading =
          columns <= 1 ? std::max<std::int64_t>(rows, 1) : std::max<std::int64_t>(g.stride[c], 1);
      return true;
    }
    return false;
  }
};

template <class T>
const T* elements(const Tensor& x) {
  return reinterpret_cast<const T*>(x.get()->bytes());
}

template <class F>
void visit_number(ScalarType type, F&& f) {
  visit(type, [&](auto zero) {
    if constexpr (!std::is_same_v<decltype(zero), bool>) f(zero);
  });
}

/// α a b + β y in the dense memory of y, or α a b + β row.
void product_into(const Tensor& y, const Factor& a, const Factor& b, const Scalar& alpha,
                  const Scalar& beta, const Tensor* row = nullptr) {
  const std::int64_t m = a.rows(), k = a.columns(), n = b.columns();
  const Operand x(a), w(b);
  visit_number(y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t ldc = std::max<std::int64_t>(n, 1);
    if (row) {
      kernels::gemm_and_row<T>(x.transposed, w.transposed, m, n, k, alpha.to<T>(),
                               elements<T>(x.tensor), x.leading, elements<T>(w.tensor), w.leading,
                               beta.to<T>(), elements<T>(*row), y.data_ptr<T>(), ldc);
      return;
    }
    kernels::gemm<T>(x.transposed, w.transposed, m, n, k, alpha.to<T>(), elements<T>(x.tensor),
                     x.leading, elements<T>(w.tensor), w.leading, beta.to<T>(), y.data_ptr<T>(),
                     ldc);
  });
}

/// y = α a b + β y for batches of matrices.
void batch_into(const Tensor& y, const Tensor& a, const Tensor& b, const Scalar& alpha,
                const Scalar& beta) {
  const std::int64_t batch = a.size(0), m = a.size(1), k = a.size(2), n = b.size(2);
  const Operand x(a), w(b);
  visit_number(y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::batched_gemm<T>(batch, x.transposed, w.transposed, m, n, k, alpha.to<T>(),
                             elements<T>(x.tensor), x.leading, x.tensor.stride(0),
                             elements<T>(w.tensor), w.leading, w.tensor.stride(0), beta.to<T>(),
                             y.data_ptr<T>(), std::max<std::int64_t>(n, 1), m * n);
  });
}

Tensor blank(IntArrayRef sizes, ScalarType type) {
  return empty_of(Geometry(sizes), type);
}

bool by_columns(const Tensor& x) {
  const Geometry& g = x.get()->geometry;
  return g.stride[0] == 1 && g.stride[1] >= g.size[0] && g.size[1] > 1;
}
/// a b, in memory by columns or by rows. A gradient lies as its tensor does: that of W in x Wᵀ then
/// comes to W dense, and is kept as it is.
Tensor product(const Factor& a, const Factor& b, bool by_columns) {
  if (GradMode::is_enabled()) {
    return by_columns ? mm(b.t().tensor(), a.t().tensor()).t() : mm(a.tensor(), b.tensor());
  }
  Tensor y = blank({a.rows(), b.columns()}, a.matrix.get()->dtype);
  if (by_columns) {
    product_into(y, b.t(), a.t(), 1, 0);
    y.get()->geometry.stride[0] = 1;
    y.get()->geometry.stride[1] = std::max<std::int64_t>(a.rows(), 1);
  } else {
    product_into(y, a, b, 1, 0);
  }
  return y;
}

}  // namespace

// Y = A B:  Ā = G Bᵀ,  B̄ = Aᵀ G.
Tensor mm(const Tensor& a, const Tensor& b) {
  check_operands("mm", a, b);
  check_dims("mm", a, "self", 2);
  check_dims("mm", b, "mat2", 2);
  check(a.size(1) == b.size(0),
        "mm: mat1 and mat2 shapes cannot be multiplied: inner sizes differ: ", a.sizes(), " @ ",
        b.sizes());
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
  check_operands("bmm", a, b);
  check_dims("bmm", a, "batch1", 3);
  check_dims("bmm", b, "batch2", 3);
  check(a.size(0) == b.size(0) && a.size(2) == b.size(1),
        "bmm: Expected size for first two dimensions of batch2 "
        "tensor to be: [",
        a.size(0), ", ", a.size(2), "] but got: [", b.size(0), ", ", b.size(1), "]");
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

// ---- β·c + α·(a b)

namespace {

Tensor scaled(const Tensor& g, const Scalar& s) {
  return s.equal(1) ? g : g * s;
}

void check_start(const char* op, const Tensor& c, IntArrayRef sizes, ScalarType type) {
  check_defined(op, c);
  check(c.scalar_type() == type, op,
        ": self and the product must have the same dtype: ", c.scalar_type(), " and ", type);
  check(is_expandable_to(c.sizes(), sizes), op, ": The expanded size of the tensor ", c.sizes(),
        " must match the shape of the product ", sizes);
}

Tensor start_of_sum(const char* op, const Tensor& c, IntArrayRef sizes, ScalarType type,
                    const Scalar& beta) {
  check_start(op, c, sizes, type);
  Tensor y = blank(sizes, type);
  if (!beta.equal(0)) copy_into(y, c);  // with β = 0, NaN in c does not spread
  return y;
}

}  // namespace

Tensor addmm(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta,
             const Scalar& alpha) {
  check_operands("addmm", a, b);
  check_dims("addmm", a, "mat1", 2);
  check_dims("addmm", b, "mat2", 2);
  check(a.size(1) == b.size(0),
        "addmm: mat1 and mat2 shapes cannot be multiplied: inner sizes differ: ", a.sizes(), " @ ",
        b.sizes());
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
  const Tensor product = mv(a.detach(), x.detach());
  Tensor y = start_of_sum("addmv", c, product.sizes(), product.scalar_type(), beta);
  {
    NoGradGuard no_grad;
    y = beta.equal(0) ? scaled(product, alpha) : scaled(y, beta) + scaled(product, alpha);
  }
  return record(
      "AddmvBackward0", y, wrt(c, [beta](const Tensor& g) { return scaled(g, beta); }),
      wrt(a, [x = saved(x), alpha](const Tensor& g) { return scaled(outer(g, *x), alpha); }),
      wrt(x, [a = saved(a), alpha](const Tensor& g) { return scaled(mv(a->t(), g), alpha); }));
}

Tensor baddbmm(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta,
               const Scalar& alpha) {
  check_operands("baddbmm", a, b);
  check_dims("baddbmm", a, "batch1", 3);
  check_dims("baddbmm", b, "batch2", 3);
  check(a.size(0) == b.size(0) && a.size(2) == b.size(1),
        "baddbmm: Expected size for first two dimensions of batch2 "
        "tensor to be: [",
        a.size(0), ", ", a.size(2), "] but got: [", b.size(0), ", ", b.size(1), "]");
  Tensor y = start_of_sum("baddbmm", c, {a.size(0), a.size(1), b.size(2)}, a.scalar_type(), beta);
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
  const Tensor product = bmm(a.detach(), b.detach()).sum({0}, false, a.scalar_type());
  Tensor y = start_of_sum("addbmm", c, product.sizes(), product.scalar_type(), beta);
  {
    NoGradGuard no_grad;
    y = beta.equal(0) ? scaled(product, alpha) : scaled(y, beta) + scaled(product, alpha);
  }
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

namespace {

// Y = X Wᵀ + 1 bᵀ for rows of samples, without the view of Wᵀ that PyTorch's graph has:
// X̄ = G W,  W̄ = Gᵀ X,  b̄ = Gᵀ 1.
Tensor linear_of_rows(const Tensor& x, const Tensor& weight, const Tensor* bias) {
  check_operands("linear", x, weight);
  const std::array<std::int64_t, 2> sizes{x.size(0), weight.size(0)};
  Tensor y = blank(sizes, x.scalar_type());
  const auto for_x = [weight = saved(weight), columns = by_columns(x)](const Tensor& g) {
    return product({g}, {*weight}, columns);
  };
  const auto for_weight = [x = saved(x), columns = by_columns(weight)](const Tensor& g) {
    return product({g, true}, {*x}, columns);
  };
  product_into(y, {x}, {weight, true}, 1, bias ? 1 : 0, bias);
  if (!bias) {
    return record("MmBackward0", std::move(y), wrt(x, for_x), wrt(weight, for_weight));
  }
  return record("AddmmBackward0", std::move(y), wrt(*bias, [](const Tensor& g) { return g; }),
                wrt(x, for_x), wrt(weight, for_weight));
}

}  // namespace

// y = x Wᵀ + b, the rows of x being samples.
Tensor linear(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias) {
  check_defined("linear", x);
  check_defined("linear", weight);
  check(weight.dim() == 2 && x.dim() >= 1 && x.size(-1) == weight.size(1),
        "linear: input and weight shapes cannot be multiplied: ", x.sizes(),
        " and the transpose of ", weight.sizes());
  const bool has_bias = bias && bias->defined();
  if (x.dim() == 2 && !has_bias) return linear_of_rows(x, weight, nullptr);
  if (x.dim() == 2) {
    const bool row = bias->dim() == 1 && bias->size(0) == weight.size(0) && bias->is_contiguous() &&
                     bias->scalar_type() == x.scalar_type();
    return row ? linear_of_rows(x, weight, &*bias) : addmm(*bias, x, weight.t());
  }
  if (!has_bias) return matmul(x, weight.t());
  if (x.dim() == 1) return add(matmul(x, weight.t()), *bias);
  std::vector<std::int64_t> sizes(x.sizes().begin(), x.sizes().end() - 1);
  sizes.push_back(weight.size(0));
  return view(linear(reshape(x, {-1, x.size(-1)}), weight, bias), sizes);
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
