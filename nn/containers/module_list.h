#pragma once

#include <vector>

#include <pullback/nn/containers/any.h>

namespace pullback::nn {

/// Modules in a list, registered as "0", "1", ….
class ModuleListImpl : public Module {
 public:
  ModuleListImpl() = default;
  template <class... M>
  requires(sizeof...(M) > 0 && (std::is_constructible_v<AnyModule, M> && ...) &&
           !(std::is_base_of_v<ModuleListImpl, std::remove_cvref_t<M>> ||
             ...)) explicit ModuleListImpl(M&&... modules) {
    (push_back(std::forward<M>(modules)), ...);
  }

  template <class M>
  requires std::is_constructible_v<AnyModule, M>
  void push_back(M&& module) { append(AnyModule(std::forward<M>(module)).ptr()); }
  void push_back(std::shared_ptr<Module> module) { append(std::move(module)); }
  /// Before position i. Throws IndexError past the end.
  void insert(std::size_t i, std::shared_ptr<Module> module);
  void extend(const ModuleListImpl& other);

  std::size_t size() const noexcept { return modules_.size(); }
  bool is_empty() const noexcept { return modules_.empty(); }
  auto begin() const { return modules_.begin(); }
  auto end() const { return modules_.end(); }
  /// Throws IndexError outside the range; negative indices count from the end.
  std::shared_ptr<Module> ptr(std::int64_t i) const;
  std::shared_ptr<Module> operator[](std::int64_t i) const { return ptr(i); }
  template <class M>
  std::shared_ptr<M> ptr(std::int64_t i) const {
    auto typed = std::dynamic_pointer_cast<M>(ptr(i));
    check<TypeError>(typed != nullptr, "ModuleList: element ", i, " is no ", class_name(typeid(M)));
    return typed;
  }
  template <class M>
  M& at(std::int64_t i) const {
    return *ptr<M>(i);
  }
  /// Prints equal neighbours once: "(0-2): 3 x Linear(…)".
  void pretty_print(std::ostream& stream) const override;

 private:
  void append(std::shared_ptr<Module> module);

  std::vector<ModuleHolder<Module>> modules_;
};
PULLBACK_MODULE(ModuleList);

}  // namespace pullback::nn
