#include <algorithm>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Copies that put elements elsewhere: repeated, reversed, rotated, in windows or as a grid.
namespace pullback {

using autograd::make_view;
using autograd::record;
using autograd::wrt;

namespace {

/// x with each dimension repeated whole; as many repeats as dimensions. A dimension of size s that
/// is repeated r times is seen as two, [r, s].
Tensor repeat_dims(const Tensor& x, const std::vector<std::int64_t>& repeats) {
  Geometry source = x.get()->geometry, whole = source;
  std::vector<std::int64_t> blocks, copies;
  for (int d = 0, at = 0; d < whole.ndim; ++d, ++at) {
    const std::int64_t r = repeats[static_cast<std::size_t>(d)];
    if (r != 1) {
      check(source.ndim < kMaxDims, "repeat: more than ", kMaxDims,
            " dimensions and repeats together: ", whole.sizes(), " and ", repeats);
      source.insert_dim(at, 1, 0);
      copies.push_back(at++);
      blocks.push_back(r);
    }
    blocks.push_back(source.size[at]);
    check(!__builtin_mul_overflow(whole.size[d], r, &whole.size[d]),
          "repeat: Storage size calculation overflowed with sizes=", x.sizes(),
          " and repeats=", repeats);
  }
  Tensor y = empty_of(whole, x.scalar_type());
  if (y.numel() > 0) copy_into(alias_of(y, Geometry(blocks)), alias_of(x, source));
  return record("RepeatBackward0", y, wrt(x, [blocks, copies](const Tensor& g) {
                  Tensor total = reshape(g, blocks);
                  for (std::size_t k = copies.size(); k-- > 0;) total = sum(total, copies[k]);
                  return total;
                }));
}

}  // namespace

Tensor repeat(const Tensor& x, IntArrayRef repeats) {
  const Geometry& g = geometry_of("repeat", x);
  const auto n = static_cast<int>(repeats.size());
  check(n >= g.ndim,
        "repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions "
        "of tensor: ",
        repeats, " for ", g.sizes());
  for (std::int64_t r : repeats)
    check(r >= 0, "repeat: Trying to create tensor with negative dimension: ", repeats);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(n - g.ndim), 1);
  sizes.insert(sizes.end(), g.size, g.size + g.ndim);
  return repeat_dims(n > g.ndim ? expand(x, sizes) : x, repeats.vec());
}

Tensor tile(const Tensor& x, IntArrayRef repeats) {
  const Geometry& g = geometry_of("tile", x);
  std::vector<std::int64_t> all(
      static_cast<std::size_t>(std::max(0, g.ndim - static_cast<int>(repeats.size()))), 1);
  all.insert(all.end(), repeats.begin(), repeats.end());
  return repeat(x, all);
}

Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::optional<std::int64_t> dim) {
  const Geometry& g = geometry_of("repeat_interleave", x);
  check(repeats >= 0, "repeat_interleave: repeats must be non-negative, got ", repeats);
  if (!dim) return repeat_interleave(reshape(x, {-1}), repeats, 0);
  const int d = wrap_dim(*dim, g.ndim, "repeat_interleave");
  check(g.ndim > 0, "repeat_interleave: cannot be applied to a 0-dim tensor without flattening");
  std::vector<std::int64_t> spread = g.sizes().vec(), whole = spread;
  spread.insert(spread.begin() + d + 1, repeats);
  std::int64_t& length = whole[static_cast<std::size_t>(d)];
  check(!__builtin_mul_overflow(length, repeats, &length),
        "repeat_interleave: Storage size calculation overflowed with sizes=", g.sizes(),
        " and repeats=", repeats);
  const Tensor copies = copy_in_rows(expand(unsqueeze(x.detach(), d + 1), spread));
  return record("ViewBackward0", alias_of(copies, Geometry(whole)),
                wrt(x, [spread, d](const Tensor& g) { return sum(reshape(g, spread), d + 1); }));
}

