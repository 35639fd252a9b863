#pragma once

#include <pullback/nn/module.h>

namespace pullback::nn {

/// The hooks of one module, in order of registration.
struct Module::Hooks {
  template <class F>
  using List = std::vector<std::pair<unsigned, F>>;
  List<PreHook> before;
  List<ForwardHook> after;
  List<BackwardHook> backward;
};

}  // namespace pullback::nn
