#pragma once

#include <array>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/last_step.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/spent.h>

/// Activation functions f(x, numbers…) whose value and gradient are a kernel each.
namespace pullback {

struct Activation {
  using Curve = Tensor (*)(const Tensor& x, const double* numbers);

  const char* op;
  const char* name;           ///< of the node
  const char* gradient_name;  ///< of the node of the gradient
  Map kernels::Kernels::*value;
  Map kernels::Kernels::*gradient;  ///< (g, x, numbers…): g f′(x)
  Curve curve = nullptr;            ///< f″ in differentiable operations; null where it is 0
  float cost = 2.0f;                ///< nanoseconds an element, roughly
};

inline void check_float(const char* op, const Tensor& x) {
  check_defined(op, x);
  check<NotImplementedError>(is_floating_point(x.scalar_type()), op, ": not implemented for '",
                             x.scalar_type(), "'; convert with .to(kFloat)");
}

/// The gradient as an operation: linear in g, and with the second derivative in x. Where nothing is
/// recorded it may be written over g.
template <std::size_t N>
Tensor activation_gradient(const Activation& f, Tensor g, const Tensor& x,
                           const std::array<double, N>& numbers) {
  const ScalarType type = x.scalar_type();
  const Loop loop = loop_for("backward", simd().*f.gradient, type);
  Tensor y = std::apply(
      [&](auto... n) { return run_over(loop, std::move(g), x, f.cost, Number(n, type)...); },
      numbers);
  return autograd::record(
      f.gradient_name, std::move(y),
      autograd::wrt(g, [&f, numbers, x = autograd::saved(x)](
                           const Tensor& gg) { return activation_gradient(f, gg, *x, numbers); }),
      autograd::wrt(
          x, [&f, numbers, g = autograd::saved(g), x = autograd::saved(x)](const Tensor& gg) {
            return f.curve ? gg * *g * f.curve(*x, numbers.data()) : zeros_like(*x);
          }));
}

/// Remembers how y = f(x, numbers…) was made. `f` lives as long as the program.
template <std::size_t N>
Tensor record_activation(const Activation& f, Tensor y, const Tensor& x,
                         const std::array<double, N>& numbers) {
  return autograd::record(
      f.name, std::move(y),
      autograd::wrt(x, [&f, numbers, x = autograd::saved(x)](Tensor&& g, autograd::Needs needs) {
        const Tensor v = *x;
        if (leave_step(needs, f.gradient, g, v, numbers)) return std::move(g);
        return activation_gradient(f, std::move(g), v, numbers);
      }));
}

/// f(x, numbers…), where the kernels of value and gradient take the same numbers.
template <class... N>
Tensor activation(const Activation& f, const Tensor& x, N... numbers) {
  check_float(f.op, x);
  const ScalarType type = x.scalar_type();
  Tensor y = empty_of(x.get()->geometry, type);
  fill_result(loop_for(f.op, simd().*f.value, type), y, {x, Number(numbers, type)...}, f.cost);
  return record_activation(f, std::move(y), x, std::array<double, sizeof...(N)>{numbers...});
}

}  // namespace pullback
