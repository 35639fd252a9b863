#include <pullback/nn/containers/parameter_containers.h>

#include <functional>

namespace pullback::nn {

namespace {

std::string entries(const Module& module, const std::function<std::string(ScalarType)>& type) {
  std::string text;
  for (const auto& slot : module.slots()) {
    text += (text.empty() ? "  (" : "\n  (") + slot->key() + "): Parameter containing: [torch." +
            type(slot->scalar_type()) + " of size ";
    for (std::int64_t d = 0; d < slot->dim(); ++d)
      text += (d ? "x" : "") + std::to_string(slot->size(d));
    text += "]";
  }
  return text;
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
std::string ParameterListImpl::extra_repr() const {
  return entries(*this, python_name);
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
std::string ParameterDictImpl::extra_repr() const {
  return entries(*this, [](ScalarType dtype) { return dtype_name(dtype) + std::string("Tensor"); });
}

}  // namespace pullback::nn
