#pragma once

#include <initializer_list>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/tensor.h>

namespace pullback::optim {

/// Runs an update kernel in place over a parameter, its gradient and its dense state tensors, of
/// which null ones are null to the kernel. Shared over the pool.
void run_update(const kernels::Update& kernel, const Tensor& parameter, const Tensor& gradient,
                std::initializer_list<const Tensor*> state, std::initializer_list<double> numbers);

}  // namespace pullback::optim
