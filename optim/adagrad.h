#pragma once

#include <pullback/optim/optimizer.h>

namespace pullback::optim {

/// The numbers of Adagrad.
class AdagradOptions : public OptionsOf<AdagradOptions> {
 public:
  AdagradOptions(double lr = 1e-2) { this->lr(lr); }
  void visit(const Visitor& visitor) override;
  void check() const override;

  PULLBACK_ARG(double, lr) = 1e-2;
  PULLBACK_ARG(double, lr_decay) = 0;
  PULLBACK_ARG(double, weight_decay) = 0;
  PULLBACK_ARG(double, initial_accumulator_value) = 0;
  PULLBACK_ARG(double, eps) = 1e-10;
  PULLBACK_ARG(bool, maximize) = false;
};
extern template class OptionsOf<AdagradOptions>;

/// Adagrad (Duchi, Hazan and Singer 2011): s = s + d², w = w − lr/(1 + (t − 1)·lr_decay)·d/(√s +
/// ε).
class Adagrad : public Optimizer {
 public:
  explicit Adagrad(std::vector<ParamGroup> groups, const AdagradOptions& defaults = {});
  explicit Adagrad(std::vector<Tensor> params, const AdagradOptions& defaults = {});

 protected:
  std::vector<std::string> state_names(const OptimizerOptions& options) const override;
  void update(const Tensor& parameter, const Tensor& gradient, const OptimizerOptions& options,
              ParamState& state) override;
};

}  // namespace pullback::optim
