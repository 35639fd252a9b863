#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <pullback/core/tensor.h>

/// Derivatives of functions, with the names and meaning of PyTorch's torch.autograd.functional. A
/// function takes and returns one tensor, or a std::vector of them. create_graph makes the results
/// differentiable; with strict, an output that does not depend on an input throws RuntimeError
/// instead of counting as constant.
namespace pullback::autograd::functional {

using Tensors = std::vector<Tensor>;
using TensorFunction = std::function<Tensor(const Tensor&)>;
using ListFunction = std::function<Tensors(const Tensors&)>;
/// Takes a list and returns one tensor.
using ScalarFunction = std::function<Tensor(const Tensors&)>;

/// f(x) and vᵀ J: J is f's Jacobian at the inputs, v has the shapes of the outputs and may be left
/// out for one output of one element.
std::pair<Tensors, Tensors> vjp(const ListFunction& f, const Tensors& inputs, const Tensors& v = {},
                                bool create_graph = false, bool strict = false);
std::pair<Tensor, Tensor> vjp(const TensorFunction& f, const Tensor& input, const Tensor& v = {},
                              bool create_graph = false, bool strict = false);

/// f(x) and J v, where v has the shapes of the inputs: the derivative of uᵀ J along u, so two
/// backward passes and no forward mode.
std::pair<Tensors, Tensors> jvp(const ListFunction& f, const Tensors& inputs, const Tensors& v = {},
                                bool create_graph = false, bool strict = false);
std::pair<Tensor, Tensor> jvp(const TensorFunction& f, const Tensor& input, const Tensor& v = {},
                              bool create_graph = false, bool strict = false);

/// J[i][j] = ∂ output i / ∂ input j, of shape output's sizes followed by input's sizes; a backward
/// pass for each element of the outputs.
std::vector<Tensors> jacobian(const ListFunction& f, const Tensors& inputs,
                              bool create_graph = false, bool strict = false);
Tensor jacobian(const TensorFunction& f, const Tensor& input, bool create_graph = false,
                bool strict = false);

/// H[i][j] = ∂²f / ∂x_i ∂x_j, of shape x_i's sizes followed by x_j's; f returns one element.
std::vector<Tensors> hessian(const ScalarFunction& f, const Tensors& inputs,
                             bool create_graph = false, bool strict = false);
Tensor hessian(const TensorFunction& f, const Tensor& input, bool create_graph = false,
               bool strict = false);

/// f(x) and H v, where v has the shapes of the inputs.
std::pair<Tensor, Tensors> hvp(const ScalarFunction& f, const Tensors& inputs,
                               const Tensors& v = {}, bool create_graph = false,
                               bool strict = false);
std::pair<Tensor, Tensor> hvp(const TensorFunction& f, const Tensor& input, const Tensor& v = {},
                              bool create_graph = false, bool strict = false);

/// f(x) and vᵀ H: one pass less than hvp, and equal to it where f is twice differentiable.
std::pair<Tensor, Tensors> vhp(const ScalarFunction& f, const Tensors& inputs,
                               const Tensors& v = {}, bool create_graph = false,
                               bool strict = false);
std::pair<Tensor, Tensor> vhp(const TensorFunction& f, const Tensor& input, const Tensor& v = {},
                              bool create_graph = false, bool strict = false);

}  // namespace pullback::autograd::functional
