#include <memory>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/pooling.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/dense.h>

// Pooling in one dimension is that of images one row high. Averages are linear maps whose gradient
// is their adjoint; a maximum is locally the linear map that picks the places it was found at.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;
using kernels::PoolShape;

namespace {

using Shape = std::shared_ptr<const PoolShape>;

Tensor unpick(const Tensor& g, const Tensor& indices, IntArrayRef x_sizes);

std::int64_t plane_of(IntArrayRef sizes) {
  return sizes[sizes.size() - 2] * sizes[sizes.size() - 1];
}

std::int64_t planes_of(IntArrayRef sizes) {
  std::int64_t planes = 1;
  for (std::size_t i = 0; i + 2 < sizes.size(); ++i) planes *= sizes[i];
  return planes;
}

Tensor pick(const Tensor& x, const Tensor& indices) {
  Tensor y = empty(indices.sizes(), x.scalar_type());
  const Tensor from = dense(x);
  visit_float("max_pool2d", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::pick<T>(planes_of(x.sizes()), plane_of(x.sizes()), plane_of(y.sizes()), data<T>(from),
                     data<std::int64_t>(indices), data<T>(y));
  });
  return record("MaxPool2DWithIndicesBackwardBackward0", std::move(y),
                wrt(x, [indices = saved(indices), sizes = x.sizes().vec()](const Tensor& g) {
                  return unpick(g, *indices, sizes);
                }));
}

Tensor unpick(const Tensor& g, const Tensor& indices, IntArrayRef x_sizes) {
  Tensor gx = empty(x_sizes, g.scalar_type());
  const Tensor from = dense(g);
  visit_float("max_pool2d", g.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::unpick<T>(planes_of(x_sizes), plane_of(x_sizes), plane_of(g.sizes()), data<T>(from),
                       data<std::int64_t>(indices), data<T>(gx));
  });
  return record(
      "MaxPool2DWithIndicesBackwardBackward0", std::move(gx),
      wrt(g, [indices = saved(indices)](const Tensor& gg) { return pick(gg, *indices); }));
}

std::vector<std::int64_t> pooled_sizes(const Tensor& x, const PoolShape& shape) {
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes[sizes.size() - 2] = static_cast<std::int64_t>(shape.rows.size());
  sizes[sizes.size() - 1] = static_cast<std::int64_t>(shape.columns.size());
  return sizes;
}

std::tuple<Tensor, Tensor> maxima(const char* name, const Tensor& x, const PoolShape& shape) {
  const std::vector<std::int64_t> sizes = pooled_sizes(x, shape);
  Tensor y = empty(sizes, x.scalar_type()), indices = empty(sizes, kLong);
  const Tensor from = dense(x);
  visit_float("max_pool2d", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::max_pool<T>(shape, data<T>(from), data<T>(y), data<std::int64_t>(indices));
  });
  return record(name, std::tuple(y, indices),
                wrt(x, [indices = saved(indices), sizes = x.sizes().vec()](const Tensors& g) {
                  return g[0].defined() ? unpick(g[0], *indices, sizes) : Tensor();
                }));
}

Tensor averages_grad(const Tensor& g, const Shape& shape, std::int64_t divisor,
                     IntArrayRef x_sizes);

Tensor averages(const char* name, const Tensor& x, const Shape& shape, std::int64_t divisor) {
  Tensor y = empty(pooled_sizes(x, *shape), x.scalar_type());
  const Tensor from = dense(x);
  visit_float("avg_pool2d", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::average_pool<T>(*shape, divisor, data<T>(from), data<T>(y));
  });
  return record(name, std::move(y),
                wrt(x, [shape, divisor, sizes = x.sizes().vec()](const Tensor& g) {
                  return averages_grad(g, shape, divisor, sizes);
                }));
}

Tensor averages_grad(const Tensor& g, const Shape& shape, std::int64_t divisor,
                     IntArrayRef x_sizes) {
  Tensor gx = empty(x_sizes, g.scalar_type());
  const Tensor from = dense(g);
  visit_float("avg_pool2d", g.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::average_pool_grad<T>(*shape, divisor, data<T>(from), data<T>(gx));
  });
  return record("AvgPool2DBackwardBackward0", std::move(gx),
                wrt(g, [shape, divisor](const Tensor& gg) {
                  return averages("AvgPool2DBackwardBackward0", gg, shape, divisor);
                }));
}

