#include <pullback/nn/distance.h>

#include <pullback/core/neural.h>

namespace pullback::nn {

Tensor CosineSimilarityImpl::forward(const Tensor& a, const Tensor& b) {
  return cosine_similarity(a, b, options.dim(), options.eps());
}

Tensor PairwiseDistanceImpl::forward(const Tensor& a, const Tensor& b) {
  return pairwise_distance(a, b, options.p(), options.eps(), options.keepdim());
}

}  // namespace pullback::nn