Tensor flip(const Tensor& x, IntArrayRef dims) {
  const Geometry& g = geometry_of("flip", x);
  std::vector<bool> reversed(static_cast<std::size_t>(std::max(g.ndim, 1)));
  for (std::int64_t dim : dims) {
    const auto d = static_cast<std::size_t>(wrap_dim(dim, g.ndim, "flip"));
    check(!reversed[d], "flip: dim ", dim, " appears multiple times in the list of dims: ", dims);
    reversed[d] = true;
  }
  const Tensor y = lying_as(x, empty_of(g, x.scalar_type()));
  if (y.numel() > 0) {
    Geometry backwards = g;
    for (int d = 0; d < g.ndim; ++d) {
      if (!reversed[static_cast<std::size_t>(d)]) continue;
      backwards.offset += (g.size[d] - 1) * g.stride[d];
      backwards.stride[d] = -g.stride[d];
    }
    copy_into(y, alias_of(x, backwards));
  }
  return record("FlipBackward0", y,
                wrt(x, [dims = dims.vec()](const Tensor& g) { return flip(g, dims); }));
}

Tensor fliplr(const Tensor& x) {
  check_defined("fliplr", x);
  check(x.dim() >= 2, "fliplr: Input must be >= 2-d, but got ", x.sizes());
  return flip(x, 1);
}
Tensor flipud(const Tensor& x) {
  check_defined("flipud", x);
  check(x.dim() >= 1, "flipud: Input must be >= 1-d, but got ", x.sizes());
  return flip(x, 0);
}

Tensor rot90(const Tensor& x, std::int64_t k, IntArrayRef dims) {
  check_defined("rot90", x);
  check(dims.size() == 2, "rot90: expected total rotation dims == 2, but got dims = ", dims.size());
  check(x.dim() >= 2, "rot90: expected total dims >= 2, but got total dims = ", x.dim());
  const int from = wrap_dim(dims[0], static_cast<int>(x.dim()), "rot90"),
            to = wrap_dim(dims[1], static_cast<int>(x.dim()), "rot90");
  check(from != to, "rot90: expected rotation dims to be different, but got dim0 = ", dims[0],
        " and dim1 = ", dims[1]);
  const std::int64_t turns = (k % 4 + 4) % 4;
  const auto turned = [&] {
    const NoGradGuard no_grad;
    if (turns == 0) return x.clone();
    if (turns == 2) return flip(x, {from, to});
    const Tensor y = flip(x, turns == 1 ? to : from);
    return alias_of(y, y.transpose(from, to).get()->geometry);
  };
  return record("Rot90Backward0", turned(), wrt(x, [turns, from, to](const Tensor& g) {
                  return rot90(g, -turns, {from, to});
                }));
}

namespace {

/// Copies x into y, moved by `shift` places along dimension d, what leaves at the end coming back.
void rotate_into(const Tensor& y, const Tensor& x, int d, std::int64_t shift) {
  const std::int64_t n = x.get()->geometry.size[d];
  auto section = [d](const Tensor& t, std::int64_t start, std::int64_t length) {
    Geometry part = t.get()->geometry;
    part.offset += start * part.stride[d];
    part.size[d] = length;
    return alias_of(t, part);
  };
  if (shift < n) copy_into(section(y, shift, n - shift), section(x, 0, n - shift));
  if (shift > 0) copy_into(section(y, 0, shift), section(x, n - shift, shift));
}

}  // namespace

