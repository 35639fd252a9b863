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

void ParameterListImpl::pretty_print(std::ostream& stream) const {
  print_entries(stream, *this);
}
void ParameterDictImpl::pretty_print(std::ostream& stream) const {
  print_entries(stream, *this);
}

}  // namespace pullback::nn
