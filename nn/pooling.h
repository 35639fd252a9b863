#pragma once

#include <optional>

#include <pullback/core/neural.h>
#include <pullback/nn/expanding_array.h>
#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

namespace pullback::nn {

/// The stride is the kernel size unless it is given.
template <std::size_t D>
struct MaxPoolOptions {
  MaxPoolOptions(ExpandingArray<D> kernel_size) : kernel_size_(kernel_size), stride_(kernel_size) {}
  PULLBACK_ARG(ExpandingArray<D>, kernel_size);
  PULLBACK_ARG(ExpandingArray<D>, stride);
  PULLBACK_ARG(ExpandingArray<D>, padding) = 0;
  PULLBACK_ARG(ExpandingArray<D>, dilation) = 1;
  PULLBACK_ARG(bool, ceil_mode) = false;
};
using MaxPool1dOptions = MaxPoolOptions<1>;
using MaxPool2dOptions = MaxPoolOptions<2>;

template <std::size_t D>
struct AvgPoolOptions {
  AvgPoolOptions(ExpandingArray<D> kernel_size) : kernel_size_(kernel_size), stride_(kernel_size) {}
  PULLBACK_ARG(ExpandingArray<D>, kernel_size);
  PULLBACK_ARG(ExpandingArray<D>, stride);
  PULLBACK_ARG(ExpandingArray<D>, padding) = 0;
  PULLBACK_ARG(bool, ceil_mode) = false;
  PULLBACK_ARG(bool, count_include_pad) = true;
  PULLBACK_ARG(std::optional<std::int64_t>, divisor_override) = std::nullopt;
};
using AvgPool1dOptions = AvgPoolOptions<1>;
using AvgPool2dOptions = AvgPoolOptions<2>;

template <std::size_t D>
struct AdaptivePoolOptions {
  AdaptivePoolOptions(ExpandingArray<D> output_size) : output_size_(output_size) {}
  PULLBACK_ARG(ExpandingArray<D>, output_size);
};
using AdaptiveAvgPool1dOptions = AdaptivePoolOptions<1>;
using AdaptiveAvgPool2dOptions = AdaptivePoolOptions<2>;
using AdaptiveMaxPool1dOptions = AdaptivePoolOptions<1>;
using AdaptiveMaxPool2dOptions = AdaptivePoolOptions<2>;

#define PULLBACK_POOL(Name, D)                                              \
  class Name##Impl : public Module {                                        \
   public:                                                                  \
    Name##Impl(ExpandingArray<D> size) : Name##Impl(Name##Options(size)) {} \
    explicit Name##Impl(const Name##Options& options) : options(options) {} \
    Tensor forward(const Tensor& x);                                        \
    std::string extra_repr() const override;                                \
    Name##Options options;                                                  \
  };                                                                        \
  PULLBACK_MODULE(Name)

/// The largest value of each window.
PULLBACK_POOL(MaxPool1d, 1);
PULLBACK_POOL(MaxPool2d, 2);
/// The mean of each window.
PULLBACK_POOL(AvgPool1d, 1);
PULLBACK_POOL(AvgPool2d, 2);
/// Means and maxima over as many windows as the output has positions.
PULLBACK_POOL(AdaptiveAvgPool1d, 1);
PULLBACK_POOL(AdaptiveAvgPool2d, 2);
PULLBACK_POOL(AdaptiveMaxPool1d, 1);
PULLBACK_POOL(AdaptiveMaxPool2d, 2);
#undef PULLBACK_POOL

}  // namespace pullback::nn
