#pragma once

#include <functional>
#include <type_traits>
#include <vector>

#include <pullback/core/error.h>
#include <pullback/core/tensor.h>

namespace pullback::autograd {

/// A gradient that disagrees with finite differences.
struct GradcheckError : RuntimeError {
  using RuntimeError::RuntimeError;
};

/// Defaults are PyTorch's; they suit float64 only.
struct GradcheckOptions {
  double eps = 1e-6;   ///< step of the central differences
  double atol = 1e-5;  ///< |numerical - analytical| <= atol + rtol * |numerical|
  double rtol = 1e-3;
  bool raise_exception = true;  ///< false: a disagreement returns false
  double nondet_tol = 0;        ///< by how much two runs of backward may differ
};

/// What is checked: a function of tensors that returns one tensor or a list.
class CheckedFunction {
 public:
  using List = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;
  template <class F>
  requires std::is_invocable_v < const F&, const std::vector<Tensor>
  & > || std::is_invocable_v<const F&, const Tensor&> CheckedFunction(F f) {
    if constexpr (std::is_invocable_r_v<std::vector<Tensor>, const F&,
                                        const std::vector<Tensor>&>) {
      call_ = std::move(f);
    } else if constexpr (std::is_invocable_v<const F&, const std::vector<Tensor>&>) {
      call_ = [f](const std::vector<Tensor>& x) { return std::vector<Tensor>{f(x)}; };
    } else if constexpr (std::is_invocable_r_v<std::vector<Tensor>, const F&, const Tensor&>) {
      call_ = [f](const std::vector<Tensor>& x) { return f(x[0]); };
    } else {
      call_ = [f](const std::vector<Tensor>& x) { return std::vector<Tensor>{f(x[0])}; };
    }
  }
  std::vector<Tensor> operator()(const std::vector<Tensor>& inputs) const { return call_(inputs); }

 private:
  List call_;
};

/// Compares the gradients of f at the inputs, those that require grad, with central differences of
/// its outputs, each element with each, one output at a time (the gradients of the others are
/// undefined); checks besides that backward gives the same twice and zero for zero. Throws
/// GradcheckError, or returns false; throws ValueError when no input requires grad.
bool gradcheck(const CheckedFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options = {});

/// The same for the gradients of f's gradients, as functions of the inputs and of grad_outputs,
/// which are drawn from a fixed sequence when left out.
bool gradgradcheck(const CheckedFunction& f, const std::vector<Tensor>& inputs,
                   const std::vector<Tensor>& grad_outputs = {},
                   const GradcheckOptions& options = {});

}  // namespace pullback::autograd
