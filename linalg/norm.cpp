#include <cmath>
#include <limits>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/geometry.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/reduce.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/lu.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::int64_t> wrap_dims(IntArrayRef dim, const Tensor& x, const char* op) {
  std::vector<std::int64_t> result;
  if (dim.empty())
    for (std::int64_t d = 0; d < x.dim(); ++d) result.push_back(d);
  for (std::int64_t d : dim) result.push_back(wrap_dim(d, static_cast<int>(x.dim()), op));
  return result;
}

Tensor vector_norm_value(const Tensor& x, double p, IntArrayRef dim, bool keepdim) {
  NoGradGuard no_grad;
  const auto reduced = [&](const kernels::Reduce& kernel) {
    const auto over = dim_mask("linalg.vector_norm", dim, static_cast<int>(x.dim()));
    return reduce("linalg.vector_norm", kernel, x, over, keepdim);
  };
  if (p == 2) return reduced(simd().norm2);
  if (p == 1) return reduced(simd().abs_sum);
  if (p == 0) return reduced(simd().count_nonzero).to(x.scalar_type());
  if (p == kInfinity) return reduced(simd().abs_max);
  if (p == -kInfinity) return x.abs().amin(dim, keepdim);
  return x.abs().pow(p).sum(dim, keepdim).pow(1 / p);
}

// g and y have size 1 in the reduced dimensions. Where the norm is 0 (for p < 0, where any element
// is) the subgradient 0 is taken; dividing by 1 there keeps the derivatives of this formula finite.
Tensor vector_norm_gradient(const Tensor& x, const Tensor& y, const Tensor& g, double p,
                            IntArrayRef dim) {
  if (p == 0) return {};
  if (p == 1) return g * x.sign();
  if (std::isinf(p)) {
    const Tensor extreme = (x.abs() == y).to(x.scalar_type());  // ties share
    return g * x.sign() * extreme / extreme.sum(dim, /*keepdim=*/true).clamp_min(1);
  }
  const Tensor size = y.masked_fill(y == 0, 1);
  if (p == 2) return x * (g / size);
  const Tensor magnitude = x.abs().masked_fill(x == 0, 1);
  return (x.sign() * magnitude.pow(p - 1)) * (g / size.pow(p - 1)).masked_fill(y == 0, 0);
}

}  // namespace

Tensor vector_norm(const Tensor& input, const Scalar& ord, IntArrayRef dim, bool keepdim,
                   std::optional<ScalarType> dtype) {
  check(input.defined(), "linalg.vector_norm: expected a tensor but got an undefined one");
  check(is_floating_point(input.scalar_type()),
        "linalg.vector_norm: Expected a floating point tensor as input. Got ", input.scalar_type(),
        "; convert it with to(kFloat) or to(kDouble)");
  check(!dtype || is_floating_point(*dtype),
        "linalg.vector_norm: dtype should be a floating point type, got ", dtype.value_or(kFloat));
  check(!dtype || promote_types(input.scalar_type(), *dtype) == *dtype,
        "linalg.vector_norm: the dtype of the input (", input.scalar_type(),
        ") should be convertible without narrowing to the specified dtype (",
        dtype.value_or(kFloat), ")");
  const Tensor x = dtype ? input.to(*dtype) : input;
  const double p = ord.toDouble();
  const auto dims = wrap_dims(dim, x, "linalg.vector_norm");
  if (x.dim() == 0) {
    // A scalar: its norm is |x| (or whether it is nonzero).
    return vector_norm(x.unsqueeze(0), ord, {0}, false, {});
  }
  if (p < 0 || p == kInfinity)
    for (std::int64_t d : dims)
      check(x.size(d) != 0, "linalg.vector_norm cannot compute the ", p,
            " norm on an empty tensor because the operation does not have an identity");
  auto shape = x.sizes().vec();
  for (std::int64_t d : dims) shape[d] = 1;
  return record("LinalgVectorNormBackward0", vector_norm_value(x, p, dims, keepdim),
                wrt(x, [x = saved(x), p, dims, shape](const Tensor& g, const Tensor& y) {
                  return vector_norm_gradient(*x, y.reshape(shape), g.reshape(shape), p, dims);
                }));
}

namespace {

struct MatrixDims {
  std::int64_t row, column;
};

MatrixDims matrix_dims(const Tensor& a, IntArrayRef dim) {
  check(a.dim() >= 2, "linalg.matrix_norm: The input tensor A must have at least 2 dimensions.");
  check(is_floating_point(a.scalar_type()),
        "linalg.matrix_norm: Expected a floating point tensor as input. Got ", a.scalar_type());
  check(dim.size() == 2, "linalg.matrix_norm: dim must be a 2-tuple. Got ", dim);
  const auto wrapped = wrap_dims(dim, a, "linalg.matrix_norm");
  check(wrapped[0] != wrapped[1], "linalg.matrix_norm: dims must be different. Got ", dim);
  return {wrapped[0], wrapped[1]};
}

Tensor singular_values(const Tensor& a, MatrixDims d) {
  return svdvals(a.movedim({d.row, d.column}, {-2, -1}));
}

// Brings back as size 1 the two dimensions that a norm has reduced.
Tensor keep_dims(const Tensor& x, MatrixDims d, bool keepdim) {
  if (!keepdim) return x;
  return x.unsqueeze(std::min(d.row, d.column)).unsqueeze(std::max(d.row, d.column));
}

}  // namespace

