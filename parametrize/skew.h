#pragma once

#include <pullback/parametrize/parametrize.h>

namespace pullback::parametrize {

/// Skew-symmetric matrices, A = −Aᵀ, over the last two dimensions: one strict triangle of X minus
/// its mirror image.
class SkewImpl : public nn::Module {
 public:
  /// `lower`: the lower triangle of X counts, otherwise the upper one.
  explicit SkewImpl(bool lower = true) : lower_(lower) {}
  /// tril(X, −1) − tril(X, −1)ᵀ. Throws ValueError unless X is square.
  Tensor forward(const Tensor& x);
  /// The strict triangle of A. Throws InManifoldError unless A is skew-symmetric.
  Tensor right_inverse(const Tensor& a);
  /// Is A square and equal to −Aᵀ within eps?
  static bool in_manifold(const Tensor& a, double eps = 1e-4);
  std::string extra_repr() const override;

 private:
  bool lower_;
};
PULLBACK_MODULE(Skew);

/// Makes a matrix skew-symmetric and keeps it so, starting from its triangle.
nn::Module& skew(nn::Module& module, const std::string& name = "weight", bool lower = true);
template <PointsToModule P>
const P& skew(const P& module, const std::string& name = "weight", bool lower = true) {
  skew(detail::module_of("skew", module), name, lower);
  return module;
}

}  // namespace pullback::parametrize
