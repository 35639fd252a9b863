#include <pullback/nn/upsample.h>

#include <pullback/nn/repr.h>

namespace pullback::nn {
namespace {

std::string text(std::int64_t value) {
  return std::to_string(value);
}
std::string text(double value) {
  return python_repr(value);
}

// One number, or a tuple of several.
template <class T>
std::string text(const std::vector<T>& values) {
  if (values.size() == 1) return text(values[0]);
  std::string all;
  for (const T& value : values) all += (all.empty() ? "(" : ", ") + text(value);
  return all + ")";
}

std::string mode_name(Interpolation mode) {
  switch (mode) {
    case Interpolation::Nearest:
      return "nearest";
    case Interpolation::NearestExact:
      return "nearest-exact";
    case Interpolation::Linear:
      return "linear";
    case Interpolation::Bilinear:
      return "bilinear";
    case Interpolation::Trilinear:
      break;
  }
  return "trilinear";
}

}  // namespace

Tensor UpsampleImpl::forward(const Tensor& x) {
  return interpolate(x, options.size(), options.scale_factor(), options.mode(),
                     options.align_corners());
}

std::string UpsampleImpl::extra_repr() const {
  const std::string how = options.scale_factor() ? "scale_factor=" + text(*options.scale_factor())
                          : options.size()       ? "size=" + text(*options.size())
                                                 : "size=None";
  return how + ", mode='" + mode_name(options.mode()) + "'";
}

Tensor PixelShuffleImpl::forward(const Tensor& x) {
  return pixel_shuffle(x, options.upscale_factor());
}

std::string PixelShuffleImpl::extra_repr() const {
  return "upscale_factor=" + std::to_string(options.upscale_factor());
}

Tensor PixelUnshuffleImpl::forward(const Tensor& x) {
  return pixel_unshuffle(x, options.downscale_factor());
}

std::string PixelUnshuffleImpl::extra_repr() const {
  return "downscale_factor=" + std::to_string(options.downscale_factor());
}

}  // namespace pullback::nn
