#include <pullback/core/ops/indexed.h>

// Whole slices along one dimension addressed by a vector of indices, and reductions of scattered
// values.
namespace pullback {

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
  check_bounds(op, at, d, x.dim() ? x.size(d) : 1);
  return at;
}

/// The indices with those from −length to −1 counted from the end.
Tensor counted_from_start(const char* op, const Tensor& index, std::int64_t length) {
  check_defined(op, index);
  const NoGradGuard no_grad;
  const Tensor from_end = (index < 0).logical_and(index >= -length);
  return where(from_end, index + length, index);
}

int line_dim(const char* op, const Tensor& x, std::int64_t dim) {
  check_defined(op, x);
  return wrap_dim(dim, x.get()->geometry.ndim, op);
}

/// The walk over slices of x at the places that a vector of indices says, beside those of another
/// tensor, or a scalar.
kernels::IndexedWalk slices(const Tensor& x, int d, const Tensor& at, const Tensor& other) {
  Geometry index = x.get()->geometry;
  for (int k = 0; k < index.ndim; ++k) index.stride[k] = k == d;
  if (index.ndim == 0) index = at.get()->geometry;
  index.size[d] = at.numel();
  return walk_of(x.get()->geometry, d, index, other.get()->geometry);
}

void check_source(const char* op, const Tensor& x, int d, const Tensor& index,
                  const Tensor& source) {
  check_defined(op, source);
  check(x.scalar_type() == source.scalar_type(), op,
        ": self and source expected to have the same dtype, but got (self) ", x.scalar_type(),
        " and (source) ", source.scalar_type());
  check<IndexError>(source.dim() > 0 || index.numel() == 1, op,
                    ": When source is scalar, index should have one element (got ", index.numel(),
                    ")");
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

namespace {

Tensor index_add_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                      const Tensor& index, const Tensor& source, const Scalar& alpha);

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = line_dim("index_select", x, dim);
  const Tensor at = checked_index("index_select", x, d, index);
  check(x.dim() > 0 || at.numel() == 1, "index_select: Index to scalar can have only 1 value, got ",
        at.numel(), " value(s)");
  Geometry shape = x.get()->geometry;
  if (shape.ndim > 0) shape.size[d] = at.numel();
  Tensor y = empty_of(shape, x.scalar_type());
  kernels::gather(x.scalar_type(), slices(x, d, at, y), data<char>(x), data<std::int64_t>(at),
                  kernels::kChecked, data<char>(y));
  return record(
      "IndexSelectBackward0", y, wrt(x, [from = x.get()->geometry, d, at](const Tensor& g) {
        return index_add_into("index_add", true, zeros(from.sizes(), g.dtype()), d, at, g, 1);
      }));
}

namespace {

Tensor index_add_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                      const Tensor& index, const Tensor& source, const Scalar& alpha) {
  const int d = line_dim(op, x, dim);
  const Tensor at = checked_index(op, x, d, index);
  check_source(op, x, d, at, source);
  check(!(alpha.isFloatingPoint() && is_integral(x.scalar_type())), op,
        ": For integral input tensors, argument alpha must not be a floating point number: ",
        alpha.toDouble());
  check_convertible(op, alpha, x.scalar_type());
  if (in_place) check_disjoint(op, x, {index, source});
  return changed(
      op, "IndexAddBackward0", in_place, x,
      [&](const Tensor& y) {
        const NoGradGuard no_grad;
        // A boolean times a number is a number, which the kernel for booleans cannot read.
        const Tensor added = alpha.equal(1) ? source : as_type(source * alpha, x.scalar_type());
        kernels::scatter_add(y.scalar_type(), slices(y, d, at, added), data<char>(y),
                             data<std::int64_t>(at), data<char>(added));
      },
      wrt(x, [](const Tensor& g) { return g; }), wrt(source, [d, at, alpha](const Tensor& g) {
        const Tensor part = index_select(g, d, at);
        return alpha.equal(1) ? part : part * alpha;
      }));
}

Tensor index_copy_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                       const Tensor& index, const Tensor& source) {
  const int d = line_dim(op, x, dim);
  const Tensor at = checked_index(op, x, d, index);
  check_source(op, x, d, at, source);
  if (in_place) check_disjoint(op, x, {index, source});
  return changed(
      op, "IndexCopyBackward0", in_place, x,
      [&](const Tensor& y) {
        kernels::scatter(y.scalar_type(), slices(y, d, at, source), data<char>(y),
                         data<std::int64_t>(at), data<char>(source));
      },
      wrt(x, [d, at](const Tensor& g) { return index_fill(g, d, at, 0); }),
      wrt(source, [d, at](const Tensor& g) { return index_select(g, d, at); }));
}

Tensor index_fill_into(const char* op, bool in_place, const Tensor& x, std::int64_t dim,
                       const Tensor& index, const Scalar& value) {
  const int d = line_dim(op, x, dim);
  const Tensor at = checked_index(op, x, d, counted_from_start(op, index, x.dim() ? x.size(d) : 1));
  check_convertible(op, value, x.scalar_type());
  if (in_place) check_disjoint(op, x, {index});
  const Tensor filling = scalar_tensor(value, x.scalar_type());
  return changed(
      op, "IndexFillBackward0", in_place, x,
      [&](const Tensor& y) {
        kernels::scatter(y.scalar_type(), slices(y, d, at, filling), data<char>(y),
                         data<std::int64_t>(at), data<char>(filling));
      },
      wrt(x, [d, at](const Tensor& g) { return index_fill(g, d, at, 0); }));
}

}  // namespace

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha) {
  return index_add_into("index_add", false, x, dim, index, source, alpha);
}
Tensor index_copy(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  return index_copy_into("index_copy", false, x, dim, index, source);
}
Tensor index_fill(const Tensor& x, std::int64_t dim, const Tensor& index, const Scalar& value) {
  return index_fill_into("index_fill", false, x, dim, index, value);
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<std::int64_t> dim) {
  check_defined("take_along_dim", x);
  check_defined("take_along_dim", index);
  if (!dim) return gather(x.reshape({-1}), 0, index.reshape({-1}));
  check(x.dim() == index.dim(),
        "take_along_dim: input and indices should have the same number of dimensions, but got ",
        x.dim(), " and ", index.dim());
  check<IndexError>(x.dim() > 0, "take_along_dim: Dimension specified as ", *dim,
                    " but tensor has no dimensions");
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
  if (x.scalar_type() == ScalarType::Bool)  // 0 and 1 in an order
    return joined(x.to(kInt), d, index, source.to(kInt), join, include_self).to(kBool);
  Tensor y = x.clone();
  const Tensor at = dense(as_type(index, kLong));
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
  if (index.numel() == 0)
    return record(
        "ScatterReduceBackward0", x.detach().clone(), wrt(x, [](const Tensor& g) { return g; }),
        wrt(source,
            [sizes = source.sizes().vec()](const Tensor& g) { return zeros(sizes, g.dtype()); }));
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
  return index_add_into("index_add_", true, target("index_add_"), dim, index, source, alpha);
}
Tensor TensorBase::index_copy_(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return index_copy_into("index_copy_", true, target("index_copy_"), dim, index, source);
}
Tensor TensorBase::index_fill_(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  return index_fill_into("index_fill_", true, target("index_fill_"), dim, index, value);
}

}  // namespace pullback
