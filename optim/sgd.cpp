#include <pullback/optim/sgd.h>

#include <pullback/core/error.h>
#include <pullback/optim/update.h>

namespace pullback::optim {

template class OptionsOf<SGDOptions>;

void SGDOptions::visit(const Visitor& visitor) {
  visitor("lr", lr());
  visitor("momentum", momentum());
  visitor("dampening", dampening());
  visitor("weight_decay", weight_decay());
  visit_flag(visitor, "nesterov", nesterov());
  visit_flag(visitor, "maximize", maximize());
}

void SGDOptions::check() const {
  check_option(lr() >= 0, "learning rate", lr());
  check_option(momentum() >= 0, "momentum value", momentum());
  check_option(weight_decay() >= 0, "weight_decay value", weight_decay());
  pullback::check<ValueError>(!nesterov() || (momentum() > 0 && dampening() == 0),
                              "Nesterov momentum requires a momentum and zero dampening");
}

SGD::SGD(std::vector<ParamGroup> groups, const SGDOptions& defaults)
    : Optimizer(std::move(groups), defaults.clone()) {}
SGD::SGD(std::vector<Tensor> params, const SGDOptions& defaults)
    : SGD(std::vector<ParamGroup>{ParamGroup(std::move(params))}, defaults) {}

std::vector<std::string> SGD::state_names(const OptimizerOptions&) const {
  return {"momentum_buffer"};
}

void SGD::update(const Tensor& parameter, const Tensor& gradient, const OptimizerOptions& options,
                 ParamState& state) {
  const auto& o = static_cast<const SGDOptions&>(options);
  const bool fresh = o.momentum() != 0 && state.provide(parameter, 0);
  ++state.step;
  run_update(
      kernels::kernels().sgd, parameter, gradient, {o.momentum() != 0 ? state.buffer(0) : nullptr},
      {o.lr(), o.maximize() ? -1.0 : 1.0, o.weight_decay(), fresh ? 0 : o.momentum(),
       fresh ? 1 : 1 - o.dampening(), o.nesterov() ? 1.0 : 0.0, o.nesterov() ? o.momentum() : 1.0});
}

}  // namespace pullback::optim
