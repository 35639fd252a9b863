#include <pullback/core/ops/last_step.h>

#include <algorithm>

#include <pullback/core/ops/spent.h>

namespace pullback {

bool note_step(autograd::LastStep& room, const Map& f, const Tensor& g, const Tensor& x,
               const double* numbers, std::size_t count) {
  const Loop loop = f[x.scalar_type()];
  if (!loop || !alike(g, x) || !g.is_contiguous() || !x.is_contiguous()) return false;
  room.loop = loop;
  room.value = x;
  std::copy_n(numbers, count, room.numbers.begin());
  ++autograd::gradient_counts().left;
  return true;
}

Tensor with_step(Tensor&& g, const autograd::LastStep& step) {
  const ScalarType type = g.scalar_type();
  const auto number = [&](std::size_t i) { return Number(step.numbers[i], type); };
  return run_over(step.loop, std::move(g), step.value, 2.0f, number(0), number(1), number(2));
}

}  // namespace pullback
