#pragma once

#include <array>

#include <pullback/core/autograd/last_step.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/ops/map.h>

/// How a rule leaves an elementwise last step to the node that reads its gradient next.
namespace pullback {

/// Notes the step g ← f(g, x, numbers…) in `room`; false where g and x do not fit it.
bool note_step(autograd::LastStep& room, const Map& f, const Tensor& g, const Tensor& x,
               const double* numbers, std::size_t count);

/// Leaves that step to the next node, which then gets g as it is; false where that node takes none.
template <std::size_t N = 0>
bool leave_step(autograd::Needs needs, Map kernels::Kernels::*f, const Tensor& g, const Tensor& x,
                const std::array<double, N>& numbers = {}) {
  static_assert(N <= autograd::LastStep::kNumbers);
  return needs.room() && note_step(*needs.room(), simd().*f, g, x, numbers.data(), N);
}

/// g after the step that was left for it, in g's memory where it may be.
Tensor with_step(Tensor&& g, const autograd::LastStep& step);

}  // namespace pullback
