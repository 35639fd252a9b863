#include <array>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/conv.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/dense.h>

// A convolution is linear in x and in the weight, and so are the two gradients: each of the three
// maps below has the other two as its rules, so they can be differentiated any number of times.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;
using kernels::ConvShape;

namespace {

struct Convolution : ConvShape {
  bool flat = false;  // tensors have one dimension of positions, not two

  std::vector<std::int64_t> sizes(std::int64_t a, std::int64_t b, std::int64_t h,
                                  std::int64_t w) const {
    if (flat) return {a, b, w};
    return {a, b, h, w};
  }
  std::vector<std::int64_t> x_sizes() const { return sizes(batch, in_channels, in_h, in_w); }
  std::vector<std::int64_t> y_sizes() const { return sizes(batch, out_channels, out_h, out_w); }
  std::vector<std::int64_t> weight_sizes() const {
    return sizes(out_channels, in_channels / groups, kernel_h, kernel_w);
  }
};

constexpr const char* kName = "ConvolutionBackward0";
constexpr const char* kGradName = "ConvolutionBackwardBackward0";

Tensor forward(const char* name, const Tensor& x, const Tensor& w, const Tensor& bias,
               const Convolution& c);
Tensor input_grad(const char* name, const Tensor& g, const Tensor& w, const Convolution& c);
Tensor weight_grad(const Tensor& x, const Tensor& g, const Convolution& c);

Tensor bias_grad(const Tensor& g) {
  if (g.dim() == 3) return sum(g, {0, 2});
  return sum(g, {0, 2, 3});
}

Tensor forward(const char* name, const Tensor& x, const Tensor& w, const Tensor& bias,
               const Convolution& c) {
  Tensor y = empty(c.y_sizes(), x.scalar_type());
  const Tensor from = dense(x), weight = dense(w), offset = dense(bias);
  visit_float("conv", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::conv2d<T>(c, data<T>(from), data<T>(weight), data<T>(offset), data<T>(y));
  });
  return record(
      name, std::move(y),
      wrt(x, [w = saved(w), c](const Tensor& g) { return input_grad(kGradName, g, *w, c); }),
      wrt(w, [x = saved(x), c](const Tensor& g) { return weight_grad(*x, g, c); }),
      wrt(bias, bias_grad));
}

Tensor input_grad_value(const Tensor& g, const Tensor& w, const Convolution& c) {
  Tensor x = empty(c.x_sizes(), g.scalar_type());
  const Tensor from = dense(g), weight = dense(w);
  visit_float("conv", g.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::conv2d_input_grad<T>(c, data<T>(from), data<T>(weight), data<T>(x));
  });
  return x;
}

Tensor input_grad(const char* name, const Tensor& g, const Tensor& w, const Convolution& c) {
  return record(
      name, input_grad_value(g, w, c),
      wrt(g, [w = saved(w), c](const Tensor& v) { return forward(kGradName, v, *w, Tensor(), c); }),
      wrt(w, [g = saved(g), c](const Tensor& v) { return weight_grad(v, *g, c); }));
}

Tensor weight_grad(const Tensor& x, const Tensor& g, const Convolution& c) {
  Tensor w = empty(c.weight_sizes(), x.scalar_type());
  const Tensor from = dense(x), cotangent = dense(g);
  visit_float("conv", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::conv2d_weight_grad<T>(c, data<T>(from), data<T>(cotangent), data<T>(w));
  });
  return record(
      kGradName, std::move(w),
      wrt(x, [g = saved(g), c](const Tensor& v) { return input_grad(kGradName, *g, v, c); }),
      wrt(g,
          [x = saved(x), c](const Tensor& v) { return forward(kGradName, *x, v, Tensor(), c); }));
}

// What a caller asked for, checked against the tensors.
struct Call {
  const char* op;
  int dims;
  IntArrayRef stride, padding, dilation;
  std::int64_t groups;
};

void check_tensors(const Call& call, const Tensor& x, const Tensor& w, const Tensor& bias) {
  check_defined(call.op, x);
  check_defined(call.op, w);
  check(w.dim() == call.dims + 2, call.op, ": expected ", call.dims + 2,
        "-dimensional weight, but got weight of size ", w.sizes());
  check(x.dim() == call.dims + 2, call.op, ": Expected ", call.dims + 1, "D (unbatched) or ",
        call.dims + 2, "D (batched) input to ", call.op, ", but got input of size: ", x.sizes());
  check(x.scalar_type() == w.scalar_type(), call.op, ": Input type (", x.scalar_type(),
        ") and weight type (", w.scalar_type(), ") should be the same; convert one of them");
  check(!bias.defined() || bias.scalar_type() == x.scalar_type(), call.op, ": Input type (",
        x.scalar_type(), ") and bias type should be the same; convert one of them");
  check(call.groups > 0, call.op, ": non-positive groups is not supported: ", call.groups);
}

