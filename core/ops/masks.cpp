#include <algorithm>

#include <pullback/core/ops/indexed.h>

// Where elements are: the indices of those that are set, and what masks pick and place.
namespace pullback {

using autograd::change_to;
using autograd::record;
using autograd::saved;
using autograd::wrt;

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

Tensor places_set(const Tensor& mask) {
  const Tensor whole = dense(mask);
  Tensor y = empty({count_of(whole)}, kLong);
  auto* out = y.data_ptr<std::int64_t>();
  for_each_set(whole.data_ptr<bool>(), whole.numel(), [&](std::int64_t begin, auto places) {
    for (const std::int64_t place : places) *out++ = begin + place;
  });
  return y;
}

Tensor nonzero(const Tensor& x) {
  check_defined("nonzero", x);
  const Tensor mask = dense(x.scalar_type() == kBool ? x.detach() : x.detach() != 0);
  const std::int64_t dims = x.dim();
  Tensor y = empty({count_of(mask), dims}, kLong);
  auto* out = y.data_ptr<std::int64_t>();
  if (dims == 0 || mask.numel() == 0) return y;
  const std::int64_t columns = x.size(-1), rows = dims - 1;
  std::int64_t at[kMaxDims] = {}, row_end = columns;  // at: the position of the row
  for_each_set(data<bool>(mask), mask.numel(), [&](std::int64_t begin, auto places) {
    for (const std::int64_t place : places) {
      for (; begin + place >= row_end; row_end += columns)
        for (std::int64_t d = rows - 1; d >= 0 && ++at[d] == x.size(d); --d) at[d] = 0;
      for (std::int64_t d = 0; d < rows; ++d) *out++ = at[d];
      *out++ = begin + place - (row_end - columns);
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
                  return masked_scatter(zeros(IntArrayRef(), g.dtype()).expand(sizes), *m, g);
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
  const Tensor y = copy_in_rows(x.detach().expand(shape.sizes()));
  const std::int64_t wanted = count_of(picks);
  check(wanted <= source.numel(),
        "masked_scatter: expected self and source to have enough elements: mask has ", wanted,
        " set, source ", source.numel(), " elements");
  visit(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const bool* picked = data<bool>(picks);
    const T* next = data<T>(from);
    const T* const end = next + wanted;
    for (T* to = data<T>(y); next != end; ++to, ++picked) {
      *to = even_odds(*picked) ? *next : *to;
      next += *picked;
    }
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
