#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/buffer.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/row_loop.h>

// softmax and its logarithm.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

/// Rows of one matrix that start `step` bytes apart; 0: all are the same.
struct Rows {
  char* data;
  std::int64_t step;
};

/// Neighbouring columns of matrices, worked on by the kernels of elements and of reductions.
class Columns {
  ScalarType type_;
  std::int64_t size_, rows_, columns_;

 public:
  using Row = kernels::Buffer<char>;
  Columns(ScalarType type, std::int64_t rows, std::int64_t columns)
      : type_(type),
        size_(static_cast<std::int64_t>(element_size(type))),
        rows_(rows),
        columns_(columns) {}
  Row row() const { return Row(columns_ * size_); }

  void map(const Map& kernel, const Rows& out, const Rows& a, const Rows& b) const {
    map(kernel, rows_, out, a, b);
  }
  /// The results of columns, which are one row.
  void reduce(const kernels::Reduce& kernel, const Rows& in, char* out) const {
    reduce(kernel, rows_, in, out);
  }
  /// The sums of f(a, b), which is in memory for some rows at a time.
  void sum(const Map& f, const Rows& a, const Rows& b, char* out) const {
    constexpr std::int64_t kHeight = 64;
    Row values(std::min(kHeight, rows_) * columns_ * size_), part = row();
    const Rows to{values.data(), columns_ * size_}, sum{out, 0}, more{part.data(), 0};
    for (std::int64_t top = 0; top < rows_; top += kHeight) {
      const std::int64_t height = std::min(kHeight, rows_ - top);
      map(f, height, to, {a.data + top * a.step, a.step}, {b.data + top * b.step, b.step});
      reduce(simd().sum, height, to, top == 0 ? out : part.data());
      if (top > 0) map(simd().add, 1, sum, sum, more);
    }
  }
  void map_row(const Map& kernel, char* row) const { map(kernel, 1, {row, 0}, {row, 0}, {row, 0}); }

 private:
  void map(const Map& kernel, std::int64_t rows, const Rows& out, const Rows& a,
           const Rows& b) const {
    const std::int64_t strides[] = {size_, size_, size_}, dense = columns_ * size_;
    const bool one = out.step == dense && a.step == dense && b.step == dense;
    const std::int64_t runs = one ? 1 : rows, length = one ? rows * columns_ : columns_;
    for (std::int64_t i = 0; i < runs; ++i) {
      char* data[] = {out.data + i * out.step, a.data + i * a.step, b.data + i * b.step};
      kernel[type_](length, data, strides);
    }
  }
  void reduce(const kernels::Reduce& kernel, std::int64_t rows, const Rows& in, char* out) const {
    kernel[type_](columns_, rows, in.data, size_, in.step, out, size_);
  }
};

// What a kernel of rows does, for columns.
using ColumnLoop = void (*)(const Columns&, const Rows& out, const Rows& a, const Rows& b);

void softmax_columns(const Columns& c, const Rows& y, const Rows& x, const Rows&) {
  Columns::Row top = c.row(), total = c.row();
  c.reduce(simd().amax, x, top.data());
  c.map(simd().sub, y, x, {top.data(), 0});
  c.map(simd().exp, y, y, y);
  c.reduce(simd().sum, y, total.data());
  c.map_row(simd().reciprocal, total.data());
  c.map(simd().mul, y, y, {total.data(), 0});
}

void log_softmax_columns(const Columns& c, const Rows& y, const Rows& x, const Rows&) {
  Columns::Row top = c.row(), total = c.row();
  c.reduce(simd().amax, x, top.data());
  c.map(simd().sub, y, x, {top.data(), 0});
  c.sum(simd().exp, y, y, total.data());
  c.map_row(simd().log, total.data());
  c.map(simd().sub, y, y, {total.data(), 0});
}

void softmax_backward_columns(const Columns& c, const Rows& out, const Rows& g, const Rows& y) {
  Columns::Row dot = c.row();
  c.sum(simd().mul, g, y, dot.data());
  c.map(simd().sub, out, g, {dot.data(), 0});
  c.map(simd().mul, out, out, y);
}

void log_softmax_backward_columns(const Columns& c, const Rows& out, const Rows& g, const Rows& y) {
  Columns::Row total = c.row();
  c.reduce(simd().sum, g, total.data());
  c.map(simd().exp, out, y, y);
  c.map(simd().mul, out, out, {total.data(), 0});
  c.map(simd().sub, out, g, out);
}

/// A kernel of rows, and the same for columns.
struct Along {
  const kernels::Rows& rows;
  ColumnLoop columns;
};

/// Runs over dense inputs along dimension d, which has `inner` elements between its own.
Tensor columns(ColumnLoop loop, const Tensor& a, const Tensor& b, int d, std::int64_t inner) {
  const Tensor x = a.contiguous(), z = b.defined() ? b.contiguous() : x;
  Tensor y = empty_of(x.get()->geometry, x.scalar_type());
  const std::int64_t n = x.size(d), size = static_cast<std::int64_t>(element_size(x.scalar_type()));
  constexpr std::int64_t width = 512;
  const std::int64_t blocks = (inner + width - 1) / width, step = inner * size;
  const std::int64_t share = std::max<std::int64_t>(1, 8192 / (n * std::min(inner, width)));
  const auto part_of = [&](const Tensor& t, std::int64_t i) {
    return Rows{t.get()->bytes() + i / blocks * n * step + i % blocks * width * size, step};
  };
  kernels::parallel_for(x.numel() / (n * inner) * blocks, share,
                        [&](std::int64_t begin, std::int64_t end) {
                          for (std::int64_t i = begin; i < end; ++i)
                            loop({x.scalar_type(), n, std::min(width, inner - i % blocks * width)},
                                 part_of(y, i), part_of(x, i), part_of(z, i));
                        });
  return y;
}

