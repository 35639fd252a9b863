#pragma once

#include <pullback/optim/optimizer.h>

namespace pullback::optim {

/// lr > 0 and friends of SGD; `nesterov` needs momentum and no dampening.
class SGDOptions : public OptionsOf<SGDOptions> {
 public:
  SGDOptions(double lr = 1e-3) { this->lr(lr); }
  double* momentum_or_null() override { return &momentum(); }
  void visit(const Visitor& visitor) override;
  void check() const override;

  PULLBACK_ARG(double, lr) = 1e-3;
  PULLBACK_ARG(double, momentum) = 0;
  PULLBACK_ARG(double, dampening) = 0;
  PULLBACK_ARG(double, weight_decay) = 0;
  PULLBACK_ARG(bool, nesterov) = false;
  PULLBACK_ARG(bool, maximize) = false;
};
extern template class OptionsOf<SGDOptions>;

/// Stochastic gradient descent: d = g + weight_decay·w, b = momentum·b + (1 − dampening)·d (at
/// first b = d), w = w − lr·b; with nesterov w = w − lr·(d + momentum·b) (Sutskever et al. 2013, in
/// PyTorch's form).
class SGD : public Optimizer {
 public:
  explicit SGD(std::vector<ParamGroup> groups, const SGDOptions& defaults = {});
  explicit SGD(std::vector<Tensor> params, const SGDOptions& defaults = {});

 protected:
  std::vector<std::string> state_names(const OptimizerOptions& options) const override;
  void update(const Tensor& parameter, const Tensor& gradient, const OptimizerOptions& options,
              ParamState& state) override;
};

}  // namespace pullback::optim
