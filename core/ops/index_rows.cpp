#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/dense.h>
#include <pullback/core/ops/map.h>

// Whole slices along one dimension addressed by a vector of indices, and reductions of scattered
// values.
namespace pullback {

using autograd::change_to;
using autograd::check_disjoint;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

/// Throws unless `index` is a vector of positions along dimension d.
Tensor checked_index(const char* op, const Tensor& x, int d, const Tensor& index) {
  check_defined(op, index);
  check<IndexError>(index.dim() <= 1, op, ": Index is supposed to be a vector, but has shape ",
                    index.sizes());
  check(is_integral(index.scalar_type(), false), op, ": Expected dtype int32/int64 for index, got ",
        index.scalar_type());
  const Tensor at = dense(as_type(index.detach(), kLong).reshape({-1}));
  const std::int64_t n = x.dim() ? x.size(d) : 1;
  for (std::int64_t i = 0; i < at.numel(); ++i) {
    const std::int64_t v = at.data_ptr<std::int64_t>()[i];
    check<IndexError>(v >= 0 && v < n, op, ": index ", v, " out of range for dimension ", d,
                      " of size ", n);
  }
  return at;
}

int line_dim(const char* op, const Tensor& x, std::int64_t dim) {
  check_defined(op, x);
  return wrap_dim(dim, x.get()->geometry.ndim, op);
}

/// The slice of a tensor at one place of dimension d.
Tensor row(const Tensor& x, int d, std::int64_t i) {
  Geometry g = x.get()->geometry;
  if (g.ndim == 0) return alias_of(x, g);
  g.offset += i * g.stride[d];
  g.remove_dim(d);
  return alias_of(x, g);
}

void check_source(const char* op, const Tensor& x, int d, const Tensor& index,
                  const Tensor& source) {
  check_defined(op, source);
  check(x.scalar_type() == source.scalar_type(), op,
        ": self and source expected to have the same dtype, but got (self) ", x.scalar_type(),
        " and (source) ", source.scalar_type());
  check(source.dim() == x.dim() || (x.dim() == 1 && source.dim() == 0), op,
        ": source and self must have the same "
        "number of dimensions: ",
        source.sizes(), " and ", x.sizes());
  for (std::int64_t k = 0; k < source.dim(); ++k)
    check(source.size(k) == (k == d ? index.numel() : x.size(k)), op, ": Number of indices (",
          index.numel(), ") and sizes of source ", source.sizes(), " do not match self ", x.sizes(),
          " along dimension ", d);
}

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = line_dim("index_select", x, dim);
  const Tensor at = checked_index("index_select", x, d, index);
  Geometry shape = x.get()->geometry;
  if (shape.ndim > 0) shape.size[d] = at.numel();
  Tensor y = empty_of(shape, x.scalar_type());
  for (std::int64_t i = 0; i < at.numel(); ++i)
    copy_into(row(y, d, i), row(x, d, at.data_ptr<std::int64_t>()[i]));
  return record("IndexSelectBackward0", y,
                wrt(x, [from = x.get()->geometry, d, at](const Tensor& g) {
                  return index_add(zeros(from.sizes(), g.dtype()), d, at, g);
                }));
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha) {
  const int d = line_dim("index_add", x, dim);
  const Tensor at = checked_index("index_add", x, d, index);
  check_source("index_add", x, d, at, source);
  check(
      !(alpha.isFloatingPoint() && is_integral(x.scalar_type())),
      "index_add: For integral input tensors, argument alpha must not be a floating point number: ",
      alpha.toDouble());
  check_convertible("index_add", alpha, x.scalar_type());
  const Tensor y = x.detach().clone();
  {
    NoGradGuard no_grad;
    const Tensor added = alpha.equal(1) ? source : source * alpha;
    for (std::int64_t i = 0; i < at.numel(); ++i)
      add_to(row(y, d, at.data_ptr<std::int64_t>()[i]), row(added, d, i));
  }
  return record("IndexAddBackward0", y, wrt(x, [](const Tensor& g) { return g; }),
                wrt(source, [d, at, alpha](const Tensor& g) {
                  const Tensor part = index_select(g, d, at);
                  return alpha.equal(1) ? part : part * alpha;
                }));
}

Tensor index_copy(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  const int d = line_dim("index_copy", x, dim);
  const Tensor at = checked_index("index_copy", x, d, index);
  check_source("index_copy", x, d, at, source);
  const Tensor y = x.detach().clone();
  for (std::int64_t i = 0; i < at.numel(); ++i)
    copy_into(row(y, d, at.data_ptr<std::int64_t>()[i]), row(source, d, i));
  return record("IndexCopyBackward0", y,
                wrt(x, [d, at](const Tensor& g) { return index_fill(g, d, at, 0); }),
                wrt(source, [d, at](const Tensor& g) { return index_select(g, d, at); }));
}

Tensor index_fill(const Tensor& x, std::int64_t dim, const Tensor& index, const Scalar& value) {
  const int d = line_dim("index_fill", x, dim);
  const Tensor at = checked_index("index_fill", x, d, index);
  check_convertible("index_fill", value, x.scalar_type());
  const Tensor y = x.detach().clone();
  for (std::int64_t i = 0; i < at.numel(); ++i)
    fill_into(row(y, d, at.data_ptr<std::int64_t>()[i]), value);
  return record("IndexFillBackward0", y,
                wrt(x, [d, at](const Tensor& g) { return index_fill(g, d, at, 0); }));
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<std::int64_t> dim) {
  check_defined("take_along_dim", x);
  check_defined("take_along_dim", index);
  if (!dim) return gather(x.reshape({-1}), 0, index.reshape({-1}));
  check(x.dim() == index.dim(),
        "take_along_dim: input and indices should have the same number of dimensions, but got ",
        x.dim(), " and ", index.dim());
  const int d = wrap_dim(*dim, x.get()->geometry.ndim, "take_along_dim");
  std::vector<std::int64_t> own = x.sizes().vec(), at = index.sizes().vec();
  const std::int64_t length = own[d], count = at[d];
  own[d] = at[d] = 1;
  const Geometry common = broadcast("take_along_dim", own, at);
  std::vector<std::int64_t> from = common.sizes().vec(), to = from;
  from[d] = length, to[d] = count;
  return gather(x.expand(from), d, index.expand(to));
}

