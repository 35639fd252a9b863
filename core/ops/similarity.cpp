#include <vector>

#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/map.h>

namespace pullback {

Tensor normalize(const Tensor& x, double p, std::int64_t dim, double eps) {
  check_defined("normalize", x);
  return x / clamp_min(x.norm(Scalar(p), {dim}, /*keepdim=*/true), eps);
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, std::int64_t dim, double eps) {
  check_defined("cosine_similarity", a);
  check_defined("cosine_similarity", b);
  const std::vector<Tensor> pair = broadcast_tensors({a, b});
  return sum(normalize(pair[0], 2, dim, eps) * normalize(pair[1], 2, dim, eps), {dim});
}

}  // namespace pullback
