#include <pullback/core/ops/last_step.h>

#include <algorithm>

#include <pullback/core/ops/spent.h>

namespace pullback {

bool leave_step(autograd::LastStep& room, Map kernels::Kernels::*f, const Tensor& g,
                const Tensor& x, const double* numbers, std::size_t count) {
  if (!alike(g, x) || !g.is_contiguous() || !x.is_contiguous()) return false;
  room.loop = (simd().*f)[x.scalar_type()];
  room.value = x;
  std::copy_n(numbers, count, room.numbers.begin());
  ++autograd::gradient_counts().left;
  return true;
}

Tensor with_step(const Tensor& g, const autograd::LastStep& step) {
  const ScalarType type = g.scalar_type();
  const auto number = [&](std::size_t i) { return Number(step.numbers[i], type); };
  const Tensor y = empty_of(g.get()->geometry, type);
  fill_result(step.loop, y, {g, step.value, number(0), number(1), number(2)});
  return y;
}

}  // namespace pullback
