#pragma once

#include <pullback/core/tensor.h>

/// Building blocks of other operations' gradients.
namespace pullback {

Tensor tanh_backward(Tensor g, const Tensor& y);     ///< g·(1 − y²)
Tensor sigmoid_backward(Tensor g, const Tensor& y);  ///< g·y·(1 − y)
Tensor relu_backward(Tensor g, const Tensor& y);     ///< g where y > 0, else 0

}  // namespace pullback
