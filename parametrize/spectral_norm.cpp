#include <pullback/parametrize/spectral_norm.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/neural.h>
#include <pullback/nn/conv.h>
#include <pullback/parametrize/constrain.h>

namespace pullback::parametrize {

SpectralNormImpl::SpectralNormImpl(const Tensor& weight, std::int64_t n_power_iterations,
                                   std::int64_t dim, double eps)
    : Module("_SpectralNorm"), iterations_(n_power_iterations), dim_(dim), eps_(eps) {
  const std::int64_t dims = weight.dim();
  check<IndexError>(dim >= -dims && dim < dims,
                    "spectral_norm: Dimension out of range (expected to be in range of [", -dims,
                    ", ", dims - 1, "] but got ", dim, ")");
  check<ValueError>(n_power_iterations > 0,
                    "spectral_norm: Expected n_power_iterations to be positive, but got "
                    "n_power_iterations=",
                    n_power_iterations);
  if (dim < 0) dim_ += dims;
  if (dims < 2) return;
  const NoGradGuard no_grad;
  const Tensor m = matrix(weight.detach());
  const auto direction = [&](std::int64_t size) {
    return normalize(empty({size}, m.scalar_type()).normal_(), 2, 0, eps_);
  };
  u = register_buffer("_u", direction(m.size(0)));
  v = register_buffer("_v", direction(m.size(1)));
  iterate(m, 15);
}

Tensor SpectralNormImpl::matrix(const Tensor& weight) const {
  return weight.movedim(dim_, 0).flatten(1);
}

void SpectralNormImpl::iterate(const Tensor& m, std::int64_t times) {
  const NoGradGuard no_grad;
  for (std::int64_t i = 0; i < times; ++i) {
    u.copy_(normalize(mv(m, v), 2, 0, eps_));
    v.copy_(normalize(mv(m.t(), u), 2, 0, eps_));
  }
}

Tensor SpectralNormImpl::forward(const Tensor& weight) {
  if (weight.dim() == 1) return normalize(weight, 2, 0, eps_);
  const Tensor m = matrix(weight);
  if (is_training()) iterate(m.detach(), iterations_);
  // Clones, because the next read changes u and v while this one's graph still needs them.
  return weight / dot(u.clone(), mv(m, v.clone()));
}

nn::Module& spectral_norm(nn::Module& module, const std::string& name,
                          std::int64_t n_power_iterations, double eps,
                          std::optional<std::int64_t> dim) {
  const Tensor weight = value_to_constrain("spectral_norm", module, name);
  const bool transposed = dynamic_cast<const nn::ConvTranspose1dImpl*>(&module) != nullptr ||
                          dynamic_cast<const nn::ConvTranspose2dImpl*>(&module) != nullptr;
  return register_parametrization(
      module, name, SpectralNorm(weight, n_power_iterations, dim.value_or(transposed), eps));
}

}  // namespace pullback::parametrize