// x with the dimensions of an image: of rank dims + 1 or dims + 2, only the batch may be empty.
void check_input(const char* op, const Tensor& x, int dims) {
  check_defined(op, x);
  check(x.dim() == dims + 1 || x.dim() == dims + 2, op, ": Expected ", dims + 1, "D or ", dims + 2,
        "D (batch mode) tensor for input, but got: ", x.sizes());
  for (std::int64_t d = x.dim() - dims - 1; d < x.dim(); ++d)
    check(x.size(d) > 0, op, ": Expected ", dims + 1, "D or ", dims + 2,
          "D (batch mode) tensor with optional 0 dim batch size for input, but got: ", x.sizes());
}

struct Sliding {
  const char* op;
  IntArrayRef kernel, stride, padding, dilation;
  bool ceil_mode, count_padding;
};

std::int64_t pooled_extent(const Sliding& s, std::int64_t in, std::int64_t kernel,
                           std::int64_t stride, std::int64_t padding, std::int64_t dilation) {
  check(kernel > 0, s.op, ": kernel size should be greater than zero, but got ", s.kernel);
  check(stride > 0, s.op, ": stride should be greater than zero, but got ", s.stride);
  check(dilation > 0, s.op, ": dilation should be greater than zero, but got ", s.dilation);
  check(padding >= 0, s.op, ": pad must be non-negative, but got pad: ", padding);
  const std::int64_t reach = dilation * (kernel - 1) + 1;
  check(padding <= reach / 2, s.op,
        ": pad should be at most half of effective kernel size, but got pad=", padding,
        ", kernel_size=", kernel, " and dilation=", dilation);
  const std::int64_t room = in + 2 * padding - reach;
  std::int64_t out = room < 0 ? (room + (s.ceil_mode ? stride - 1 : 0) >= 0 ? 1 : 0)
                              : (room + (s.ceil_mode ? stride - 1 : 0)) / stride + 1;
  // The last window must start inside the input or the padding before it.
  if (s.ceil_mode && (out - 1) * stride >= in + padding) --out;
  return out;
}

PoolShape sliding(const Sliding& s, const Tensor& x, int dims) {
  const Pair kernel = pair_of(s.op, "kernel_size", s.kernel, dims, 1);
  const Pair stride = s.stride.empty() ? kernel : pair_of(s.op, "stride", s.stride, dims, 1);
  const Pair padding = pair_of(s.op, "padding", s.padding, dims, 0);
  const Pair dilation = pair_of(s.op, "dilation", s.dilation, dims, 1);
  PoolShape shape;
  shape.in_h = x.size(-2), shape.in_w = x.size(-1);
  const std::int64_t h = pooled_extent(s, shape.in_h, kernel.h, stride.h, padding.h, dilation.h);
  const std::int64_t w = pooled_extent(s, shape.in_w, kernel.w, stride.w, padding.w, dilation.w);
  check(h > 0 && w > 0, s.op, ": Given input size: (", shape.in_h, "x", shape.in_w,
        "). Calculated output size: (", h, "x", w, "). Output size is too small");
  shape.planes = planes_of(x.sizes());
  shape.rows = kernels::sliding_windows(shape.in_h, h, kernel.h, stride.h, padding.h, dilation.h,
                                        s.count_padding);
  shape.columns = kernels::sliding_windows(shape.in_w, w, kernel.w, stride.w, padding.w, dilation.w,
                                           s.count_padding);
  return shape;
}

constexpr std::int64_t kMostWindows = std::int64_t{1} << 28;  ///< along one dimension

PoolShape adaptive(const char* op, const Tensor& x, IntArrayRef output_size, int dims) {
  const Pair out = pair_of(op, "output_size", output_size, dims, 1);
  check(out.h >= 0 && out.w >= 0, op,
        ": elements of output_size must be greater than or equal to 0, but received ", output_size);
  check(out.h < kMostWindows && out.w < kMostWindows, op, ": output_size ", output_size,
        " is too large");
  PoolShape shape;
  shape.planes = planes_of(x.sizes());
  shape.in_h = x.size(-2), shape.in_w = x.size(-1);
  shape.rows = kernels::adaptive_windows(shape.in_h, out.h);
  shape.columns = kernels::adaptive_windows(shape.in_w, out.w);
  return shape;
}

constexpr const char* kMax = "MaxPool2DWithIndicesBackward0";
constexpr const char* kAverage = "AvgPool2DBackward0";

std::tuple<Tensor, Tensor> without_row(const std::tuple<Tensor, Tensor>& y) {
  return {squeeze(std::get<0>(y), -2), squeeze(std::get<1>(y), -2)};
}

}  // namespace

