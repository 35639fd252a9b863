#pragma once

#include <utility>

#include <pullback/core/neural.h>
#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

/// Losses as modules; core/neural.h says what each computes.
namespace pullback::nn {

struct LossOptions {
  LossOptions(Reduction reduction = kMean) : reduction_(reduction) {}
  PULLBACK_ARG(Reduction, reduction);
};
using MSELossOptions = LossOptions;
using L1LossOptions = LossOptions;
using SoftMarginLossOptions = LossOptions;

struct SmoothL1LossOptions {
  SmoothL1LossOptions(Reduction reduction = kMean) : reduction_(reduction) {}
  PULLBACK_ARG(Reduction, reduction);
  PULLBACK_ARG(double, beta) = 1.0;
};

struct HuberLossOptions {
  HuberLossOptions(Reduction reduction = kMean) : reduction_(reduction) {}
  PULLBACK_ARG(Reduction, reduction);
  PULLBACK_ARG(double, delta) = 1.0;
};

struct KLDivLossOptions {
  KLDivLossOptions(Reduction reduction = kMean) : reduction_(reduction) {}
  PULLBACK_ARG(Reduction, reduction);
  PULLBACK_ARG(bool, log_target) = false;
};

struct MarginLossOptions {
  MarginLossOptions(double margin = 0) : margin_(margin) {}
  PULLBACK_ARG(double, margin);
  PULLBACK_ARG(Reduction, reduction) = kMean;
};
using CosineEmbeddingLossOptions = MarginLossOptions;
using MarginRankingLossOptions = MarginLossOptions;

struct HingeEmbeddingLossOptions {
  HingeEmbeddingLossOptions(double margin = 1) : margin_(margin) {}
  PULLBACK_ARG(double, margin);
  PULLBACK_ARG(Reduction, reduction) = kMean;
};

struct TripletMarginLossOptions {
  PULLBACK_ARG(double, margin) = 1.0;
  PULLBACK_ARG(double, p) = 2.0;
  PULLBACK_ARG(double, eps) = 1e-6;
  PULLBACK_ARG(bool, swap) = false;
  PULLBACK_ARG(Reduction, reduction) = kMean;
};

struct PoissonNLLLossOptions {
  PULLBACK_ARG(bool, log_input) = true;
  PULLBACK_ARG(bool, full) = false;
  PULLBACK_ARG(double, eps) = 1e-8;
  PULLBACK_ARG(Reduction, reduction) = kMean;
};

struct GaussianNLLLossOptions {
  PULLBACK_ARG(bool, full) = false;
  PULLBACK_ARG(double, eps) = 1e-6;
  PULLBACK_ARG(Reduction, reduction) = kMean;
};

struct MultiMarginLossOptions {
  PULLBACK_ARG(std::int64_t, p) = 1;
  PULLBACK_ARG(double, margin) = 1.0;
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(Reduction, reduction) = kMean;
};

struct BCELossOptions {
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(Reduction, reduction) = kMean;
};

using MultiLabelSoftMarginLossOptions = BCELossOptions;

struct BCEWithLogitsLossOptions {
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(Tensor, pos_weight);
  PULLBACK_ARG(Reduction, reduction) = kMean;
};

struct NLLLossOptions {
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(std::int64_t, ignore_index) = -100;
  PULLBACK_ARG(Reduction, reduction) = kMean;
};

struct CrossEntropyLossOptions {
  PULLBACK_ARG(Tensor, weight);
  PULLBACK_ARG(std::int64_t, ignore_index) = -100;
  PULLBACK_ARG(Reduction, reduction) = kMean;
  PULLBACK_ARG(double, label_smoothing) = 0.0;
};

#define PULLBACK_LOSS(Name)                                                          \
  class Name##Impl : public Module {                                                 \
   public:                                                                           \
    explicit Name##Impl(Name##Options options = {}) : options(std::move(options)) {} \
    Tensor forward(const Tensor& x, const Tensor& y);                                \
    Name##Options options;                                                           \
  };                                                                                 \
  PULLBACK_MODULE(Name)
PULLBACK_LOSS(MSELoss);
PULLBACK_LOSS(L1Loss);
PULLBACK_LOSS(SmoothL1Loss);
PULLBACK_LOSS(HuberLoss);
PULLBACK_LOSS(SoftMarginLoss);
PULLBACK_LOSS(KLDivLoss);
PULLBACK_LOSS(HingeEmbeddingLoss);
PULLBACK_LOSS(PoissonNLLLoss);
#undef PULLBACK_LOSS

#define PULLBACK_TERNARY_LOSS(Name)                                                  \
  class Name##Impl : public Module {                                                 \
   public:                                                                           \
    explicit Name##Impl(Name##Options options = {}) : options(std::move(options)) {} \
    Tensor forward(const Tensor& a, const Tensor& b, const Tensor& c);               \
    Name##Options options;                                                           \
  };                                                                                 \
  PULLBACK_MODULE(Name)
PULLBACK_TERNARY_LOSS(CosineEmbeddingLoss);
PULLBACK_TERNARY_LOSS(MarginRankingLoss);
PULLBACK_TERNARY_LOSS(TripletMarginLoss);  ///< of anchor, positive and negative
PULLBACK_TERNARY_LOSS(GaussianNLLLoss);    ///< of x, y and the variance
#undef PULLBACK_TERNARY_LOSS

// Weights are buffers, so that they move, copy and are saved with the module.
#define PULLBACK_WEIGHTED_LOSS(Name)                  \
  class Name##Impl : public Module {                  \
   public:                                            \
    explicit Name##Impl(Name##Options options = {});  \
    Tensor forward(const Tensor& x, const Tensor& y); \
    Name##Options options;                            \
    Attribute weight;                                 \
  };                                                  \
  PULLBACK_MODULE(Name)
PULLBACK_WEIGHTED_LOSS(BCELoss);
PULLBACK_WEIGHTED_LOSS(NLLLoss);
PULLBACK_WEIGHTED_LOSS(CrossEntropyLoss);
PULLBACK_WEIGHTED_LOSS(MultiMarginLoss);
PULLBACK_WEIGHTED_LOSS(MultiLabelSoftMarginLoss);
#undef PULLBACK_WEIGHTED_LOSS

class BCEWithLogitsLossImpl : public Module {
 public:
  explicit BCEWithLogitsLossImpl(BCEWithLogitsLossOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& y);

  BCEWithLogitsLossOptions options;
  Attribute weight, pos_weight;
};
PULLBACK_MODULE(BCEWithLogitsLoss);

}  // namespace pullback::nn
