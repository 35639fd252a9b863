#pragma once

#include <cstddef>
#include <string>

#include <pullback/core/tensor.h>

namespace pullback::autograd {

/// The graph behind y as a tree for the terminal, a line for each node: its operation, the shape of
/// its output, and what it saved with its bytes. A node that several others use has a number, and
/// its own inputs are shown once. At most max_lines lines.
std::string graph_text(const Tensor& y, std::size_t max_lines = 200);

/// The graph behind y in Graphviz's language: `dot -Tsvg`.
std::string graph_dot(const Tensor& y);

}  // namespace pullback::autograd
