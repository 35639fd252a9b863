#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Elements addressed by a tensor of indices along one dimension.
namespace pullback {

using autograd::change_to;
using autograd::check_disjoint;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

/// Throws unless `index` may address dimension d of a tensor, position for position along the
/// others.
int check_index(const char* op, const Tensor& x, std::int64_t dim, const Tensor& index,
                const Tensor* source) {
  check_defined(op, x);
  check_defined(op, index);
  check(index.scalar_type() == ScalarType::Long || index.scalar_type() == ScalarType::Int, op,
        ": Expected dtype int64 for index, got ", index.scalar_type());
  const int n = x.get()->geometry.ndim, d = wrap_dim(dim, n, op);
  if (index.numel() == 0) return d;
  check(std::max(index.get()->geometry.ndim, 1) == std::max(n, 1), op,
        ": Index tensor must have the same number of dimensions as input tensor: ", index.sizes(),
        " and ", x.sizes());
  for (int k = 0; k < index.get()->geometry.ndim && n > 0; ++k) {
    check(k == d || index.size(k) <= x.size(k), op, ": Size does not match at dimension ", k,
          " expected index ", index.sizes(), " to be no larger than self ", x.sizes(),
          " apart from dimension ", d);
    check(!source || source->dim() == 0 || index.size(k) <= source->size(k), op,
          ": Expected index ", index.sizes(), " to be no larger than src ",
          source ? source->sizes() : IntArrayRef(), " at dimension ", k);
  }
  return d;
}

struct Stride {
  std::int64_t step[kMaxDims];
  explicit Stride(const Tensor& x, int ndim) {
    for (int d = 0; d < ndim; ++d) step[d] = d < x.dim() ? x.get()->geometry.stride[d] : 0;
  }
};

/// Calls f(offset of the indexed element in x, offset in other) for each position of the index.
/// Indices are checked before the first call.
template <class F>
void for_each_index(const char* op, const Tensor& x, int d, const Tensor& index,
                    const Tensor& other, F f) {
  const Tensor at = as_type(index, ScalarType::Long);
  const int n = std::max(at.get()->geometry.ndim, 1);
  const std::int64_t length = x.dim() ? x.size(d) : 1;
  const Stride sx(x, n), so(other, n), si(at, n);
  std::int64_t size[kMaxDims];
  for (int k = 0; k < n; ++k) size[k] = k < at.dim() ? at.size(k) : 1;
  const auto* indices = reinterpret_cast<const std::int64_t*>(at.get()->bytes());
  const std::int64_t total = at.numel();
  for (int pass = 0; pass < 2; ++pass) {
    std::int64_t position[kMaxDims] = {};
    for (std::int64_t i = 0; i < total; ++i) {
      std::int64_t px = 0, po = 0, pi = 0;
      for (int k = 0; k < n; ++k) {
        pi += position[k] * si.step[k];
        po += position[k] * so.step[k];
        if (k != d) px += position[k] * sx.step[k];
      }
      const std::int64_t to = indices[pi];
      if (pass == 0) {
        check<IndexError>(to >= 0 && to < length, op, ": index ", to,
                          " is out of bounds for dimension ", d, " with size ", length);
      } else {
        f(px + to * sx.step[d], po);
      }
      for (int k = n - 1; k >= 0 && ++position[k] == size[k]; --k) position[k] = 0;
    }
  }
}

template <class F>
void visit_pair(const Tensor& x, F f) {
  visit(x.scalar_type(), [&](auto zero) { f(zero); });
}

}  // namespace

// y[i][j] = x[index[i][j]][j] for dim 0.
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = check_index("gather", x, dim, index, nullptr);
  Tensor y = empty_of(index.get()->geometry, x.scalar_type());
  visit_pair(x, [&](auto zero) {
    using T = decltype(zero);
    const auto* from = reinterpret_cast<const T*>(x.get()->bytes());
    auto* to = reinterpret_cast<T*>(y.get()->bytes());
    for_each_index("gather", x, d, index, y,
                   [&](std::int64_t i, std::int64_t j) { to[j] = from[i]; });
  });
  return record("GatherBackward0", y,
                wrt(x, [shape = x.get()->geometry, d, at = saved(index)](const Tensor& g) {
                  return scatter_add(zeros(shape.sizes(), g.dtype()), d, *at, g);
                }));
}

