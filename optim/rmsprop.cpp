#include <pullback/optim/rmsprop.h>

#include <pullback/optim/update.h>

namespace pullback::optim {

template class OptionsOf<RMSpropOptions>;

void RMSpropOptions::visit(const Visitor& visitor) {
  visitor("lr", lr());
  visitor("alpha", alpha());
  visitor("eps", eps());
  visitor("weight_decay", weight_decay());
  visitor("momentum", momentum());
  visit_flag(visitor, "centered", centered());
  visit_flag(visitor, "maximize", maximize());
}

void RMSpropOptions::check() const {
  check_option(lr() >= 0, "learning rate", lr());
  check_option(eps() >= 0, "epsilon value", eps());
  check_option(momentum() >= 0, "momentum value", momentum());
  check_option(weight_decay() >= 0, "weight_decay value", weight_decay());
  check_option(alpha() >= 0, "alpha value", alpha());
}

RMSprop::RMSprop(std::vector<ParamGroup> groups, const RMSpropOptions& defaults)
    : Optimizer(std::move(groups), defaults.clone()) {}
RMSprop::RMSprop(std::vector<Tensor> params, const RMSpropOptions& defaults)
    : RMSprop(std::vector<ParamGroup>{ParamGroup(std::move(params))}, defaults) {}

std::vector<std::string> RMSprop::state_names(const OptimizerOptions&) const {
  return {"square_avg", "grad_avg", "momentum_buffer"};
}

void RMSprop::update(const Tensor& parameter, const Tensor& gradient,
                     const OptimizerOptions& options, ParamState& state) {
  const auto& o = static_cast<const RMSpropOptions&>(options);
  state.provide(parameter, 0);
  if (o.centered()) state.provide(parameter, 1);
  if (o.momentum() > 0) state.provide(parameter, 2);
  ++state.step;
  run_update(kernels::kernels().rmsprop, parameter, gradient,
             {state.buffer(0), o.centered() ? state.buffer(1) : nullptr,
              o.momentum() > 0 ? state.buffer(2) : nullptr},
             {o.lr(), o.maximize() ? -1.0 : 1.0, o.weight_decay(), o.alpha(), 1 - o.alpha(),
              o.eps(), o.momentum()});
}

}  // namespace pullback::optim
