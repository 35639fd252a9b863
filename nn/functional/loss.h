#pragma once

#include <pullback/core/neural.h>
#include <pullback/nn/loss.h>

/// Losses in libtorch's spelling: the options come in a struct.
namespace pullback::nn::functional {

using MSELossFuncOptions = MSELossOptions;
using L1LossFuncOptions = L1LossOptions;
using SmoothL1LossFuncOptions = SmoothL1LossOptions;
using HuberLossFuncOptions = HuberLossOptions;
using KLDivFuncOptions = KLDivLossOptions;
using BinaryCrossEntropyFuncOptions = BCELossOptions;
using BinaryCrossEntropyWithLogitsFuncOptions = BCEWithLogitsLossOptions;
using NLLLossFuncOptions = NLLLossOptions;
using CrossEntropyFuncOptions = CrossEntropyLossOptions;
using SoftMarginLossFuncOptions = SoftMarginLossOptions;
using CosineEmbeddingLossFuncOptions = CosineEmbeddingLossOptions;
using MarginRankingLossFuncOptions = MarginRankingLossOptions;
using HingeEmbeddingLossFuncOptions = HingeEmbeddingLossOptions;
using TripletMarginLossFuncOptions = TripletMarginLossOptions;
using PoissonNLLLossFuncOptions = PoissonNLLLossOptions;
using GaussianNLLLossFuncOptions = GaussianNLLLossOptions;
using MultiMarginLossFuncOptions = MultiMarginLossOptions;
using MultilabelSoftMarginLossFuncOptions = MultiLabelSoftMarginLossOptions;

inline Tensor mse_loss(const Tensor& x, const Tensor& y, const MSELossFuncOptions& o = {}) {
  return pullback::mse_loss(x, y, o.reduction());
}
inline Tensor l1_loss(const Tensor& x, const Tensor& y, const L1LossFuncOptions& o = {}) {
  return pullback::l1_loss(x, y, o.reduction());
}
inline Tensor smooth_l1_loss(const Tensor& x, const Tensor& y,
                             const SmoothL1LossFuncOptions& o = {}) {
  return pullback::smooth_l1_loss(x, y, o.reduction(), o.beta());
}
inline Tensor huber_loss(const Tensor& x, const Tensor& y, const HuberLossFuncOptions& o = {}) {
  return pullback::huber_loss(x, y, o.reduction(), o.delta());
}
inline Tensor kl_div(const Tensor& x, const Tensor& y, const KLDivFuncOptions& o = {}) {
  return pullback::kl_div(x, y, o.reduction(), o.log_target());
}
inline Tensor binary_cross_entropy(const Tensor& x, const Tensor& y,
                                   const BinaryCrossEntropyFuncOptions& o = {}) {
  return pullback::binary_cross_entropy(x, y, o.weight(), o.reduction());
}
inline Tensor binary_cross_entropy_with_logits(
    const Tensor& x, const Tensor& y, const BinaryCrossEntropyWithLogitsFuncOptions& o = {}) {
  return pullback::binary_cross_entropy_with_logits(x, y, o.weight(), o.pos_weight(),
                                                    o.reduction());
}
inline Tensor nll_loss(const Tensor& x, const Tensor& y, const NLLLossFuncOptions& o = {}) {
  return pullback::nll_loss(x, y, o.weight(), o.reduction(), o.ignore_index());
}
inline Tensor cross_entropy(const Tensor& x, const Tensor& y,
                            const CrossEntropyFuncOptions& o = {}) {
  return pullback::cross_entropy(x, y, o.weight(), o.reduction(), o.ignore_index(),
                                 o.label_smoothing());
}
inline Tensor soft_margin_loss(const Tensor& x, const Tensor& y,
                               const SoftMarginLossFuncOptions& o = {}) {
  return pullback::soft_margin_loss(x, y, o.reduction());
}
inline Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& y,
                                    const CosineEmbeddingLossFuncOptions& o = {}) {
  return pullback::cosine_embedding_loss(a, b, y, o.margin(), o.reduction());
}
inline Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& y,
                                  const MarginRankingLossFuncOptions& o = {}) {
  return pullback::margin_ranking_loss(a, b, y, o.margin(), o.reduction());
}
inline Tensor hinge_embedding_loss(const Tensor& x, const Tensor& y,
                                   const HingeEmbeddingLossFuncOptions& o = {}) {
  return pullback::hinge_embedding_loss(x, y, o.margin(), o.reduction());
}
inline Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive,
                                  const Tensor& negative,
                                  const TripletMarginLossFuncOptions& o = {}) {
  return pullback::triplet_margin_loss(anchor, positive, negative, o.margin(), o.p(), o.eps(),
                                       o.swap(), o.reduction());
}
inline Tensor poisson_nll_loss(const Tensor& x, const Tensor& y,
                               const PoissonNLLLossFuncOptions& o = {}) {
  return pullback::poisson_nll_loss(x, y, o.log_input(), o.full(), o.eps(), o.reduction());
}
inline Tensor gaussian_nll_loss(const Tensor& x, const Tensor& y, const Tensor& variance,
                                const GaussianNLLLossFuncOptions& o = {}) {
  return pullback::gaussian_nll_loss(x, y, variance, o.full(), o.eps(), o.reduction());
}
inline Tensor multi_margin_loss(const Tensor& x, const Tensor& y,
                                const MultiMarginLossFuncOptions& o = {}) {
  return pullback::multi_margin_loss(x, y, o.p(), o.margin(), o.weight(), o.reduction());
}
inline Tensor multilabel_soft_margin_loss(const Tensor& x, const Tensor& y,
                                          const MultilabelSoftMarginLossFuncOptions& o = {}) {
  return pullback::multilabel_soft_margin_loss(x, y, o.weight(), o.reduction());
}

}  // namespace pullback::nn::functional
