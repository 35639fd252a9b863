#include <limits>
#include <utility>

#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/indexed.h>

// Rows of a table.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

Tensor embedding_grad(const Tensor& g, const Tensor& indices, std::int64_t rows,
                      std::int64_t padding);

/// The walk over whole rows of a table, next to each other in another tensor.
kernels::IndexedWalk rows_at(const Tensor& table, const Tensor& indices) {
  const std::int64_t count = indices.numel(), width = table.size(1);
  Geometry index(IntArrayRef{count, width});
  const Geometry rows = index;
  index.stride[0] = 1, index.stride[1] = 0;
  return walk_of(table.get()->geometry, 0, index, rows);
}

Tensor rows_of(const char* name, const Tensor& weight, const Tensor& indices, std::int64_t padding,
               bool padding_is_zero) {
  std::vector<std::int64_t> sizes = indices.sizes().vec();
  const std::int64_t rows = weight.size(0), width = weight.size(1);
  sizes.push_back(width);
  Tensor y = empty(sizes, weight.scalar_type());
  const Tensor at = dense(indices);
  kernels::gather(weight.scalar_type(), rows_at(weight, at), data<char>(weight),
                  data<std::int64_t>(at), kernels::kChecked, data<char>(y));
  if (padding_is_zero && padding >= 0) {
    const NoGradGuard no_grad;
    y.masked_fill_((at == padding).unsqueeze(-1), 0);
  }
  return record(name, std::move(y),
                wrt(weight, [indices = saved(indices), rows, padding](const Tensor& g) {
                  return embedding_grad(g, *indices, rows, padding);
                }));
}

// Each row's gradient is the sum over the places it was read at; that of the padding row is 0.
Tensor embedding_grad(const Tensor& g, const Tensor& indices, std::int64_t rows,
                      std::int64_t padding) {
  const std::int64_t width = g.size(-1);
  Tensor gw = zeros({rows, width}, g.scalar_type());
  const Tensor at = dense(indices), from = dense(g);
  kernels::scatter(g.scalar_type(), kernels::Join::Sum, rows_at(gw, at), data<char>(gw),
                   data<std::int64_t>(at), kernels::kChecked, data<char>(from));
  if (padding >= 0) fill_into(gw.detach().select(0, padding), 0);
  return record("EmbeddingDenseBackwardBackward0", std::move(gw),
                wrt(g, [indices = saved(indices), padding](const Tensor& gg) {
                  return rows_of("EmbeddingBackward0", gg, *indices, padding, true);
                }));
}

}  // namespace

Tensor embedding(const Tensor& weight, const Tensor& indices, std::int64_t padding_idx) {
  const char* op = "embedding";
  check_defined(op, weight);
  check_defined(op, indices);
  check(weight.dim() == 2, op, ": 'weight' must be 2-D, but has size ", weight.sizes());
  check(indices.scalar_type() == kLong || indices.scalar_type() == kInt, op,
        ": Expected tensor for argument 'indices' to have one of the following scalar types: Long, "
        "Int; but got ",
        indices.scalar_type());
  const Tensor at = dense(as_type(indices, kLong));
  const std::int64_t rows = weight.size(0);
  check_bounds(op, at, 0, rows);
  check(padding_idx >= -1 && padding_idx < rows, op,
        ": Padding_idx must be within num_embeddings, but is ", padding_idx);
  return rows_of("EmbeddingBackward0", weight, at, padding_idx, false);
}

Tensor one_hot(const Tensor& indices, std::int64_t num_classes) {
  const char* op = "one_hot";
  check_defined(op, indices);
  check(indices.scalar_type() == kLong, op,
        ": one_hot is only applicable to index tensor of type LongTensor, but got ",
        indices.scalar_type());
  if (indices.numel() == 0) {
    check(num_classes > 0, op,
          ": Can not infer total number of classes from empty tensor; give num_classes");
  } else {
    const std::int64_t least = indices.min().item<std::int64_t>();
    const std::int64_t largest = indices.max().item<std::int64_t>();
    check(least >= 0, op, ": Class values must be non-negative, but one is ", least);
    check(largest < std::numeric_limits<std::int64_t>::max(), op,
          ": class out of range: ", largest);
    check(num_classes == -1 || largest < num_classes, op,
          ": Class values must be smaller than num_classes: ", largest, " and ", num_classes);
    if (num_classes == -1) num_classes = largest + 1;
  }
  std::vector<std::int64_t> sizes = indices.sizes().vec();
  sizes.push_back(num_classes);
  return zeros(sizes, kLong).scatter_(-1, indices.unsqueeze(-1), 1);
}

}  // namespace pullback
