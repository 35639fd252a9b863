#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/reduce.h>

// Sums and products over dimensions.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

using Over = std::bitset<kMaxDims>;

/// Integers and bools become int64 in their kernels; any other wish is met by converting first.
Tensor fold(const char* op, const kernels::Reduce& kernel, const Tensor& x, Over over, bool keepdim,
            std::optional<ScalarType> dtype) {
  const ScalarType own = x.scalar_type();
  const ScalarType out = dtype.value_or(is_integral(own) ? ScalarType::Long : own);
  Tensor converted;
  const bool by_kernel = out == ScalarType::Long && is_integral(own);
  const Tensor& in = by_kernel ? x : as_type(x, out, std::move(converted));
  Tensor y = reduce(op, kernel, in, over, keepdim);
  if (y.scalar_type() != out) y = as_type(y, out);
  return y;
}

Tensor sum_over(const char* name, const Tensor& x, Over over, bool keepdim,
                std::optional<ScalarType> dtype) {
  return record(name, fold("sum", simd().sum, x, over, keepdim, dtype),
                wrt(x, [from = x.get()->geometry, over, keepdim](const Tensor& g) {
                  return expand(restore_dims(g, over, from.ndim, keepdim), from.sizes());
                }));
}

}  // namespace

Tensor sum(const Tensor& x, std::optional<ScalarType> dtype) {
  check_defined("sum", x);
  return sum_over("SumBackward0", x, dim_mask("sum", {}, x.get()->geometry.ndim), false, dtype);
}

Tensor sum(const Tensor& x, IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) {
  check_defined("sum", x);
  return sum_over("SumBackward1", x, dim_mask("sum", dim, x.get()->geometry.ndim), keepdim, dtype);
}

namespace {

/// A sum that is a number had none but numbers among its elements.
Tensor nansum_over(const Tensor& x, Over over, bool keepdim) {
  const Tensor in = x.detach();
  Tensor sum = sum_over("", in, over, keepdim, {});
  if (any(isnan(sum)).item<bool>())
    sum = sum_over("", masked_fill(in, isnan(in), 0), over, keepdim, {});
  return record("NansumBackward0", std::move(sum),
                wrt(x, [x = saved(x), over, keepdim](const Tensor& g) {
                  const Tensor nan = isnan(x->detach());
                  const Tensor all = restore_dims(g, over, static_cast<int>(nan.dim()), keepdim);
                  return masked_fill(all.expand(nan.sizes()), nan, 0);
                }));
}

}  // namespace

Tensor nansum(const Tensor& x) {
  check_defined("nansum", x);
  return nansum_over(x, dim_mask("nansum", {}, x.get()->geometry.ndim), false);
}
Tensor nansum(const Tensor& x, IntArrayRef dim, bool keepdim) {
  check_defined("nansum", x);
  return nansum_over(x, dim_mask("nansum", dim, x.get()->geometry.ndim), keepdim);
}
Tensor nanmean(const Tensor& x) {
  check_defined("nanmean", x);
  check(x.is_floating_point(), "nanmean: expected input to have floating point dtype but got ",
        x.scalar_type());
  return nansum(x) / logical_not(isnan(x.detach())).sum();
}
Tensor nanmean(const Tensor& x, IntArrayRef dim, bool keepdim) {
  check_defined("nanmean", x);
  check(x.is_floating_point(), "nanmean: expected input to have floating point dtype but got ",
        x.scalar_type());
  return nansum(x, dim, keepdim) / logical_not(isnan(x.detach())).sum(dim, keepdim);
}

Tensor sum_to_size(const Tensor& x, IntArrayRef sizes) {
  check_defined("sum_to_size", x);
  const Geometry& g = x.get()->geometry;
  if (g.sizes() == sizes) return x;
  check(is_expandable_to(sizes, g.sizes()), "sum_to_size: size ", sizes,
        " is not expandable to size ", g.sizes());
  const int extra = g.ndim - static_cast<int>(sizes.size());
  Over over;
  for (int d = 0; d < g.ndim; ++d)
    if (d < extra || (sizes[d - extra] == 1 && g.size[d] != 1)) over.set(d);
  if (over.count() == static_cast<std::size_t>(extra))
    return sum_over("SumBackward1", x, over, false, {});
  Tensor y = sum_over("SumBackward1", x, over, true, {});
  return extra > 0 ? view(y, sizes) : y;
}

namespace {

/// For each element along `dim`, the product of all others: prefix and suffix products, so that
/// zeros do no harm.
Tensor product_of_others(const Tensor& x, std::int64_t dim) {
  const std::int64_t n = x.size(dim);
  const Tensor one = ones_like(narrow(x, dim, 0, 1));
  const Tensor before = cumprod(cat({one, narrow(x, dim, 0, n - 1)}, dim), dim);
  const Tensor after =
      flip(cumprod(cat({one, flip(narrow(x, dim, 1, n - 1), {dim})}, dim), dim), {dim});
  return before * after;
}

bool has_zero(const Tensor& x) {
  return !all(x.detach()).item<bool>();
}

}  // namespace

Tensor prod(const Tensor& x, std::optional<ScalarType> dtype) {
  check_defined("prod", x);
  const Over over = dim_mask("prod", {}, x.get()->geometry.ndim);
  return record("ProdBackward0", fold("prod", simd().prod, x, over, false, dtype),
                wrt(x, [x = saved(x)](const Tensor& g, const Tensor& y) {
                  const Tensor v = *x;
                  if (v.numel() == 0) return zeros_like(v);
                  if (!has_zero(v)) return g * y / v;
                  return (g * product_of_others(v.reshape({-1}), 0)).reshape(v.sizes());
                }));
}

Tensor prod(const Tensor& x, std::int64_t dim, bool keepdim, std::optional<ScalarType> dtype) {
  check_defined("prod", x);
  const int d = wrap_dim(dim, x.get()->geometry.ndim, "prod");
  Over over;
  if (x.dim() > 0) over.set(d);
  return record("ProdBackward1", fold("prod", simd().prod, x, over, keepdim, dtype),
                wrt(x, [x = saved(x), d, over, keepdim](const Tensor& g, const Tensor& y) {
                  const Tensor v = *x;
                  if (v.dim() == 0) return g;
                  if (v.numel() == 0) return zeros_like(v);
                  if (!has_zero(v))
                    return restore_dims(g * y, over, static_cast<int>(v.dim()), keepdim) / v;
                  return restore_dims(g, over, static_cast<int>(v.dim()), keepdim) *
                         product_of_others(v, d);
                }));
}

Tensor TensorBase::sum(std::optional<ScalarType> dtype) const {
  return pullback::sum(self(Tensor()), dtype);
}
Tensor TensorBase::sum(IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) const {
  return pullback::sum(self(Tensor()), dim, keepdim, dtype);
}
Tensor TensorBase::prod(std::optional<ScalarType> dtype) const {
  return pullback::prod(self(Tensor()), dtype);
}
Tensor TensorBase::prod(std::int64_t dim, bool keepdim, std::optional<ScalarType> dtype) const {
  return pullback::prod(self(Tensor()), dim, keepdim, dtype);
}

}  // namespace pullback
