#pragma once

#include <functional>
#include <vector>

#include <pullback/nn/options.h>
#include <pullback/optim/optimizer.h>

namespace pullback::optim {

/// Changes the learning rates of an optimizer's groups from step to step. The optimizer must
/// outlive it.
class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  /// To be called after the optimizer's step, once an epoch (OneCycleLR: once a batch).
  void step();
  /// The groups' present rates.
  std::vector<double> get_last_lr() const;
  std::int64_t last_epoch() const { return epoch_; }

  /// "last_epoch" and "base_lrs": with the optimizer's state, which has the present rates, all that
  /// a run needs to go on.
  OrderedDict<std::string, Tensor> state_dict() const;
  /// Throws RuntimeError, with nothing changed, for a dict of something else or of other groups.
  void load_state_dict(const OrderedDict<std::string, Tensor>& state);

 protected:
  explicit LRScheduler(Optimizer& optimizer);
  /// Sets the rates of the first epoch; for the end of a constructor.
  void begin() { apply(); }
  /// The rate of `epoch`, from the group's rate before it and its initial one. From the rate
  /// before, so that schedulers of one optimizer multiply.
  virtual double rate(std::int64_t epoch, double before, double base) const = 0;
  virtual void apply();

  Optimizer& optimizer_;

 private:
  /// Takes the initial rates of groups that have joined since.
  void note_groups();

  std::vector<double> base_;  ///< by group
  std::int64_t epoch_ = 0;
};

/// Multiplies the rate by gamma every step_size epochs.
class StepLR : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, std::int64_t step_size, double gamma = 0.1);

 protected:
  double rate(std::int64_t epoch, double before, double base) const override;

 private:
  std::int64_t step_size_;
  double gamma_;
};

/// Multiplies the rate by gamma at the given epochs.
class MultiStepLR : public LRScheduler {
 public:
  MultiStepLR(Optimizer& optimizer, std::vector<std::int64_t> milestones, double gamma = 0.1);

 protected:
  double rate(std::int64_t epoch, double before, double base) const override;

 private:
  std::vector<std::int64_t> milestones_;
  double gamma_;
};

/// Multiplies the rate by gamma every epoch.
class ExponentialLR : public LRScheduler {
 public:
  ExponentialLR(Optimizer& optimizer, double gamma);

 protected:
  double rate(std::int64_t epoch, double before, double base) const override;

 private:
  double gamma_;
};

/// base·factor(epoch).
class LambdaLR : public LRScheduler {
 public:
  LambdaLR(Optimizer& optimizer, std::function<double(std::int64_t)> factor);

 protected:
  double rate(std::int64_t epoch, double before, double base) const override;

 private:
  std::function<double(std::int64_t)> factor_;
};

/// eta_min + (base − eta_min)·(1 + cos(π·epoch/T_max))/2 (Loshchilov and Hutter 2017), by PyTorch's
/// recursion.
class CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, double eta_min = 0);

 protected:
  double rate(std::int64_t epoch, double before, double base) const override;

 private:
  std::int64_t T_max_;
  double eta_min_;
};

/// The shape of a OneCycleLR.
struct OneCycleOptions {
  PULLBACK_ARG(double, pct_start) = 0.3;
  PULLBACK_ARG(bool, cycle_momentum) = true;
  PULLBACK_ARG(double, base_momentum) = 0.85;
  PULLBACK_ARG(double, max_momentum) = 0.95;
  PULLBACK_ARG(double, div_factor) = 25;
  PULLBACK_ARG(double, final_div_factor) = 1e4;
};

/// From max_lr/div_factor up to max_lr and down to max_lr/div_factor/final_div_factor along
/// cosines, momentum the other way round (Smith and Topin 2019). The last rate is that of step
/// total_steps − 1; one step more is taken, for loops that step after each batch, and others throw
/// ValueError, as an optimizer without momentum does unless cycle_momentum is false.
class OneCycleLR : public LRScheduler {
 public:
  OneCycleLR(Optimizer& optimizer, double max_lr, std::int64_t total_steps,
             const OneCycleOptions& options = {});

 protected:
  double rate(std::int64_t epoch, double before, double base) const override;
  void apply() override;

 private:
  double between(double low, double high, double last) const;

  double max_lr_;
  std::int64_t total_steps_;
  OneCycleOptions options_;
};

/// When ReduceLROnPlateau takes a metric for better, and what it does when none comes.
struct PlateauOptions {
  enum class Mode { Min, Max };
  enum class ThresholdMode { Rel, Abs };
  PULLBACK_ARG(Mode, mode) = Mode::Min;
  PULLBACK_ARG(double, factor) = 0.1;
  PULLBACK_ARG(std::int64_t, patience) = 10;
  PULLBACK_ARG(double, threshold) = 1e-4;
  PULLBACK_ARG(ThresholdMode, threshold_mode) = ThresholdMode::Rel;
  PULLBACK_ARG(std::int64_t, cooldown) = 0;
  PULLBACK_ARG(double, min_lr) = 0;
  PULLBACK_ARG(double, eps) = 1e-8;
};

/// Multiplies the rates by `factor` when a metric has not become better for more than `patience`
/// steps.
class ReduceLROnPlateau {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options = {});
  void step(double metric);

  /// "best", "num_bad_epochs" and "cooldown_counter".
  OrderedDict<std::string, Tensor> state_dict() const;
  /// Throws RuntimeError, with nothing changed, for a dict of something else.
  void load_state_dict(const OrderedDict<std::string, Tensor>& state);

 private:
  bool better(double metric) const;

  Optimizer& optimizer_;
  PlateauOptions options_;
  double best_;
  std::int64_t bad_epochs_ = 0, cooldown_left_ = 0;
};

}  // namespace pullback::optim
