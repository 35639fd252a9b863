#include <algorithm>
#include <cstring>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Views: operations that give another geometry to the same memory.
namespace pullback {

using autograd::make_view;
using autograd::record;
using autograd::wrt;

namespace {

const Geometry& geometry_of(const char* op, const Tensor& x) {
  check_defined(op, x);
  return x.get()->geometry;
}

}  // namespace

Tensor view(const Tensor& x, IntArrayRef sizes) {
  const Geometry& from = geometry_of("view", x);
  const Geometry inferred = infer_size("view", sizes, from.numel());
  const IntArrayRef target = inferred.sizes();
  Geometry to;
  check(view_strides(from, target, to),
        "view: view size is not compatible with input tensor's size and stride (at least one "
        "dimension spans across "
        "two contiguous subspaces): size ",
        from.sizes(), ", stride ", from.strides(), ", view ", target,
        ". Use .reshape(...) instead");
  return record("ViewBackward0", make_view(x, to),
                wrt(x, [from](const Tensor& g) { return reshape(g, from.sizes()); }));
}

Tensor reshape(const Tensor& x, IntArrayRef sizes) {
  const Geometry& from = geometry_of("reshape", x);
  const Geometry inferred = infer_size("reshape", sizes, from.numel());
  const IntArrayRef target = inferred.sizes();
  Geometry to;
  if (view_strides(from, target, to)) return view(x, target);
  Tensor dense = x.clone();
  return record("UnsafeViewBackward0", alias_of(dense, Geometry(target)),
                wrt(dense, [from](const Tensor& g) { return reshape(g, from.sizes()); }));
}

Tensor flatten(const Tensor& x, std::int64_t start, std::int64_t end) {
  const Geometry& g = geometry_of("flatten", x);
  if (g.ndim == 0) return reshape(x, {1});
  const int first = wrap_dim(start, g.ndim, "flatten"), last = wrap_dim(end, g.ndim, "flatten");
  check(first <= last, "flatten: start_dim cannot come after end_dim: ", start, " and ", end);
  if (first == last) return x;
  std::vector<std::int64_t> sizes(g.size, g.size + first);
  std::int64_t n = 1;
  for (int d = first; d <= last; ++d) n *= g.size[d];
  sizes.push_back(n);
  sizes.insert(sizes.end(), g.size + last + 1, g.size + g.ndim);
  return reshape(x, sizes);
}

Tensor unflatten(const Tensor& x, std::int64_t dim, IntArrayRef sizes) {
  const Geometry& g = geometry_of("unflatten", x);
  const int d = wrap_dim(dim, g.ndim, "unflatten");
  check(g.ndim > 0 && !sizes.empty(),
        "unflatten: sizes must be non-empty and the tensor have a dimension");
  const Geometry inferred = infer_size("unflatten", sizes, g.size[d]);
  const IntArrayRef inner = inferred.sizes();
  std::vector<std::int64_t> target(g.size, g.size + d);
  target.insert(target.end(), inner.begin(), inner.end());
  target.insert(target.end(), g.size + d + 1, g.size + g.ndim);
  return view(x, target);
}

Tensor ravel(const Tensor& x) {
  return reshape(x, {-1});
}

Tensor expand(const Tensor& x, IntArrayRef sizes) {
  const Geometry& from = geometry_of("expand", x);
  check(static_cast<int>(sizes.size()) >= from.ndim, "expand: the number of sizes provided (",
        sizes.size(), ") must be greater or equal to the number of dimensions in the tensor (",
        from.ndim, "): ", sizes, " for ", from.sizes());
  check<ValueError>(sizes.size() <= kMaxDims, "expand: more than ", kMaxDims,
                    " dimensions: ", sizes);
  Geometry to;
  to.offset = from.offset;
  to.ndim = static_cast<int>(sizes.size());
  const int added = to.ndim - from.ndim;
  for (int d = 0; d < to.ndim; ++d) {
    const std::int64_t own = d < added ? 1 : from.size[d - added];
    check(sizes[d] != -1 || d >= added,
          "expand: the expanded size of the tensor (-1) isn't allowed in a leading, "
          "non-existing dimension ",
          d);
    to.size[d] = sizes[d] == -1 ? own : sizes[d];
    check(to.size[d] >= 0 && (to.size[d] == own || own == 1),
          "expand: The expanded size of the tensor (", sizes[d], ") must match the existing size (",
          own, ") at non-singleton dimension ", d, ". Target sizes: ", sizes,
          ". Tensor sizes: ", from.sizes());
    const bool keeps = d >= added && own == to.size[d];
    to.stride[d] = keeps ? from.stride[d - added] : 0;
  }
  to.check_numel("expand");
  return record("ExpandBackward0", make_view(x, to),
                wrt(x, [from](const Tensor& g) { return sum_to_size(g, from.sizes()); }));
}

Tensor broadcast_to(const Tensor& x, IntArrayRef sizes) {
  return expand(x, sizes);
}

std::vector<Tensor> broadcast_tensors(TensorList tensors) {
  Geometry shape;
  for (const Tensor& x : tensors)
    shape =
        broadcast("broadcast_tensors", shape.sizes(), geometry_of("broadcast_tensors", x).sizes());
  std::vector<Tensor> result;
  for (const Tensor& x : tensors) result.push_back(expand(x, shape.sizes()));
  return result;
}

Tensor permute(const Tensor& x, IntArrayRef dims) {
  const Geometry& from = geometry_of("permute", x);
  check(static_cast<int>(dims.size()) == from.ndim,
        "permute: number of dimensions in the tensor input does not match "
        "the length of the desired ordering of dimensions: ",
        from.ndim, " and ", dims);
  Geometry to = from;
  std::vector<std::int64_t> inverse(dims.size());
  std::vector<bool> used(dims.size());
  for (int d = 0; d < from.ndim; ++d) {
    const int source = wrap_dim(dims[d], from.ndim, "permute");
    check(!used[source], "permute: duplicate dims are not allowed: ", dims);
    used[source] = true;
    to.size[d] = from.size[source];
    to.stride[d] = from.stride[source];
    inverse[source] = d;
  }
  return record("PermuteBackward0", make_view(x, to),
                wrt(x, [inverse](const Tensor& g) { return permute(g, inverse); }));
}

namespace {

Tensor swap_dims(const char* name, const Tensor& x, int a, int b) {
  Geometry to = x.get()->geometry;
  if (to.ndim > 0) {
    std::swap(to.size[a], to.size[b]);
    std::swap(to.stride[a], to.stride[b]);
  }
  return record(name, make_view(x, to),
                wrt(x, [a, b](const Tensor& g) { return transpose(g, a, b); }));
}

}  // namespace

Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1) {
  const int n = geometry_of("transpose", x).ndim;
  return swap_dims("TransposeBackward0", x, wrap_dim(dim0, n, "transpose"),
                   wrap_dim(dim1, n, "transpose"));
}

