#pragma once

#include <optional>

#include <pullback/core/neural.h>
#include <pullback/nn/expanding_array.h>
#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

namespace pullback::nn {

/// How much to pad: a number for each dimension, kValid or kSame.
template <std::size_t D>
struct ConvPadding {
  ConvPadding(std::int64_t one) : amounts(one) {}
  ConvPadding(std::initializer_list<std::int64_t> list) : amounts(list) {}
  ConvPadding(const ExpandingArray<D>& list) : amounts(list) {}
  ConvPadding(Padding rule) : amounts(0), rule(rule) {}
  ConvPadding() : amounts(0) {}

  ExpandingArray<D> amounts;
  std::optional<Padding> rule;
};

template <std::size_t D>
struct ConvOptions {
  ConvOptions(std::int64_t in_channels, std::int64_t out_channels, ExpandingArray<D> kernel_size)
      : in_channels_(in_channels), out_channels_(out_channels), kernel_size_(kernel_size) {}
  PULLBACK_ARG(std::int64_t, in_channels);
  PULLBACK_ARG(std::int64_t, out_channels);
  PULLBACK_ARG(ExpandingArray<D>, kernel_size);
  PULLBACK_ARG(ExpandingArray<D>, stride) = 1;
  PULLBACK_ARG(ConvPadding<D>, padding) = ConvPadding<D>();
  PULLBACK_ARG(ExpandingArray<D>, dilation) = 1;
  PULLBACK_ARG(std::int64_t, groups) = 1;
  PULLBACK_ARG(bool, bias) = true;
  PULLBACK_ARG(PadMode, padding_mode) = kZeros;
};
using Conv1dOptions = ConvOptions<1>;
using Conv2dOptions = ConvOptions<2>;

template <std::size_t D>
struct ConvTransposeOptions {
  ConvTransposeOptions(std::int64_t in_channels, std::int64_t out_channels,
                       ExpandingArray<D> kernel_size)
      : in_channels_(in_channels), out_channels_(out_channels), kernel_size_(kernel_size) {}
  PULLBACK_ARG(std::int64_t, in_channels);
  PULLBACK_ARG(std::int64_t, out_channels);
  PULLBACK_ARG(ExpandingArray<D>, kernel_size);
  PULLBACK_ARG(ExpandingArray<D>, stride) = 1;
  PULLBACK_ARG(ExpandingArray<D>, padding) = 0;
  PULLBACK_ARG(ExpandingArray<D>, output_padding) = 0;
  PULLBACK_ARG(ExpandingArray<D>, dilation) = 1;
  PULLBACK_ARG(std::int64_t, groups) = 1;
  PULLBACK_ARG(bool, bias) = true;
};
using ConvTranspose1dOptions = ConvTransposeOptions<1>;
using ConvTranspose2dOptions = ConvTransposeOptions<2>;

/// What convolutions share: a weight of out_channels × in_channels/groups × kernel and a bias, both
/// uniform within ±1/√fan_in at first.
template <std::size_t D>
class ConvNd : public Module {
 public:
  explicit ConvNd(const ConvOptions<D>& options);
  void reset();
  void reset_parameters();
  std::string extra_repr() const override;

  ConvOptions<D> options;
  Attribute weight;
  Attribute bias;  ///< undefined without bias

 protected:
  /// x, padded as options.padding_mode() says.
  Tensor padded(const Tensor& x) const;
};

/// Cross-correlation along one dimension of batch × in_channels × positions (conv1d).
class Conv1dImpl : public ConvNd<1> {
 public:
  Conv1dImpl(std::int64_t in_channels, std::int64_t out_channels, ExpandingArray<1> kernel_size)
      : Conv1dImpl(Conv1dOptions(in_channels, out_channels, kernel_size)) {}
  explicit Conv1dImpl(const Conv1dOptions& options) : ConvNd(options) {}
  Tensor forward(const Tensor& x);
};
PULLBACK_MODULE(Conv1d);

/// Cross-correlation of images, batch × in_channels × height × width (conv2d).
class Conv2dImpl : public ConvNd<2> {
 public:
  Conv2dImpl(std::int64_t in_channels, std::int64_t out_channels, ExpandingArray<2> kernel_size)
      : Conv2dImpl(Conv2dOptions(in_channels, out_channels, kernel_size)) {}
  explicit Conv2dImpl(const Conv2dOptions& options) : ConvNd(options) {}
  Tensor forward(const Tensor& x);
};
PULLBACK_MODULE(Conv2d);

/// What transposed convolutions share: a weight of in_channels × out_channels/groups × kernel.
template <std::size_t D>
class ConvTransposeNd : public Module {
 public:
  explicit ConvTransposeNd(const ConvTransposeOptions<D>& options);
  void reset();
  void reset_parameters();
  std::string extra_repr() const override;

  ConvTransposeOptions<D> options;
  Attribute weight;
  Attribute bias;  ///< undefined without bias
};

/// The adjoint of a Conv1d (conv_transpose1d).
class ConvTranspose1dImpl : public ConvTransposeNd<1> {
 public:
  ConvTranspose1dImpl(std::int64_t in_channels, std::int64_t out_channels,
                      ExpandingArray<1> kernel_size)
      : ConvTranspose1dImpl(ConvTranspose1dOptions(in_channels, out_channels, kernel_size)) {}
  explicit ConvTranspose1dImpl(const ConvTranspose1dOptions& options) : ConvTransposeNd(options) {}
  Tensor forward(const Tensor& x);
};
PULLBACK_MODULE(ConvTranspose1d);

/// The adjoint of a Conv2d (conv_transpose2d).
class ConvTranspose2dImpl : public ConvTransposeNd<2> {
 public:
  ConvTranspose2dImpl(std::int64_t in_channels, std::int64_t out_channels,
                      ExpandingArray<2> kernel_size)
      : ConvTranspose2dImpl(ConvTranspose2dOptions(in_channels, out_channels, kernel_size)) {}
  explicit ConvTranspose2dImpl(const ConvTranspose2dOptions& options) : ConvTransposeNd(options) {}
  Tensor forward(const Tensor& x);
};
PULLBACK_MODULE(ConvTranspose2d);

}  // namespace pullback::nn
