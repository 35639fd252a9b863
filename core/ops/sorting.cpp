#include <limits>
#include <type_traits>

#include <pullback/core/kernels/select.h>
#include <pullback/core/kernels/sort.h>
#include <pullback/core/ops/indexed.h>
#include <pullback/core/ops/reduce.h>

// Order along a dimension: sort, topk, kthvalue, median, mode.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;

namespace {

struct Lines {
  Tensor dense;  ///< x with the dimension at the end; a scalar is one line of one
  std::int64_t count, length;
  int dim;

  Lines(const char* op, const Tensor& x, std::int64_t along) {
    check_defined(op, x);
    dim = wrap_dim(along, x.get()->geometry.ndim, op);
    dense = x.dim() == 0 ? x.detach().reshape({1}) : x.detach().movedim(dim, -1).contiguous();
    length = dense.size(-1);
    count = length ? dense.numel() / length : 0;
  }
  Tensor line_of(std::int64_t n, ScalarType type) const {
    Geometry g = dense.get()->geometry;
    g.size[g.ndim - 1] = n;
    return empty_of(g, type);
  }
  Tensor back(const Tensor& lines, const Tensor& x) const {
    if (x.dim() == 0) return lines.reshape(IntArrayRef());
    return dim == x.dim() - 1 ? lines : lines.movedim(-1, dim).contiguous();
  }
};

/// Records values that were picked from x at `indices` along d.
std::tuple<Tensor, Tensor> picked(const char* node, const Tensor& x, Tensor values, Tensor indices,
                                  int d, bool keepdim) {
  return record(
      node, std::tuple{values, indices},
      wrt(x, [shape = x.get()->geometry, d, keepdim, indices = saved(indices)](const Tensors& g) {
        return spread(g[0], shape, d, *indices, keepdim);
      }));
}

}  // namespace

std::tuple<Tensor, Tensor> sort(const Tensor& x, std::int64_t dim, bool descending) {
  const Lines lines("sort", x, dim);
  Tensor values = lines.line_of(lines.length, x.scalar_type()),
         indices = lines.line_of(lines.length, kLong);
  kernels::sort_rows(x.scalar_type(), descending, lines.count, lines.length, lines.dense.data_ptr(),
                     values.data_ptr(), indices.data_ptr<std::int64_t>());
  return picked("SortBackward0", x, lines.back(values, x), lines.back(indices, x), lines.dim, true);
}
std::tuple<Tensor, Tensor> sort(const Tensor& x, std::optional<bool>, std::int64_t dim,
                                bool descending) {
  return sort(x, dim, descending);
}
Tensor argsort(const Tensor& x, std::int64_t dim, bool descending) {
  check_defined("argsort", x);
  return std::get<1>(sort(x.detach(), dim, descending));
}

std::tuple<Tensor, Tensor> topk(const Tensor& x, std::int64_t k, std::int64_t dim, bool largest,
                                bool) {
  const Lines lines("topk", x, dim);
  check(k >= 0 && k <= lines.length, "topk: selected index k out of range: ", k, " of ",
        lines.length);
  if (x.dim() == 0) k = 1;  // a number is its own largest, even for k = 0
  Tensor values = lines.line_of(k, x.scalar_type()), indices = lines.line_of(k, kLong);
  kernels::topk_rows(x.scalar_type(), largest, lines.count, lines.length, k, lines.dense.data_ptr(),
                     values.data_ptr(), indices.data_ptr<std::int64_t>());
  return picked("TopkBackward0", x, lines.back(values, x), lines.back(indices, x), lines.dim, true);
}

namespace {

/// One element of each line, which pick(lines, values, indices) finds.
template <class Pick>
std::tuple<Tensor, Tensor> one_of_each(const char* op, const char* node, const Tensor& x,
                                       std::int64_t dim, bool keepdim, Pick pick) {
  const Lines lines(op, x, dim);
  check<IndexError>(lines.length > 0, op, ": Expected reduction dim ", lines.dim,
                    " to have non-zero size");
  const Tensor values = lines.line_of(1, x.scalar_type()), indices = lines.line_of(1, kLong);
  pick(lines, values, indices);
  Tensor v = lines.back(values, x), i = lines.back(indices, x);
  if (!keepdim && x.dim() > 0) {
    v = v.squeeze(lines.dim);
    i = i.squeeze(lines.dim);
  }
  return picked(node, x, v, i, lines.dim, keepdim);
}

/// The element of a rank in each line.
std::tuple<Tensor, Tensor> at_rank(const char* op, const char* node, const Tensor& x,
                                   std::int64_t dim, bool keepdim, std::int64_t rank) {
  return one_of_each(op, node, x, dim, keepdim,
                     [&](const Lines& lines, const Tensor& values, const Tensor& indices) {
                       kernels::select_rows(x.scalar_type(), lines.count, lines.length, rank,
                                            data<char>(lines.dense), data<char>(values),
                                            data<std::int64_t>(indices));
                     });
}

/// The last of the longest run of equal values; of equally long ones the first.
template <class T>
std::int64_t longest_run(const T* line, std::int64_t n) {
  std::int64_t best = 0, length = 0;
  for (std::int64_t i = 0; i < n;) {
    std::int64_t end = i + 1;
    while (end < n && line[end] == line[i]) ++end;
    if (end - i > length) length = end - i, best = end - 1;
    i = end;
  }
  return best;
}

/// NaN, or the least integer, or true: what converting NaN gives in PyTorch.
Tensor median_of_none(ScalarType type) {
  const Tensor y = empty(IntArrayRef(), type);
  visit(type, [&]<class T>(T) {
    *data<T>(y) = std::is_same_v<T, bool> ? T(1)
                  : std::is_integral_v<T> ? std::numeric_limits<T>::min()
                                          : std::numeric_limits<T>::quiet_NaN();
  });
  return y;
}

}  // namespace

