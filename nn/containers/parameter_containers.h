#pragma once

#include <string>
#include <vector>

#include <pullback/nn/holder.h>

namespace pullback::nn {

/// Parameters in a list, registered as "0", "1", ….
class ParameterListImpl : public Module {
 public:
  ParameterListImpl() = default;
  explicit ParameterListImpl(const std::vector<Tensor>& parameters) { extend(parameters); }
  void append(const Tensor& parameter);
  void extend(const std::vector<Tensor>& parameters);
  std::size_t size() const noexcept { return slots().size(); }
  bool is_empty() const noexcept { return slots().empty(); }
  /// Throws IndexError outside the range.
  Attribute operator[](std::size_t i) const;
  std::string extra_repr() const override;
};
PULLBACK_MODULE(ParameterList);

/// Parameters by name, in order of insertion.
class ParameterDictImpl : public Module {
 public:
  ParameterDictImpl() = default;
  explicit ParameterDictImpl(const OrderedDict<std::string, Tensor>& parameters);
  void insert(const std::string& key, const Tensor& parameter);
  /// Throws KeyError for an unknown key.
  Attribute operator[](const std::string& key) const { return attr(key); }
  Attribute get(const std::string& key) const { return attr(key); }
  /// Removes and returns.
  Tensor pop(const std::string& key);
  bool contains(const std::string& key) const { return find_slot(key) != nullptr; }
  std::vector<std::string> keys() const;
  std::size_t size() const noexcept { return slots().size(); }
  bool empty() const noexcept { return slots().empty(); }
  std::string extra_repr() const override;
};
PULLBACK_MODULE(ParameterDict);

}  // namespace pullback::nn
