#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/resample.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/dense.h>

// Interpolation is a linear map along each dimension, which mixes two elements for each new one;
// its gradient is the adjoint, and the adjoint's is the interpolation.
namespace pullback {

using autograd::record;
using autograd::wrt;
using kernels::Resampling;

namespace {

using Dims = std::shared_ptr<const std::vector<Resampling>>;

Resampling nearest(std::int64_t size, std::int64_t count, double factor, bool centred) {
  // PyTorch counts in single precision.
  const float step = factor > 0 ? static_cast<float>(1 / factor)
                                : static_cast<float>(size) / static_cast<float>(count);
  Resampling r{size, {}, {}};
  for (std::int64_t i = 0; i < count; ++i) {
    const float at = (static_cast<float>(i) + (centred ? 0.5f : 0.0f)) * step;
    r.low.push_back(std::min(static_cast<std::int64_t>(std::floor(at)), size - 1));
  }
  return r;
}

template <class T>
Resampling linear(std::int64_t size, std::int64_t count, double factor, bool align_corners) {
  T step = factor > 0 ? static_cast<T>(1 / factor) : static_cast<T>(size) / static_cast<T>(count);
  if (align_corners) step = count > 1 ? static_cast<T>(size - 1) / static_cast<T>(count - 1) : T(0);
  Resampling r{size, {}, {}};
  for (std::int64_t i = 0; i < count; ++i) {
    const T centre = step * (static_cast<T>(i) + T(0.5)) - T(0.5);
    const T at = align_corners ? step * static_cast<T>(i) : std::max(centre, T(0));
    const std::int64_t first = std::min(static_cast<std::int64_t>(at), size - 1);
    r.low.push_back(first);
    r.weight.push_back(std::min(at - static_cast<T>(first), T(1)));
  }
  return r;
}

std::int64_t planes_of(const Tensor& x) {
  return x.size(0) * x.size(1);
}

Tensor resample_adjoint(const Tensor& g, const Dims& dims);

Tensor resample(const char* name, const Tensor& x, const Dims& dims) {
  std::vector<std::int64_t> sizes{x.size(0), x.size(1)};
  for (const Resampling& r : *dims) sizes.push_back(r.count());
  Tensor y = empty_of(Geometry(sizes), x.scalar_type());
  const Tensor from = dense(x);
  visit_float("interpolate", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::resample(planes_of(x), *dims, data<const T>(from), data<T>(y));
  });
  return record(name, std::move(y),
                wrt(x, [dims](const Tensor& g) { return resample_adjoint(g, dims); }));
}

Tensor resample_adjoint(const Tensor& g, const Dims& dims) {
  std::vector<std::int64_t> sizes{g.size(0), g.size(1)};
  for (const Resampling& r : *dims) sizes.push_back(r.size);
  Tensor gx = empty_of(Geometry(sizes), g.scalar_type());
  const Tensor from = dense(g);
  visit_float("interpolate", g.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    kernels::resample_adjoint(planes_of(g), *dims, data<const T>(from), data<T>(gx));
  });
  const char* name = "UpsampleBackwardBackward0";
  return record(name, std::move(gx),
                wrt(g, [dims, name](const Tensor& gg) { return resample(name, gg, dims); }));
}

bool takes_nearest(Interpolation mode) {
  return mode == Interpolation::Nearest || mode == Interpolation::NearestExact;
}

const char* node_name(Interpolation mode, std::int64_t dims) {
  static constexpr const char* kNames[3][3] = {
      {"UpsampleNearest1DBackward0", "UpsampleNearest2DBackward0", "UpsampleNearest3DBackward0"},
      {"UpsampleNearestExact1DBackward0", "UpsampleNearestExact2DBackward0",
       "UpsampleNearestExact3DBackward0"},
      {"UpsampleLinear1DBackward0", "UpsampleBilinear2DBackward0", "UpsampleTrilinear3DBackward0"}};
  return kNames[std::min(static_cast<int>(mode), 2)][dims - 1];
}

/// One value for each of the dimensions.
template <class T>
std::vector<T> for_each(const char* name, std::vector<T> values, std::int64_t dims) {
  if (values.size() == 1) values.resize(static_cast<std::size_t>(dims), values[0]);
  check<ValueError>(static_cast<std::int64_t>(values.size()) == dims, "interpolate: ", name,
                    " shape must match the number of spatial dimensions: got ", values.size(),
                    " values for ", dims, " dimensions");
  return values;
}

}  // namespace

