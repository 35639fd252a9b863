#include <pullback/parametrize/constrain.h>

#include <pullback/core/autograd/grad_mode.h>

namespace pullback::parametrize {

nn::Module& constrain(nn::Module& module, const std::string& name,
                      const AnyParametrization& space) {
  nn::ParamSlot* slot = module.find_slot(name);
  if (!slot || slot->computed() || !slot->defined())
    return register_parametrization(module, name, space);
  const NoGradGuard no_grad;
  const Tensor weight = slot->tensor(), before = weight.detach();
  weight.set_data(space.calls().forward(*space.module(), {before}).clone());
  try {
    const AutoGradMode grad(true);
    return register_parametrization(module, name, space);
  } catch (...) {
    weight.set_data(before);
    throw;
  }
}

}  // namespace pullback::parametrize