Convolution geometry(const Call& call, const Tensor& x, const Tensor& w) {
  Convolution c;
  c.flat = call.dims == 1;
  c.groups = call.groups;
  const Pair stride = pair_of(call.op, "stride", call.stride, call.dims, 1);
  const Pair padding = pair_of(call.op, "padding", call.padding, call.dims, 0);
  const Pair dilation = pair_of(call.op, "dilation", call.dilation, call.dims, 1);
  c.stride_h = stride.h, c.stride_w = stride.w;
  c.padding_h = padding.h, c.padding_w = padding.w;
  c.dilation_h = dilation.h, c.dilation_w = dilation.w;
  check(c.stride_h > 0 && c.stride_w > 0, call.op,
        ": non-positive stride is not supported: ", call.stride);
  check(c.padding_h >= 0 && c.padding_w >= 0, call.op,
        ": negative padding is not supported: ", call.padding);
  check(c.dilation_h > 0 && c.dilation_w > 0, call.op,
        ": dilation should be greater than zero: ", call.dilation);
  c.batch = x.size(0);
  c.kernel_h = c.flat ? 1 : w.size(2), c.kernel_w = w.size(-1);
  return c;
}

Tensor convolve(const Call& call, const Tensor& x, const Tensor& w, const Tensor& bias) {
  if (x.defined() && x.dim() == call.dims + 1)
    return squeeze(convolve(call, unsqueeze(x, 0), w, bias), 0);
  check_tensors(call, x, w, bias);
  Convolution c = geometry(call, x, w);
  c.in_channels = x.size(1), c.out_channels = w.size(0);
  c.in_h = c.flat ? 1 : x.size(2), c.in_w = x.size(-1);
  check(w.size(1) * c.groups == c.in_channels, call.op, ": Given groups=", c.groups,
        ", weight of size ", w.sizes(), ", expected input", x.sizes(), " to have ",
        w.size(1) * c.groups, " channels, but got ", c.in_channels, " channels instead");
  check(c.out_channels % c.groups == 0, call.op, ": Given groups=", c.groups,
        ", expected weight to be divisible by groups at dimension 0, but got weight of size ",
        w.sizes());
  check(!bias.defined() || (bias.dim() == 1 && bias.size(0) == c.out_channels), call.op,
        ": Given weight of size ", w.sizes(), ", expected bias to be 1-dimensional with ",
        c.out_channels, " elements, but got bias of size ",
        bias.defined() ? bias.sizes() : IntArrayRef(), " instead");
  const std::int64_t padded_h = c.in_h + 2 * c.padding_h, padded_w = c.in_w + 2 * c.padding_w;
  const std::int64_t reach_h = c.dilation_h * (c.kernel_h - 1) + 1;
  const std::int64_t reach_w = c.dilation_w * (c.kernel_w - 1) + 1;
  check(reach_h <= padded_h && reach_w <= padded_w && c.kernel_h > 0 && c.kernel_w > 0, call.op,
        ": Calculated padded input size per channel: ", "(", padded_h, " x ", padded_w, ")",
        ". Kernel size: ", "(", reach_h, " x ", reach_w, ")",
        ". Kernel size can't be greater than actual input size");
  c.out_h = (padded_h - reach_h) / c.stride_h + 1;
  c.out_w = (padded_w - reach_w) / c.stride_w + 1;
  return forward(kName, x, w, bias, c);
}

void add_bias(const Tensor& y, const Tensor& bias) {
  const std::int64_t channels = bias.size(0), planes = y.size(0) * channels;
  const std::int64_t plane = planes ? y.numel() / planes : 0;
  const Tensor offset = dense(bias);
  visit_float("conv_transpose", y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t p = 0; p < planes; ++p)
      for (std::int64_t i = 0; i < plane; ++i)
        data<T>(y)[p * plane + i] += data<T>(offset)[p % channels];
  });
}

