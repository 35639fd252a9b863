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

}  // namespace pullback_tests
