#include <pullback/nn/loss.h>

#include <pullback/nn/functional/loss.h>

namespace pullback::nn {

Tensor MSELossImpl::forward(const Tensor& x, const Tensor& y) {
  return mse_loss(x, y, options.reduction());
}

Tensor L1LossImpl::forward(const Tensor& x, const Tensor& y) {
  return l1_loss(x, y, options.reduction());
}

Tensor SmoothL1LossImpl::forward(const Tensor& x, const Tensor& y) {
  return smooth_l1_loss(x, y, options.reduction(), options.beta());
}

Tensor HuberLossImpl::forward(const Tensor& x, const Tensor& y) {
  return huber_loss(x, y, options.reduction(), options.delta());
}

Tensor SoftMarginLossImpl::forward(const Tensor& x, const Tensor& y) {
  return soft_margin_loss(x, y, options.reduction());
}

Tensor KLDivLossImpl::forward(const Tensor& x, const Tensor& y) {
  return kl_div(x, y, options.reduction(), options.log_target());
}

Tensor CosineEmbeddingLossImpl::forward(const Tensor& x1, const Tensor& x2, const Tensor& y) {
  return cosine_embedding_loss(x1, x2, y, options.margin(), options.reduction());
}

Tensor MarginRankingLossImpl::forward(const Tensor& x1, const Tensor& x2, const Tensor& y) {
  return margin_ranking_loss(x1, x2, y, options.margin(), options.reduction());
}

Tensor HingeEmbeddingLossImpl::forward(const Tensor& x, const Tensor& y) {
  return functional::hinge_embedding_loss(x, y, options);
}

Tensor PoissonNLLLossImpl::forward(const Tensor& x, const Tensor& y) {
  return functional::poisson_nll_loss(x, y, options);
}

Tensor TripletMarginLossImpl::forward(const Tensor& anchor, const Tensor& positive,
                                      const Tensor& negative) {
  return functional::triplet_margin_loss(anchor, positive, negative, options);
}

Tensor GaussianNLLLossImpl::forward(const Tensor& x, const Tensor& y, const Tensor& variance) {
  return functional::gaussian_nll_loss(x, y, variance, options);
}

BCELossImpl::BCELossImpl(BCELossOptions options) : options(std::move(options)) {
  weight = register_buffer("weight", this->options.weight());
}

Tensor BCELossImpl::forward(const Tensor& x, const Tensor& y) {
  return binary_cross_entropy(x, y, weight, options.reduction());
}

BCEWithLogitsLossImpl::BCEWithLogitsLossImpl(BCEWithLogitsLossOptions options)
    : options(std::move(options)) {
  weight = register_buffer("weight", this->options.weight());
  pos_weight = register_buffer("pos_weight", this->options.pos_weight());
}

Tensor BCEWithLogitsLossImpl::forward(const Tensor& x, const Tensor& y) {
  return binary_cross_entropy_with_logits(x, y, weight, pos_weight, options.reduction());
}

NLLLossImpl::NLLLossImpl(NLLLossOptions options) : options(std::move(options)) {
  weight = register_buffer("weight", this->options.weight());
}

Tensor NLLLossImpl::forward(const Tensor& x, const Tensor& y) {
  return nll_loss(x, y, weight, options.reduction(), options.ignore_index());
}

CrossEntropyLossImpl::CrossEntropyLossImpl(CrossEntropyLossOptions options)
    : options(std::move(options)) {
  weight = register_buffer("weight", this->options.weight());
}

Tensor CrossEntropyLossImpl::forward(const Tensor& x, const Tensor& y) {
  return cross_entropy(x, y, weight, options.reduction(), options.ignore_index(),
                       options.label_smoothing());
}

MultiMarginLossImpl::MultiMarginLossImpl(MultiMarginLossOptions options)
    : options(std::move(options)) {
  weight = register_buffer("weight", this->options.weight());
}

Tensor MultiMarginLossImpl::forward(const Tensor& x, const Tensor& y) {
  return multi_margin_loss(x, y, options.p(), options.margin(), weight, options.reduction());
}

MultiLabelSoftMarginLossImpl::MultiLabelSoftMarginLossImpl(MultiLabelSoftMarginLossOptions options)
    : options(std::move(options)) {
  weight = register_buffer("weight", this->options.weight());
}

Tensor MultiLabelSoftMarginLossImpl::forward(const Tensor& x, const Tensor& y) {
  return multilabel_soft_margin_loss(x, y, weight, options.reduction());
}

}  // namespace pullback::nn
