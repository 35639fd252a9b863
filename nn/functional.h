#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include <pullback/core/ops.h>
#include <pullback/nn/conv.h>
#include <pullback/nn/distance.h>
#include <pullback/nn/dropout.h>
#include <pullback/nn/embedding.h>
#include <pullback/nn/functional/activation.h>
#include <pullback/nn/functional/loss.h>
#include <pullback/nn/norm.h>
#include <pullback/nn/pooling.h>
#include <pullback/nn/upsample.h>

/// libtorch's spelling of the functions behind layers: the options come in a struct.
namespace pullback::nn::functional {

using pullback::linear;
using pullback::one_hot;

struct PadFuncOptions {
  PadFuncOptions(std::vector<std::int64_t> amounts) : pad_(std::move(amounts)) {}
  PULLBACK_ARG(std::vector<std::int64_t>, pad);
  PULLBACK_ARG(PadMode, mode) = kConstant;
  PULLBACK_ARG(double, value) = 0;
};
inline Tensor pad(const Tensor& x, const PadFuncOptions& o) {
  return pullback::pad(x, o.pad(), o.mode(), o.value());
}

template <std::size_t D>
struct ConvFuncOptions {
  PULLBACK_ARG(Tensor, bias);
  PULLBACK_ARG(ExpandingArray<D>, stride) = 1;
  PULLBACK_ARG(ExpandingArray<D>, padding) = 0;
  PULLBACK_ARG(ExpandingArray<D>, dilation) = 1;
  PULLBACK_ARG(std::int64_t, groups) = 1;
};
using Conv1dFuncOptions = ConvFuncOptions<1>;
using Conv2dFuncOptions = ConvFuncOptions<2>;

inline Tensor conv1d(const Tensor& x, const Tensor& weight, const Conv1dFuncOptions& o = {}) {
  return pullback::conv1d(x, weight, o.bias(), o.stride(), o.padding(), o.dilation(), o.groups());
}
inline Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2dFuncOptions& o = {}) {
  return pullback::conv2d(x, weight, o.bias(), o.stride(), o.padding(), o.dilation(), o.groups());
}

template <std::size_t D>
struct ConvTransposeFuncOptions {
  PULLBACK_ARG(Tensor, bias);
  PULLBACK_ARG(ExpandingArray<D>, stride) = 1;
  PULLBACK_ARG(ExpandingArray<D>, padding) = 0;
  PULLBACK_ARG(ExpandingArray<D>, output_padding) = 0;
  PULLBACK_ARG(std::int64_t, groups) = 1;
  PULLBACK_ARG(ExpandingArray<D>, dilation) = 1;
};
using ConvTranspose1dFuncOptions = ConvTransposeFuncOptions<1>;
using ConvTranspose2dFuncOptions = ConvTransposeFuncOptions<2>;

inline Tensor conv_transpose1d(const Tensor& x, const Tensor& weight,
                               const ConvTranspose1dFuncOptions& o = {}) {
  return pullback::conv_transpose1d(x, weight, o.bias(), o.stride(), o.padding(),
                                    o.output_padding(), o.groups(), o.dilation());
}
inline Tensor conv_transpose2d(const Tensor& x, const Tensor& weight,
                               const ConvTranspose2dFuncOptions& o = {}) {
  return pullback::conv_transpose2d(x, weight, o.bias(), o.stride(), o.padding(),
                                    o.output_padding(), o.groups(), o.dilation());
}

using MaxPool1dFuncOptions = MaxPool1dOptions;
using MaxPool2dFuncOptions = MaxPool2dOptions;
using AvgPool1dFuncOptions = AvgPool1dOptions;
using AvgPool2dFuncOptions = AvgPool2dOptions;
using AdaptiveAvgPool1dFuncOptions = AdaptiveAvgPool1dOptions;
using AdaptiveAvgPool2dFuncOptions = AdaptiveAvgPool2dOptions;
using AdaptiveMaxPool1dFuncOptions = AdaptiveMaxPool1dOptions;
using AdaptiveMaxPool2dFuncOptions = AdaptiveMaxPool2dOptions;

