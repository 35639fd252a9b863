#pragma once

#include <pullback/optim/optimizer.h>

namespace pullback::optim {

/// The numbers of RMSprop.
class RMSpropOptions : public OptionsOf<RMSpropOptions> {
 public:
  RMSpropOptions(double lr = 1e-2) { this->lr(lr); }
  double* momentum_or_null() override { return &momentum(); }
  void visit(const Visitor& visitor) override;
  void check() const override;

  PULLBACK_ARG(double, lr) = 1e-2;
  PULLBACK_ARG(double, alpha) = 0.99;
  PULLBACK_ARG(double, eps) = 1e-8;
  PULLBACK_ARG(double, weight_decay) = 0;
  PULLBACK_ARG(double, momentum) = 0;
  PULLBACK_ARG(bool, centered) = false;
  PULLBACK_ARG(bool, maximize) = false;
};
extern template class OptionsOf<RMSpropOptions>;

/// RMSprop (Hinton, lecture 6 of his course of 2012): s a moving average of d², w = w − lr·d/(√s +
/// ε); centered subtracts the square of d's moving average from s (Graves 2013), and with momentum
/// the quotients gather in a buffer b = momentum·b + d/(√s + ε).
class RMSprop : public Optimizer {
 public:
  explicit RMSprop(std::vector<ParamGroup> groups, const RMSpropOptions& defaults = {});
  explicit RMSprop(std::vector<Tensor> params, const RMSpropOptions& defaults = {});

 protected:
  std::vector<std::string> state_names(const OptimizerOptions& options) const override;
  void update(const Tensor& parameter, const Tensor& gradient, const OptimizerOptions& options,
              ParamState& state) override;
};

}  // namespace pullback::optim
