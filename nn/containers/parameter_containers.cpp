#include <pullback/nn/containers/parameter_containers.h>

#include <ostream>

#include <pullback/nn/repr.h>

namespace pullback::nn {

namespace {

void print_entries(std::ostream& stream, const Module& module) {
  stream << module.name() << "(";
  for (const auto& slot : module.slots()) {
    std::string sizes;
    for (const std::int64_t n : slot->sizes()) sizes += (sizes.empty() ? "" : "x") + std::to_string(n);
    stream << "\n    (" << slot->key() << "): Parameter containing: [torch.";
    stream << dtype_name(slot->scalar_type()) << "Tensor of size " << sizes << "]";
  }
  for (const auto& child : module.named_children())
    stream << "\n  (" << child.key() << "): " << indented(child.value()->repr());
  stream << (module.slots().empty() ? ")" : "\n)");
}

}  // namespace

void ParameterListImpl::pretty_print(std::ostream& stream) const {
  print_entries(stream, *this);
}
void ParameterDictImpl::pretty_print(std::ostream& stream) const {
  print_entries(stream, *this);
}

}  // namespace pullback::nn
