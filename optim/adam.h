#pragma once

#include <tuple>

#include <pullback/optim/optimizer.h>

namespace pullback::optim {

/// The numbers of Adam and, with weight_decay 0.01 and apart from the gradient, of AdamW.
class AdamOptions : public OptionsOf<AdamOptions> {
 public:
  AdamOptions(double lr = 1e-3) { this->lr(lr); }
  double* momentum_or_null() override { return &std::get<0>(betas()); }
  void visit(const Visitor& visitor) override;
  void check() const override;

  using Betas = std::tuple<double, double>;
  PULLBACK_ARG(double, lr) = 1e-3;
  PULLBACK_ARG(Betas, betas) = Betas(0.9, 0.999);
  PULLBACK_ARG(double, eps) = 1e-8;
  PULLBACK_ARG(double, weight_decay) = 0;
  PULLBACK_ARG(bool, amsgrad) = false;
  PULLBACK_ARG(bool, maximize) = false;
};
extern template class OptionsOf<AdamOptions>;

/// AdamOptions whose weight_decay is 0.01 unless given.
class AdamWOptions : public AdamOptions {
 public:
  AdamWOptions(double lr = 1e-3) : AdamOptions(lr) { weight_decay() = 0.01; }
  AdamWOptions(const AdamOptions& options) : AdamOptions(options) {}
};

/// Adam (Kingma and Ba 2015): d = g + weight_decay·w, m and v moving averages of d and d² with
/// weights β, w = w − lr·m̂/(√v̂ + ε), where m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ). With amsgrad the
/// largest v so far takes v's place (Reddi et al. 2018).
class Adam : public Optimizer {
 public:
  explicit Adam(std::vector<ParamGroup> groups, const AdamOptions& defaults = {});
  explicit Adam(std::vector<Tensor> params, const AdamOptions& defaults = {});

 protected:
  std::vector<std::string> state_names(const OptimizerOptions& options) const override;
  void update(const Tensor& parameter, const Tensor& gradient, const OptimizerOptions& options,
              ParamState& state) override;
  /// Whether weights decay by themselves, w = (1 − lr·weight_decay)·w, instead of through d.
  virtual bool decouples_decay() const { return false; }
};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
class AdamW : public Adam {
 public:
  explicit AdamW(std::vector<ParamGroup> groups, const AdamWOptions& defaults = {})
      : Adam(std::move(groups), defaults) {}
  explicit AdamW(std::vector<Tensor> params, const AdamWOptions& defaults = {})
      : Adam(std::move(params), defaults) {}

 protected:
  bool decouples_decay() const override { return true; }
};

}  // namespace pullback::optim
