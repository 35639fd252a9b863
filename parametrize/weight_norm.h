#pragma once

#include <pullback/parametrize/parametrize.h>

namespace pullback::parametrize {

/// Magnitude and direction apart (Salimans and Kingma 2016): W = v · g / ‖v‖ with the 2-norm over
/// all dimensions but `dim`, or over all of them without one.
class WeightNormImpl : public nn::Module {
 public:
  explicit WeightNormImpl(std::optional<std::int64_t> dim = 0);
  /// v · g / ‖v‖; NaN where ‖v‖ is 0.
  Tensor forward(const Tensor& g, const Tensor& v);
  /// (‖W‖, W).
  std::pair<Tensor, Tensor> right_inverse(const Tensor& weight);

 private:
  std::int64_t dim_of(const Tensor& v) const;

  std::optional<std::int64_t> dim_;  ///< none: the whole tensor
};
PULLBACK_MODULE(WeightNorm);

/// Makes a tensor `original0`, its norms, times the direction of `original1`. A state dict with the
/// older names `<name>_g` and `<name>_v` still loads. Throws IndexError for a dimension that the
/// tensor lacks. As in PyTorch `dim` −1 means the norm of the whole tensor.
nn::Module& weight_norm(nn::Module& module, const std::string& name = "weight",
                        std::optional<std::int64_t> dim = 0);
template <PointsToModule P>
const P& weight_norm(const P& module, const std::string& name = "weight",
                     std::optional<std::int64_t> dim = 0) {
  weight_norm(detail::module_of("weight_norm", module), name, dim);
  return module;
}

}  // namespace pullback::parametrize