Tensor swapaxes(const Tensor& x, std::int64_t dim0, std::int64_t dim1) {
  return transpose(x, dim0, dim1);
}

Tensor t(const Tensor& x) {
  const int n = geometry_of("t", x).ndim;
  check(n <= 2, "t: expects a tensor with <= 2 dimensions, but self is ", n, "D");
  return swap_dims("TBackward0", x, 0, n < 2 ? 0 : 1);
}

Tensor movedim(const Tensor& x, IntArrayRef source, IntArrayRef destination) {
  const int n = geometry_of("movedim", x).ndim;
  check(source.size() == destination.size(),
        "movedim: Invalid source or destination dims: ", source, " and ", destination);
  if (n == 0) {
    for (std::size_t i = 0; i < source.size(); ++i) {
      wrap_dim(source[i], n, "movedim");
      wrap_dim(destination[i], n, "movedim");
    }
    return permute(x, {});
  }
  std::vector<std::int64_t> order(n, -1);
  std::vector<bool> moved(n);
  for (std::size_t i = 0; i < source.size(); ++i) {
    const int from = wrap_dim(source[i], n, "movedim"), to = wrap_dim(destination[i], n, "movedim");
    check(!moved[from] && order[to] == -1, "movedim: repeated dim in ", source, " or ",
          destination);
    moved[from] = true;
    order[to] = from;
  }
  int next = 0;
  for (std::int64_t& d : order) {
    if (d != -1) continue;
    while (moved[next]) ++next;
    d = next++;
  }
  return permute(x, order);
}
Tensor movedim(const Tensor& x, std::int64_t source, std::int64_t destination) {
  return movedim(x, IntArrayRef(source), IntArrayRef(destination));
}

Tensor squeeze(const Tensor& x) {
  const Geometry& from = geometry_of("squeeze", x);
  Geometry to = from;
  for (int d = to.ndim; d-- > 0;)
    if (to.size[d] == 1) to.remove_dim(d);
  return record("SqueezeBackward0", make_view(x, to),
                wrt(x, [from](const Tensor& g) { return reshape(g, from.sizes()); }));
}