std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& x, IntArrayRef kernel_size,
                                                   IntArrayRef stride, IntArrayRef padding,
                                                   IntArrayRef dilation, bool ceil_mode) {
  const char* op = "max_pool2d";
  check_input(op, x, 2);
  return maxima(kMax, x,
                sliding({op, kernel_size, stride, padding, dilation, ceil_mode, false}, x, 2));
}

std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& x, IntArrayRef kernel_size,
                                                   IntArrayRef stride, IntArrayRef padding,
                                                   IntArrayRef dilation, bool ceil_mode) {
  const char* op = "max_pool1d";
  check_input(op, x, 1);
  const Tensor image = unsqueeze(x, -2);
  return without_row(
      maxima(kMax, image,
             sliding({op, kernel_size, stride, padding, dilation, ceil_mode, false}, image, 1)));
}

Tensor max_pool2d(const Tensor& x, IntArrayRef kernel_size, IntArrayRef stride, IntArrayRef padding,
                  IntArrayRef dilation, bool ceil_mode) {
  return std::get<0>(max_pool2d_with_indices(x, kernel_size, stride, padding, dilation, ceil_mode));
}

Tensor max_pool1d(const Tensor& x, IntArrayRef kernel_size, IntArrayRef stride, IntArrayRef padding,
                  IntArrayRef dilation, bool ceil_mode) {
  return std::get<0>(max_pool1d_with_indices(x, kernel_size, stride, padding, dilation, ceil_mode));
}

Tensor avg_pool2d(const Tensor& x, IntArrayRef kernel_size, IntArrayRef stride, IntArrayRef padding,
                  bool ceil_mode, bool count_include_pad,
                  std::optional<std::int64_t> divisor_override) {
  const char* op = "avg_pool2d";
  check_input(op, x, 2);
  check(!divisor_override || *divisor_override != 0, op, ": divisor must be not zero");
  const Shape shape = std::make_shared<PoolShape>(
      sliding({op, kernel_size, stride, padding, 1, ceil_mode, count_include_pad}, x, 2));
  return averages(kAverage, x, shape, divisor_override.value_or(0));
}

Tensor avg_pool1d(const Tensor& x, IntArrayRef kernel_size, IntArrayRef stride, IntArrayRef padding,
                  bool ceil_mode, bool count_include_pad) {
  const char* op = "avg_pool1d";
  check_input(op, x, 1);
  const Tensor image = unsqueeze(x, -2);
  const Shape shape = std::make_shared<PoolShape>(
      sliding({op, kernel_size, stride, padding, 1, ceil_mode, count_include_pad}, image, 1));
  return squeeze(averages(kAverage, image, shape, 0), -2);
}

namespace {

Tensor adaptive_averages(const char* op, const Tensor& x, IntArrayRef output_size, int dims) {
  const Shape shape = std::make_shared<PoolShape>(adaptive(op, x, output_size, dims));
  if (shape->out_plane() == 1 && x.is_floating_point()) return mean(x, {-2, -1}, /*keepdim=*/true);
  return averages("AdaptiveAvgPool2DBackward0", x, shape, 0);
}

}  // namespace

Tensor adaptive_avg_pool2d(const Tensor& x, IntArrayRef output_size) {
  const char* op = "adaptive_avg_pool2d";
  check_input(op, x, 2);
  return adaptive_averages(op, x, output_size, 2);
}

Tensor adaptive_avg_pool1d(const Tensor& x, IntArrayRef output_size) {
  const char* op = "adaptive_avg_pool1d";
  check_input(op, x, 1);
  return squeeze(adaptive_averages(op, unsqueeze(x, -2), output_size, 1), -2);
}

std::tuple<Tensor, Tensor> adaptive_max_pool2d(const Tensor& x, IntArrayRef output_size) {
  const char* op = "adaptive_max_pool2d";
  check_input(op, x, 2);
  return maxima("AdaptiveMaxPool2DBackward0", x, adaptive(op, x, output_size, 2));
}

std::tuple<Tensor, Tensor> adaptive_max_pool1d(const Tensor& x, IntArrayRef output_size) {
  const char* op = "adaptive_max_pool1d";
  check_input(op, x, 1);
  const Tensor image = unsqueeze(x, -2);
  return without_row(
      maxima("AdaptiveMaxPool2DBackward0", image, adaptive(op, image, output_size, 1)));
}

}  // namespace pullback
