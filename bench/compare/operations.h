#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "workload.h"

namespace compare {

/// Adds operations to a family, each forward and backward, on the inputs of one size. `Inputs` has
/// what an operation may be given, a `Size` from which and a type it is made, and that as `size`.
template <class Inputs>
class Operations {
 public:
  using Size = typename Inputs::Size;
  using Function = Tensor (*)(const Tensor& a, const Inputs& in);
  using Operand = Tensor Inputs::*;

  /// Names are "family/operation, label, forward".
  Operations(Workloads& workloads, std::string family, Size size, std::string label)
      : workloads_(workloads), family_(std::move(family)), size_(size), label_(std::move(label)) {}

  const Size& size() const { return size_; }

  /// An operation of `operand` without a gradient.
  void values(const std::string& name, Operand operand, Function f) {
    add(name, "forward", [operand, f, size = size_](Dtype dtype) -> Step {
      const Inputs& in = inputs(size, dtype);
      return without_graph([&in, operand, f] { return f(in.*operand, in); });
    });
  }

  /// An operation and the gradient of its result's sum.
  void both(const std::string& name, Operand operand, Function f) {
    values(name, operand, f);
    add(name, "backward", [operand, f, size = size_](Dtype dtype) -> Step {
      const Inputs& in = inputs(size, dtype);
      const Tensor a = (in.*operand).detach().clone().requires_grad_();
      const Tensor y = f(a, in), g = peer::ones_like(y);
      return [=] { return gradient(y, a, g); };
    });
  }

 private:
  /// Those that were made last, in each type: making them takes longer than most operations.
  static const Inputs& inputs(const Size& size, Dtype dtype) {
    static std::map<Dtype, std::optional<Inputs>> last;
    std::optional<Inputs>& kept = last[dtype];
    if (!kept || kept->size != size) kept.emplace(Inputs{size, dtype});
    return *kept;
  }

  void add(const std::string& name, const char* pass, std::function<Step(Dtype)> set_up) {
    workloads_.push_back(
        {family_ + "/" + name + ", " + label_ + ", " + pass, 1, std::move(set_up)});
  }

  Workloads& workloads_;
  std::string family_;
  Size size_;
  std::string label_;
};

// In what follows, `a` is the operand, `in` the other inputs and `ops` the operations of a function
// that adds some.
#define OPERATION(expression)                                                         \
  []([[maybe_unused]] const Tensor& a, [[maybe_unused]] const Inputs& in) -> Tensor { \
    return expression;                                                                \
  }
#define BOTH(name, operand, expression) ops.both(name, &Inputs::operand, OPERATION(expression))
#define VALUES(name, operand, expression) ops.values(name, &Inputs::operand, OPERATION(expression))

}  // namespace compare
