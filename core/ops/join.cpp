#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Cutting a tensor into parts and joining parts to one.
namespace pullback {

using autograd::make_view;
using autograd::record;
using autograd::Tensors;
using autograd::wrt;

namespace {

/// [start, start + length) of a dimension.
Geometry section(const Geometry& g, int dim, std::int64_t start, std::int64_t length) {
  Geometry part = g;
  part.offset += start * g.stride[dim];
  part.size[dim] = length;
  return part;
}

/// Joins gradients of the parts, undefined ones being zero.
Tensor join(const Tensors& g, const Geometry& whole, IntArrayRef lengths, int dim) {
  std::vector<Tensor> parts(lengths.size());
  ScalarType type = default_dtype();
  for (std::size_t i = 0; i < g.size(); ++i)
    if (g[i].defined()) type = g[i].scalar_type();
  for (std::size_t i = 0; i < lengths.size(); ++i)
    parts[i] = g[i].defined() ? g[i] : zeros(section(whole, dim, 0, lengths[i]).sizes(), type);
  return cat(parts, dim);
}

}  // namespace

Tensor cat(TensorList tensors, std::int64_t dim) {
  check(tensors.size() > 0, "cat: expected a non-empty list of Tensors");
  // A one-dimensional tensor without elements is skipped, whatever the other shapes are.
  auto skipped = [](const Tensor& x) { return x.dim() == 1 && x.size(0) == 0; };
  const Tensor* model = nullptr;
  ScalarType type = ScalarType::Bool;
  for (const Tensor& x : tensors) {
    check_defined("cat", x);
    check(x.dim() > 0, "cat: zero-dimensional tensor cannot be concatenated");
    type = promote_types(type, x.scalar_type());
    if (!model && !skipped(x)) model = &x;
  }
  if (!model) model = &tensors[0];
  Geometry shape = model->get()->geometry;
  const int d = wrap_dim(dim, shape.ndim, "cat");
  std::vector<std::int64_t> lengths;
  shape.size[d] = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Geometry& g = tensors[i].get()->geometry;
    if (skipped(tensors[i])) {
      lengths.push_back(0);
      continue;
    }
    check(g.ndim == shape.ndim, "cat: Tensors must have same number of dimensions: got ",
          shape.ndim, " and ", g.ndim);
    for (int k = 0; k < g.ndim; ++k)
      check(k == d || g.size[k] == shape.size[k],
            "cat: Sizes of tensors must match except in dimension ", d, ". Expected size ",
            shape.size[k], " but got size ", g.size[k], " for tensor number ", i, " in the list");
    lengths.push_back(g.size[d]);
    shape.size[d] += g.size[d];
  }
  Tensor y = empty_of(shape, type);
  std::int64_t at = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (lengths[i] > 0)
      copy_into(alias_of(y, section(y.get()->geometry, d, at, lengths[i])), tensors[i]);
    at += lengths[i];
  }
  std::vector<Geometry> shapes;
  for (const Tensor& x : tensors) shapes.push_back(x.get()->geometry);
  return record(
      "CatBackward0", y, wrt(tensors, [d, lengths, shapes](const Tensor& g, autograd::Needs needs) {
        std::vector<Tensor> parts(lengths.size());
        std::int64_t start = 0;
        for (std::size_t i = 0; i < lengths.size(); ++i) {
          if (needs[static_cast<int>(i)])
            parts[i] =
                lengths[i] ? narrow(g, d, start, lengths[i]) : zeros(shapes[i].sizes(), g.dtype());
          start += lengths[i];
        }
        return parts;
      }));
}

Tensor stack(TensorList tensors, std::int64_t dim) {
  check(tensors.size() > 0, "stack: expected a non-empty list of Tensors");
  check_defined("stack", tensors[0]);
  const int d = wrap_dim(dim, static_cast<int>(tensors[0].dim()) + 1, "stack");
  ScalarType type = ScalarType::Bool;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check_defined("stack", tensors[i]);
    check(tensors[i].sizes() == tensors[0].sizes(),
          "stack: expects each tensor to be equal size, but got ", tensors[0].sizes(),
          " at entry 0 and ", tensors[i].sizes(), " at entry ", i);
    type = promote_types(type, tensors[i].scalar_type());
  }
  Geometry shape = tensors[0].get()->geometry;
  check<ValueError>(shape.ndim < kMaxDims, "stack: more than ", kMaxDims, " dimensions");
  shape.insert_dim(d, static_cast<std::int64_t>(tensors.size()), 0);
  Tensor y = empty_of(shape, type);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    Geometry part = y.get()->geometry;
    part.offset += static_cast<std::int64_t>(i) * part.stride[d];
    part.remove_dim(d);
    copy_into(alias_of(y, part), tensors[i]);
  }
  return record("StackBackward0", y, wrt(tensors, [d, n = tensors.size()](const Tensor& g) {
                  std::vector<Tensor> parts(n);
                  for (std::size_t i = 0; i < n; ++i)
                    parts[i] = select(g, d, static_cast<std::int64_t>(i));
                  return parts;
                }));
}

