#pragma once

#include <pullback/parametrize/parametrize.h>

namespace pullback::parametrize {

/// W / σ(W), where the largest singular value is estimated by the power method (Miyato et al.
/// 2018): u ← Mv/‖Mv‖, v ← Mᵀu/‖Mᵀu‖, σ = uᵀMv, with M the matrix whose rows run along `dim`. In
/// training each read takes `n_power_iterations` steps; u and v are the buffers `_u` and `_v`. A
/// vector is divided by its norm.
class SpectralNormImpl : public nn::Module {
 public:
  /// Starts u and v with 15 steps. Throws IndexError and ValueError.
  explicit SpectralNormImpl(const Tensor& weight, std::int64_t n_power_iterations = 1,
                            std::int64_t dim = 0, double eps = 1e-12);
  Tensor forward(const Tensor& weight);
  /// The value itself.
  Tensor right_inverse(const Tensor& value) { return value; }

  nn::Attribute u, v;

 private:
  Tensor matrix(const Tensor& weight) const;
  void iterate(const Tensor& matrix, std::int64_t times);

  std::int64_t iterations_, dim_;
  double eps_;
};
PULLBACK_MODULE(SpectralNorm);

/// Divides a tensor by its largest singular value at each read. Without `dim` the rows are those of
/// dimension 0, or 1 in a transposed convolution. Throws ValueError, IndexError.
nn::Module& spectral_norm(nn::Module& module, const std::string& name = "weight",
                          std::int64_t n_power_iterations = 1, double eps = 1e-12,
                          std::optional<std::int64_t> dim = {});
template <PointsToModule P>
const P& spectral_norm(const P& module, const std::string& name = "weight",
                       std::int64_t n_power_iterations = 1, double eps = 1e-12,
                       std::optional<std::int64_t> dim = {}) {
  spectral_norm(detail::module_of("spectral_norm", module), name, n_power_iterations, eps, dim);
  return module;
}

}  // namespace pullback::parametrize