Tensor interpolate(const Tensor& x, const std::optional<std::vector<std::int64_t>>& size,
                   const std::optional<std::vector<double>>& scale_factor, Interpolation mode,
                   std::optional<bool> align_corners, bool recompute_scale_factor) {
  const char* op = "interpolate";
  check_defined(op, x);
  const std::int64_t dims = x.dim() - 2;
  check<NotImplementedError>(dims >= 1 && dims <= 3, op,
                             ": Only 3D, 4D and 5D input Tensors supported (got ", x.dim(), "D)");
  const std::int64_t wanted = static_cast<int>(mode) - 1;
  check<NotImplementedError>(takes_nearest(mode) || wanted == dims, op, ": Got ", x.dim(),
                             "D input, but the mode needs ", wanted + 2, "D input");
  check<ValueError>(size || scale_factor, op, ": either size or scale_factor should be defined");
  check<ValueError>(!(size && scale_factor), op,
                    ": only one of size or scale_factor should be defined");
  check<ValueError>(!takes_nearest(mode) || !align_corners, op,
                    ": align_corners option can only be set with the interpolating modes: linear | "
                    "bilinear | trilinear");
  check<NotImplementedError>(x.is_floating_point(), op, ": not implemented for '", x.scalar_type(),
                             "'");
  std::vector<double> factors(static_cast<std::size_t>(dims), 0);
  std::vector<std::int64_t> counts;
  if (size) {
    counts = for_each("size", *size, dims);
  } else {
    factors = for_each("scale_factor", *scale_factor, dims);
    for (std::int64_t d = 0; d < dims; ++d)
      counts.push_back(static_cast<std::int64_t>(
          std::floor(static_cast<double>(x.size(d + 2)) * factors[static_cast<std::size_t>(d)])));
    if (recompute_scale_factor) std::fill(factors.begin(), factors.end(), 0);
  }
  std::vector<Resampling> along;
  for (std::int64_t d = 0; d < dims; ++d) {
    const auto at = static_cast<std::size_t>(d);
    const std::int64_t from = x.size(d + 2), to = counts[at];
    check(from > 0 && to > 0, op,
          ": Input and output sizes should be greater than 0, but got input ", x.sizes(),
          " and output ", IntArrayRef(counts));
    const bool corners = align_corners.value_or(false);
    along.push_back(takes_nearest(mode) ? nearest(from, to, factors[at], mode == kNearestExact)
                    : x.scalar_type() == kFloat ? linear<float>(from, to, factors[at], corners)
                                                : linear<double>(from, to, factors[at], corners));
  }
  return resample(node_name(mode, dims), x,
                  std::make_shared<const std::vector<Resampling>>(std::move(along)));
}

namespace {

void check_pixels(const char* op, const Tensor& x, std::int64_t factor) {
  check_defined(op, x);
  check(x.dim() >= 3, op, ": expects input to have at least 3 dimensions, but got input with ",
        x.dim(), " dimension(s)");
  check(factor > 0, op, ": expects a positive factor, but got ", factor);
}

/// Each image's elements, read as `parts`, in another order, which makes an image of size `last`.
Tensor rearranged(const Tensor& x, std::vector<std::int64_t> parts, IntArrayRef order,
                  IntArrayRef last) {
  std::vector<std::int64_t> sizes(x.sizes().begin(), x.sizes().end() - 3);
  std::int64_t batch = 1;
  for (const std::int64_t size : sizes) batch *= size;
  parts.insert(parts.begin(), batch);
  sizes.insert(sizes.end(), last.begin(), last.end());
  const Tensor from = dense(x);
  const Geometry read(parts);
  Geometry turned = read;
  for (int d = 0; d < turned.ndim; ++d) {
    turned.size[d] = read.size[order[static_cast<std::size_t>(d)]];
    turned.stride[d] = read.stride[order[static_cast<std::size_t>(d)]];
  }
  turned.offset = from.get()->geometry.offset;
  Tensor y = empty_of(Geometry(sizes), x.scalar_type());
  copy_into(alias_of(y, Geometry(turned.sizes())), alias_of(from, turned));
  return y;
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, std::int64_t upscale_factor) {
  const std::int64_t r = upscale_factor;
  check_pixels("pixel_shuffle", x, r);
  const std::int64_t channels = x.size(-3), c = channels / (r * r), h = x.size(-2), w = x.size(-1);
  check(channels % (r * r) == 0,
        "pixel_shuffle: expects its input's 'channel' dimension to be divisible by the square of "
        "upscale_factor, but input.size(-3)=",
        channels, " is not divisible by ", r * r);
  return record("PixelShuffleBackward0",
                rearranged(x, {c, r, r, h, w}, {0, 1, 4, 2, 5, 3}, {c, h * r, w * r}),
                wrt(x, [r](const Tensor& g) { return pixel_unshuffle(g, r); }));
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t downscale_factor) {
  const std::int64_t r = downscale_factor;
  check_pixels("pixel_unshuffle", x, r);
  check(x.size(-2) % r == 0 && x.size(-1) % r == 0,
        "pixel_unshuffle: expects height and width to be divisible by downscale_factor, but input "
        "of size ",
        x.sizes(), " is not divisible by ", r);
  const std::int64_t c = x.size(-3), h = x.size(-2) / r, w = x.size(-1) / r;
  return record("PixelUnshuffleBackward0",
                rearranged(x, {c, h, r, w, r}, {0, 1, 3, 5, 2, 4}, {c * r * r, h, w}),
                wrt(x, [r](const Tensor& g) { return pixel_shuffle(g, r); }));
}

}  // namespace pullback