Tensor roll(const Tensor& x, IntArrayRef shifts, IntArrayRef dims) {
  const Geometry& g = geometry_of("roll", x);
  check(shifts.size() == (dims.empty() ? 1 : dims.size()),
        "roll: shifts and dimensions must align. shifts: ", shifts.size(), ", dims: ", dims.size());
  check<IndexError>(g.ndim > 0 || dims.empty(),
                    "roll: cannot be applied to a 0-dim tensor with dims given");
  Tensor y = dims.empty() ? reshape(x.detach(), {-1}) : x.detach();
  const Geometry shape = y.get()->geometry;
  for (std::size_t i = 0; i < shifts.size(); ++i) {
    const int d = dims.empty() ? 0 : wrap_dim(dims[i], g.ndim, "roll");
    const std::int64_t n = shape.size[d];
    Tensor moved = empty_of(shape, x.scalar_type());
    if (g.numel() > 0) rotate_into(moved, y, d, ((shifts[i] % n) + n) % n);
    y = moved;
  }
  std::vector<std::int64_t> back;
  for (std::int64_t s : shifts) back.push_back(-s);
  return record("RollBackward0", alias_of(y, Geometry(g.sizes())),
                wrt(x, [back, dims = dims.vec()](const Tensor& g) { return roll(g, back, dims); }));
}

Tensor unfold(const Tensor& x, std::int64_t dim, std::int64_t size, std::int64_t step) {
  const Geometry& from = geometry_of("unfold", x);
  const int d = wrap_dim(dim, from.ndim, "unfold");
  const std::int64_t n = from.ndim == 0 ? 1 : from.size[d];
  check(step > 0, "unfold: step is ", step, " but must be > 0");
  check(size >= 0 && size <= n, "unfold: maximum size for tensor at dimension ", d, " is ", n,
        " but size is ", size);
  check<ValueError>(from.ndim < kMaxDims, "unfold: more than ", kMaxDims, " dimensions");
  // Windows of one dimension become two: which window, and the place in it.
  auto windows = [d, n, size, step](Geometry g) {
    const std::int64_t stride = g.ndim == 0 ? 1 : g.stride[d];
    if (g.ndim > 0) {
      g.size[d] = (n - size) / step + 1;
      g.stride[d] = stepped(stride, step);
    }
    g.insert_dim(g.ndim, size, stride);
    g.check_numel("unfold");
    return g;
  };
  return record("UnfoldBackward0", make_view(x, windows(from)),
                wrt(x, [sizes = from.sizes().vec(), windows](const Tensor& g) {
                  const Geometry whole(sizes);
                  return autograd::as_strided_scatter(g, whole, windows(whole));
                }));
}

std::vector<Tensor> tensor_split(const Tensor& x, IntArrayRef indices, std::int64_t dim) {
  const Geometry& g = geometry_of("tensor_split", x);
  check(g.ndim > 0, "tensor_split: expected at least a 1-dimensional tensor");
  const int d = wrap_dim(dim, g.ndim, "tensor_split");
  std::vector<Tensor> parts;
  std::int64_t start = 0;
  for (std::int64_t end : indices) {
    parts.push_back(slice(x, d, start, end));
    start = end;
  }
  parts.push_back(slice(x, d, start));
  return parts;
}

constexpr std::int64_t kMaxParts = 1 << 24;  ///< of a dimension with fewer elements than parts

std::vector<Tensor> tensor_split(const Tensor& x, std::int64_t sections, std::int64_t dim) {
  const Geometry& g = geometry_of("tensor_split", x);
  check(g.ndim > 0, "tensor_split: expected at least a 1-dimensional tensor");
  check(sections > 0, "tensor_split: number of sections must be larger than 0, got ", sections);
  const int d = wrap_dim(dim, g.ndim, "tensor_split");
  check(sections <= std::max(g.size[d], kMaxParts), "tensor_split: ", sections,
        " sections of a dimension of size ", g.size[d], " are too many");
  const std::int64_t least = g.size[d] / sections, longer = g.size[d] % sections;
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 1; i < sections; ++i) indices.push_back(i * least + std::min(i, longer));
  return tensor_split(x, indices, d);
}

