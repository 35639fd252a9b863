#include <pullback/nn/containers/any.h>

namespace pullback::nn {

std::any AnyModule::call(std::any* args, std::size_t count) const {
  checked();
  check<TypeError>(calls_->any != nullptr, module_->name(),
                   ": its forward is overloaded or a template and cannot be called like this");
  return calls_->any(*module_, args, count);
}

std::any AnyModule::pass(std::any value) const {
  checked();
  if (const auto* x = std::any_cast<Tensor>(&value); x && calls_->tensor)
    return calls_->tensor(*module_, *x);
  if (calls_->spread) {
    if (std::vector<std::any> parts; calls_->spread(value, parts))
      return call(parts.data(), parts.size());
  }
  return call(&value, 1);
}

}  // namespace pullback::nn
