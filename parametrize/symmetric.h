#pragma once

#include <pullback/parametrize/parametrize.h>

namespace pullback::parametrize {

/// Symmetric matrices, A = Aᵀ, over the last two dimensions: one triangle of X, mirrored.
class SymmetricImpl : public nn::Module {
 public:
  /// `lower`: the lower triangle of X counts, otherwise the upper one.
  explicit SymmetricImpl(bool lower = true) : lower_(lower) {}
  /// tril(X) + tril(X, −1)ᵀ. Throws ValueError unless X is square.
  Tensor forward(const Tensor& x);
  /// The triangle of A. Throws InManifoldError unless A is symmetric.
  Tensor right_inverse(const Tensor& a);
  /// Is A square and equal to Aᵀ within eps?
  static bool in_manifold(const Tensor& a, double eps = 1e-6);
  std::string extra_repr() const override;

 private:
  bool lower_;
};
PULLBACK_MODULE(Symmetric);

/// Makes a matrix symmetric and keeps it so, starting from its triangle.
nn::Module& symmetric(nn::Module& module, const std::string& name = "weight", bool lower = true);
template <PointsToModule P>
const P& symmetric(const P& module, const std::string& name = "weight", bool lower = true) {
  symmetric(detail::module_of("symmetric", module), name, lower);
  return module;
}

}  // namespace pullback::parametrize
