#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/dense.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/row_loop.h>

// W = v g/‖v‖ (Salimans and Kingma 2016). With n = ‖v‖ and s = Σ W̄ v along the summed dimensions,
// ḡ = s/n and v̄ = (g/n) (W̄ − v s/n²); for rows in one pass where nobody will differentiate it
// again.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

std::vector<std::int64_t> all_but(std::int64_t kept, std::int64_t dims) {
  std::vector<std::int64_t> rest;
  for (std::int64_t d = 0; d < dims; ++d)
    if (d != kept) rest.push_back(d);
  return rest;
}

std::int64_t kept_dim(const char* op, const Tensor& v, std::int64_t dim) {
  check_defined(op, v);
  check<IndexError>(dim >= -1 && dim < std::max<std::int64_t>(v.dim(), 1), op, ": dimension ", dim,
                    " is not one of a tensor of sizes ", v.sizes(), ", nor -1 for all of it");
  return dim;
}

Tensor composed(const Tensor& v, const Tensor& g, std::int64_t dim) {
  return v * (g / norm_except_dim(v, 2, dim));
}

bool has_norms_of_rows(const Tensor& g, const Tensor& v) {
  return g.dim() == v.dim() && g.size(0) == v.size(0) && g.numel() == g.size(0) &&
         g.scalar_type() == v.scalar_type() && is_floating_point(v.scalar_type());
}

std::tuple<Tensor, Tensor> gradients(const Tensor& gw, const Tensor& v, const Tensor& g,
                                     const Tensor& n, std::int64_t dim) {
  const Tensor product = gw * v;
  const Tensor s =
      product.dim() == 1 ? product : product.sum(all_but(dim, product.dim()), /*keepdim=*/true);
  const Tensor scale = g / n;
  return {addcmul(scale * gw, v, scale * s / (n * n), -1), s / n};
}

// The slices of v along its first dimension.
struct Rows {
  explicit Rows(const Tensor& v) : count(v.size(0)), length(count ? v.numel() / count : 0) {}
  std::int64_t count, length;
};

// All are dense, and g and n have a norm for each row.
std::tuple<Tensor, Tensor> gradients_of_rows(const Tensor& gw, const Tensor& v, const Tensor& g,
                                             const Tensor& n) {
  const Rows rows(v);
  const Tensor gv = empty(v.sizes(), v.scalar_type()), gg = zeros(g.sizes(), g.scalar_type());
  for_rows(simd().weight_norm_backward, v.scalar_type(), rows.count, rows.length,
           {{&gv}, {&gg, Each::Row}, {&gw}, {&v}, {&g, Each::Row}, {&n, Each::Row}});
  return {gv, gg};
}

Tensor along_rows(const Tensor& v, const Tensor& g) {
  const Rows rows(v);
  const Tensor from = dense(v), scale = dense(g);
  const Tensor w = empty(v.sizes(), v.scalar_type()), n = empty(g.sizes(), g.scalar_type());
  for_rows(simd().weight_norm, v.scalar_type(), rows.count, rows.length,
           {{&w}, {&n, Each::Row}, {&from}, {&scale, Each::Row}});
  return record("WeightNormInterfaceBackward0", w,
                wrt(v, g, [v = saved(v), g = saved(g), n = saved(n)](const Tensor& gw) {
                  if (GradMode::is_enabled())
                    return gradients(gw, *v, *g, norm_except_dim(*v, 2, 0), 0);
                  return gradients_of_rows(dense(gw), dense(*v), dense(*g), *n);
                }));
}

}  // namespace

Tensor norm_except_dim(const Tensor& v, const Scalar& p, std::int64_t dim) {
  if (kept_dim("norm_except_dim", v, dim) == -1) return v.norm(p);
  return v.dim() == 1 ? v.abs() : v.norm(p, all_but(dim, v.dim()), /*keepdim=*/true);
}

Tensor _weight_norm(const Tensor& v, const Tensor& g, std::int64_t dim) {
  kept_dim("_weight_norm", v, dim);
  check_defined("_weight_norm", g);
  if (dim == 0 && v.dim() > 1 && has_norms_of_rows(g, v)) return along_rows(v, g);
  // PyTorch has one operation for the first and the last dimension.
  if (dim < 0 || (dim > 0 && dim < v.dim() - 1)) return composed(v, g, dim);
  const auto value = [&] {
    const NoGradGuard no_grad;
    return composed(v, g, dim);
  };
  return record("WeightNormInterfaceBackward0", value(),
                wrt(v, g, [dim, v = saved(v), g = saved(g)](const Tensor& gw) {
                  return gradients(gw, *v, *g, norm_except_dim(*v, 2, dim), dim);
                }));
}

}  // namespace pullback