/// Runs a row kernel along one dimension: that dimension is brought to the end of dense copies.
Tensor rows(const kernels::Rows& kernel, std::initializer_list<const Tensor*> inputs, int d) {
  const Tensor& model = **inputs.begin();
  const Geometry& g = model.get()->geometry;
  std::vector<Tensor> dense;
  for (const Tensor* x : inputs) dense.push_back(x->detach().movedim(d, -1).contiguous());
  Tensor y = empty_of(dense[0].get()->geometry, model.scalar_type());
  const std::int64_t n = g.size[d], rows = n > 0 ? y.numel() / n : 0;
  if (dense.size() == 1) {
    for_rows(kernel, y.scalar_type(), rows, n, {{&y, n}, {&dense[0], n}});
  } else {
    for_rows(kernel, y.scalar_type(), rows, n, {{&y, n}, {&dense[0], n}, {&dense[1], n}});
  }
  return d == g.ndim - 1 ? y : y.movedim(-1, d).contiguous();
}

/// Runs along dimension d of a, and of b if there is one.
Tensor along(const Along& kernel, const Tensor& a, const Tensor& b, int d) {
  if (a.dim() == 0) {
    const Tensor x = a.detach().reshape({1}), y = b.defined() ? b.detach().reshape({1}) : b;
    return along(kernel, x, y, 0).reshape(IntArrayRef());
  }
  std::int64_t inner = 1;
  for (int k = d + 1; k < static_cast<int>(a.dim()); ++k) inner *= a.size(k);
  constexpr std::int64_t kFew = 16;  // columns, which would take longer than bringing them together
  if (inner >= kFew && a.numel() > 0)
    return columns(kernel.columns, a.detach(), b.defined() ? b.detach() : b, d, inner);
  return b.defined() ? rows(kernel.rows, {&a, &b}, d) : rows(kernel.rows, {&a}, d);
}

Tensor floating(const char* op, const Tensor& x, std::optional<ScalarType> dtype) {
  check_defined(op, x);
  const Tensor v = dtype ? x.to(*dtype) : x;
  check<NotImplementedError>(is_floating_point(v.scalar_type()), op, ": not implemented for '",
                             v.scalar_type(), "'; pass a floating-point dtype");
  return v;
}

/// y·(g − Σ g·y)
Tensor softmax_backward(const Tensor& g, const Tensor& y, int d) {
  return record("SoftmaxBackwardDataBackward0",
                along({simd().softmax_backward, softmax_backward_columns}, g, y, d),
                wrt(g, [d, y = saved(y)](const Tensor& gg) { return softmax_backward(gg, *y, d); }),
                wrt(y, [d, g = saved(g), y = saved(y)](const Tensor& gg) {
                  const Tensor u = *g, v = *y;
                  if (u.dim() == 0) return gg * (u - u * v) - gg * v * u;
                  return gg * (u - (u * v).sum(d, true)) - u * (gg * v).sum(d, true);
                }));
}

/// g − exp(y)·Σ g
Tensor log_softmax_backward(const Tensor& g, const Tensor& y, int d) {
  return record("LogSoftmaxBackwardDataBackward0",
                along({simd().log_softmax_backward, log_softmax_backward_columns}, g, y, d),
                wrt(g,
                    [d, y = saved(y)](const Tensor& gg) {
                      const Tensor p = exp(*y);
                      return p.dim() == 0 ? gg - gg * p : gg - (gg * p).sum(d, true);
                    }),
                wrt(y, [d, g = saved(g), y = saved(y)](const Tensor& gg) {
                  const Tensor u = *g;
                  return -gg * exp(*y) * (u.dim() == 0 ? u : u.sum(d, true));
                }));
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  const Tensor v = floating("softmax", x, dtype);
  const int d = wrap_dim(dim, v.get()->geometry.ndim, "softmax");
  return record(
      "SoftmaxBackward0", along({simd().softmax, softmax_columns}, v, {}, d),
      wrt(v, [d](const Tensor& g, const Tensor& y) { return softmax_backward(g, y, d); }));
}

Tensor log_softmax(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  const Tensor v = floating("log_softmax", x, dtype);
  const int d = wrap_dim(dim, v.get()->geometry.ndim, "log_softmax");
  return record(
      "LogSoftmaxBackward0", along({simd().log_softmax, log_softmax_columns}, v, {}, d),
      wrt(v, [d](const Tensor& g, const Tensor& y) { return log_softmax_backward(g, y, d); }));
}

Tensor softmin(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype) {
  return softmax(-x, dim, dtype);
}

Tensor TensorBase::softmax(std::int64_t dim, std::optional<ScalarType> t) const {
  return pullback::softmax(self(Tensor()), dim, t);
}
Tensor TensorBase::log_softmax(std::int64_t dim, std::optional<ScalarType> t) const {
  return pullback::log_softmax(self(Tensor()), dim, t);
}

}  // namespace pullback
