#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pullback/core/tensor.h>
#include <pullback/nn/ordered_dict.h>
#include <pullback/optim/options.h>

namespace pullback::optim {

/// Parameters that are trained with the same options.
class ParamGroup {
 public:
  explicit ParamGroup(std::vector<Tensor> params);
  ParamGroup(std::vector<Tensor> params, const OptimizerOptions& options);
  ParamGroup(std::vector<Tensor> params, std::unique_ptr<OptimizerOptions> options);
  ParamGroup(const ParamGroup& other);
  ParamGroup(ParamGroup&&);
  ~ParamGroup();

  std::vector<Tensor>& params() { return params_; }
  const std::vector<Tensor>& params() const { return params_; }
  bool has_options() const { return options_ != nullptr; }
  /// Throws RuntimeError where has_options() is false.
  OptimizerOptions& options();
  const OptimizerOptions& options() const { return const_cast<ParamGroup*>(this)->options(); }
  void set_options(std::unique_ptr<OptimizerOptions> options);
  /// The rate that the group had before its first scheduler, from which all of them reckon.
  const std::optional<double>& initial_lr() const { return initial_lr_; }
  void set_initial_lr(std::optional<double> rate) { initial_lr_ = rate; }

 private:
  std::vector<Tensor> params_;
  std::unique_ptr<OptimizerOptions> options_;
  std::optional<double> initial_lr_;
};
/// The name in libtorch.
using OptimizerParamGroup = ParamGroup;

/// What an optimizer remembers of one parameter: the number of its steps, and tensors of its shape
/// in the order of `state_names`, undefined where the options never asked for one.
struct ParamState {
  double step = 0;
  std::vector<Tensor> buffers;

  /// Makes buffer i, dense and filled with `value`, unless there is one; says whether it did.
  bool provide(const Tensor& parameter, std::size_t i, double value = 0);
  /// Buffer i, or null where there is none.
  const Tensor* buffer(std::size_t i) const {
    return i < buffers.size() && buffers[i].defined() ? &buffers[i] : nullptr;
  }
};

/// Changes parameters so that a loss falls. Parameters keep their identity: whoever holds one sees
/// it change.
class Optimizer {
 public:
  using Closure = std::function<Tensor()>;

  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer();

  /// One step for every parameter that has a gradient. A closure, if given, is called first with
  /// gradients enabled, and its loss returned.
  virtual Tensor step(const Closure& closure = {});
  /// Forgets the gradients, or with false sets them to zero.
  void zero_grad(bool set_to_none = true);

  /// Adds a group; one without options gets the optimizer's own. A frozen parameter has no gradient
  /// and is passed over by step(). Throws ValueError for a parameter that is no leaf or is in a
  /// group already.
  void add_param_group(ParamGroup group);
  std::vector<ParamGroup>& param_groups() { return groups_; }
  const std::vector<ParamGroup>& param_groups() const { return groups_; }
  const OptimizerOptions& defaults() const { return *defaults_; }

  /// Options as "param_groups.0.lr" and state as "state.3.exp_avg", numbered over all groups.
  OrderedDict<std::string, Tensor> state_dict() const;
  /// Takes over a state_dict of an optimizer of this type for parameters of the same shapes. Throws
  /// RuntimeError or ValueError, with nothing changed, when it does not fit.
  void load_state_dict(const OrderedDict<std::string, Tensor>& state);

 protected:
  Optimizer(std::vector<ParamGroup> groups, std::unique_ptr<OptimizerOptions> defaults);

  /// PyTorch's names of the state tensors under some options.
  virtual std::vector<std::string> state_names(const OptimizerOptions& options) const = 0;
  /// One step of one parameter, without recording.
  virtual void update(const Tensor& parameter, const Tensor& gradient,
                      const OptimizerOptions& options, ParamState& state) = 0;

  std::vector<ParamGroup> groups_;
  std::vector<std::vector<ParamState>> states_;  ///< by group and parameter

 private:
  /// Throws RuntimeError, before a step changes anything, unless every gradient and state is of its
  /// parameter's type and shape.
  void check_steps();

  std::unique_ptr<OptimizerOptions> defaults_;
};

}  // namespace pullback::optim
