#pragma once

#include <optional>
#include <string>

#include <pullback/core/tensor.h>

/// Tensors as text, in Python's format to the character.
namespace pullback {

struct PrintOptions {
  int precision = 4;              ///< digits after the point
  std::int64_t threshold = 1000;  ///< more elements than this are summarised
  std::int64_t edgeitems = 3;     ///< elements shown at each end of a summarised dimension
  int linewidth = 80;
  std::optional<bool>
      sci_mode;  ///< whether to use scientific notation; decided by the values unless given
};

/// Sets how this thread prints tensors from now on.
void set_printoptions(const PrintOptions& options);
const PrintOptions& printoptions();

/// `tensor([[0.3273, 0.9011], …], grad_fn=<AddBackward0>)`.
std::string repr(const Tensor& x);

}  // namespace pullback
