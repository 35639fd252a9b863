#include <algorithm>
#include <cstdlib>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Triangles and diagonals of matrices.
namespace pullback {

using autograd::change_to;
using autograd::record;
using autograd::wrt;

namespace {

/// Copies each matrix's rows, zero outside the triangle.
Tensor triangle(const char* op, const Tensor& x, std::int64_t diagonal, bool lower) {
  check_defined(op, x);
  check(x.dim() >= 2, op, ": input tensor must have at least 2 dimensions, but has shape ",
        x.sizes());
  Tensor y = empty_of(x.get()->geometry, x.scalar_type());
  copy_into(y, x);
  const std::int64_t rows = x.size(-2), columns = x.size(-1),
                     matrices = x.numel() > 0 ? x.numel() / (rows * columns) : 0;
  const std::size_t bytes = element_size(x.scalar_type());
  char* out = y.get()->bytes();
  diagonal = std::clamp(diagonal, -rows - 1, columns + 1);  // sums with a row number fit
  for (std::int64_t m = 0; m < matrices; ++m)
    for (std::int64_t i = 0; i < rows; ++i, out += columns * bytes) {
      const std::int64_t edge =
          std::clamp<std::int64_t>(i + diagonal + (lower ? 1 : 0), 0, columns);
      if (lower)
        std::fill(out + edge * bytes, out + columns * bytes, 0);
      else
        std::fill(out, out + edge * bytes, 0);
    }
  return y;
}

}  // namespace

Tensor tril(const Tensor& x, std::int64_t diagonal) {
  return record("TrilBackward0", triangle("tril", x, diagonal, true),
                wrt(x, [diagonal](const Tensor& g) { return tril(g, diagonal); }));
}

Tensor triu(const Tensor& x, std::int64_t diagonal) {
  return record("TriuBackward0", triangle("triu", x, diagonal, false),
                wrt(x, [diagonal](const Tensor& g) { return triu(g, diagonal); }));
}

Tensor diag_embed(const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  check_defined("diag_embed", x);
  const Geometry& g = x.get()->geometry;
  check(g.ndim >= 1, "diag_embed: needs at least one dimension");
  const int a = wrap_dim(dim1, g.ndim + 1, "diag_embed"),
            b = wrap_dim(dim2, g.ndim + 1, "diag_embed");
  check(a != b, "diag_embed: diagonal dimensions cannot be identical ", dim1, ", ", dim2);
  check(offset > -kMaxElements && offset < kMaxElements, "diag_embed: offset ", offset,
        " is too large");
  const std::int64_t n = g.size[g.ndim - 1] + std::abs(offset);
  Geometry shape = g;
  shape.remove_dim(g.ndim - 1);
  shape.insert_dim(std::min(a, b), n, 0);
  shape.insert_dim(std::max(a, b), n, 0);
  Tensor y = zeros(shape.sizes(), x.scalar_type());
  {
    NoGradGuard no_grad;
    copy_into(diagonal(y, offset, a, b), x);
  }
  return record("DiagEmbedBackward0", y,
                wrt(x, [offset, a, b](const Tensor& g) { return diagonal(g, offset, a, b); }));
}

Tensor diag(const Tensor& x, std::int64_t offset) {
  check_defined("diag", x);
  check(x.dim() == 1 || x.dim() == 2, "diag: Supports 1D or 2D tensors. Got ", x.dim(), "D");
  if (x.dim() == 1) return diag_embed(x, offset);
  const Tensor part = diagonal(x.detach(), offset);
  Tensor y = empty_of(part.get()->geometry, x.scalar_type());
  copy_into(y, part);
  return record(
      "DiagonalBackward0_copy", y, wrt(x, [from = x.get()->geometry, offset](const Tensor& g) {
        Geometry whole = from;
        whole.make_contiguous();
        const Tensor model = zeros(from.sizes(), g.scalar_type());
        return autograd::as_strided_scatter(g, whole, diagonal(model, offset).get()->geometry);
      }));
}

Tensor trace(const Tensor& x) {
  check_defined("trace", x);
  check(x.dim() == 2, "trace: expected a matrix, but got tensor with shape ", x.sizes());
  return record("TraceBackward0", diagonal(x.detach()).sum(),
                wrt(x, [sizes = x.sizes().vec()](const Tensor& g) {
                  Tensor y = zeros(sizes, g.scalar_type());
                  y.diagonal().copy_(g);
                  return y;
                }));
}

Tensor TensorBase::tril(std::int64_t d) const {
  return pullback::tril(self(Tensor()), d);
}
Tensor TensorBase::triu(std::int64_t d) const {
  return pullback::triu(self(Tensor()), d);
}
Tensor TensorBase::tril_(std::int64_t d) const {
  return change_to("tril_", target("tril_"), [d](const Tensor& x) { return pullback::tril(x, d); });
}
Tensor TensorBase::triu_(std::int64_t d) const {
  return change_to("triu_", target("triu_"), [d](const Tensor& x) { return pullback::triu(x, d); });
}
Tensor TensorBase::diag(std::int64_t d) const {
  return pullback::diag(self(Tensor()), d);
}
Tensor TensorBase::diag_embed(std::int64_t offset, std::int64_t a, std::int64_t b) const {
  return pullback::diag_embed(self(Tensor()), offset, a, b);
}
Tensor TensorBase::trace() const {
  return pullback::trace(self(Tensor()));
}

}  // namespace pullback
