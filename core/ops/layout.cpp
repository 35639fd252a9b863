#include <cstring>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Views: operations that give another geometry to the same memory.
namespace pullback {

using autograd::make_view;
using autograd::record;
using autograd::wrt;

Tensor view(const Tensor& x, IntArrayRef sizes) {
  const Geometry& from = geometry_of("view", x);
  const Geometry inferred = infer_size("view", sizes, from.numel());
  const IntArrayRef target = inferred.sizes();
  Geometry to;
  check(view_strides(from, target, to),
        "view: view size is not compatible with input tensor's size and stride (at least one "
        "dimension spans across two contiguous subspaces): size ",
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
  const Tensor dense = x.contiguous();
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
          "expand: the expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
          "dimension ",
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
        "permute: number of dimensions in the tensor input does not match the length of the "
        "desired ordering of dimensions: ",
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