Tensor squeeze(const Tensor& x, std::int64_t dim) {
  const Geometry& from = geometry_of("squeeze", x);
  const int d = wrap_dim(dim, from.ndim, "squeeze");
  Geometry to = from;
  const bool removes = to.ndim > 0 && to.size[d] == 1;
  if (removes) to.remove_dim(d);
  return record("SqueezeBackward1", make_view(x, to),
                wrt(x, [d, removes](const Tensor& g) { return removes ? unsqueeze(g, d) : g; }));
}

Tensor unsqueeze(const Tensor& x, std::int64_t dim) {
  const Geometry& from = geometry_of("unsqueeze", x);
  check<ValueError>(from.ndim < kMaxDims, "unsqueeze: more than ", kMaxDims,
                    " dimensions: ", from.sizes());
  const int d = wrap_dim(dim, from.ndim + 1, "unsqueeze");
  Geometry to = from;
  to.insert_dim(d, 1, d < from.ndim ? from.size[d] * from.stride[d] : 1);
  return record("UnsqueezeBackward0", make_view(x, to),
                wrt(x, [d](const Tensor& g) { return squeeze(g, d); }));
}

namespace {

Geometry dense(const Geometry& g) {
  Geometry d = g;
  d.make_contiguous();
  return d;
}

/// Records a view that shows part of x; `cut` turns x's geometry into the part's. The gradient is
/// laid out densely, because x itself may be expanded.
template <class Cut>
Tensor record_part(const char* name, const Tensor& x, Cut cut) {
  const Geometry& from = x.get()->geometry;
  return record(name, make_view(x, cut(from)), wrt(x, [from, cut](const Tensor& g) {
                  const Geometry whole = dense(from);
                  return autograd::as_strided_scatter(g, whole, cut(whole));
                }));
}

}  // namespace

Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index) {
  const Geometry& from = geometry_of("select", x);
  check<IndexError>(from.ndim > 0, "select: cannot be applied to a 0-dim tensor");
  const int d = wrap_dim(dim, from.ndim, "select");
  check<IndexError>(index >= -from.size[d] && index < from.size[d], "select: index ", index,
                    " out of range for tensor of size ", from.sizes(), " at dimension ", d);
  const std::int64_t i = index < 0 ? index + from.size[d] : index;
  return record_part("SelectBackward0", x, [d, i](Geometry g) {
    g.offset += i * g.stride[d];
    g.remove_dim(d);
    return g;
  });
}

Tensor slice(const Tensor& x, std::int64_t dim, std::optional<std::int64_t> start,
             std::optional<std::int64_t> end, std::int64_t step) {
  const Geometry& from = geometry_of("slice", x);
  check<IndexError>(from.ndim > 0, "slice: cannot be applied to a 0-dim tensor");
  check<ValueError>(step > 0, "slice: step must be greater than zero, got ", step);
  const int d = wrap_dim(dim, from.ndim, "slice");
  const std::int64_t n = from.size[d];
  auto clip = [n](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + n : i, 0, n); };
  const std::int64_t first = clip(start.value_or(0)), last = std::max(first, clip(end.value_or(n)));
  const std::int64_t length = last > first ? (last - first - 1) / step + 1 : 0;
  return record_part("SliceBackward0", x, [d, first, length, step](Geometry g) {
    g.offset += first * g.stride[d];
    g.size[d] = length;
    g.stride[d] = stepped(g.stride[d], step);
    return g;
  });
}

Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length) {
  const Geometry& g = geometry_of("narrow", x);
  check(g.ndim > 0, "narrow: cannot be applied to a 0-dim tensor");
  const int d = wrap_dim(dim, g.ndim, "narrow");
  check(length >= 0, "narrow: length must be non-negative, got ", length);
  check<IndexError>(start >= -g.size[d] && start <= g.size[d], "narrow: start ", start,
                    " out of range for dimension ", d, " of size ", g.size[d]);
  if (start < 0) start += g.size[d];
  check(length <= g.size[d] - start, "narrow: start (", start, ") + length (", length,
        ") exceeds dimension size (", g.size[d], ")");
  return slice(x, d, start, start + length, 1);
}

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  const Geometry& from = geometry_of("diagonal", x);
  check(from.ndim >= 2, "diagonal: requires a tensor of at least two dimensions, got ",
        from.sizes());
  const int a = wrap_dim(dim1, from.ndim, "diagonal"), b = wrap_dim(dim2, from.ndim, "diagonal");
  check(a != b, "diagonal: dimensions cannot be identical ", dim1, ", ", dim2);
  const std::int64_t n = offset >= 0 ? std::min(from.size[a], from.size[b] - offset)
                                     : std::min(from.size[a] + offset, from.size[b]);
  return record_part("DiagonalBackward0", x, [a, b, n, offset](Geometry g) {
    const std::int64_t step = g.stride[a] + g.stride[b];
    if (n > 0) g.offset += offset >= 0 ? offset * g.stride[b] : -offset * g.stride[a];
    g.remove_dim(std::max(a, b));
    g.remove_dim(std::min(a, b));
    g.insert_dim(g.ndim, std::max<std::int64_t>(n, 0), step);
    return g;
  });
}

