#include <limits>

#include <pullback/core/ops/indexed.h>

// Values scattered along one dimension, where those that meet are summed, multiplied or compared.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

enum class Join { Sum, Prod, Mean, Largest, Least };

Join join_named(std::string_view name) {
  if (name == "sum") return Join::Sum;
  if (name == "prod") return Join::Prod;
  if (name == "mean") return Join::Mean;
  if (name == "amax") return Join::Largest;
  check(name == "amin",
        "scatter_reduce: reduce argument must be either sum, prod, mean, amax or amin, got ", name);
  return Join::Least;
}

/// The part of x that lies under a model of no larger size.
Tensor narrow_like(const Tensor& x, const Tensor& model) {
  Tensor part = x;
  for (std::int64_t k = 0; k < model.dim(); ++k)
    if (part.size(k) != model.size(k)) part = narrow(part, k, 0, model.size(k));
  return part;
}

/// How many values meet at each place, the old one included or not.
Tensor meeting(const Tensor& x, int d, const Tensor& index, bool include_self) {
  const Tensor start = include_self ? ones_like(x) : zeros_like(x);
  return scatter_add(start, d, index, ones(index.sizes(), x.dtype()));
}

/// What leaves the values as they are that it is joined with.
Scalar neutral(Join join, ScalarType type) {
  if (join == Join::Prod) return 1;
  if (join == Join::Sum || join == Join::Mean) return 0;
  return visit(type, [&]<class T>(T) -> Scalar {
    using Limits = std::numeric_limits<T>;
    if (Limits::has_infinity)
      return join == Join::Largest ? -Limits::infinity() : Limits::infinity();
    return join == Join::Largest ? Limits::lowest() : Limits::max();
  });
}

kernels::Join kernel_of(Join join) {
  if (join == Join::Prod) return kernels::Join::Product;
  return join == Join::Largest ? kernels::Join::Largest : kernels::Join::Least;
}

Tensor joined(const Tensor& x, int d, const Tensor& index, const Tensor& source, Join join,
              bool include_self) {
  NoGradGuard no_grad;
  if (x.scalar_type() == ScalarType::Bool)  // 0 and 1 in an order
    return joined(x.to(kInt), d, index, source.to(kInt), join, include_self).to(kBool);
  const Tensor start = include_self ? x : scatter(x, d, index, neutral(join, x.scalar_type()));
  if (join != Join::Sum && join != Join::Mean) {
    Tensor y = start.clone();
    join_at("gather", y, d, index, narrow_like(source, index), kernel_of(join));
    return y;
  }
  const Tensor y = scatter_add(start, d, index, source);
  if (join == Join::Sum) return y;
  const Tensor count = clamp_min(meeting(x, d, index, include_self), 1);
  return is_floating_point(y.scalar_type()) ? y / count : div(y, count, "floor");
}

}  // namespace

Tensor scatter_reduce(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                      std::string_view reduce, bool include_self) {
  const Join join = join_named(reduce);
  check_defined("scatter_reduce", x);
  const int d = wrap_dim(dim, x.get()->geometry.ndim, "scatter_reduce");
  check_defined("scatter_reduce", source);
  check_defined("scatter_reduce", index);
  check(x.scalar_type() == source.scalar_type(),
        "scatter_reduce: Expected self.dtype to be equal to src.dtype, but got ", x.scalar_type(),
        " and ", source.scalar_type());
  if (source.dim() == 0 && index.dim() == 1)
    return scatter_reduce(x, dim, index, unsqueeze(source, 0), reduce, include_self);
  const Tensor at = gather_index(x, d, index);
  if (index.numel() == 0)
    return record(
        "ScatterReduceBackward0", x.detach().clone(), wrt(x, [](const Tensor& g) { return g; }),
        wrt(source,
            [sizes = source.sizes().vec()](const Tensor& g) { return zeros(sizes, g.dtype()); }));
  const Tensor y = joined(x.detach(), d, at, source.detach(), join, include_self);
  // Each contributor's share of the gradient, for both kinds at once.
  return record(
      "ScatterReduceBackward0", y,
      wrt(x, source,
          [d, at = saved(index), join, include_self, x = saved(x), source = saved(source)](
              const Tensor& g, const Tensor& y) -> std::pair<Tensor, Tensor> {
            const Tensor index = *at, old = *x, values = narrow_like(*source, index);
            auto padded = [&](const Tensor& part) {
              const Tensor whole = *source;
              if (part.sizes() == whole.sizes()) return part;
              Tensor p = zeros(whole.sizes(), part.dtype());
              narrow_like(p, part).copy_(part);
              return p;
            };
            auto drop_replaced = [&](const Tensor& part) {
              return include_self ? part : scatter(part, d, index, 0);
            };
            if (join == Join::Sum) return {drop_replaced(g), padded(gather(g, d, index))};
            if (join == Join::Mean) {
              const Tensor share = g / clamp_min(meeting(old, d, index, include_self), 1);
              return {drop_replaced(share), padded(gather(share, d, index))};
            }
            if (join == Join::Prod) {
              // Without a division by zero: the product of the other factors, by counting zeros.
              const Tensor own_zero = old == 0, value_zero = values == 0;
              const Tensor start = include_self ? own_zero.to(old.dtype()) : zeros_like(old);
              const Tensor zero_count = scatter_add(start, d, index, value_zero.to(old.dtype()));
              const Tensor product =
                  scatter_reduce(old.masked_fill(own_zero, 1), d, index,
                                 values.masked_fill(value_zero, 1), "prod", include_self);
              auto others = [](const Tensor& p, const Tensor& count, const Tensor& v,
                               const Tensor& is_zero) {
                return where(is_zero, where(count == 1, p, 0),
                             where(count == 0, p / v.masked_fill(is_zero, 1), 0));
              };
              return {drop_replaced(g * others(product, zero_count, old, own_zero)),
                      padded(gather(g, d, index) * others(gather(product, d, index),
                                                          gather(zero_count, d, index), values,
                                                          value_zero))};
            }
            const Tensor own_hit = (old == y.detach()).to(g.dtype());
            const Tensor hit = (values == gather(y.detach(), d, index)).to(g.dtype());
            const Tensor start = include_self ? own_hit : scatter(own_hit, d, index, 0);
            const Tensor share = g / clamp_min(scatter_add(start, d, index, hit), 1);
            return {share * start, padded(gather(share, d, index) * hit)};
          }));
}

Tensor TensorBase::scatter_reduce(std::int64_t dim, const Tensor& index, const Tensor& source,
                                  std::string_view reduce, bool include_self) const {
  return pullback::scatter_reduce(self(Tensor()), dim, index, source, reduce, include_self);
}

}  // namespace pullback