// ---- scatter_reduce

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

Tensor joined(const Tensor& x, int d, const Tensor& index, const Tensor& source, Join join,
              bool include_self) {
  NoGradGuard no_grad;
  Tensor y = x.clone();
  const Tensor at = dense(index);
  const bool sums = join == Join::Sum || join == Join::Mean;
  if (!include_self) {
    const Scalar neutral = sums ? 0 : 1;
    if (sums || join == Join::Prod) y = scatter(y, d, at, neutral);
  }
  if (sums) {
    y = scatter_add(y, d, at, source);
    if (join == Join::Mean) {
      const Tensor count = clamp_min(meeting(x, d, at, include_self), 1);
      y = is_floating_point(y.dtype()) ? y / count : div(y, count, "floor");
    }
    return y;
  }
  // Walk the index once; with the old value left out, the first value at a place replaces it.
  Tensor fresh =
      include_self ? zeros(x.sizes(), kBool) : scatter(zeros(x.sizes(), kBool), d, at, true);
  const Tensor values = dense(narrow_like(source, at));
  visit(y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>) {
      const Geometry &gy = y.get()->geometry, &gi = at.get()->geometry;
      T* out = y.data_ptr<T>();
      bool* first = fresh.data_ptr<bool>();
      const T* in = values.data_ptr<T>();
      const std::int64_t* where = at.data_ptr<std::int64_t>();
      for (std::int64_t i = 0; i < at.numel(); ++i) {
        std::int64_t rest = i, to = 0;
        for (int k = gi.ndim - 1; k >= 0; --k) {
          const std::int64_t p = rest % gi.size[k];
          rest /= gi.size[k];
          to += (k == d ? where[i] : p) * gy.stride[k];
        }
        const T v = in[i];
        if (join == Join::Prod)
          out[to] *= v;
        else if (first[to])
          out[to] = v;
        else if (join == Join::Largest)
          out[to] = v > out[to] || v != v ? v : out[to];
        else
          out[to] = v < out[to] || v != v ? v : out[to];
        first[to] = false;
      }
    }
  });
  return y;
}

}  // namespace

Tensor scatter_reduce(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                      std::string_view reduce, bool include_self) {
  const Join join = join_named(reduce);
  const int d = line_dim("scatter_reduce", x, dim);
  check_defined("scatter_reduce", source);
  check_defined("scatter_reduce", index);
  check(x.scalar_type() == source.scalar_type(),
        "scatter_reduce: Expected self.dtype to be equal to src.dtype, but got ", x.scalar_type(),
        " and ", source.scalar_type());
  gather(x.detach(), d, index);  // checks the index
  const Tensor y = joined(x, d, index, source, join, include_self);
  // Each contributor's share of the gradient, for both kinds at once.
  return record(
      "ScatterReduceBackward0", y,
      wrt(x, source,
          [d, index, join, include_self, x = saved(x), source = saved(source)](
              const Tensor& g, const Tensor& y) -> std::pair<Tensor, Tensor> {
            const Tensor old = *x, values = narrow_like(*source, index);
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

Tensor TensorBase::index_select(std::int64_t dim, const Tensor& index) const {
  return pullback::index_select(self(Tensor()), dim, index);
}
Tensor TensorBase::index_add(std::int64_t dim, const Tensor& index, const Tensor& source,
                             const Scalar& alpha) const {
  return pullback::index_add(self(Tensor()), dim, index, source, alpha);
}
Tensor TensorBase::index_copy(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return pullback::index_copy(self(Tensor()), dim, index, source);
}
Tensor TensorBase::index_fill(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  return pullback::index_fill(self(Tensor()), dim, index, value);
}
Tensor TensorBase::take_along_dim(const Tensor& index, std::optional<std::int64_t> dim) const {
  return pullback::take_along_dim(self(Tensor()), index, dim);
}
Tensor TensorBase::scatter_reduce(std::int64_t dim, const Tensor& index, const Tensor& source,
                                  std::string_view reduce, bool include_self) const {
  return pullback::scatter_reduce(self(Tensor()), dim, index, source, reduce, include_self);
}
Tensor TensorBase::index_add_(std::int64_t dim, const Tensor& index, const Tensor& source,
                              const Scalar& alpha) const {
  const Tensor self = target("index_add_");
  check_disjoint("index_add_", self, {index, source});
  return change_to("index_add_", self, [&](const Tensor& x) {
    return pullback::index_add(x, dim, index, source, alpha);
  });
}
Tensor TensorBase::index_copy_(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  const Tensor self = target("index_copy_");
  check_disjoint("index_copy_", self, {index, source});
  return change_to("index_copy_", self,
                   [&](const Tensor& x) { return pullback::index_copy(x, dim, index, source); });
}
Tensor TensorBase::index_fill_(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  const Tensor self = target("index_fill_");
  check_disjoint("index_fill_", self, {index});
  return change_to("index_fill_", self,
                   [&](const Tensor& x) { return pullback::index_fill(x, dim, index, value); });
}

}  // namespace pullback
