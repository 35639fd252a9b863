#include <pullback/nn/containers/parameter_containers.h>

#include <ostream>

#include <pullback/nn/repr.h>

namespace pullback::nn {

namespace {

void print_entries(std::ostream& stream, const Module& module) {
  stream << module.name() << "(";
  for (const auto& slot : module.slots()) {
    stream << "\n    (" << slot->key() << "): Parameter containing: [torch."
           << dtype_name(slot->scalar_type()) << "Tensor of size ";
    for (std::int64_t d = 0; d < slot->dim(); ++d) stream << (d ? "x" : "") << slot->size(d);
    stream << "]";
  }
  for (const auto& child : module.named_children())
    stream << "\n  (" << child.key()
           << "): " << (child.value() ? indented(child.value()->repr()) : "None");
  stream << (module.slots().empty() ? ")" : "\n)");
}

}  // namespace

void ParameterListImpl::append(const Tensor& parameter) {
  register_parameter(std::to_string(size()), parameter, parameter.requires_grad()).read_by_name();
}
void ParameterListImpl::extend(const std::vector<Tensor>& parameters) {
  for (const Tensor& p : parameters) append(p);
}
Attribute ParameterListImpl::operator[](std::size_t i) const {
  check<IndexError>(i < size(), "ParameterList: index ", i, " is out of range for ", size(),
                    " parameters");
  return Attribute(*slots()[i]);
}
void ParameterListImpl::pretty_print(std::ostream& stream) const {
  print_entries(stream, *this);
}

ParameterDictImpl::ParameterDictImpl(const OrderedDict<std::string, Tensor>& parameters) {
  for (const auto& item : parameters) insert(item.key(), item.value());
}
void ParameterDictImpl::insert(const std::string& key, const Tensor& parameter) {
  register_parameter(key, parameter, parameter.requires_grad()).read_by_name();
}
Tensor ParameterDictImpl::pop(const std::string& key) {
  Tensor value = attr(key);
  unregister_parameter(key);
  return value;
}
std::vector<std::string> ParameterDictImpl::keys() const {
  std::vector<std::string> list;
  for (const auto& slot : slots()) list.push_back(slot->key());
  return list;
}
void ParameterDictImpl::pretty_print(std::ostream& stream) const {
  print_entries(stream, *this);
}

}  // namespace pullback::nn
