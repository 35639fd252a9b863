#include <pullback/core/ops/product.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/kernels/blas.h>

namespace pullback {

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

void check_matrices(const char* op, const Tensor& a, const char* left, const Tensor& b,
                    const char* right) {
  check_operands(op, a, b);
  check_dims(op, a, left, 2);
  check_dims(op, b, right, 2);
  check(a.size(1) == b.size(0), op,
        ": mat1 and mat2 shapes cannot be multiplied: inner sizes differ: ", a.sizes(), " @ ",
        b.sizes());
}

void check_batches(const char* op, const Tensor& a, const Tensor& b) {
  check_operands(op, a, b);
  check_dims(op, a, "batch1", 3);
  check_dims(op, b, "batch2", 3);
  check(a.size(0) == b.size(0) && a.size(2) == b.size(1), op,
        ": Expected size for first two dimensions of batch2 tensor to be: [", a.size(0), ", ",
        a.size(2), "] but got: [", b.size(0), ", ", b.size(1), "]");
}

void product_into(const Tensor& y, const Factor& a, const Factor& b, const Scalar& alpha,
                  const Scalar& beta, const Tensor* row) {
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

bool by_columns(const Tensor& x) {
  const Geometry& g = x.get()->geometry;
  return g.stride[0] == 1 && g.stride[1] >= g.size[0] && g.size[1] > 1;
}

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

}  // namespace pullback