Tensor matrix_norm(const Tensor& input, std::string_view ord, IntArrayRef dim, bool keepdim,
                   std::optional<ScalarType> dtype) {
  const MatrixDims d = matrix_dims(input, dim);
  const Tensor a = dtype ? input.to(*dtype) : input;
  if (ord == "fro") return vector_norm(a, 2, {d.row, d.column}, keepdim);
  check(ord == "nuc", "linalg.matrix_norm: Order ", ord, " not supported.");
  return keep_dims(singular_values(a, d).sum({-1}), d, keepdim);
}

Tensor matrix_norm(const Tensor& input, const Scalar& ord, IntArrayRef dim, bool keepdim,
                   std::optional<ScalarType> dtype) {
  MatrixDims d = matrix_dims(input, dim);
  const double p = ord.toDouble(), size = std::abs(p);
  check(size == 1 || size == 2 || std::isinf(size), "linalg.matrix_norm: Order ", p,
        " not supported.");
  const Tensor a = dtype ? input.to(*dtype) : input;
  const auto extreme = [&](const Tensor& x, std::int64_t along, bool keep) {
    if (p > 0 && x.size(along) == 0) return x.sum({along}, keep);  // of no sums the largest is 0
    return p > 0 ? x.amax({along}, keep) : x.amin({along}, keep);
  };
  if (size == 2) return keep_dims(extreme(singular_values(a, d), -1, false), d, keepdim);
  if (std::isinf(size)) std::swap(d.row, d.column);
  const Tensor sums = vector_norm(a, 1, {d.row}, keepdim);
  return extreme(sums, !keepdim && d.column > d.row ? d.column - 1 : d.column, keepdim);
}

namespace {

// Does `ord` mean a norm of matrices here, not of vectors?
bool of_matrix(const Tensor& x, IntArrayRef dim) {
  if (dim.empty()) {
    check(x.dim() == 1 || x.dim() == 2,
          "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ",
          x.dim(), "D.");
    return x.dim() == 2;
  }
  return dim.size() == 2;
}

}  // namespace

Tensor norm(const Tensor& x, std::optional<Scalar> ord, IntArrayRef dim, bool keepdim,
            std::optional<ScalarType> dtype) {
  check(dim.size() <= 2, "linalg.norm: If dim is specified, it must be of length 1 or 2. Got ",
        dim);
  if (!ord || !of_matrix(x, dim)) return vector_norm(x, ord.value_or(2), dim, keepdim, dtype);
  const std::int64_t both[] = {0, 1};
  return matrix_norm(x, *ord, dim.empty() ? IntArrayRef(both, 2) : dim, keepdim, dtype);
}

Tensor norm(const Tensor& x, std::string_view ord, IntArrayRef dim, bool keepdim,
            std::optional<ScalarType> dtype) {
  check(dim.size() <= 2, "linalg.norm: If dim is specified, it must be of length 1 or 2. Got ",
        dim);
  check(of_matrix(x, dim), "linalg.norm: the order ", ord, " is one of matrices, but x has sizes ",
        x.sizes());
  const std::int64_t both[] = {0, 1};
  return matrix_norm(x, ord, dim.empty() ? IntArrayRef(both, 2) : dim, keepdim, dtype);
}

namespace {

template <class Order>
Tensor cond_by_inverse(const Tensor& a, const Order& p) {
  check_square("linalg.cond", a);
  if (a.numel() == 0) return zeros(batch_sizes(a), a.scalar_type());
  const Tensor product = matrix_norm(a, p) * matrix_norm(inverse_or_infinite(a), p);
  return product.nan_to_num(kInfinity, kInfinity, -kInfinity);
}

}  // namespace

Tensor cond(const Tensor& a, std::optional<Scalar> ord) {
  check_matrix("linalg.cond", a);
  const double p = ord ? ord->toDouble() : 2, size = std::abs(p);
  check(size == 1 || size == 2 || std::isinf(size),
        "linalg.cond: linalg.cond got an invalid norm type: ", p);
  if (size != 2) return cond_by_inverse(a, *ord);
  if (a.numel() == 0) return zeros(batch_sizes(a), a.scalar_type());
  const Tensor s = svdvals(a);
  const Tensor largest = s.narrow(-1, 0, 1), smallest = s.narrow(-1, s.size(-1) - 1, 1);
  return (p > 0 ? largest / smallest : smallest / largest).squeeze(-1);
}

Tensor cond(const Tensor& a, std::string_view p) {
  check_matrix("linalg.cond", a);
  check(p == "fro" || p == "nuc", "linalg.cond: linalg.cond got an invalid norm type: ", p);
  return cond_by_inverse(a, p);
}

}  // namespace pullback::linalg

namespace pullback {

Tensor TensorBase::norm(const Scalar& p) const {
  return linalg::vector_norm(self(Tensor()), p);
}

Tensor TensorBase::norm(const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim) const {
  return linalg::vector_norm(self(Tensor()), p.value_or(2), dim, keepdim);
}

}  // namespace pullback