std::vector<Tensor> meshgrid(TensorList tensors, std::string_view indexing) {
  check(
      indexing == "ij" || indexing == "xy",
      "meshgrid: indexing must be one of \"xy\" or \"ij\", but received: ", std::string(indexing));
  check(tensors.size() > 0, "meshgrid: expects a non-empty list of tensors");
  std::vector<Tensor> lines(tensors.begin(), tensors.end());
  const bool swap = indexing == "xy" && lines.size() >= 2;
  if (swap) std::swap(lines[0], lines[1]);
  std::vector<std::int64_t> whole;
  for (const Tensor& line : lines) {
    check_defined("meshgrid", line);
    check(line.dim() <= 1, "meshgrid: expected 0D or 1D tensors, got ", line.sizes());
    whole.push_back(line.numel());
  }
  std::vector<Tensor> grids;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::int64_t> along(lines.size(), 1);
    along[i] = lines[i].numel();
    grids.push_back(expand(reshape(lines[i], along), whole));
  }
  if (swap) std::swap(grids[0], grids[1]);
  return grids;
}

namespace {

/// The places of a matrix on one side of a diagonal, as two rows: first coordinates, then second.
/// Row i has the columns from `start(i)` to before `end(i)`, numbers that it clips to the matrix.
template <class Start, class End>
Tensor indices_of(const char* op, std::int64_t rows, std::int64_t columns, Start start, End end) {
  check(rows >= 0 && columns >= 0, op, ": rows and columns must be non-negative, got ", rows,
        " and ", columns);
  if (rows == 0 || columns == 0) return empty({2, 0}, kLong);
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  check(rows <= kMost && columns <= kMost, op, ": a matrix of ", rows, " rows and ", columns,
        " columns is too large");
  auto clip = [columns](std::int64_t j) { return std::clamp<std::int64_t>(j, 0, columns); };
  std::int64_t n = 0;
  for (std::int64_t i = 0; i < rows; ++i) n += clip(end(i)) - clip(start(i));
  Tensor y = empty({2, n}, kLong);
  auto *first = y.data_ptr<std::int64_t>(), *second = first + n;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = clip(start(i)); j < clip(end(i)); ++j) *first++ = i, *second++ = j;
  return y;
}

/// Beyond it no diagonal meets a matrix; sums with an index fit.
std::int64_t clipped_offset(std::int64_t offset) {
  constexpr std::int64_t kFar = std::int64_t{1} << 40;
  return std::clamp(offset, -kFar, kFar);
}

}  // namespace

Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  return indices_of(
      "tril_indices", rows, columns, [](std::int64_t) { return 0; },
      [k = clipped_offset(offset)](std::int64_t i) { return i + k + 1; });
}

Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  return indices_of(
      "triu_indices", rows, columns, [k = clipped_offset(offset)](std::int64_t i) { return i + k; },
      [columns](std::int64_t) { return columns; });
}

Tensor TensorBase::repeat(IntArrayRef repeats) const {
  return pullback::repeat(self(Tensor()), repeats);
}
Tensor TensorBase::tile(IntArrayRef repeats) const {
  return pullback::tile(self(Tensor()), repeats);
}
Tensor TensorBase::repeat_interleave(std::int64_t repeats, std::optional<std::int64_t> dim) const {
  return pullback::repeat_interleave(self(Tensor()), repeats, dim);
}
Tensor TensorBase::flip(IntArrayRef dims) const {
  return pullback::flip(self(Tensor()), dims);
}
Tensor TensorBase::roll(IntArrayRef shifts, IntArrayRef dims) const {
  return pullback::roll(self(Tensor()), shifts, dims);
}
Tensor TensorBase::unfold(std::int64_t dim, std::int64_t size, std::int64_t step) const {
  return pullback::unfold(self(Tensor()), dim, size, step);
}
std::vector<Tensor> TensorBase::tensor_split(std::int64_t sections, std::int64_t dim) const {
  return pullback::tensor_split(self(Tensor()), sections, dim);
}
std::vector<Tensor> TensorBase::tensor_split(IntArrayRef indices, std::int64_t dim) const {
  return pullback::tensor_split(self(Tensor()), indices, dim);
}

}  // namespace pullback
