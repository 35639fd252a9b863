#include <pullback/optim/adam.h>

#include <cmath>

#include <pullback/optim/update.h>

namespace pullback::optim {

template class OptionsOf<AdamOptions>;

void AdamOptions::visit(const Visitor& visitor) {
  visitor("lr", lr());
  visitor("betas.0", std::get<0>(betas()));
  visitor("betas.1", std::get<1>(betas()));
  visitor("eps", eps());
  visitor("weight_decay", weight_decay());
  visit_flag(visitor, "amsgrad", amsgrad());
  visit_flag(visitor, "maximize", maximize());
}

void AdamOptions::check() const {
  check_option(lr() >= 0, "learning rate", lr());
  check_option(eps() >= 0, "epsilon value", eps());
  check_option(0 <= std::get<0>(betas()) && std::get<0>(betas()) < 1, "beta parameter at index 0",
               std::get<0>(betas()));
  check_option(0 <= std::get<1>(betas()) && std::get<1>(betas()) < 1, "beta parameter at index 1",
               std::get<1>(betas()));
  check_option(weight_decay() >= 0, "weight_decay value", weight_decay());
}

Adam::Adam(std::vector<ParamGroup> groups, const AdamOptions& defaults)
    : Optimizer(std::move(groups), defaults.clone()) {}
Adam::Adam(std::vector<Tensor> params, const AdamOptions& defaults)
    : Adam(std::vector<ParamGroup>{ParamGroup(std::move(params))}, defaults) {}

std::vector<std::string> Adam::state_names(const OptimizerOptions&) const {
  return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
}

void Adam::update(const Tensor& parameter, const Tensor& gradient, const OptimizerOptions& options,
                  ParamState& state) {
  const auto& o = static_cast<const AdamOptions&>(options);
  state.provide(parameter, 0);
  state.provide(parameter, 1);
  if (o.amsgrad()) state.provide(parameter, 2);
  ++state.step;
  const auto [beta1, beta2] = o.betas();
  const double correction1 = 1 - std::pow(beta1, state.step);
  const double correction2 = 1 - std::pow(beta2, state.step);
  const bool apart = decouples_decay();
  run_update(kernels::kernels().adam, parameter, gradient,
             {state.buffer(0), state.buffer(1), o.amsgrad() ? state.buffer(2) : nullptr},
             {o.lr() / correction1, o.maximize() ? -1.0 : 1.0, apart ? 0 : o.weight_decay(),
              apart ? 1 - o.lr() * o.weight_decay() : 1, 1 - beta1, beta2, 1 - beta2,
              std::sqrt(correction2), o.eps()});
}

}  // namespace pullback::optim
