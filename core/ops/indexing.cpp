#include <pullback/core/indexing.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include <pullback/core/ops/indexed.h>

// x.index({…}): basic indices make a view; index tensors pick elements.
namespace pullback {

using autograd::change_to;
using autograd::record;
using autograd::saved;
using autograd::wrt;
using indexing::TensorIndex;

indexing::TensorIndex::TensorIndex(const char* dots) : kind(Kind::Ellipsis) {
  check<ValueError>(dots && std::strcmp(dots, "...") == 0,
                    "index: expected \"...\" to represent an ellipsis index, but got ",
                    dots ? "\"" + std::string(dots) + "\"" : "null");
}

namespace {

/// Index tensors and the dimensions that they address.
struct Picks {
  std::vector<int> dims;
  std::vector<Tensor> indices;  ///< int64
};

bool is_mask(const TensorIndex& i) {
  return i.kind == TensorIndex::Kind::Tensor && i.tensor.scalar_type() == ScalarType::Bool;
}

int dims_taken(const TensorIndex& i) {
  switch (i.kind) {
    case TensorIndex::Kind::Integer:
    case TensorIndex::Kind::Slice:
      return 1;
    case TensorIndex::Kind::Tensor:
      return is_mask(i) ? static_cast<int>(i.tensor.dim()) : 1;
    default:
      return 0;
  }
}

/// Applies the basic indices, one dimension after the other, and collects the index tensors.
Tensor apply_basic(Tensor x, ArrayRef<TensorIndex> indices, Picks& picks) {
  int taken = 0, dots = 0;
  for (const TensorIndex& i : indices) {
    if (i.kind == TensorIndex::Kind::Tensor) check_defined("index", i.tensor);
    taken += dims_taken(i);
    dots += i.kind == TensorIndex::Kind::Ellipsis;
  }
  check<IndexError>(taken <= x.dim(), "index: too many indices for tensor of dimension ", x.dim(),
                    ": ", taken);
  check<IndexError>(dots <= 1, "index: an index can only have a single ellipsis ('...')");
  const int rest = static_cast<int>(x.dim()) - taken;
  int d = 0;
  for (const TensorIndex& i : indices) {
    switch (i.kind) {
      case TensorIndex::Kind::None:
        x = unsqueeze(x, d++);
        break;
      case TensorIndex::Kind::Ellipsis:
        d += rest;
        break;
      case TensorIndex::Kind::Integer:
        x = select(x, d, i.integer);
        break;
      case TensorIndex::Kind::Slice:
        x = slice(x, d, i.slice.start, i.slice.stop, i.slice.step), ++d;
        break;
      case TensorIndex::Kind::Boolean:
        x = unsqueeze(x, d);
        picks.dims.push_back(d++);
        picks.indices.push_back(zeros({i.integer ? 1 : 0}, kLong));
        break;
      case TensorIndex::Kind::Tensor:
        if (is_mask(i)) {
          for (std::int64_t k = 0; k < i.tensor.dim(); ++k)
            check<IndexError>(i.tensor.size(k) == x.size(d + k), "index: The shape of the mask ",
                              i.tensor.sizes(), " at index ", k,
                              " does not match the shape of the indexed tensor ", x.sizes(),
                              " at index ", d + k);
          if (i.tensor.dim() == 0) {
            x = unsqueeze(x, d);
            picks.dims.push_back(d++);
            picks.indices.push_back(zeros({i.tensor.item<bool>() ? 1 : 0}, kLong));
            break;
          }
          for (const Tensor& one : where(i.tensor)) {
            picks.dims.push_back(d++);
            picks.indices.push_back(one);
          }
        } else {
          check<IndexError>(
              is_integral(i.tensor.scalar_type(), false),
              "index: tensors used as indices must be long, int or bool tensors, not ",
              i.tensor.scalar_type());
          if (i.tensor.dim() == 0) {  // an integer, which makes a view
            x = select(x, d, i.tensor.item<std::int64_t>());
            break;
          }
          picks.dims.push_back(d++);
          picks.indices.push_back(as_type(i.tensor.detach(), kLong));
        }
    }
  }
  return x;
}

/// Where picked elements lie: x seen as [addressed elements][block], one row number for each pick.
struct Rows {
  std::vector<std::int64_t> order;    ///< dimensions of x: the addressed ones, then the others
  std::vector<std::int64_t> picked;   ///< the common shape of the index tensors
  std::vector<std::int64_t> others;   ///< sizes of the other dimensions
  std::vector<std::int64_t> numbers;  ///< a row for each pick
  std::int64_t block = 1;
  int place = 0;  ///< at which dimension of the result the picks' shape stands

