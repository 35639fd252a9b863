#pragma once

#include <array>

#include <pullback/core/kernels/loop.h>
#include <pullback/core/tensor.h>

namespace pullback::autograd {

/// The last step of a gradient, g ← f(g, value, numbers…) element by element, which a rule may
/// leave to the node that reads g next: an activation's slope to a layer of many rows
/// (ops/last_step.h).
struct LastStep {
  static constexpr std::size_t kNumbers = 3;
  kernels::Loop loop = nullptr;  ///< f; null: no step was left
  Tensor value;                  ///< of g's shape and type, dense as g is
  std::array<double, kNumbers> numbers{};
};

}  // namespace pullback::autograd