namespace {

template <class Store>
Tensor scattered(const char* op, const Tensor& x, int d, const Tensor& index, const Tensor& source,
                 Store store) {
  Tensor y = empty_of(x.get()->geometry, x.scalar_type());
  copy_into(y, x);
  visit_pair(y, [&](auto zero) {
    using T = decltype(zero);
    auto* to = reinterpret_cast<T*>(y.get()->bytes());
    const auto* from = reinterpret_cast<const T*>(source.get()->bytes());
    for_each_index(op, y, d, index, source,
                   [&](std::int64_t i, std::int64_t j) { store(to[i], from[j]); });
  });
  return y;
}

void check_same_type(const char* op, const Tensor& x, const Tensor& source) {
  check_defined(op, x);
  check_defined(op, source);
  check(x.scalar_type() == source.scalar_type(), op,
        ": Expected self.dtype to be equal to src.dtype, but got ", x.scalar_type(), " and ",
        source.scalar_type());
}

/// The gradient of a scattered source of these sizes; its elements beyond the index are unused.
Tensor gathered(const Tensor& g, int dim, const Tensor& index, IntArrayRef sizes) {
  const Tensor picked = gather(g, dim, index);
  if (picked.sizes() == sizes) return picked;
  Tensor whole = zeros(sizes, g.dtype());
  Tensor part = whole;
  for (std::int64_t k = 0; k < picked.dim(); ++k) part = part.narrow(k, 0, picked.size(k));
  part.copy_(picked);
  return whole;
}

}  // namespace

Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  check_same_type("scatter", x, source);
  const int d = check_index("scatter", x, dim, index, &source);
  const Tensor y =
      scattered("scatter", x, d, index, source, [](auto& to, auto from) { to = from; });
  return record("ScatterBackward0", y,
                wrt(x, [d, at = saved(index)](const Tensor& g) { return scatter(g, d, *at, 0); }),
                wrt(source, [d, at = saved(index), shape = source.get()->geometry](
                                const Tensor& g) { return gathered(g, d, *at, shape.sizes()); }));
}

Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Scalar& value) {
  const int d = check_index("scatter", x, dim, index, nullptr);
  check_convertible("scatter", value, x.scalar_type());
  const Tensor source = scalar_tensor(value, x.scalar_type());
  const Tensor y =
      scattered("scatter", x, d, index, source, [](auto& to, auto from) { to = from; });
  return record("ScatterBackward1", y,
                wrt(x, [d, at = saved(index)](const Tensor& g) { return scatter(g, d, *at, 0); }));
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  check_same_type("scatter_add", x, source);
  const int d = check_index("scatter_add", x, dim, index, &source);
  const Tensor y = scattered("scatter_add", x, d, index, source, [](auto& to, auto from) {
    if constexpr (std::is_same_v<decltype(from), bool>)
      to = to || from;
    else
      to += from;
  });
  return record("ScatterAddBackward0", y, wrt(x, [](const Tensor& g) { return g; }),
                wrt(source, [d, at = saved(index), shape = source.get()->geometry](
                                const Tensor& g) { return gathered(g, d, *at, shape.sizes()); }));
}

Tensor TensorBase::gather(std::int64_t dim, const Tensor& index) const {
  return pullback::gather(self(Tensor()), dim, index);
}
Tensor TensorBase::scatter(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return pullback::scatter(self(Tensor()), dim, index, source);
}
Tensor TensorBase::scatter(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  return pullback::scatter(self(Tensor()), dim, index, value);
}
Tensor TensorBase::scatter_(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  const Tensor self = target("scatter_");
  check_disjoint("scatter_", self, {index, source});
  return change_to("scatter_", self,
                   [&](const Tensor& x) { return pullback::scatter(x, dim, index, source); });
}
Tensor TensorBase::scatter_(std::int64_t dim, const Tensor& index, const Scalar& value) const {
  const Tensor self = target("scatter_");
  check_disjoint("scatter_", self, {index});
  return change_to("scatter_", self,
                   [&](const Tensor& x) { return pullback::scatter(x, dim, index, value); });
}
Tensor TensorBase::scatter_add(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  return pullback::scatter_add(self(Tensor()), dim, index, source);
}
Tensor TensorBase::scatter_add_(std::int64_t dim, const Tensor& index, const Tensor& source) const {
  const Tensor self = target("scatter_add_");
  check_disjoint("scatter_add_", self, {index, source});
  return change_to("scatter_add_", self,
                   [&](const Tensor& x) { return pullback::scatter_add(x, dim, index, source); });
}

}  // namespace pullback