  Rows(const Geometry& g, const Picks& picks) {
    Geometry common;
    for (const Tensor& i : picks.indices) common = broadcast("index", common.sizes(), i.sizes());
    picked = common.sizes().vec();
    std::vector<bool> addressed(g.ndim);
    bool adjacent = true;
    for (std::size_t k = 0; k < picks.dims.size(); ++k) {
      addressed[picks.dims[k]] = true;
      order.push_back(picks.dims[k]);
      adjacent = adjacent && (k == 0 || picks.dims[k] == picks.dims[k - 1] + 1);
    }
    place = adjacent ? picks.dims[0] : 0;
    for (int d = 0; d < g.ndim; ++d)
      if (!addressed[d]) {
        order.push_back(d);
        others.push_back(g.size[d]);
        block *= g.size[d];
      }
    numbers.assign(common.numel(), 0);
    for (std::size_t k = 0; k < picks.dims.size(); ++k) {
      const std::int64_t n = g.size[picks.dims[k]];
      const Tensor whole = dense(picks.indices[k].expand(picked));
      const auto* index = whole.data_ptr<std::int64_t>();
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        check<IndexError>(index[i] >= -n && index[i] < n, "index: index ", index[i],
                          " is out of bounds for dimension ", picks.dims[k], " with size ", n);
        numbers[i] = numbers[i] * n + (index[i] < 0 ? index[i] + n : index[i]);
      }
    }
  }
  kernels::IndexedWalk walk() const {
    Geometry index(IntArrayRef{static_cast<std::int64_t>(numbers.size()), block});
    const Geometry dense = index;
    index.stride[0] = 1, index.stride[1] = 0;
    return walk_of(dense, 0, index, dense);
  }
  /// [picked][others] in the order in which the result has them.
  std::vector<std::int64_t> result_sizes() const {
    std::vector<std::int64_t> sizes(others.begin(), others.begin() + place);
    sizes.insert(sizes.end(), picked.begin(), picked.end());
    sizes.insert(sizes.end(), others.begin() + place, others.end());
    return sizes;
  }
  /// The permutation that moves the picks' dimensions of a [picked][others] tensor to their place.
  std::vector<std::int64_t> to_result() const {
    std::vector<std::int64_t> p;
    const auto n = static_cast<std::int64_t>(picked.size());
    for (int d = 0; d < place; ++d) p.push_back(n + d);
    for (std::int64_t d = 0; d < n; ++d) p.push_back(d);
    for (std::size_t d = place; d < others.size(); ++d)
      p.push_back(n + static_cast<std::int64_t>(d));
    return p;
  }
  std::vector<std::int64_t> from_result() const {
    const std::vector<std::int64_t> p = to_result();
    std::vector<std::int64_t> inverse(p.size());
    for (std::size_t d = 0; d < p.size(); ++d) inverse[p[d]] = static_cast<std::int64_t>(d);
    return inverse;
  }
};

/// The rules share the numbers of the rows, which nobody can change as they can index tensors.
using SharedRows = std::shared_ptr<const Rows>;

SharedRows rows_of(const Tensor& x, const Picks& picks) {
  return std::make_shared<const Rows>(x.get()->geometry, picks);
}

Tensor put(const char* op, bool in_place, const Tensor& x, const SharedRows& rows,
           const Tensor& values, bool accumulate);

Tensor pick(const Tensor& x, const SharedRows& rows) {
  const Tensor source = dense(x.detach().permute(rows->order));
  std::vector<std::int64_t> sizes = rows->picked;
  sizes.insert(sizes.end(), rows->others.begin(), rows->others.end());
  Tensor y = empty(sizes, x.scalar_type());
  kernels::gather(x.scalar_type(), rows->walk(), data<char>(source), rows->numbers.data(),
                  kernels::kChecked, data<char>(y));
  return record("IndexBackward0", dense(y.permute(rows->to_result())),
                wrt(x, [shape = x.get()->geometry, rows](const Tensor& g) {
                  return put("index_put", true, zeros(shape.sizes(), g.dtype()), rows, g, true);
                }));
}

/// Stores values at the picked elements of x or of a copy, or adds them.
Tensor put(const char* op, bool in_place, const Tensor& x, const SharedRows& rows,
           const Tensor& values, bool accumulate) {
  check(x.scalar_type() == values.scalar_type(), op,
        ": Index put requires the source and destination dtypes match, got ", x.scalar_type(),
        " for the destination and ", values.scalar_type(), " for the source");
  const std::vector<std::int64_t> shape = rows->result_sizes();
  check(is_expandable_to(values.sizes(), shape), op, ": shape mismatch: value tensor of shape ",
        values.sizes(), " cannot be broadcast to indexing result of shape ", shape);
  return changed(
      op, "IndexPutBackward0", in_place, x,
      [&](const Tensor& y) {
        const Tensor source = dense(values.detach().expand(shape).permute(rows->from_result()));
        const Tensor ordered = y.detach().permute(rows->order), whole = dense(ordered);
        (accumulate ? kernels::scatter_add : kernels::scatter)(
            y.scalar_type(), rows->walk(), data<char>(whole), rows->numbers.data(),
            data<char>(source));
        if (!whole.is_same(ordered)) copy_into(ordered, whole);
      },
      wrt(x,
          [rows, accumulate](const Tensor& g) {
            return accumulate
                       ? g
                       : put("index_put", false, g, rows, zeros(IntArrayRef(), g.dtype()), false);
          }),
      wrt(values, [rows](const Tensor& g) { return pick(g, rows); }));
}

}  // namespace

