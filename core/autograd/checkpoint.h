#pragma once

#include <functional>
#include <vector>

#include <pullback/core/tensor.h>

namespace pullback::autograd {

/// f(inputs), of which nothing is kept for the backward pass: what f's operations save is computed
/// again when backward needs it (PyTorch's checkpoint with use_reentrant=False). So gradients of
/// any order, autograd::grad and parameters that f refers to work as without it. f must do the same
/// each time; preserve_rng_state gives it the same random numbers. Throws RuntimeError in the
/// backward pass when f saved other tensors the second time, or an input was changed in place.
std::vector<Tensor> checkpoint(
    const std::function<std::vector<Tensor>(const std::vector<Tensor>&)>& f,
    const std::vector<Tensor>& inputs, bool preserve_rng_state = true);
Tensor checkpoint(const std::function<Tensor(const Tensor&)>& f, const Tensor& input,
                  bool preserve_rng_state = true);

}  // namespace pullback::autograd
