#pragma once

#include <concepts>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include <pullback/core/owned.h>
#include <pullback/nn/attribute.h>
#include <pullback/nn/ordered_dict.h>

namespace pullback::nn {

using StateDict = OrderedDict<std::string, Tensor>;

/// What load_state_dict found in the dict beside what it wanted.
struct IncompatibleKeys {
  std::vector<std::string> missing_keys;
  std::vector<std::string> unexpected_keys;
};

/// A part of a network: parameters, buffers and child modules in order of registration, and (in
/// derived classes) a `forward`.
class Module : public std::enable_shared_from_this<Module> {
 public:
  Module();
  /// Prints under this name instead of its class's.
  explicit Module(std::string name);
  /// Tensors and children are shared; clone() copies them. Throws RuntimeError if parametrized.
  Module(const Module& other);
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  // ---- registration
  /// Adds a parameter. Throws ValueError for an empty name or one with a dot, KeyError for a name
  /// in use, RuntimeError for a tensor that an operation made.
  ParamSlot& register_parameter(std::string name, Tensor value, bool requires_grad = true);
  /// Adds a tensor that is state but not trained; state_dict leaves it out unless persistent.
  ParamSlot& register_buffer(std::string name, Tensor value, bool persistent = true);
  /// Adds a child. Throws ValueError and KeyError as register_parameter does, and ValueError for a
  /// module that contains this one.
  template <class M>
  std::shared_ptr<M> register_module(std::string name, std::shared_ptr<M> module) {
    if (module) remember_type(*module);
    add_module(std::move(name), module);
    return module;
  }
  template <class Holder>
  requires requires(Holder h) {
    typename Holder::ContainedType;
    h.ptr();
  }
  auto register_module(std::string name, const Holder& module) {
    return register_module(std::move(name), module.ptr());
  }
  template <class M>
  std::shared_ptr<M> replace_module(const std::string& name, std::shared_ptr<M> module) {
    if (module) remember_type(*module);
    exchange_module(name, module);
    return module;
  }
  template <class Holder>
  requires requires(Holder h) {
    typename Holder::ContainedType;
    h.ptr();
  }
  auto replace_module(const std::string& name, const Holder& module) {
    return replace_module(name, module.ptr());
  }
  void unregister_module(const std::string& name) { children_.erase(name); }
  void unregister_parameter(const std::string& name);

  // ---- what is inside; a tensor that appears twice is listed once, under the first name
  std::vector<Tensor> parameters(bool recurse = true) const;
  OrderedDict<std::string, Tensor> named_parameters(bool recurse = true) const;
  std::vector<Tensor> buffers(bool recurse = true) const;
  OrderedDict<std::string, Tensor> named_buffers(bool recurse = true) const;
  std::vector<std::shared_ptr<Module>> modules(bool include_self = true) const;
  OrderedDict<std::string, std::shared_ptr<Module>> named_modules(
      const std::string& name_prefix = {}, bool include_self = true) const;
  std::vector<std::shared_ptr<Module>> children() const { return children_.values(); }
  OrderedDict<std::string, std::shared_ptr<Module>> named_children() const;
  /// Reads or writes a parameter or buffer of this module by name: `m->attr("weight") = w`.
  /// Throws KeyError for an unknown name.
  Attribute attr(const std::string& name) const;
  /// The slot of that name in this module, or null.
  ParamSlot* find_slot(const std::string& name) const;
  const std::vector<Ref<ParamSlot>>& slots() const { return slots_; }
  /// Appends a slot without the checks of register_parameter. Parametrizations are built on this.
  ParamSlot& add_slot(std::string name, Tensor value, SlotKind kind, bool persistent = true);

