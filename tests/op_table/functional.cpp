#include <pullback/nn/functional.h>

#include "op_table.h"

namespace pullback_tests {

namespace F = pullback::nn::functional;
using pullback::kSum;

#define ROW(name, ...)                                         \
  Row {                                                        \
    name, [](const Case& c) -> Outputs { return __VA_ARGS__; } \
  }

Rows functional_rows() {
  return {
      ROW("conv1d",
          {F::conv1d(
              c.in(0), c.in(1),
              F::Conv1dFuncOptions().bias(c.in(2)).stride(2).padding(1).dilation(2).groups(2))}),
      ROW("conv2d", {F::conv2d(c.in(0), c.in(1),
                               F::Conv2dFuncOptions()
                                   .bias(c.in(2))
                                   .stride(2)
                                   .padding({1, 0})
                                   .dilation({1, 2})
                                   .groups(2))}),
      ROW("max_pool1d",
          {F::max_pool1d(c.in(0),
                         F::MaxPool1dFuncOptions(3).stride(2).padding(1).ceil_mode(true))}),
      ROW("max_pool2d",
          {F::max_pool2d(
              c.in(0),
              F::MaxPool2dFuncOptions(2).stride(1).padding({0, 1}).dilation({2, 1}).ceil_mode(
                  true))}),
      ROW("avg_pool1d",
          {F::avg_pool1d(
              c.in(0),
              F::AvgPool1dFuncOptions(3).stride(2).padding(1).ceil_mode(true).count_include_pad(
                  false))}),
      ROW("avg_pool2d", {F::avg_pool2d(c.in(0), F::AvgPool2dFuncOptions(2)
                                                    .stride(3)
                                                    .padding({0, 1})
                                                    .ceil_mode(true)
                                                    .count_include_pad(false))}),
      ROW("avg_pool2d.divisor",
          {F::avg_pool2d(c.in(0), F::AvgPool2dFuncOptions(2).divisor_override(3))}),
      ROW("adaptive_avg_pool2d",
          {F::adaptive_avg_pool2d(c.in(0), F::AdaptiveAvgPool2dFuncOptions({2, 3}))}),
      ROW("pad", {F::pad(c.in(0), F::PadFuncOptions({1, -1, 2, 0}).value(0.5))}),
      ROW("pad.reflect", {F::pad(c.in(0), F::PadFuncOptions({1, 2}).mode(pullback::kReflect))}),
      ROW("batch_norm.training",
          {F::batch_norm(
              c.in(0), {}, {},
              F::BatchNormFuncOptions().weight(c.in(1)).bias(c.in(2)).training(true).eps(0.01))}),
      ROW("batch_norm.eval",
          {F::batch_norm(c.in(0), c.in(1).detach(), c.in(4).detach().square(),
                         F::BatchNormFuncOptions().weight(c.in(2)).bias(c.in(3)))}),
      ROW("normalize", {F::normalize(c.in(0), F::NormalizeFuncOptions().p(3).dim(0).eps(0.5))}),
      ROW("cosine_similarity",
          {F::cosine_similarity(c.in(0), c.in(1), F::CosineSimilarityFuncOptions().dim(0).eps(2))}),
      ROW("layer_norm",
          {F::layer_norm(c.in(0),
                         F::LayerNormFuncOptions({3}).weight(c.in(1)).bias(c.in(2)).eps(0.01))}),
      ROW("embedding", {F::embedding(c.in(1), c.in(0), F::EmbeddingFuncOptions().padding_idx(1))}),
      ROW("mse_loss", {F::mse_loss(c.in(0), c.in(1), kSum)}),
      ROW("l1_loss", {F::l1_loss(c.in(0), c.in(1), pullback::kNone)}),
      ROW("smooth_l1_loss",
          {F::smooth_l1_loss(c.in(0), c.in(1), F::SmoothL1LossFuncOptions(kSum).beta(0.5))}),
      ROW("huber_loss",
          {F::huber_loss(c.in(0), c.in(1), F::HuberLossFuncOptions(kSum).delta(0.5))}),
      ROW("kl_div", {F::kl_div(c.in(0), c.in(1),
                               F::KLDivFuncOptions(pullback::kBatchMean).log_target(true))}),
      ROW("binary_cross_entropy",
          {F::binary_cross_entropy(
              c.in(0), c.in(1).detach(),
              F::BinaryCrossEntropyFuncOptions().weight(c.in(2).detach()).reduction(kSum))}),
      ROW("binary_cross_entropy_with_logits",
          {F::binary_cross_entropy_with_logits(c.in(0), c.in(1).detach(),
                                               F::BinaryCrossEntropyWithLogitsFuncOptions()
                                                   .weight(c.in(2).detach())
                                                   .pos_weight(c.in(3).detach())
                                                   .reduction(kSum))}),
      ROW("nll_loss",
          {F::nll_loss(
              c.in(0),
              c.in(1),
              F::NLLLossFuncOptions().weight(c.in(2).detach()).ignore_index(1).reduction(kSum))}),
      ROW("cross_entropy", {F::cross_entropy(c.in(0), c.in(1),
                                             F::CrossEntropyFuncOptions()
                                                 .weight(c.in(2).detach())
                                                 .ignore_index(1)
                                                 .reduction(kSum)
                                                 .label_smoothing(0.2))}),
      ROW("group_norm",
          {F::group_norm(c.in(0),
                         F::GroupNormFuncOptions(2).weight(c.in(1)).bias(c.in(2)).eps(0.01))}),
      ROW("instance_norm",
          {F::instance_norm(c.in(0),
                            F::InstanceNormFuncOptions().weight(c.in(1)).bias(c.in(2)).eps(0.01))}),
      ROW("instance_norm.running",
          {F::instance_norm(c.in(0), F::InstanceNormFuncOptions()
                                         .running_mean(c.in(1).detach())
                                         .running_var(c.in(2).detach().square())
                                         .use_input_stats(false)
                                         .eps(0.01))}),
      ROW("adaptive_max_pool2d",
          {F::adaptive_max_pool2d(c.in(0), F::AdaptiveMaxPool2dFuncOptions({2, 3}))}),
      ROW("interpolate", {F::interpolate(c.in(0), F::InterpolateFuncOptions()
                                                      .scale_factor(std::vector<double>({1.5, 2.0}))
                                                      .mode(pullback::kBilinear)
                                                      .align_corners(true))}),
      ROW("interpolate.recomputed",
          {F::interpolate(c.in(0), F::InterpolateFuncOptions()
                                       .scale_factor(std::vector<double>({1.7}))
                                       .mode(pullback::kLinear)
                                       .recompute_scale_factor(true))}),
      ROW("softmax.type", {F::softmax(c.in(0), F::SoftmaxFuncOptions(1).dtype(pullback::kDouble))}),
      ROW("triplet_margin_loss",
          {F::triplet_margin_loss(
              c.in(0), c.in(1), c.in(2),
              F::TripletMarginLossFuncOptions().margin(3).p(1).eps(0.1).swap(true).reduction(
                  pullback::kNone))}),
      ROW("conv_transpose1d", {F::conv_transpose1d(c.in(0), c.in(1),
                                                   F::ConvTranspose1dFuncOptions()
                                                       .bias(c.in(2))
                                                       .stride(2)
                                                       .padding(1)
                                                       .output_padding(1)
                                                       .groups(2)
                                                       .dilation(2))}),
      ROW("conv_transpose2d", {F::conv_transpose2d(c.in(0), c.in(1),
                                                   F::ConvTranspose2dFuncOptions()
                                                       .bias(c.in(2))
                                                       .stride(2)
                                                       .padding({1, 0})
                                                       .output_padding(1)
                                                       .groups(2)
                                                       .dilation(2))}),
  };
}

#undef ROW

}  // namespace pullback_tests
