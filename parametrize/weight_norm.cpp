#include <pullback/parametrize/weight_norm.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>

namespace pullback::parametrize {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

std::vector<std::int64_t> all_but(std::int64_t kept, std::int64_t dims) {
  std::vector<std::int64_t> rest;
  for (std::int64_t d = 0; d < dims; ++d)
    if (d != kept) rest.push_back(d);
  return rest;
}

Tensor norm_except(const Tensor& v, std::int64_t dim) {
  return v.dim() == 1 ? v.abs() : v.norm(2, all_but(dim, v.dim()), /*keepdim=*/true);
}

// With n = ‖v‖ and s = Σ ȳ v along the summed dimensions: ḡ = s/n and v̄ = (g/n) ȳ − v (g/n) s/n².
Tensor scaled(const Tensor& v, const Tensor& g, std::int64_t dim) {
  const auto value = [&] {
    const NoGradGuard no_grad;
    return v * (g / norm_except(v, dim));
  };
  return record("WeightNormInterfaceBackward0", value(),
                wrt(v, g, [dim, v = saved(v), g = saved(g)](const Tensor& gy) {
                  const Tensor n = norm_except(*v, dim), product = gy * *v;
                  const Tensor s =
                      product.dim() == 1 ? product : product.sum(all_but(dim, product.dim()), true);
                  const Tensor scale = *g / n;
                  return std::pair{addcmul(scale * gy, *v, scale * s / (n * n), -1), s / n};
                }));
}

}  // namespace

WeightNormImpl::WeightNormImpl(std::optional<std::int64_t> dim) : Module("_WeightNorm") {
  if (dim != -1) dim_ = dim;
}

Tensor WeightNormImpl::forward(const Tensor& g, const Tensor& v) {
  if (!dim_) return v * (g / v.norm());
  const std::int64_t dim = dim_of(v);
  // PyTorch has one operation for the first and the last dimension.
  if (dim == 0 || dim == v.dim() - 1) return scaled(v, g, dim);
  return v * (g / norm_except(v, dim));
}

std::pair<Tensor, Tensor> WeightNormImpl::right_inverse(const Tensor& weight) {
  return {dim_ ? norm_except(weight, dim_of(weight)) : weight.norm(), weight};
}

std::int64_t WeightNormImpl::dim_of(const Tensor& v) const {
  check<IndexError>(*dim_ >= -v.dim() && *dim_ < v.dim(), "weight_norm: dimension ", *dim_,
                    " is not one of a tensor of sizes ", v.sizes());
  return *dim_ < 0 ? *dim_ + v.dim() : *dim_;
}

nn::Module& weight_norm(nn::Module& module, const std::string& name,
                        std::optional<std::int64_t> dim) {
  register_parametrization(module, name, WeightNorm(dim), /*unsafe=*/true);
  module.register_load_state_dict_pre_hook(
      [name](nn::Module&, nn::StateDict& state, const std::string& prefix) {
        const std::string g = prefix + name + "_g", v = prefix + name + "_v";
        if (!state.contains(g) || !state.contains(v)) return;
        const std::string originals = prefix + "parametrizations." + name + ".original";
        const Tensor magnitude = state[g], direction = state[v];
        state.erase(g);
        state.erase(v);
        state.insert(originals + "0", magnitude);
        state.insert(originals + "1", direction);
      });
  return module;
}

}  // namespace pullback::parametrize
