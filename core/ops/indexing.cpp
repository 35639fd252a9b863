#include <pullback/core/indexing.h>

#include <algorithm>
#include <bitset>
#include <cstring>
#include <memory>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/ops/indexed.h>

// x.index({…}): basic indices make a view; index tensors pick elements.
namespace pullback {

using autograd::record;
using autograd::wrt;
using indexing::TensorIndex;

indexing::TensorIndex::TensorIndex(const char* dots) : kind(Kind::Ellipsis) {
  check<ValueError>(dots && std::strcmp(dots, "...") == 0,
                    "index: expected \"...\" to represent an ellipsis index, but got ",
                    dots ? "\"" + std::string(dots) + "\"" : "null");
}

namespace {

/// An index tensor and the dimensions that it addresses: int64, for a mask of several dimensions
/// the number of an element in all of them.
struct Pick {
  int dim, dims;
  Tensor index;
};
using Picks = std::vector<Pick>;

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
        picks.push_back({d++, 1, zeros({i.integer ? 1 : 0}, kLong)});
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
            picks.push_back({d++, 1, zeros({i.tensor.item<bool>() ? 1 : 0}, kLong)});
            break;
          }
          picks.push_back({d, dims_taken(i), places_set(i.tensor.detach())});
          d += dims_taken(i);
        } else {
          check<IndexError>(
              is_integral(i.tensor.scalar_type(), false),
              "index: tensors used as indices must be long, int or bool tensors, not ",
              i.tensor.scalar_type());
          if (i.tensor.dim() == 0) {  // an integer, which makes a view
            x = select(x, d, i.tensor.item<std::int64_t>());
            break;
          }
          picks.push_back({d++, 1, as_type(i.tensor.detach(), kLong)});
        }
    }
  }
  return x;
}

/// Where picked elements lie: x seen as [addressed elements][block], one row number for each pick.
struct Rows {
  std::vector<std::int64_t> order;        ///< dimensions of x: the addressed ones, then the others
  std::vector<std::int64_t> picked;       ///< the common shape of the index tensors
  std::vector<std::int64_t> others;       ///< sizes of the other dimensions
  std::int64_t count, block = 1;          ///< numbers of picks, and of elements of each
  kernels::Buffer<std::int64_t> numbers;  ///< a row for each pick
  int place;  ///< at which dimension of the result the picks' shape stands

  Rows(const Geometry& g, const Picks& picks) : Rows(g, picks, common_shape(picks)) {}

  kernels::IndexedWalk walk() const {
    Geometry index(IntArrayRef{count, block});
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

 private:
  static Geometry common_shape(const Picks& picks) {
    Geometry common;
    for (const Pick& pick : picks) common = broadcast("index", common.sizes(), pick.index.sizes());
    return common;
  }
  Rows(const Geometry& g, const Picks& picks, const Geometry& common)
      : picked(common.sizes().vec()), count(common.numel()), numbers(count), place(picks[0].dim) {
    std::bitset<kMaxDims> addressed;
    for (const Pick& pick : picks) {
      if (!order.empty() && order.back() != pick.dim - 1) place = 0;  // they are not adjacent
      for (int d = pick.dim; d < pick.dim + pick.dims; ++d) {
        addressed.set(d);
        order.push_back(d);
      }
    }
    for (int d = 0; d < g.ndim; ++d)
      if (!addressed[d]) {
        order.push_back(d);
        others.push_back(g.size[d]);
        block *= g.size[d];
      }
    std::fill_n(numbers.data(), count, 0);
    for (const Pick& pick : picks) add(pick, g);
  }
  /// The numbers with that of a pick as their last digit.
  void add(const Pick& pick, const Geometry& g) {
    std::int64_t n = 1;
    for (int d = pick.dim; d < pick.dim + pick.dims; ++d) n *= g.size[d];
    const Tensor whole = dense(pick.index.expand(picked));
    const auto* index = data<std::int64_t>(whole);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t at = index[i] < 0 ? index[i] + n : index[i];
      check<IndexError>(at >= 0 && at < n, "index: index ", index[i],
                        " is out of bounds for dimension ", pick.dim, " with size ", n);
      numbers[i] = numbers[i] * n + at;
    }
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
        kernels::scatter(y.scalar_type(), accumulate ? kernels::Join::Sum : kernels::Join::Last,
                         rows->walk(), data<char>(whole), rows->numbers.data(), kernels::kChecked,
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
  return picks.empty() ? part : pick(part, rows_of(part, picks));
}

Tensor index_put(const Tensor& x, ArrayRef<TensorIndex> indices, const Tensor& value,
                 bool accumulate) {
  check_defined("index_put", x);
  check_defined("index_put", value);
  Picks picks;
  Tensor whole = x.clone();
  const Tensor part = apply_basic(whole, indices, picks);
  if (picks.empty()) {
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
  if (!picks.empty()) {
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

}  // namespace pullback
