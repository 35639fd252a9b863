#include <pullback/optim/adagrad.h>

#include <pullback/optim/update.h>

namespace pullback::optim {

template class OptionsOf<AdagradOptions>;

void AdagradOptions::visit(const Visitor& visitor) {
  visitor("lr", lr());
  visitor("lr_decay", lr_decay());
  visitor("weight_decay", weight_decay());
  visitor("initial_accumulator_value", initial_accumulator_value());
  visitor("eps", eps());
  visit_flag(visitor, "maximize", maximize());
}

void AdagradOptions::check() const {
  check_option(lr() >= 0, "learning rate", lr());
  check_option(lr_decay() >= 0, "lr_decay value", lr_decay());
  check_option(weight_decay() >= 0, "weight_decay value", weight_decay());
  check_option(initial_accumulator_value() >= 0, "initial_accumulator_value value",
               initial_accumulator_value());
  check_option(eps() >= 0, "epsilon value", eps());
}

Adagrad::Adagrad(std::vector<ParamGroup> groups, const AdagradOptions& defaults)
    : Optimizer(std::move(groups), defaults.clone()) {}
Adagrad::Adagrad(std::vector<Tensor> params, const AdagradOptions& defaults)
    : Adagrad(std::vector<ParamGroup>{ParamGroup(std::move(params))}, defaults) {}

std::vector<std::string> Adagrad::state_names(const OptimizerOptions&) const {
  return {"sum"};
}

void Adagrad::update(const Tensor& parameter, const Tensor& gradient,
                     const OptimizerOptions& options, ParamState& state) {
  const auto& o = static_cast<const AdagradOptions&>(options);
  state.provide(parameter, 0, o.initial_accumulator_value());
  const double rate = o.lr() / (1 + state.step * o.lr_decay());
  ++state.step;
  run_update(kernels::kernels().adagrad, parameter, gradient, {state.buffer(0)},
             {rate, o.maximize() ? -1.0 : 1.0, o.weight_decay(), o.eps()});
}

}  // namespace pullback::optim