Tensor index(const Tensor& x, ArrayRef<TensorIndex> indices) {
  check_defined("index", x);
  Picks picks;
  const Tensor part = apply_basic(x, indices, picks);
  return picks.dims.empty() ? part : pick(part, rows_of(part, picks));
}

Tensor index_put(const Tensor& x, ArrayRef<TensorIndex> indices, const Tensor& value,
                 bool accumulate) {
  check_defined("index_put", x);
  check_defined("index_put", value);
  Picks picks;
  Tensor whole = x.clone();
  const Tensor part = apply_basic(whole, indices, picks);
  if (picks.dims.empty()) {
    part.copy_(accumulate ? part + value : value);
    return whole;
  }
  if (part.is_same(whole)) return put("index_put", false, x, rows_of(x, picks), value, accumulate);
  put("index_put", true, part, rows_of(part, picks), value, accumulate);
  return whole;
}

namespace {

Tensor assign_part(const Tensor& x, ArrayRef<TensorIndex> indices, const Tensor& value,
                   bool accumulate) {
  check_defined("index_put_", value);
  Picks picks;
  const Tensor part = apply_basic(x, indices, picks);
  if (!picks.dims.empty()) {
    autograd::check_disjoint("index_put_", x, {value});
    for (const TensorIndex& i : indices) autograd::check_disjoint("index_put_", x, {i.tensor});
    put("index_put_", true, part, rows_of(part, picks),
        value.dim() == 0 ? value.to(part.scalar_type()) : value, accumulate);
  } else if (accumulate) {
    part.add_(value);
  } else {
    part.copy_(value);
  }
  return x;
}

}  // namespace

Tensor TensorBase::index(ArrayRef<TensorIndex> indices) const {
  return pullback::index(self(Tensor()), indices);
}
Tensor TensorBase::index_put_(ArrayRef<TensorIndex> indices, const Tensor& value,
                              bool accumulate) const {
  return assign_part(target("index_put_"), indices, value, accumulate);
}
Tensor TensorBase::index_put_(ArrayRef<TensorIndex> indices, const Scalar& value,
                              bool accumulate) const {
  Tensor x = target("index_put_");
  check_convertible("index_put_", value, x.scalar_type());
  return assign_part(x, indices, scalar_tensor(value, x.scalar_type()), accumulate);
}
Tensor TensorBase::operator[](const Tensor& at) const {
  return index({TensorIndex(at)});
}

// ---- where elements are

namespace {

std::int64_t count_of(const Tensor& mask) {
  return mask.sum().item<std::int64_t>();
}

/// Calls f with each place in a dense mask that is set, in pieces: where the piece begins, and the
/// places in it from there. Without branches, which a mask makes hard to foresee.
template <class F>
void for_each_set(const bool* mask, std::int64_t count, F f) {
  constexpr std::int64_t kPiece = 1024;
  std::int32_t places[kPiece];
  for (std::int64_t begin = 0; begin < count; begin += kPiece) {
    const std::int64_t n = std::min(kPiece, count - begin);
    int found = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      places[found] = static_cast<std::int32_t>(i);
      found += mask[begin + i];
    }
    f(begin, ArrayRef<std::int32_t>(places, static_cast<std::size_t>(found)));
  }
}

}  // namespace

