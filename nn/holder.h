#pragma once

#include <memory>
#include <utility>

#include <pullback/nn/module.h>

namespace pullback::nn {

/// A handle on a module that makes it in place and calls it: `Linear fc(3, 4); y = fc(x);
/// fc->weight`. `Linear fc = nullptr` holds nothing yet.
template <class Contained>
class ModuleHolder {
 public:
  using ContainedType = Contained;
  using Impl = Contained;

  ModuleHolder() requires std::is_default_constructible_v<Contained>
      : impl_(std::make_shared<Contained>()) {
    Module::remember_type(*impl_);
  }
  ModuleHolder(std::nullptr_t) {}
  template <class Head, class... Tail>
  requires(!(sizeof...(Tail) == 0 && (std::is_base_of_v<ModuleHolder, std::remove_cvref_t<Head>> ||
                                      std::is_convertible_v<Head, std::shared_ptr<Contained>>)) &&
           std::is_constructible_v<Contained, Head, Tail...>) explicit ModuleHolder(Head&& head,
                                                                                    Tail&&... tail)
      : impl_(std::make_shared<Contained>(std::forward<Head>(head), std::forward<Tail>(tail)...)) {
    Module::remember_type(*impl_);
  }
  ModuleHolder(std::shared_ptr<Contained> module) : impl_(std::move(module)) {
    if (impl_) Module::remember_type(*impl_);
  }
  ModuleHolder(const ModuleHolder& other) : impl_(other.impl_) {
    if (auto* notes = detail::CloneNotes::current()) [[unlikely]] {
      if (impl_) notes->add({this, static_cast<const Module*>(impl_.get()), &ModuleHolder::rebind});
    }
  }
  ModuleHolder(ModuleHolder&& other) noexcept : impl_(std::move(other.impl_)) {
    detail::CloneNotes::moved(&other, this);
  }
  ModuleHolder& operator=(const ModuleHolder& other) = default;
  ModuleHolder& operator=(ModuleHolder&& other) noexcept = default;
  ~ModuleHolder() { detail::CloneNotes::forget(this); }

  explicit operator bool() const noexcept { return impl_ != nullptr; }
  bool is_empty() const noexcept { return !impl_; }
  Contained* operator->() const { return get(); }
  Contained& operator*() const { return *get(); }
  Contained* get() const {
    check(impl_ != nullptr, "ModuleHolder: accessing an empty ModuleHolder");
    return impl_.get();
  }
  const std::shared_ptr<Contained>& ptr() const {
    get();
    return impl_;
  }

  /// Runs forward between the module's hooks.
  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    return call(*get(), std::forward<Args>(args)...);
  }

 protected:
  std::shared_ptr<Contained> impl_;

 private:
  static void rebind(void* holder, detail::CloneMemo& memo) {
    auto& self = *static_cast<ModuleHolder*>(holder);
    if (const auto found = memo.modules.find(self.impl_.get()); found != memo.modules.end())
      self.impl_ = std::static_pointer_cast<Contained>(found->second);
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
