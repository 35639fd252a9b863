#pragma once

#include <functional>
#include <memory>
#include <tuple>
#include <vector>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/normalise.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/dense.h>

/// Normalisation of groups of elements by their mean m and r = 1/√(variance + eps), then an affine
/// map: y = w x̂ + b, x̂ = (x − m) r. With h = g w and means over a group of n elements
///   x̄ = r (h − mean(h) − x̂ mean(h x̂))   (Ioffe and Szegedy 2015, section 3),
/// which fused kernels compute where nobody will differentiate it again.
namespace pullback {

using Sizes = std::vector<std::int64_t>;

/// How x is read: `view` has its elements, statistics run over its dimensions `over`, and the
/// affine parameters broadcast to it as `affine`, their gradients summed over `affine_over`.
struct NormLayout {
  kernels::Groups groups;
  Sizes view, over, affine, affine_over;
  double eps;

  Sizes statistics() const {
    Sizes sizes = view;
    for (const std::int64_t d : over) sizes[static_cast<std::size_t>(d)] = 1;
    return sizes;
  }
  double members() const { return static_cast<double>(groups.members()); }
};
using SharedNormLayout = std::shared_ptr<const NormLayout>;

/// m and r of dense x, in x's type, and m and the variance as they were summed.
struct NormStatistics {
  Tensor mean, rstd;
  kernels::Buffer<double> exact_mean, variance;
};
NormStatistics norm_statistics(const Tensor& x, const NormLayout& layout);
/// r of variances, which may be of any type.
Tensor reciprocal_deviation(const Tensor& variance, double eps);

/// Sets the gradients that are defined: (g, x, m, r, w, x̄, w̄, b̄), all dense.
using FusedNormGrad =
    std::function<void(const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                       const Tensor&, const Tensor&, const Tensor&)>;
/// y with its rule. The statistics move with x if `moving`.
Tensor record_norm(const char* name, Tensor y, const Tensor& x, const Tensor& w, const Tensor& b,
                   const Tensor& mean, const Tensor& rstd, const SharedNormLayout& layout,
                   bool moving, FusedNormGrad fused);

}  // namespace pullback
