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
  std::vector<std::size_t> differentiated;  // the inputs that require a gradient
  if (!hooks.backward.empty() && GradMode::is_enabled()) {
    backward = std::make_shared<BackwardCall>();
    backward->module = self();
    for (const auto& entry : hooks.backward) backward->hooks.push_back(entry.second);
    std::vector<Tensor> sources, passed;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      check(inputs[i].defined(), *this, ": backward hooks need inputs that are defined tensors");
      if (!autograd::requires_grad(inputs[i])) continue;
      differentiated.push_back(i);
      sources.push_back(inputs[i]);
      passed.push_back(identity(inputs[i]));
    }
    if (!differentiated.empty()) {
      passed = autograd::record(
          "BackwardHookFunctionBackward", std::move(passed),
          autograd::wrt(TensorList(sources),
                        [backward, differentiated, count = inputs.size()](const Tensors& g) {
                          std::vector<Tensor> grads(count), kept;
                          for (std::size_t k = 0; k < g.size(); ++k)
                            grads[differentiated[k]] = g[k];
                          grads = backward->run(std::move(grads));
                          for (const std::size_t i : differentiated) kept.push_back(grads[i]);
                          return kept;
                        }));
      for (std::size_t k = 0; k < passed.size(); ++k) inputs[differentiated[k]] = passed[k];
    }
  }

  Tensor y = forward(inputs);
  for (const auto& [id, hook] : hooks.after)
    if (Tensor changed = hook(*this, inputs, y); changed.defined()) y = std::move(changed);

  check(!backward || y.defined(), *this, ": backward hooks need an output that is defined");
  if (backward)
    y = autograd::record("BackwardHookFunctionBackward", identity(y),
                         autograd::wrt(y, [backward, alone = differentiated.empty(),
                                           count = inputs.size()](const Tensor& g) {
                           backward->output_grads = {g};
                           if (alone) backward->run(std::vector<Tensor>(count));
                           return g;
                         }));
  return y;
}

}  // namespace pullback::nn
