#pragma once

#include <pullback/parametrize/parametrize.h>

namespace pullback::parametrize {

/// Registers `space` at a tensor that need not lie in it: its value becomes forward(value) first.
/// If registration throws, the tensor is as it was.
nn::Module& constrain(nn::Module& module, const std::string& name, const AnyParametrization& space);

/// The present value of a module's tensor. Throws ValueError, which begins with `op`, where there
/// is none.
Tensor value_to_constrain(const char* op, const nn::Module& module, const std::string& name);

}  // namespace pullback::parametrize
