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

Tensor value_to_constrain(const char* op, const nn::Module& module, const std::string& name) {
  nn::ParamSlot* slot = module.find_slot(name);
  check<ValueError>(slot != nullptr && (slot->computed() || slot->defined()), op, ": Module '",
                    module.repr(), "' has no parameter or buffer with name '", name, "'");
  return slot->value();
}

}  // namespace pullback::parametrize
