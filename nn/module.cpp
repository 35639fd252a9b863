#include <pullback/nn/module.h>

#include <unordered_set>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/nn/hooks.h>

namespace pullback::nn {

void destroy(Module::Hooks* hooks) {
  delete hooks;
}

Module::Module() = default;

Module::Module(std::string name) : given_name_(std::move(name)) {}

Module::Module(const Module& other)
    : std::enable_shared_from_this<Module>(other),
      load_hooks_(other.load_hooks_),
      given_name_(other.given_name_),
      copier_(other.copier_),
      training_(other.training_) {
  if (other.hooks_) hooks_ = Owned<Hooks>(new Hooks(*other.hooks_));
  if (detail::CloneNotes::current()) return;
  check(!other.has_parametrizations(), "Module: copying ", other,
        ", which has parametrizations; use clone()");
  children_ = other.children_;
  for (const auto& slot : other.slots_)
    add_slot(slot->key(), slot->tensor(), slot->kind(), slot->persistent());
}

Module::~Module() {
  for (const auto& slot : slots_) slot->disown();
}

// ---- registration

void Module::check_new_name(const char* op, const char* what, const std::string& name) const {
  check<ValueError>(!name.empty(), op, ": ", what, " name must not be empty");
  check<ValueError>(name.find('.') == std::string::npos, op, ": ", what,
                    " name must not contain a dot (got '", name, "')");
  check<KeyError>(!find_slot(name) && !children_.contains(name), op, ": ", what, " '", name,
                  "' already exists in ", *this);
}

ParamSlot& Module::add_slot(std::string name, Tensor value, SlotKind kind, bool persistent) {
  auto* slot = new ParamSlot(*this, std::move(name), Tensor(), kind, persistent);
  slots_.push_back(Ref<ParamSlot>::adopt(slot));
  slot->set_tensor(std::move(value));
  return *slot;
}

ParamSlot& Module::register_parameter(std::string name, Tensor value, bool requires_grad) {
  check_new_name("register_parameter", "Parameter", name);
  check(!value.defined() || value.is_leaf(), "register_parameter: '", name,
        "' is the result of an operation, not a leaf; detach() it first");
  if (value.defined()) value.requires_grad_(requires_grad);
  return add_slot(std::move(name), std::move(value), SlotKind::Parameter);
}

ParamSlot& Module::register_buffer(std::string name, Tensor value, bool persistent) {
  check_new_name("register_buffer", "Buffer", name);
  return add_slot(std::move(name), std::move(value), SlotKind::Buffer, persistent);
}

struct Module::Visited {
  std::unordered_set<const Module*> modules;
};

template <class F>
void Module::each_module(const std::string& path, Visited& visited, const F& f) const {
  if (!visited.modules.insert(this).second) return;
  f(path, *this);
  for (const auto& child : children_)
    if (child.value()) child.value()->each_module(joined(path, child.key()), visited, f);
}

bool Module::contains(const Module& other) const {
  Visited inside;
  each_module({}, inside, [](const std::string&, const Module&) {});
  return inside.modules.contains(&other);
}

void Module::check_no_cycle(const char* op, const std::string& name, const Module* child) const {
  check<ValueError>(!child || !child->contains(*this), op, ": '", name, "' is or contains ", *this,
                    " itself, which cannot be inside its own child");
}

void Module::add_module(std::string name, std::shared_ptr<Module> module) {
  check_new_name("register_module", "Submodule", name);
  check_no_cycle("register_module", name, module.get());
  children_.insert(std::move(name), std::move(module));
}

void Module::exchange_module(const std::string& name, std::shared_ptr<Module> module) {
  check_no_cycle("replace_module", name, module.get());
  children_[name] = std::move(module);
}

void Module::unregister_parameter(const std::string& name) {
  ParamSlot* slot = find_slot(name);
  check<KeyError>(slot != nullptr, "unregister_parameter: ", *this, " has no parameter '", name,
                  "'");
  check(!slot->computed(), "unregister_parameter: '", name, "' of ", *this,
        " is parametrized; use remove_parametrizations first");
  slot->disown();
  std::erase_if(slots_, [&](const Ref<ParamSlot>& s) { return s.get() == slot; });
}

ParamSlot* Module::find_slot(const std::string& name) const {
  for (const auto& slot : slots_)
    if (slot->key() == name) return slot.get();
  return nullptr;
}

Attribute Module::attr(const std::string& name) const {
  ParamSlot* slot = find_slot(name);
  check<KeyError>(slot != nullptr, "attr: ", *this, " has no parameter or buffer '", name, "'");
  Attribute entry;
  entry.bind(*slot);
  return entry;
}

// ---- what is inside

template <class F>
void Module::each_slot(const F& f) const {
  Visited visited;
  each_module({}, visited, [&](const std::string& path, const Module& m) {
    for (const auto& slot : m.slots_)
      if (!slot->computed()) f(path, *slot);
  });
}

OrderedDict<std::string, Tensor> Module::named_tensors(SlotKind kind, bool recurse) const {
  OrderedDict<std::string, Tensor> found(kind == SlotKind::Parameter ? "Parameter" : "Buffer");
  std::unordered_set<const TensorImpl*> seen;
  auto add = [&](const std::string& prefix, const ParamSlot& slot) {
    if (slot.kind() != kind || !slot.defined() || !seen.insert(slot.get()).second) return;
    found.insert_or_assign(joined(prefix, slot.key()), slot.tensor());
  };
  if (recurse) {
    each_slot(add);
  } else {
    for (const auto& slot : slots_)
      if (!slot->computed()) add({}, *slot);
  }
  return found;
}

OrderedDict<std::string, Tensor> Module::named_parameters(bool recurse) const {
  return named_tensors(SlotKind::Parameter, recurse);
}
OrderedDict<std::string, Tensor> Module::named_buffers(bool recurse) const {
  return named_tensors(SlotKind::Buffer, recurse);
}
std::vector<Tensor> Module::parameters(bool recurse) const {
  return named_parameters(recurse).values();
}
std::vector<Tensor> Module::buffers(bool recurse) const {
  return named_buffers(recurse).values();
}

std::shared_ptr<Module> Module::self() const {
  auto shared = weak_from_this().lock();
  check(shared != nullptr, *this,
        ": this needs a module that lives in a shared_ptr or a holder, not on the stack");
  return std::const_pointer_cast<Module>(shared);
}

OrderedDict<std::string, std::shared_ptr<Module>> Module::named_children() const {
  return children_;
}

OrderedDict<std::string, std::shared_ptr<Module>> Module::named_modules(const std::string& prefix,
                                                                        bool include_self) const {
  OrderedDict<std::string, std::shared_ptr<Module>> found("Module");
  std::unordered_set<const Module*> seen;
  auto visit = [&](auto& visit, const std::string& path, const std::shared_ptr<Module>& m) -> void {
    if (!seen.insert(m.get()).second) return;
    found.insert_or_assign(path, m);
    for (const auto& child : m->children_)
      if (child.value()) visit(visit, joined(path, child.key()), child.value());
  };
  if (include_self) {
    visit(visit, prefix, self());
  } else {
    seen.insert(this);
    for (const auto& child : children_)
      if (child.value()) visit(visit, joined(prefix, child.key()), child.value());
  }
  return found;
}

std::vector<std::shared_ptr<Module>> Module::modules(bool include_self) const {
  return named_modules({}, include_self).values();
}

// ---- changing all of it

void Module::train(bool on) {
  training_ = on;
  for (const auto& child : children_)
    if (child.value()) child.value()->train(on);
}

void Module::to(ScalarType dtype, bool) {
  check<TypeError>(is_floating_point(dtype),
                   "to: a module only accepts floating point dtypes, but got ", dtype);
  const NoGradGuard no_grad;
  each_slot([&](const std::string&, ParamSlot& slot) {
    if (!slot.defined() || !is_floating_point(slot.scalar_type())) return;
    slot.set_data(slot.detach().to(dtype));
    if (Tensor& grad = slot.mutable_grad(); grad.defined()) grad = grad.to(dtype);
  });
}
void Module::to(Device device, bool) {
  check_device("to", device);
}
void Module::to(Device device, ScalarType dtype, bool non_blocking) {
  to(device, non_blocking);
  to(dtype, non_blocking);
}

void Module::zero_grad(bool set_to_none) {
  for (const auto& slot : slots_) {
    if (slot->kind() != SlotKind::Parameter || slot->computed() || !slot->defined()) continue;
    Tensor& grad = slot->tensor().mutable_grad();
    if (!grad.defined()) continue;
    if (set_to_none) {
      grad.reset();
    } else {
      grad = grad.detach();
      grad.zero_();
    }
  }
  for (const auto& child : children_)
    if (child.value()) child.value()->zero_grad(set_to_none);
}

void Module::requires_grad_(bool requires_grad) {
  for (const Tensor& p : parameters()) p.requires_grad_(requires_grad);
}

void Module::clear_contents() {
  for (const auto& slot : slots_) slot->disown();
  slots_.clear();
  children_.clear();
}

}  // namespace pullback::nn
