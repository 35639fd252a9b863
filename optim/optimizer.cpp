#include <pullback/optim/optimizer.h>

#include <algorithm>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/optim/state.h>

namespace pullback::optim {

using detail::Dict;
using detail::number;
using detail::Reader;

namespace {

std::string place(const char* list, std::size_t i) {
  return std::string(list) + "." + std::to_string(i) + ".";
}

}  // namespace

void check_option(bool valid, const char* name, double value) {
  pullback::check<ValueError>(valid, "Invalid ", name, ": ", value);
}

bool ParamState::provide(const Tensor& parameter, std::size_t i, double value) {
  if (buffer(i)) return false;
  if (buffers.size() <= i) buffers.resize(i + 1);
  buffers[i] = full(parameter.sizes(), value, parameter.scalar_type());
  return true;
}

ParamGroup::ParamGroup(std::vector<Tensor> params) : params_(std::move(params)) {}
ParamGroup::ParamGroup(std::vector<Tensor> params, const OptimizerOptions& options)
    : ParamGroup(std::move(params), options.clone()) {}
ParamGroup::ParamGroup(std::vector<Tensor> params, std::unique_ptr<OptimizerOptions> options)
    : params_(std::move(params)), options_(std::move(options)) {}
ParamGroup::ParamGroup(const ParamGroup& other)
    : params_(other.params_),
      options_(other.options_ ? other.options_->clone() : nullptr),
      initial_lr_(other.initial_lr_) {}
ParamGroup::ParamGroup(ParamGroup&&) = default;
ParamGroup::~ParamGroup() = default;

OptimizerOptions& ParamGroup::options() {
  check(has_options(),
        "ParamGroup: the group has no options yet; give it some, or add it with add_param_group");
  return *options_;
}

void ParamGroup::set_options(std::unique_ptr<OptimizerOptions> options) {
  options_ = std::move(options);
}

Optimizer::~Optimizer() = default;

Optimizer::Optimizer(std::vector<ParamGroup> groups, std::unique_ptr<OptimizerOptions> defaults)
    : defaults_(std::move(defaults)) {
  defaults_->check();
  check<ValueError>(!groups.empty(), "optimizer got an empty parameter list");
  for (ParamGroup& group : groups) add_param_group(std::move(group));
}

void Optimizer::add_param_group(ParamGroup group) {
  check<ValueError>(!group.params().empty(), "optimizer got an empty parameter list");
  if (!group.has_options()) group.set_options(defaults_->clone());
  group.options().check();
  std::vector<const TensorImpl*> known;
  for (const ParamGroup& other : groups_)
    for (const Tensor& x : other.params()) known.push_back(x.get());
  for (const Tensor& x : group.params()) {
    check<ValueError>(x.defined(), "optimizer can only optimize tensors, but one is undefined");
    check<ValueError>(x.is_leaf(), "can't optimize a non-leaf Tensor: one of size ", x.sizes(),
                      "; of a parametrized one pass the original");
    check<ValueError>(std::find(known.begin(), known.end(), x.get()) == known.end(),
                      "some parameters appear in more than one parameter group, or twice in one");
    known.push_back(x.get());
  }
  states_.emplace_back(group.params().size());
  groups_.push_back(std::move(group));
}

// The kernels read as many elements of each tensor as the parameter has, so all must be alike;
// parameters, gradients and groups are the caller's to change between steps.
void Optimizer::check_steps() {
  states_.resize(groups_.size());
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    ParamGroup& group = groups_[g];
    if (!group.has_options()) group.set_options(defaults_->clone());
    states_[g].resize(group.params().size());
    for (std::size_t i = 0; i < group.params().size(); ++i) {
      const Tensor& parameter = group.params()[i];
      check<ValueError>(parameter.defined(), "step: parameter ", i, " of group ", g,
                        " is undefined");
      auto fits = [&](const char* what, const Tensor& x) {
        check(x.sizes() == parameter.sizes() && x.scalar_type() == parameter.scalar_type(),
              "step: ", what, " of parameter ", i, " of group ", g, " is ", x.scalar_type(),
              x.sizes(), ", but the parameter is ", parameter.scalar_type(), parameter.sizes(),
              "; make a new optimizer after changing a parameter's type or shape");
      };
      const Tensor& gradient = parameter.grad();
      if (!gradient.defined()) continue;
      fits("the gradient", gradient);
      for (const Tensor& buffer : states_[g][i].buffers)
        if (buffer.defined()) fits("the state", buffer);
    }
  }
}

