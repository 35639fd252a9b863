#pragma once

#include <pullback/nn/configured.h>
#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

/// Distances as modules; core/neural.h says what each computes.
namespace pullback::nn {

struct CosineSimilarityOptions {
  PULLBACK_ARG(std::int64_t, dim) = 1;
  PULLBACK_ARG(double, eps) = 1e-8;
};

struct PairwiseDistanceOptions {
  PULLBACK_ARG(double, p) = 2.0;
  PULLBACK_ARG(double, eps) = 1e-6;
  PULLBACK_ARG(bool, keepdim) = false;
};

#define PULLBACK_DISTANCE(Name)                         \
  class Name##Impl : public Configured<Name##Options> { \
   public:                                              \
    using Configured<Name##Options>::Configured;        \
    Tensor forward(const Tensor& a, const Tensor& b);   \
  };                                                    \
  PULLBACK_MODULE(Name)
PULLBACK_DISTANCE(CosineSimilarity);
PULLBACK_DISTANCE(PairwiseDistance);
#undef PULLBACK_DISTANCE

}  // namespace pullback::nn