Tensor convolve_transposed(const Call& call, const Tensor& x, const Tensor& w, const Tensor& bias,
                           IntArrayRef output_padding) {
  if (x.defined() && x.dim() == call.dims + 1)
    return squeeze(convolve_transposed(call, unsqueeze(x, 0), w, bias, output_padding), 0);
  check_tensors(call, x, w, bias);
  // In the convolution whose adjoint this is, x is the output.
  Convolution c = geometry(call, x, w);
  const Pair extra = pair_of(call.op, "output_padding", output_padding, call.dims, 0);
  check((extra.h < c.stride_h || extra.h < c.dilation_h) &&
            (extra.w < c.stride_w || extra.w < c.dilation_w) && extra.h >= 0 && extra.w >= 0,
        call.op, ": output padding must be smaller than either stride or dilation, but got ",
        output_padding, " with stride ", call.stride, " and dilation ", call.dilation);
  check(x.size(1) == w.size(0) && w.size(0) % c.groups == 0, call.op,
        ": Given transposed=1, weight of size ", w.sizes(), ", expected input", x.sizes(),
        " to have ", w.size(0), " channels, but got ", x.size(1), " channels instead");
  c.out_channels = x.size(1), c.in_channels = w.size(1) * c.groups;
  check(!bias.defined() || (bias.dim() == 1 && bias.size(0) == c.in_channels), call.op,
        ": Given transposed=1, weight of size ", w.sizes(),
        ", expected bias to be 1-dimensional with ", c.in_channels,
        " elements, but got bias of size ", bias.defined() ? bias.sizes() : IntArrayRef(),
        " instead");
  c.out_h = c.flat ? 1 : x.size(2), c.out_w = x.size(-1);
  c.in_h =
      (c.out_h - 1) * c.stride_h - 2 * c.padding_h + c.dilation_h * (c.kernel_h - 1) + extra.h + 1;
  c.in_w =
      (c.out_w - 1) * c.stride_w - 2 * c.padding_w + c.dilation_w * (c.kernel_w - 1) + extra.w + 1;
  check(c.in_h > 0 && c.in_w > 0, call.op, ": Given input size per channel: ", "(", c.out_h, " x ",
        c.out_w, ")", ". Calculated output size per channel: ", "(", c.in_h, " x ", c.in_w, ")",
        ". Output size is too small");
  Tensor y = input_grad_value(x, w, c);
  if (bias.defined()) add_bias(y, bias);
  return record(
      kName, std::move(y),
      wrt(x, [w = saved(w), c](const Tensor& g) { return forward(kGradName, g, *w, Tensor(), c); }),
      wrt(w, [x = saved(x), c](const Tensor& g) { return weight_grad(g, *x, c); }),
      wrt(bias, bias_grad));
}

// "same" pads dilation·(kernel − 1) positions in all: half on each side, an odd one at the end.
Tensor convolve(const Call& call, const Tensor& x, const Tensor& w, const Tensor& bias,
                Padding padding) {
  if (padding == Padding::Valid) return convolve(call, x, w, bias);
  check_defined(call.op, x);
  check_defined(call.op, w);
  for (const std::int64_t stride : call.stride)
    check(stride == 1, call.op,
          ": padding='same' is not supported for strided convolutions: ", call.stride);
  const Pair dilation = pair_of(call.op, "dilation", call.dilation, call.dims, 1);
  std::array<std::int64_t, 2> both{}, odd{};
  for (int d = 0; d < call.dims; ++d) {
    const std::int64_t step = d + 1 == call.dims ? dilation.w : dilation.h;
    const std::int64_t total = step * (w.size(d - call.dims) - 1);
    both[d] = total / 2, odd[d] = total % 2;
  }
  Tensor padded = x;
  if (odd[0] || odd[1])
    padded = call.dims == 1 ? pad(x, {0, odd[0]}) : pad(x, {0, odd[1], 0, odd[0]});
  Call centred = call;
  centred.padding = IntArrayRef(both.data(), static_cast<std::size_t>(call.dims));
  return convolve(centred, padded, w, bias);
}

}  // namespace

bool strict_convolutions() noexcept {
  return kernels::strict_convolutions();
}

void set_strict_convolutions(bool enabled) noexcept {
  kernels::set_strict_convolutions(enabled);
}

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              IntArrayRef padding, IntArrayRef dilation, std::int64_t groups) {
  return convolve({"conv1d", 1, stride, padding, dilation, groups}, x, weight, bias);
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              IntArrayRef padding, IntArrayRef dilation, std::int64_t groups) {
  return convolve({"conv2d", 2, stride, padding, dilation, groups}, x, weight, bias);
}

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              Padding padding, IntArrayRef dilation, std::int64_t groups) {
  return convolve({"conv1d", 1, stride, 0, dilation, groups}, x, weight, bias, padding);
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              Padding padding, IntArrayRef dilation, std::int64_t groups) {
  return convolve({"conv2d", 2, stride, 0, dilation, groups}, x, weight, bias, padding);
}

Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        IntArrayRef stride, IntArrayRef padding, IntArrayRef output_padding,
                        std::int64_t groups, IntArrayRef dilation) {
  return convolve_transposed({"conv_transpose1d", 1, stride, padding, dilation, groups}, x, weight,
                             bias, output_padding);
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        IntArrayRef stride, IntArrayRef padding, IntArrayRef output_padding,
                        std::int64_t groups, IntArrayRef dilation) {
  return convolve_transposed({"conv_transpose2d", 2, stride, padding, dilation, groups}, x, weight,
                             bias, output_padding);
}

}  // namespace pullback
