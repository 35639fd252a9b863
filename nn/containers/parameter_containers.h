#pragma once

#include <string>
#include <utility>
#include <vector>

#include <pullback/nn/holder.h>

namespace pullback::nn {

/// Parameters in a list, registered as "0", "1", ….
class ParameterListImpl : public Module {
 public:
  ParameterListImpl() = default;
  explicit ParameterListImpl(const std::vector<Tensor>& parameters) {
    for (const Tensor& p : parameters) append(p);
  }
  void append(const Tensor& parameter) {
    register_parameter(std::to_string(size()), parameter, parameter.requires_grad()).read_by_name();
  }
  void extend(const std::vector<Tensor>& parameters) {
    for (const Tensor& p : parameters) append(p);
  }
  std::size_t size() const noexcept { return slots().size(); }
  bool is_empty() const noexcept { return slots().empty(); }
  /// Throws IndexError outside the range.
  Attribute operator[](std::size_t i) const {
    check<IndexError>(i < size(), "ParameterList: index ", i, " is out of range for ", size(),
                      " parameters");
    return Attribute(*slots()[i]);
  }
  void pretty_print(std::ostream& stream) const override;
};
PULLBACK_MODULE(ParameterList);

/// Parameters by name, in order of insertion.
class ParameterDictImpl : public Module {
 public:
  ParameterDictImpl() = default;
  explicit ParameterDictImpl(const OrderedDict<std::string, Tensor>& parameters) {
    for (const auto& item : parameters) insert(item.key(), item.value());
  }
  void insert(const std::string& key, const Tensor& parameter) {
    register_parameter(key, parameter, parameter.requires_grad()).read_by_name();
  }
  /// Throws KeyError for an unknown key.
  Attribute operator[](const std::string& key) const { return attr(key); }
  Attribute get(const std::string& key) const { return attr(key); }
  Tensor pop(const std::string& key) {
    Tensor value = attr(key);
    unregister_parameter(key);
    return value;
  }
  bool contains(const std::string& key) const { return find_slot(key) != nullptr; }
  std::vector<std::string> keys() const {
    std::vector<std::string> list;
    for (const auto& slot : slots()) list.push_back(slot->key());
    return list;
  }
  std::size_t size() const noexcept { return slots().size(); }
  bool empty() const noexcept { return slots().empty(); }
  void pretty_print(std::ostream& stream) const override;
};
PULLBACK_MODULE(ParameterDict);

}  // namespace pullback::nn
