#pragma once

#include <array>

#include <pullback/core/autograd/last_step.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/ops/map.h>

/// How a rule leaves an elementwise last step to the node that reads its gradient next.
namespace pullback {

bool leave_step(autograd::LastStep& room, Map kernels::Kernels::*f, const Tensor& g,
                const Tensor& x, const double* numbers, std::size_t count);
/// Leaves g ← f(g, x, numbers…) to the next node, where that takes it; false where it does not.
template <std::size_t N = 0>
bool leave_step(autograd::Needs needs, Map kernels::Kernels::*f, const Tensor& g, const Tensor& x,
                const std::array<double, N>& numbers = {}) {
  return needs.step() && leave_step(*needs.step(), f, g, x, numbers.data(), N);
}

/// g after the step that was left for it.
Tensor with_step(const Tensor& g, const autograd::LastStep& step);

}  // namespace pullback
