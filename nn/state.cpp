#include <unordered_set>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/nn/module.h>

namespace pullback::nn {

namespace {

std::string shape_text(IntArrayRef sizes) {
  std::string text = "torch.Size([";
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (i) text += ", ";
    text += std::to_string(sizes[i]);
  }
  return text + "])";
}

std::string quoted(const std::vector<std::string>& keys) {
  std::string text;
  for (const auto& key : keys) {
    text += text.empty() ? "\"" : ", \"";
    text += key + "\"";
  }
  return text;
}

}  // namespace

StateDict Module::state_dict(const std::string& prefix) const {
  StateDict state("Key");
  auto add = [&](auto& add, const Module& module, const std::string& path) -> void {
    for (const SlotKind kind : {SlotKind::Parameter, SlotKind::Buffer})
      for (const auto& slot : module.slots_)
        if (slot->kind() == kind && !slot->computed() && slot->defined() && slot->persistent())
          state.insert_or_assign(path + slot->key(), slot->detach());
    for (const auto& child : module.children_)
      if (child.value()) add(add, *child.value(), path + child.key() + ".");
  };
  add(add, *this, prefix);
  return state;
}

IncompatibleKeys Module::load_state_dict(const StateDict& given, bool strict) {
  StateDict state = given;
  std::vector<std::pair<Tensor, Tensor>> copies;
  std::vector<std::string> misshapen;
  std::unordered_set<std::string> used;
  IncompatibleKeys keys;

  auto visit = [&](auto& visit, Module& module, const std::string& path) -> void {
    for (std::size_t i = 0; i < module.load_hooks_.size(); ++i) {
      const LoadHook hook = module.load_hooks_[i];  // it may register others
      hook(module, state, path);
    }
    for (const SlotKind kind : {SlotKind::Parameter, SlotKind::Buffer})
      for (const auto& slot : module.slots_) {
        if (slot->kind() != kind || slot->computed() || !slot->defined() || !slot->persistent())
          continue;
        const std::string key = path + slot->key();
        used.insert(key);
        const Tensor* value = state.find(key);
        if (value && !value->defined()) {
          misshapen.push_back(key + " is an undefined tensor.");
        } else if (!value) {
          keys.missing_keys.push_back(key);
        } else if (value->sizes() == slot->sizes()) {
          copies.emplace_back(slot->tensor(), *value);
        } else {
          misshapen.push_back("size mismatch for " + key + ": copying a param with shape " +
                              shape_text(value->sizes()) +
                              " from checkpoint, the shape in current model is " +
                              shape_text(slot->sizes()) + ".");
        }
      }
    for (const auto& child : module.children_)
      if (child.value()) visit(visit, *child.value(), path + child.key() + ".");
  };
  visit(visit, *this, "");
  for (const auto& item : state)
    if (!used.contains(item.key())) keys.unexpected_keys.push_back(item.key());

  std::vector<std::string> errors;
  if (strict && !keys.missing_keys.empty())
    errors.push_back("Missing key(s) in state_dict: " + quoted(keys.missing_keys) + ". ");
  if (strict && !keys.unexpected_keys.empty())
    errors.push_back("Unexpected key(s) in state_dict: " + quoted(keys.unexpected_keys) + ". ");
  errors.insert(errors.end(), misshapen.begin(), misshapen.end());
  std::string text;
  for (const auto& error : errors) text += "\n\t" + error;
  check(errors.empty(), "Error(s) in loading state_dict for ", name(), ":", text);

  const NoGradGuard no_grad;
  // A value may lie in the memory of a parameter that is about to change: of its own or another.
  std::unordered_set<const Storage*> changing;
  for (const auto& [target, value] : copies) changing.insert(target.get()->storage.get());
  for (auto& [target, value] : copies)
    if (changing.contains(value.get()->storage.get())) value = value.clone();
  for (auto& [target, value] : copies) target.copy_(value);
  return keys;
}

void Module::register_load_state_dict_pre_hook(LoadHook hook) {
  check<ValueError>(hook != nullptr, "register_load_state_dict_pre_hook: the hook is empty");
  load_hooks_.push_back(std::move(hook));
}

}  // namespace pullback::nn