  // ---- changing all of it
  virtual void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const noexcept { return training_; }
  virtual void to(ScalarType dtype, bool non_blocking = false);
  virtual void to(Device device, bool non_blocking = false);
  virtual void to(Device device, ScalarType dtype, bool non_blocking = false);
  void to(DeviceType device, bool non_blocking = false) { to(Device(device), non_blocking); }
  /// Drops the gradients, or fills them with zeros.
  virtual void zero_grad(bool set_to_none = true);
  void requires_grad_(bool requires_grad = true);
  /// Calls f for this module, then for those inside it. Children that f adds to or removes from a
  /// module whose own are being visited do not change which these are.
  template <std::invocable<Module&> F>
  void apply(F&& f) {
    f(*this);
    for (const auto& child : named_children())
      if (child.value()) child.value()->apply(f);
  }
  template <std::invocable<const std::string&, Module&> F>
  void apply(F&& f, const std::string& name_prefix = {}) {
    f(name_prefix, *this);
    for (const auto& child : named_children())
      if (child.value()) child.value()->apply(f, joined(name_prefix, child.key()));
  }

  // ---- copies and state
  /// A deep copy: tensors and children are new, ties inside stay ties, parametrizations are copied
  /// with it. Throws RuntimeError for a module whose members cannot follow the copy, and says which
  /// member to declare how.
  virtual std::shared_ptr<Module> clone() const;
  StateDict state_dict(const std::string& prefix = {}) const;
  /// Copies values into the tensors of the same names. Throws RuntimeError that lists every
  /// missing, unexpected and misshapen entry, before anything changes; unless strict, missing and
  /// unexpected ones are only reported.
  IncompatibleKeys load_state_dict(const StateDict& state, bool strict = true);
  /// Called with the dict and this module's prefix before loading; may rename keys.
  using LoadHook = std::function<void(Module&, StateDict&, const std::string&)>;
  void register_load_state_dict_pre_hook(LoadHook hook);

  // ---- hooks (run by a holder's call, a Sequential's, and nn::call; not by forward itself)
  using PreHook = std::function<std::vector<Tensor>(Module&, const std::vector<Tensor>&)>;
  using ForwardHook = std::function<Tensor(Module&, const std::vector<Tensor>&, const Tensor&)>;
  using BackwardHook = std::function<std::vector<Tensor>(Module&, const std::vector<Tensor>&,
                                                         const std::vector<Tensor>&)>;
  /// (module, inputs): returns inputs to use instead, or nothing.
  unsigned register_forward_pre_hook(PreHook hook);
  /// (module, inputs, output): returns an output to use instead, or an undefined tensor.
  unsigned register_forward_hook(ForwardHook hook);
  /// (module, gradients of the inputs, gradients of the output): returns gradients of the inputs to
  /// use instead, or nothing. Those of inputs that require none are undefined.
  unsigned register_full_backward_hook(BackwardHook hook);
  void remove_hook(unsigned id);
  bool has_hooks() const noexcept { return bool(hooks_); }
  /// Runs `forward` between the hooks.
  Tensor call_with_hooks(std::vector<Tensor> inputs,
                         const std::function<Tensor(const std::vector<Tensor>&)>& forward);

  // ---- type and text
  /// The class's name without namespaces and "Impl", behind "Parametrized" if it is.
  std::string name() const;
  /// As name(), of the class itself.
  std::string base_name() const;
  bool has_parametrizations() const;
  /// What stands between the parentheses when printed: "in_features=3, out_features=3".
  virtual std::string extra_repr() const { return {}; }
  /// Prints as Python's repr does.
  virtual void pretty_print(std::ostream& stream) const;
  std::string repr() const;
  /// This module as a T (a module class or its holder), or null.
  template <class T>
  auto* as() noexcept {
    if constexpr (requires { typename T::ContainedType; })
      return dynamic_cast<typename T::ContainedType*>(this);
    else
      return dynamic_cast<T*>(this);
  }
  template <class T>
  const auto* as() const noexcept {
    return const_cast<Module*>(this)->as<T>();
  }
  /// Is `other` this module or one inside it?
  bool contains(const Module& other) const;
  template <class M>
  static void remember_type(M& module) {
    if constexpr (std::is_copy_constructible_v<M>) {
      if (!module.copier_ && typeid(module) == typeid(M)) module.copier_ = &copy_of<M>;
    }
  }