std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim) {
  check_defined("unbind", x);
  const Geometry& g = x.get()->geometry;
  check<IndexError>(g.ndim > 0, "unbind: cannot be applied to a 0-dim tensor");
  const int d = wrap_dim(dim, g.ndim, "unbind");
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < g.size[d]; ++i) {
    Geometry part = section(g, d, i, 1);
    part.remove_dim(d);
    parts.push_back(make_view(x, part, ViewKind::OneOfMany));
  }
  return record("UnbindBackward0", std::move(parts), wrt(x, [whole = g, d](const Tensors& gs) {
                  std::vector<Tensor> parts(gs.size());
                  Geometry part = whole;
                  part.remove_dim(d);
                  for (std::size_t i = 0; i < gs.size(); ++i)
                    if (gs[i].defined()) parts[i] = gs[i];
                  ScalarType type = default_dtype();
                  for (const Tensor& p : parts)
                    if (p.defined()) type = p.scalar_type();
                  for (Tensor& p : parts)
                    if (!p.defined()) p = zeros(part.sizes(), type);
                  return stack(parts, d);
                }));
}

namespace {

std::vector<Tensor> cut(const char* name, const Tensor& x, const std::vector<std::int64_t>& lengths,
                        int d) {
  const Geometry& g = x.get()->geometry;
  std::vector<Tensor> parts;
  std::int64_t at = 0;
  for (std::int64_t length : lengths) {
    parts.push_back(make_view(x, section(g, d, at, length), ViewKind::OneOfMany));
    at += length;
  }
  return record(name, std::move(parts), wrt(x, [whole = g, lengths, d](const Tensors& gs) {
                  return join(gs, whole, lengths, d);
                }));
}

}  // namespace

std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim) {
  check_defined("split", x);
  const Geometry& g = x.get()->geometry;
  check(g.ndim > 0, "split: expects at least a 1-dimensional tensor");
  const int d = wrap_dim(dim, g.ndim, "split");
  check(size > 0 || (size == 0 && g.size[d] == 0),
        "split: expects split_size be non-negative and non-zero, got ", size);
  std::vector<std::int64_t> lengths;
  for (std::int64_t at = 0; at < g.size[d]; at += size)
    lengths.push_back(std::min(size, g.size[d] - at));
  if (lengths.empty()) lengths.push_back(0);
  return cut("SplitBackward0", x, lengths, d);
}

std::vector<Tensor> split(const Tensor& x, IntArrayRef sizes, std::int64_t dim) {
  check_defined("split", x);
  const Geometry& g = x.get()->geometry;
  check(g.ndim > 0, "split: expects at least a 1-dimensional tensor");
  const int d = wrap_dim(dim, g.ndim, "split");
  std::int64_t total = 0;
  bool overflows = false;
  for (std::int64_t s : sizes) {
    check(s >= 0, "split: expects split_sizes have only non-negative entries, but got ", sizes);
    overflows = overflows || __builtin_add_overflow(total, s, &total);
  }
  check(!overflows && total == g.size[d], "split: expects split_sizes to sum exactly to ",
        g.size[d], " (input tensor's size at dimension ", d, "), but got split_sizes=", sizes);
  return cut("SplitWithSizesBackward0", x, sizes.vec(), d);
}

constexpr std::int64_t kMaxParts = 1 << 24;  ///< of a dimension with fewer elements than parts

std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim) {
  check_defined("chunk", x);
  const Geometry& g = x.get()->geometry;
  check(g.ndim > 0, "chunk: expects at least a 1-dimensional tensor");
  check(chunks > 0, "chunk: expects `chunks` to be greater than 0, got: ", chunks);
  const int d = wrap_dim(dim, g.ndim, "chunk");
  if (g.size[d] == 0) {
    check(chunks <= kMaxParts, "chunk: ", chunks, " chunks of an empty dimension are too many");
    return split(x, std::vector<std::int64_t>(chunks, 0), d);
  }
  const std::int64_t size = (g.size[d] - 1) / chunks + 1;
  return split(x, size, d);
}

namespace {

/// The tensors with at least `dims` dimensions each, missing ones in front.
std::vector<Tensor> raised(const char* op, TensorList tensors, std::int64_t dims) {
  check(tensors.size() > 0, op, ": expected a non-empty list of Tensors");
  std::vector<Tensor> all;
  for (const Tensor& x : tensors) {
    check_defined(op, x);
    Tensor y = x;
    while (y.dim() < dims) y = y.unsqueeze(0);
    all.push_back(y);
  }
  return all;
}

}  // namespace

Tensor hstack(TensorList tensors) {
  const std::vector<Tensor> all = raised("hstack", tensors, 1);
  return cat(all, all[0].dim() == 1 ? 0 : 1);
}
Tensor vstack(TensorList tensors) {
  return cat(raised("vstack", tensors, 2), 0);
}
Tensor dstack(TensorList tensors) {
  std::vector<Tensor> all = raised("dstack", tensors, 2);
  for (Tensor& x : all)
    if (x.dim() == 2) x = x.unsqueeze(2);
  return cat(all, 2);
}
Tensor column_stack(TensorList tensors) {
  std::vector<Tensor> all = raised("column_stack", tensors, 0);
  for (Tensor& x : all)
    if (x.dim() < 2) x = x.reshape({x.numel(), 1});
  return cat(all, 1);
}

std::vector<Tensor> TensorBase::unbind(std::int64_t dim) const {
  return pullback::unbind(self(Tensor()), dim);
}
std::vector<Tensor> TensorBase::split(std::int64_t size, std::int64_t dim) const {
  return pullback::split(self(Tensor()), size, dim);
}
std::vector<Tensor> TensorBase::split(IntArrayRef sizes, std::int64_t dim) const {
  return pullback::split(self(Tensor()), sizes, dim);
}
std::vector<Tensor> TensorBase::chunk(std::int64_t chunks, std::int64_t dim) const {
  return pullback::chunk(self(Tensor()), chunks, dim);
}

}  // namespace pullback