Tensor Optimizer::step(const Closure& closure) {
  Tensor loss;
  if (closure) {
    const AutoGradMode enabled(true);
    loss = closure();
  }
  const NoGradGuard no_grad;
  check_steps();
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const ParamGroup& group = groups_[g];
    for (std::size_t i = 0; i < group.params().size(); ++i) {
      const Tensor& parameter = group.params()[i];
      const Tensor& gradient = parameter.grad();
      if (!gradient.defined()) continue;
      update(parameter, gradient, group.options(), states_[g][i]);
    }
  }
  return loss;
}

void Optimizer::zero_grad(bool set_to_none) {
  for (const ParamGroup& group : groups_)
    for (const Tensor& parameter : group.params()) {
      if (!parameter.defined()) continue;
      Tensor& gradient = parameter.mutable_grad();
      if (!gradient.defined()) continue;
      if (set_to_none) {
        gradient = Tensor();
      } else {
        gradient.detach().zero_();
      }
    }
}

Dict Optimizer::state_dict() const {
  Dict dict("Key");
  std::size_t index = 0;
  static const std::vector<ParamState> none;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const auto count = static_cast<std::int64_t>(groups_[g].params().size());
    const auto first = static_cast<std::int64_t>(index);
    dict.insert(place("param_groups", g) + "params", arange(first, first + count));
    const auto options =
        groups_[g].has_options() ? groups_[g].options().clone() : defaults_->clone();
    options->visit([&](const char* name, double& value) {
      dict.insert(place("param_groups", g) + name, number(value));
    });
    if (const auto& rate = groups_[g].initial_lr())
      dict.insert(place("param_groups", g) + "initial_lr", number(*rate));
    const std::vector<std::string> names = state_names(*options);
    for (const ParamState& state : g < states_.size() ? states_[g] : none) {
      const std::string prefix = place("state", index++);
      if (state.buffers.empty() && state.step == 0) continue;
      dict.insert(prefix + "step", number(state.step));
      for (std::size_t k = 0; k < state.buffers.size(); ++k)
        if (state.buffer(k)) dict.insert(prefix + names[k], state.buffers[k].detach());
    }
  }
  return dict;
}

void Optimizer::load_state_dict(const Dict& dict) {
  Reader reader(dict);
  std::vector<std::unique_ptr<OptimizerOptions>> options;
  std::vector<std::optional<double>> initial_rates;
  std::vector<std::vector<ParamState>> states;
  std::size_t index = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const std::size_t count = groups_[g].params().size();
    const Tensor listed = reader.take(place("param_groups", g) + "params");
    check<ValueError>(listed.numel() == static_cast<std::int64_t>(count),
                      "load_state_dict: loaded state dict contains a parameter group that doesn't "
                      "match the size of optimizer's group: ",
                      listed.numel(), " instead of ", count, " parameters");
    options.push_back(groups_[g].has_options() ? groups_[g].options().clone() : defaults_->clone());
    options.back()->visit([&](const char* name, double& value) {
      value = reader.take_number(place("param_groups", g) + name);
    });
    const std::string initial = place("param_groups", g) + "initial_lr";
    initial_rates.push_back(reader.has(initial) ? std::optional(reader.take_number(initial))
                                                : std::nullopt);
    states.emplace_back();
    const std::vector<std::string> names = state_names(*options.back());
    for (const Tensor& parameter : groups_[g].params()) {
      check<ValueError>(parameter.defined(), "load_state_dict: a parameter of group ", g,
                        " is undefined");
      const std::string prefix = place("state", index++);
      ParamState& state = states.back().emplace_back();
      if (!reader.has(prefix + "step")) continue;
      state.step = reader.take_number(prefix + "step");
      state.buffers.resize(names.size());
      for (std::size_t k = 0; k < names.size(); ++k) {
        if (!reader.has(prefix + names[k])) continue;
        const Tensor value = reader.take(prefix + names[k]);
        check(value.sizes() == parameter.sizes(), "load_state_dict: \"", prefix, names[k],
              "\" has size ", value.sizes(), ", but the parameter ", parameter.sizes());
        state.buffers[k] = value.detach().to(parameter.scalar_type()).clone().contiguous();
      }
    }
  }
  reader.finish();
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    groups_[g].set_options(std::move(options[g]));
    groups_[g].set_initial_lr(initial_rates[g]);
  }
  states_ = std::move(states);
}

}  // namespace pullback::optim
