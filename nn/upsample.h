#pragma once

#include <optional>
#include <string>
#include <vector>

#include <pullback/core/neural.h>
#include <pullback/nn/configured.h>
#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

/// Larger and smaller images as modules; core/neural.h says what each computes.
namespace pullback::nn {

struct UpsampleOptions {
  PULLBACK_ARG(std::optional<std::vector<std::int64_t>>, size) = std::nullopt;
  PULLBACK_ARG(std::optional<std::vector<double>>, scale_factor) = std::nullopt;
  PULLBACK_ARG(Interpolation, mode) = kNearest;
  PULLBACK_ARG(std::optional<bool>, align_corners) = std::nullopt;
};

struct PixelShuffleOptions {
  PixelShuffleOptions(std::int64_t upscale_factor) : upscale_factor_(upscale_factor) {}
  PULLBACK_ARG(std::int64_t, upscale_factor);
};

struct PixelUnshuffleOptions {
  PixelUnshuffleOptions(std::int64_t downscale_factor) : downscale_factor_(downscale_factor) {}
  PULLBACK_ARG(std::int64_t, downscale_factor);
};

#define PULLBACK_RESIZING(Name)                         \
  class Name##Impl : public Configured<Name##Options> { \
   public:                                              \
    using Configured<Name##Options>::Configured;        \
    Tensor forward(const Tensor& x);                    \
    std::string extra_repr() const override;            \
  };                                                    \
  PULLBACK_MODULE(Name)
PULLBACK_RESIZING(Upsample);
PULLBACK_RESIZING(PixelShuffle);
PULLBACK_RESIZING(PixelUnshuffle);
#undef PULLBACK_RESIZING

}  // namespace pullback::nn
