#pragma once

#include <vector>

#include <pullback/core/tensor.h>

namespace pullback::autograd {

/// Adds to the .grad of every leaf (or of `inputs`) the gradient of Σ ⟨roots[i], gradients[i]⟩. A
/// gradient may be left out for a root of one element. Throws RuntimeError when a root requires no
/// grad, a gradient has another shape, or the graph was already released.
void backward(TensorList roots, TensorList gradients = {}, std::optional<bool> retain_graph = {},
              bool create_graph = false, TensorList inputs = {});

/// The gradients of Σ ⟨outputs[i], grad_outputs[i]⟩ with respect to the inputs, without touching
/// any .grad. An input that the outputs do not depend on throws RuntimeError, or gives an undefined
/// tensor with allow_unused.
std::vector<Tensor> grad(TensorList outputs, TensorList inputs, TensorList grad_outputs = {},
                         std::optional<bool> retain_graph = {}, bool create_graph = false,
                         bool allow_unused = false);

}  // namespace pullback::autograd
