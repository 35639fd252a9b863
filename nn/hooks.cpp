#include <pullback/nn/hooks.h>

#include <atomic>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

namespace pullback::nn {

namespace {

// Never the number of a hook that was removed: removing that twice must not remove another.
unsigned next_hook_id() {
  static std::atomic<unsigned> next{0};
  return next++;
}

}  // namespace

Module::Hooks& Module::hooks() {
  if (!hooks_) hooks_ = Owned<Hooks>(new Hooks);
  return *hooks_;
}

unsigned Module::register_forward_pre_hook(PreHook hook) {
  check<ValueError>(hook != nullptr, "register_forward_pre_hook: the hook is empty");
  return hooks().before.emplace_back(next_hook_id(), std::move(hook)).first;
}
unsigned Module::register_forward_hook(ForwardHook hook) {
  check<ValueError>(hook != nullptr, "register_forward_hook: the hook is empty");
  return hooks().after.emplace_back(next_hook_id(), std::move(hook)).first;
}
unsigned Module::register_full_backward_hook(BackwardHook hook) {
  check<ValueError>(hook != nullptr, "register_full_backward_hook: the hook is empty");
  return hooks().backward.emplace_back(next_hook_id(), std::move(hook)).first;
}
void Module::remove_hook(unsigned id) {
  if (!hooks_) return;
  auto has_id = [id](const auto& entry) { return entry.first == id; };
  std::erase_if(hooks_->before, has_id);
  std::erase_if(hooks_->after, has_id);
  std::erase_if(hooks_->backward, has_id);
  if (hooks_->before.empty() && hooks_->after.empty() && hooks_->backward.empty()) hooks_.reset();
}

namespace {

using autograd::Tensors;

Tensor identity(const Tensor& x) {
  return alias_of(x, x.get()->geometry);
}

// What one call of a module with backward hooks shares between the identity before it and the one
// after: the gradient of the output arrives first, those of the inputs later.
struct BackwardCall {
  std::shared_ptr<Module> module;
  std::vector<Module::BackwardHook> hooks;
  std::vector<Tensor> output_grads;

  std::vector<Tensor> run(std::vector<Tensor> input_grads) {
    for (const auto& hook : hooks) {
      std::vector<Tensor> changed = hook(*module, input_grads, output_grads);
      if (changed.empty()) continue;
      check(changed.size() == input_grads.size(), *module, ": a backward hook returned ",
            changed.size(), " gradients for ", input_grads.size(), " inputs");
      input_grads = std::move(changed);
    }
    return input_grads;
  }
};

}  // namespace

Tensor Module::call_with_hooks(std::vector<Tensor> inputs,
                               const std::function<Tensor(const std::vector<Tensor>&)>& forward) {
  const Hooks hooks = *hooks_;                                         // a hook may remove itself
  const std::shared_ptr<const Module> kept = weak_from_this().lock();  // or let go of its module
  for (const auto& [id, hook] : hooks.before)
    if (auto changed = hook(*this, inputs); !changed.empty()) {
      check(changed.size() == inputs.size(), *this, ": a forward pre-hook returned ",
            changed.size(), " inputs for ", inputs.size());
      inputs = std::move(changed);
    }

  std::shared_ptr<BackwardCall> backward;
  bool any_input = false;
  if (!hooks.backward.empty() && GradMode::is_enabled()) {
    backward = std::make_shared<BackwardCall>();
    backward->module = self();
    for (const auto& entry : hooks.backward) backward->hooks.push_back(entry.second);
    std::vector<Tensor> passed;
    for (const Tensor& x : inputs) {
      check(x.defined(), *this, ": backward hooks need inputs that are defined tensors");
      any_input = any_input || autograd::requires_grad(x);
      passed.push_back(identity(x));
    }
    if (any_input)
      inputs = autograd::record("BackwardHookFunctionBackward", std::move(passed),
                                autograd::wrt(TensorList(inputs), [backward](const Tensors& g) {
                                  std::vector<Tensor> grads(g.size());
                                  for (std::size_t i = 0; i < g.size(); ++i) grads[i] = g[i];
                                  return backward->run(std::move(grads));
                                }));
  }

  Tensor y = forward(inputs);
  for (const auto& [id, hook] : hooks.after)
    if (Tensor changed = hook(*this, inputs, y); changed.defined()) y = std::move(changed);

  check(!backward || y.defined(), *this, ": backward hooks need an output that is defined");
  if (backward)
    y = autograd::record(
        "BackwardHookFunctionBackward", identity(y),
        autograd::wrt(y, [backward, any_input, count = inputs.size()](const Tensor& g) {
          backward->output_grads = {g};
          if (!any_input) backward->run(std::vector<Tensor>(count));
          return g;
        }));
  return y;
}

}  // namespace pullback::nn