Tensor nonzero(const Tensor& x) {
  check_defined("nonzero", x);
  const Tensor mask = dense(x.scalar_type() == kBool ? x.detach() : x.detach() != 0);
  const std::int64_t dims = x.dim();
  Tensor y = empty({count_of(mask), dims}, kLong);
  auto* out = y.data_ptr<std::int64_t>();
  if (dims == 0 || mask.numel() == 0) return y;
  const std::int64_t columns = x.size(-1);
  std::int64_t at[kMaxDims] = {}, row = 0;  // at: the position of a row's start
  for_each_set(mask.data_ptr<bool>(), mask.numel(), [&](std::int64_t begin, auto places) {
    for (const std::int64_t place : places) {
      while (begin + place >= (row + 1) * columns) {
        ++row;
        for (std::int64_t d = dims - 2; d >= 0 && ++at[d] == x.size(d); --d) at[d] = 0;
      }
      for (std::int64_t d = 0; d + 1 < dims; ++d) out[d] = at[d];
      out[dims - 1] = begin + place - row * columns;
      out += dims;
    }
  });
  return y;
}

std::vector<Tensor> where(const Tensor& condition) {
  check_defined("where", condition);
  const Tensor at = nonzero(condition.dim() == 0 ? condition.reshape({1}) : condition);
  std::vector<Tensor> columns;
  for (std::int64_t d = 0; d < at.size(1); ++d)
    columns.push_back(at.detach().select(1, d).contiguous());
  return columns;
}

// ---- masks

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  check_defined("masked_select", x);
  check_defined("masked_select", mask);
  check(mask.scalar_type() == ScalarType::Bool, "masked_select: expected BoolTensor for mask, got ",
        mask.scalar_type());
  const Geometry shape = broadcast("masked_select", x.sizes(), mask.sizes());
  const Tensor source = dense(x.detach().expand(shape.sizes())),
               picks = dense(mask.expand(shape.sizes()));
  Tensor y = empty({count_of(picks)}, x.scalar_type());
  visit(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = source.data_ptr<T>();
    T* to = y.data_ptr<T>();
    for_each_set(picks.data_ptr<bool>(), picks.numel(), [&](std::int64_t begin, auto places) {
      for (const std::int64_t place : places) *to++ = from[begin + place];
    });
  });
  return record("MaskedSelectBackward0", y,
                wrt(x, [sizes = shape.sizes().vec(), m = saved(mask)](const Tensor& g) {
                  return masked_scatter(zeros(sizes, g.dtype()), *m, g);
                }));
}

Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source) {
  check_defined("masked_scatter", x);
  check_defined("masked_scatter", mask);
  check_defined("masked_scatter", source);
  check(mask.scalar_type() == ScalarType::Bool,
        "masked_scatter: only supports boolean masks, but got ", mask.scalar_type());
  check(x.scalar_type() == source.scalar_type(),
        "masked_scatter: expected self and source to have same dtypes but got ", x.scalar_type(),
        " and ", source.scalar_type());
  const Geometry shape = broadcast("masked_scatter", x.sizes(), mask.sizes());
  const Tensor picks = dense(mask.expand(shape.sizes())), from = dense(source.detach());
  const Tensor y = x.detach().expand(shape.sizes()).clone();
  const std::int64_t wanted = count_of(picks);
  check(wanted <= source.numel(),
        "masked_scatter: expected self and source to have enough elements: mask has ", wanted,
        " set, source ", source.numel(), " elements");
  visit(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* next = from.data_ptr<T>();
    T* to = y.data_ptr<T>();
    for_each_set(picks.data_ptr<bool>(), picks.numel(), [&](std::int64_t begin, auto places) {
      for (const std::int64_t place : places) to[begin + place] = *next++;
    });
  });
  return record("MaskedScatterBackward0", y,
                wrt(x, [m = saved(mask)](const Tensor& g) { return g.masked_fill(*m, 0); }),
                wrt(source, [m = saved(mask), sizes = source.sizes().vec(),
                             n = source.numel()](const Tensor& g) {
                  const Tensor used = masked_select(g, *m);
                  return cat({used, zeros({n - used.size(0)}, g.dtype())}).reshape(sizes);
                }));
}

Tensor TensorBase::nonzero() const {
  return pullback::nonzero(self(Tensor()));
}
Tensor TensorBase::masked_select(const Tensor& mask) const {
  return pullback::masked_select(self(Tensor()), mask);
}
Tensor TensorBase::masked_scatter(const Tensor& mask, const Tensor& source) const {
  return pullback::masked_scatter(self(Tensor()), mask, source);
}
Tensor TensorBase::masked_scatter_(const Tensor& mask, const Tensor& source) const {
  return change_to("masked_scatter_", target("masked_scatter_"),
                   [&](const Tensor& x) { return pullback::masked_scatter(x, mask, source); });
}

}  // namespace pullback