Tensor as_strided(const Tensor& x, IntArrayRef sizes, IntArrayRef strides,
                  std::optional<std::int64_t> storage_offset) {
  const Geometry& from = geometry_of("as_strided", x);
  check(sizes.size() == strides.size(),
        "as_strided: mismatch in length of strides and shape: ", sizes, " and ", strides);
  Geometry to(sizes);
  to.offset = storage_offset.value_or(from.offset);
  std::int64_t last = std::min(to.offset, kMaxElements);
  bool overflows = false;
  for (int d = 0; d < to.ndim; ++d) {
    check(strides[d] >= 0, "as_strided: Negative strides are not supported: ", strides);
    to.stride[d] = strides[d];
    std::int64_t extent;
    overflows = overflows || strides[d] >= kMaxElements ||
                __builtin_mul_overflow(to.size[d], strides[d], &extent) || extent >= kMaxElements;
    if (!overflows) last += std::max<std::int64_t>(extent - strides[d], 0);
  }
  const auto available =
      static_cast<std::int64_t>(x.get()->storage->bytes / element_size(x.scalar_type()));
  check(!overflows && to.offset >= 0 && to.offset < kMaxElements &&
            (to.numel() == 0 || last < available),
        "as_strided: setStorage: sizes ", sizes, ", strides ", strides, " and offset ", to.offset,
        " need more than the ", available, " elements of the storage");
  return record("AsStridedBackward0", make_view(x, to),
                wrt(x, [whole = from, part = to](const Tensor& g) {
                  return autograd::as_strided_scatter(g, whole, part);
                }));
}

// ---- methods

