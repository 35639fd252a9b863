#include <pullback/nn/containers/sequential.h>

namespace pullback::nn {

SequentialImpl::SequentialImpl(std::initializer_list<NamedAnyModule> modules) {
  for (const auto& m : modules) append(m.name(), m.module());
}

void SequentialImpl::append(std::string name, AnyModule module) {
  register_module(std::move(name), module.ptr());
  modules_.push_back(std::move(module));
}

void SequentialImpl::extend(const SequentialImpl& other) {
  for (const AnyModule& m : std::vector(other.modules_)) append(std::to_string(size()), m);
}

const AnyModule& SequentialImpl::entry(std::size_t i) const {
  check<IndexError>(i < size(), "Sequential: index ", i, " is out of range for ", size(),
                    " modules");
  return modules_[i];
}

Sequential::Sequential(std::initializer_list<NamedAnyModule> modules)
    : ModuleHolder(std::make_shared<SequentialImpl>(modules)) {}

}  // namespace pullback::nn