inline Tensor max_pool1d(const Tensor& x, const MaxPool1dFuncOptions& o) {
  return pullback::max_pool1d(x, o.kernel_size(), o.stride(), o.padding(), o.dilation(),
                              o.ceil_mode());
}
inline Tensor max_pool2d(const Tensor& x, const MaxPool2dFuncOptions& o) {
  return pullback::max_pool2d(x, o.kernel_size(), o.stride(), o.padding(), o.dilation(),
                              o.ceil_mode());
}
inline Tensor avg_pool1d(const Tensor& x, const AvgPool1dFuncOptions& o) {
  return pullback::avg_pool1d(x, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                              o.count_include_pad());
}
inline Tensor avg_pool2d(const Tensor& x, const AvgPool2dFuncOptions& o) {
  return pullback::avg_pool2d(x, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                              o.count_include_pad(), o.divisor_override());
}
inline Tensor adaptive_avg_pool2d(const Tensor& x, const AdaptiveAvgPool2dFuncOptions& o) {
  return pullback::adaptive_avg_pool2d(x, o.output_size());
}

inline Tensor adaptive_avg_pool1d(const Tensor& x, const AdaptiveAvgPool1dFuncOptions& o) {
  return pullback::adaptive_avg_pool1d(x, o.output_size());
}
inline Tensor adaptive_max_pool1d(const Tensor& x, const AdaptiveMaxPool1dFuncOptions& o) {
  return std::get<0>(pullback::adaptive_max_pool1d(x, o.output_size()));
}
inline Tensor adaptive_max_pool2d(const Tensor& x, const AdaptiveMaxPool2dFuncOptions& o) {
  return std::get<0>(pullback::adaptive_max_pool2d(x, o.output_size()));
}
inline std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& x,
                                                          const MaxPool2dFuncOptions& o) {
  return pullback::max_pool2d_with_indices(x, o.kernel_size(), o.stride(), o.padding(),
                                           o.dilation(), o.ceil_mode());
}

struct InterpolateFuncOptions {
  PULLBACK_ARG(std::optional<std::vector<std::int64_t>>, size) = std::nullopt;
  PULLBACK_ARG(std::optional<std::vector<double>>, scale_factor) = std::nullopt;
  PULLBACK_ARG(Interpolation, mode) = kNearest;
  PULLBACK_ARG(std::optional<bool>, align_corners) = std::nullopt;
  PULLBACK_ARG(std::optional<bool>, recompute_scale_factor) = std::nullopt;
};
inline Tensor interpolate(const Tensor& x, const InterpolateFuncOptions& o = {}) {
  return pullback::interpolate(x, o.size(), o.scale_factor(), o.mode(), o.align_corners(),
                               o.recompute_scale_factor().value_or(false));
}

using PixelShuffleFuncOptions = PixelShuffleOptions;
using PixelUnshuffleFuncOptions = PixelUnshuffleOptions;
inline Tensor pixel_shuffle(const Tensor& x, const PixelShuffleFuncOptions& o) {
  return pullback::pixel_shuffle(x, o.upscale_factor());
}
inline Tensor pixel_unshuffle(const Tensor& x, const PixelUnshuffleFuncOptions& o) {
  return pullback::pixel_unshuffle(x, o.downscale_factor());
}

struct DropoutFuncOptions {
  PULLBACK_ARG(double, p) = 0.5;
  PULLBACK_ARG(bool, training) = true;
  PULLBACK_ARG(bool, inplace) = false;
};
inline Tensor dropout(const Tensor& x, const DropoutFuncOptions& o = {}) {
  return o.inplace() ? dropout_(x, o.p(), o.training()) : pullback::dropout(x, o.p(), o.training());
}

using Dropout2dFuncOptions = DropoutFuncOptions;
inline Tensor dropout2d(const Tensor& x, const Dropout2dFuncOptions& o = {}) {
  return o.inplace() ? feature_dropout_(x, o.p(), o.training())
                     : feature_dropout(x, o.p(), o.training());
}

