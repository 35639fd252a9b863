#pragma once

#include "op_table.h"

namespace pullback_tests {

/// A case and PyTorch's answer to it.
struct Answer {
  Case arguments;
  /// The values, empty if the call must throw.
  Outputs outputs;
  bool throws = false;
  /// The last node's name, or empty if nothing can be differentiated.
  std::string grad_fn;
  bool has_gradients = false;
  /// One entry an input, undefined where no gradient flows.
  std::vector<Tensor> gradients;
};

/// The answers of tests/oracle/ops/<family>.json by op.
const std::map<std::string, std::vector<Answer>>& oracle(const std::string& family);

/// A tensor of the given type from values in row order.
Tensor tensor_of(const std::vector<double>& values, const std::vector<std::int64_t>& sizes,
                 ScalarType type);

/// The elements in row order.
std::vector<double> values_of(const Tensor& x);

/// What differs between two tensors, first in type and shape, then at the worst element, in a
/// sentence; empty if nothing does. Two NaNs are equal, and the tolerance is `factor` times 64 ε of
/// the largest finite expected value.
std::string difference(const Tensor& found, const Tensor& expected, double factor);

}  // namespace pullback_tests