std::tuple<Tensor, Tensor> kthvalue(const Tensor& x, std::int64_t k, std::int64_t dim,
                                    bool keepdim) {
  check_defined("kthvalue", x);
  const std::int64_t n = x.dim() == 0 ? 1 : x.size(dim);
  check(k >= 1 && k <= n, "kthvalue: selected number k out of range for dimension ", dim, ": ", k,
        " of ", n);
  return at_rank("kthvalue", "KthvalueBackward0", x, dim, keepdim, k - 1);
}

std::tuple<Tensor, Tensor> median(const Tensor& x, std::int64_t dim, bool keepdim) {
  return at_rank("median", "MedianBackward1", x, dim, keepdim, kernels::kMedian);
}

Tensor median(const Tensor& x) {
  check_defined("median", x);
  if (x.numel() == 0)
    return record("MedianBackward0", median_of_none(x.scalar_type()),
                  wrt(x, [from = x.get()->geometry](const Tensor& g) {
                    return zeros(from.sizes(), g.dtype());
                  }));
  const Tensor value = std::get<0>(median(x.detach().reshape({-1}), 0, false));
  return record("MedianBackward0", value, wrt(x, [x = saved(x)](const Tensor& g, const Tensor& y) {
                  const Tensor in = *x;
                  const auto all = dim_mask("median", {}, static_cast<int>(in.dim()));
                  return shared_gradient(g, in, y, all, false);
                }));
}

std::tuple<Tensor, Tensor> mode(const Tensor& x, std::int64_t dim, bool keepdim) {
  return one_of_each(
      "mode", "ModeBackward0", x, dim, keepdim,
      [&](const Lines& lines, const Tensor& values, const Tensor& indices) {
        const Tensor sorted = lines.line_of(lines.length, x.scalar_type());
        const Tensor order = lines.line_of(lines.length, kLong);
        kernels::sort_rows(x.scalar_type(), false, lines.count, lines.length,
                           data<char>(lines.dense), data<char>(sorted), data<std::int64_t>(order));
        visit(x.scalar_type(), [&]<class T>(T) {
          for (std::int64_t i = 0; i < lines.count; ++i) {
            const T* line = data<T>(sorted) + i * lines.length;
            const std::int64_t at = longest_run(line, lines.length);
            data<T>(values)[i] = line[at];
            data<std::int64_t>(indices)[i] = data<std::int64_t>(order)[i * lines.length + at];
          }
        });
      });
}

std::tuple<Tensor, Tensor> TensorBase::sort(std::int64_t dim, bool descending) const {
  return pullback::sort(self(Tensor()), dim, descending);
}
std::tuple<Tensor, Tensor> TensorBase::sort(std::optional<bool> stable, std::int64_t dim,
                                            bool descending) const {
  return pullback::sort(self(Tensor()), stable, dim, descending);
}
Tensor TensorBase::argsort(std::int64_t dim, bool descending) const {
  return pullback::argsort(self(Tensor()), dim, descending);
}
std::tuple<Tensor, Tensor> TensorBase::topk(std::int64_t k, std::int64_t dim, bool largest,
                                            bool sorted) const {
  return pullback::topk(self(Tensor()), k, dim, largest, sorted);
}
std::tuple<Tensor, Tensor> TensorBase::kthvalue(std::int64_t k, std::int64_t dim,
                                                bool keepdim) const {
  return pullback::kthvalue(self(Tensor()), k, dim, keepdim);
}
Tensor TensorBase::median() const {
  return pullback::median(self(Tensor()));
}
std::tuple<Tensor, Tensor> TensorBase::median(std::int64_t dim, bool keepdim) const {
  return pullback::median(self(Tensor()), dim, keepdim);
}
std::tuple<Tensor, Tensor> TensorBase::mode(std::int64_t dim, bool keepdim) const {
  return pullback::mode(self(Tensor()), dim, keepdim);
}

}  // namespace pullback