struct AlphaDropoutFuncOptions {
  PULLBACK_ARG(double, p) = 0.5;
  PULLBACK_ARG(bool, training) = false;
  PULLBACK_ARG(bool, inplace) = false;
};
using FeatureAlphaDropoutFuncOptions = AlphaDropoutFuncOptions;
inline Tensor alpha_dropout(const Tensor& x, const AlphaDropoutFuncOptions& o = {}) {
  return o.inplace() ? alpha_dropout_(x, o.p(), o.training())
                     : pullback::alpha_dropout(x, o.p(), o.training());
}
inline Tensor feature_alpha_dropout(const Tensor& x, const FeatureAlphaDropoutFuncOptions& o = {}) {
  return o.inplace() ? feature_alpha_dropout_(x, o.p(), o.training())
                     : pullback::feature_alpha_dropout(x, o.p(), o.training());
}

struct BatchNormFuncOptions {
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(Tensor, bias);
  PULLBACK_ARG(bool, training) = false;
  PULLBACK_ARG(double, momentum) = 0.1;
  PULLBACK_ARG(double, eps) = 1e-5;
};
inline Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                         const BatchNormFuncOptions& o = {}) {
  return pullback::batch_norm(x, o.weight(), o.bias(), running_mean, running_var, o.training(),
                              o.momentum(), o.eps());
}

struct InstanceNormFuncOptions {
  PULLBACK_ARG(Tensor, running_mean);
  PULLBACK_ARG(Tensor, running_var);
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(Tensor, bias);
  PULLBACK_ARG(bool, use_input_stats) = true;
  PULLBACK_ARG(double, momentum) = 0.1;
  PULLBACK_ARG(double, eps) = 1e-5;
};
inline Tensor instance_norm(const Tensor& x, const InstanceNormFuncOptions& o = {}) {
  return pullback::instance_norm(x, o.weight(), o.bias(), o.running_mean(), o.running_var(),
                                 o.use_input_stats(), o.momentum(), o.eps());
}

struct GroupNormFuncOptions {
  GroupNormFuncOptions(std::int64_t num_groups) : num_groups_(num_groups) {}
  PULLBACK_ARG(std::int64_t, num_groups);
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(Tensor, bias);
  PULLBACK_ARG(double, eps) = 1e-5;
};
inline Tensor group_norm(const Tensor& x, const GroupNormFuncOptions& o) {
  return pullback::group_norm(x, o.num_groups(), o.weight(), o.bias(), o.eps());
}

struct NormalizeFuncOptions {
  PULLBACK_ARG(double, p) = 2;
  PULLBACK_ARG(std::int64_t, dim) = 1;
  PULLBACK_ARG(double, eps) = 1e-12;
};
inline Tensor normalize(const Tensor& x, const NormalizeFuncOptions& o = {}) {
  return pullback::normalize(x, o.p(), o.dim(), o.eps());
}

using CosineSimilarityFuncOptions = CosineSimilarityOptions;
inline Tensor cosine_similarity(const Tensor& a, const Tensor& b,
                                const CosineSimilarityFuncOptions& o = {}) {
  return pullback::cosine_similarity(a, b, o.dim(), o.eps());
}

using PairwiseDistanceFuncOptions = PairwiseDistanceOptions;
inline Tensor pairwise_distance(const Tensor& a, const Tensor& b,
                                const PairwiseDistanceFuncOptions& o = {}) {
  return pullback::pairwise_distance(a, b, o.p(), o.eps(), o.keepdim());
}

struct LayerNormFuncOptions {
  LayerNormFuncOptions(std::vector<std::int64_t> normalized_shape)
      : normalized_shape_(std::move(normalized_shape)) {}
  PULLBACK_ARG(std::vector<std::int64_t>, normalized_shape);
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(Tensor, bias);
  PULLBACK_ARG(double, eps) = 1e-5;
};
inline Tensor layer_norm(const Tensor& x, const LayerNormFuncOptions& o) {
  return pullback::layer_norm(x, o.normalized_shape(), o.weight(), o.bias(), o.eps());
}

struct EmbeddingFuncOptions {
  PULLBACK_ARG(std::optional<std::int64_t>, padding_idx) = std::nullopt;
};
inline Tensor embedding(const Tensor& indices, const Tensor& weight,
                        const EmbeddingFuncOptions& o = {}) {
  return pullback::embedding(weight, indices, padding_row(o.padding_idx(), weight.size(0)));
}

}  // namespace pullback::nn::functional
