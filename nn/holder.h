#pragma once

#include <memory>
#include <utility>

#include <pullback/nn/module.h>

namespace pullback::nn {

/// What handles on modules of every class have in common; it knows the module by its base alone, so
/// that naming a class of modules costs a program little to compile.
class HolderBase {
 public:
  explicit operator bool() const noexcept { return module_ != nullptr; }
  bool is_empty() const noexcept { return !module_; }

 protected:
  HolderBase() = default;
  explicit HolderBase(std::shared_ptr<Module> module) : module_(std::move(module)) {}
  HolderBase(const HolderBase& other);
  HolderBase(HolderBase&& other) noexcept;
  HolderBase& operator=(const HolderBase& other) = default;
  HolderBase& operator=(HolderBase&& other) noexcept = default;
  ~HolderBase();

  /// Throws RuntimeError when it holds nothing.
  Module* checked() const;

  std::shared_ptr<Module> module_;

 private:
  static void rebind(void* holder, detail::CloneMemo& memo);
};

namespace detail {

template <class T, class Contained>
inline constexpr bool points_to = false;
template <class M, class Contained>
inline constexpr bool points_to<std::shared_ptr<M>, Contained> = std::is_base_of_v<Contained, M>;

/// Do these arguments make the module, rather than hand over a holder or pointer to one?
template <class Holder, class Contained, class Head, class... Tail>
concept MakesModule =
    (sizeof...(Tail) > 0 || !std::is_base_of_v<Holder, std::remove_cvref_t<Head>>)&&(
        sizeof...(Tail) > 0 ||
        !points_to<std::remove_cvref_t<Head>, Contained>)&&std::is_constructible_v<Contained, Head,
                                                                                   Tail...>;

}  // namespace detail

/// A handle on a module that makes it in place and calls it: `Linear fc(3, 4); y = fc(x);
/// fc->weight`. `Linear fc = nullptr` holds nothing yet.
template <class Contained>
class ModuleHolder : public HolderBase {
 public:
  using ContainedType = Contained;
  using Impl = Contained;

  ModuleHolder() requires requires { Contained(); } : HolderBase(make()) {
  }
  ModuleHolder(std::nullptr_t) {}
  template <class Head, class... Tail>
  requires detail::MakesModule<ModuleHolder, Contained, Head, Tail...>
  explicit ModuleHolder(Head&& head, Tail&&... tail)
      : HolderBase(make(std::forward<Head>(head), std::forward<Tail>(tail)...)) {}
  template <class M>
  requires std::is_base_of_v<Contained, M> ModuleHolder(std::shared_ptr<M> module)
      : HolderBase(std::move(module)) {
    if (module_) Module::remember_type(**this);
  }

  Contained* operator->() const { return get(); }
  Contained& operator*() const { return *get(); }
  Contained* get() const { return static_cast<Contained*>(checked()); }
  std::shared_ptr<Contained> ptr() const {
    checked();
    return std::static_pointer_cast<Contained>(module_);
  }

  /// Runs forward between the module's hooks.
  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    return call(*get(), std::forward<Args>(args)...);
  }
  /// An entry of a container.
  template <class Key>
  decltype(auto) operator[](Key&& key) const {
    return (*get())[std::forward<Key>(key)];
  }

 private:
  template <class... Args>
  static std::shared_ptr<Module> make(Args&&... args) {
    auto module = std::make_shared<Contained>(std::forward<Args>(args)...);
    Module::remember_type(*module);
    return module;
  }
};

template <class Contained>
std::ostream& operator<<(std::ostream& stream, const ModuleHolder<Contained>& holder) {
  return stream << static_cast<const Module&>(*holder);
}

}  // namespace pullback::nn

/// Defines the holder Name of the module class NameImpl.
#define PULLBACK_MODULE(Name) PULLBACK_MODULE_IMPL(Name, Name##Impl)
#define PULLBACK_MODULE_IMPL(Name, Contained)                    \
  class Name : public ::pullback::nn::ModuleHolder<Contained> {  \
   public:                                                       \
    using ::pullback::nn::ModuleHolder<Contained>::ModuleHolder; \
    using Impl [[maybe_unused]] = Contained;                     \
  }
#ifndef TORCH_MODULE
#define TORCH_MODULE(Name) PULLBACK_MODULE(Name)
#define TORCH_MODULE_IMPL(Name, Contained) PULLBACK_MODULE_IMPL(Name, Contained)
#endif