 protected:
  using Copier = std::shared_ptr<Module> (*)(const Module&);
  template <class M>
  static std::shared_ptr<Module> copy_of(const Module& module) {
    return std::make_shared<M>(static_cast<const M&>(module));
  }
  /// Copies what is in `from` into this, which is a bare copy of it or was just constructed.
  void take_contents(const Module& from, detail::CloneMemo& memo);
  static std::shared_ptr<Module> clone_tree(const Module& from, detail::CloneMemo& memo);
  /// For Cloneable: makes the copy of a class that registers its members anew.
  virtual std::shared_ptr<Module> fresh_copy() const { return nullptr; }
  void clear_contents();

 private:
  friend struct detail::CloneMemo;
  struct Hooks;
  friend void destroy(Hooks* hooks);

  static std::string joined(const std::string& prefix, const std::string& name) {
    return prefix.empty() ? name : prefix + "." + name;
  }
  void add_module(std::string name, std::shared_ptr<Module> module);
  void exchange_module(const std::string& name, std::shared_ptr<Module> module);
  void check_no_cycle(const char* op, const std::string& name, const Module* child) const;
  void check_new_name(const char* op, const char* what, const std::string& name) const;
  OrderedDict<std::string, Tensor> named_tensors(SlotKind kind, bool recurse) const;
  struct Visited;
  /// f(path, module) for this module and those inside it, each once.
  template <class F>
  void each_module(const std::string& path, Visited& visited, const F& f) const;
  /// f(path of its module, slot) for every slot whose value is stored.
  template <class F>
  void each_slot(const F& f) const;
  Hooks& hooks();
  std::shared_ptr<Module> self() const;

  std::vector<Ref<ParamSlot>> slots_;
  OrderedDict<std::string, std::shared_ptr<Module>> children_{"Module"};
  Owned<Hooks> hooks_;
  std::vector<LoadHook> load_hooks_;
  std::string given_name_;
  Copier copier_ = nullptr;
  bool training_ = true;
};

std::ostream& operator<<(std::ostream& stream, const Module& module);

/// Calls a module's forward with its hooks, as a holder's operator() does.
template <class M, class... Args>
decltype(auto) call(M& module, Args&&... args) {
  using Result = decltype(module.forward(std::forward<Args>(args)...));
  if (module.has_hooks()) [[unlikely]] {
    if constexpr (std::is_same_v<std::remove_cvref_t<Result>, Tensor> &&
                  (std::is_convertible_v<Args&&, Tensor> && ...)) {
      auto forward = [&]<std::size_t... I>(const std::vector<Tensor>& x, std::index_sequence<I...>)
                         ->Tensor {
        return module.forward(x.at(I)...);
      };
      return static_cast<Result>(
          module.call_with_hooks({Tensor(args)...}, [&](const std::vector<Tensor>& x) {
            return forward(x, std::make_index_sequence<sizeof...(Args)>());
          }));
    } else {
      check<TypeError>(false, module.name(),
                       ": hooks need tensors as arguments and a tensor as result");
    }
  }
  return module.forward(std::forward<Args>(args)...);
}

/// A module among the parts of a `check` stands for its name, which only an error makes.
void append(std::string& text, const Module& module);

/// Adds nothing to Module but the libtorch way to a copy: `reset()` registers the members anew, so
/// that plain Tensor and shared_ptr members are those of the copy.
template <class Derived>
class Cloneable : public Module {
 public:
  using Module::Module;
  virtual void reset() = 0;

 protected:
  std::shared_ptr<Module> fresh_copy() const override {
    auto copy = std::make_shared<Derived>(static_cast<const Derived&>(*this));
    copy->clear_contents();
    copy->reset();
    return copy;
  }
};

}  // namespace pullback::nn
