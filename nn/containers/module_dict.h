#pragma once

#include <string>
#include <utility>
#include <vector>

#include <pullback/nn/containers/any.h>

namespace pullback::nn {

/// Modules by name, in order of insertion.
class ModuleDictImpl : public Module {
 public:
  ModuleDictImpl() = default;
  explicit ModuleDictImpl(
      const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& modules);
  explicit ModuleDictImpl(const OrderedDict<std::string, std::shared_ptr<Module>>& modules);

  /// Adds or replaces.
  template <class M>
  requires std::is_constructible_v<AnyModule, M>
  void insert(const std::string& key, M&& module) {
    insert(key, AnyModule(std::forward<M>(module)).ptr());
  }
  void insert(const std::string& key, std::shared_ptr<Module> module);
  void update(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& modules);
  /// Removes and returns. Throws KeyError for an unknown key.
  std::shared_ptr<Module> pop(const std::string& key);
  void clear();

  std::size_t size() const { return items().size(); }
  bool empty() const { return size() == 0; }
  bool contains(const std::string& key) const { return items().contains(key); }
  std::vector<std::string> keys() const { return items().keys(); }
  std::vector<std::shared_ptr<Module>> values() const { return items().values(); }
  OrderedDict<std::string, std::shared_ptr<Module>> items() const { return named_children(); }
  /// Throws KeyError for an unknown key.
  std::shared_ptr<Module> operator[](const std::string& key) const;
  template <class M>
  std::shared_ptr<M> ptr(const std::string& key) const {
    auto typed = std::dynamic_pointer_cast<M>((*this)[key]);
    if (!typed)
      pullback::detail::fail<TypeError>("ModuleDict: '", key, "' is no ", class_name(typeid(M)));
    return typed;
  }
};
PULLBACK_MODULE(ModuleDict);

}  // namespace pullback::nn
