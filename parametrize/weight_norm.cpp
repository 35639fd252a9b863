#include <pullback/parametrize/weight_norm.h>

#include <pullback/core/neural.h>

namespace pullback::parametrize {

WeightNormImpl::WeightNormImpl(std::optional<std::int64_t> dim) : Module("_WeightNorm") {
  if (dim != -1) dim_ = dim;
}

Tensor WeightNormImpl::forward(const Tensor& g, const Tensor& v) {
  return _weight_norm(v, g, dim_of(v));
}

std::pair<Tensor, Tensor> WeightNormImpl::right_inverse(const Tensor& weight) {
  return {norm_except_dim(weight, 2, dim_of(weight)), weight};
}

std::int64_t WeightNormImpl::dim_of(const Tensor& v) const {
  if (!dim_) return -1;
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