Tensor TensorBase::view(IntArrayRef sizes) const {
  return pullback::view(self(Tensor()), sizes);
}
Tensor TensorBase::view_as(const Tensor& other) const {
  return view(other.sizes());
}
Tensor TensorBase::reshape(IntArrayRef sizes) const {
  return pullback::reshape(self(Tensor()), sizes);
}
Tensor TensorBase::reshape_as(const Tensor& other) const {
  return reshape(other.sizes());
}
Tensor TensorBase::flatten(std::int64_t start, std::int64_t end) const {
  return pullback::flatten(self(Tensor()), start, end);
}
Tensor TensorBase::unflatten(std::int64_t dim, IntArrayRef sizes) const {
  return pullback::unflatten(self(Tensor()), dim, sizes);
}
Tensor TensorBase::ravel() const {
  return pullback::ravel(self(Tensor()));
}
Tensor TensorBase::expand(IntArrayRef sizes, bool) const {
  return pullback::expand(self(Tensor()), sizes);
}
Tensor TensorBase::expand_as(const Tensor& other) const {
  return expand(other.sizes());
}
Tensor TensorBase::broadcast_to(IntArrayRef sizes) const {
  return expand(sizes);
}
Tensor TensorBase::permute(IntArrayRef dims) const {
  return pullback::permute(self(Tensor()), dims);
}
Tensor TensorBase::transpose(std::int64_t a, std::int64_t b) const {
  return pullback::transpose(self(Tensor()), a, b);
}
Tensor TensorBase::swapaxes(std::int64_t a, std::int64_t b) const {
  return transpose(a, b);
}
Tensor TensorBase::movedim(std::int64_t a, std::int64_t b) const {
  return pullback::movedim(self(Tensor()), a, b);
}
Tensor TensorBase::movedim(IntArrayRef a, IntArrayRef b) const {
  return pullback::movedim(self(Tensor()), a, b);
}
Tensor TensorBase::t() const {
  return pullback::t(self(Tensor()));
}
Tensor TensorBase::T() const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  const auto n = static_cast<std::int64_t>(x.dim());
  std::vector<std::int64_t> order(n);
  for (std::int64_t d = 0; d < n; ++d) order[d] = n - 1 - d;
  return pullback::permute(x, order);
}
Tensor TensorBase::mT() const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  check(x.dim() >= 2, "mT: tensor.mT is only supported on matrices or batches of matrices. Got ",
        x.dim(), "-D tensor");
  return pullback::transpose(x, -2, -1);
}
Tensor TensorBase::squeeze() const {
  return pullback::squeeze(self(Tensor()));
}
Tensor TensorBase::squeeze(std::int64_t dim) const {
  return pullback::squeeze(self(Tensor()), dim);
}
Tensor TensorBase::unsqueeze(std::int64_t dim) const {
  return pullback::unsqueeze(self(Tensor()), dim);
}
Tensor TensorBase::narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const {
  return pullback::narrow(self(Tensor()), dim, start, length);
}
Tensor TensorBase::slice(std::int64_t dim, std::optional<std::int64_t> start,
                         std::optional<std::int64_t> end, std::int64_t step) const {
  return pullback::slice(self(Tensor()), dim, start, end, step);
}
Tensor TensorBase::select(std::int64_t dim, std::int64_t index) const {
  return pullback::select(self(Tensor()), dim, index);
}
Tensor TensorBase::operator[](std::int64_t index) const {
  return pullback::select(self(Tensor()), 0, index);
}
Tensor TensorBase::diagonal(std::int64_t offset, std::int64_t dim1, std::int64_t dim2) const {
  return pullback::diagonal(self(Tensor()), offset, dim1, dim2);
}
Tensor TensorBase::as_strided(IntArrayRef sizes, IntArrayRef strides,
                              std::optional<std::int64_t> offset) const {
  return pullback::as_strided(self(Tensor()), sizes, strides, offset);
}

// ---- shape in place: another geometry for the same handle

namespace {

/// Gives x the geometry of a view of itself, and that view's place in the graph.
template <class View>
Tensor reshaped_in_place(const char* op, const Tensor& x, View view) {
  TensorImpl* impl = x.get();
  const Tensor* const named[] = {&x};
  const autograd::Inputs inputs(named, 1);
  autograd::check_history(op, x, &inputs, 1);
  const Tensor view_of_x = view();
  const TensorImpl* seen = view_of_x.get();
  impl->geometry = seen->geometry;
  if (seen->grad_fn) autograd::move_retained(impl, seen->grad_fn.get());
  impl->grad_fn = seen->grad_fn;
  impl->output_nr = seen->output_nr;
  autograd::mark_changed(x);
  impl->view_version = impl->storage->version;
  return x;
}

}  // namespace

Tensor TensorBase::squeeze_(std::int64_t dim) const {
  Tensor x = target("squeeze_");
  return reshaped_in_place("squeeze_", x, [&] { return pullback::squeeze(x, dim); });
}
Tensor TensorBase::unsqueeze_(std::int64_t dim) const {
  Tensor x = target("unsqueeze_");
  return reshaped_in_place("unsqueeze_", x, [&] { return pullback::unsqueeze(x, dim); });
}
Tensor TensorBase::t_() const {
  Tensor x = target("t_");
  return reshaped_in_place("t_", x, [&] { return pullback::t(x); });
}

Tensor TensorBase::resize_(IntArrayRef sizes) const {
  Tensor x = target("resize_");
  check(!autograd::requires_grad(x), "resize_: cannot resize variables that require grad");
  Geometry g(sizes);
  TensorImpl* impl = x.get();
  g.offset = impl->geometry.offset;
  const std::size_t needed =
      static_cast<std::size_t>(g.offset + g.numel()) * element_size(impl->dtype);
  if (needed > impl->storage->bytes) {
    check(impl->storage->refs.get() == 1 && !impl->storage->deleter,
          "resize_: the memory of shape ", impl->geometry.sizes(), " is shared and cannot grow to ",
          sizes, "; use a new tensor");
    Tensor grown = empty({g.offset + g.numel()}, impl->dtype);
    std::memcpy(grown.data_ptr(), impl->storage->data, impl->storage->bytes);
    impl->storage = grown.get()->storage;
  }
  impl->geometry = g;
  autograd::mark_changed(x);
  return x;
}

}  // namespace pullback
