#include <pullback/core/autograd/graph.h>

#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include <pullback/core/autograd/node.h>
#include <pullback/core/error.h>
#include <pullback/core/ops/map.h>

namespace pullback::autograd {

namespace {

std::string sizes_text(const Geometry& geometry) {
  std::string text;
  detail::append(text, geometry.sizes());
  return text;
}

std::string bytes_text(std::size_t bytes) {
  if (bytes < 10 * 1024) return fmt::format("{} B", bytes);
  if (bytes < 10 * 1024 * 1024) return fmt::format("{} KB", bytes / 1024);
  return fmt::format("{} MB", bytes / (1024 * 1024));
}

/// "saved input [2, 3], output [2]: 64 B", or nothing.
std::string saved_text(const Node& node) {
  if (node.released()) return node.saves() ? "released" : "";
  std::string text;
  std::size_t bytes = 0;
  for (const Node::SavedShape& saved : node.saved_shapes()) {
    text += fmt::format("{}{} {}", text.empty() ? "saved " : ", ",
                        saved.is_output ? "output" : "input", sizes_text(saved.geometry));
    bytes += saved.bytes;
  }
  return text.empty() ? text : text + ": " + bytes_text(bytes);
}

std::string outputs_text(const Node& node) {
  std::string text;
  for (std::size_t i = 0; i < node.num_outputs(); ++i)
    text += (i ? ", " : "") + sizes_text(node.output(i).geometry);
  return text;
}

Node* root_of(const char* op, const Tensor& y) {
  check_defined(op, y);
  return edge_of(y).node();
}

/// All nodes from `root` on, each with the number of edges that lead to it.
std::unordered_map<const Node*, int> uses(const Node* root) {
  std::unordered_map<const Node*, int> found{{root, 1}};
  std::vector<const Node*> stack{root};
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    for (std::size_t i = 0; i < node->num_inputs(); ++i) {
      const Node* next = node->next_edge(i).node();
      if (next && ++found[next] == 1) stack.push_back(next);
    }
  }
  return found;
}

}  // namespace

std::string graph_text(const Tensor& y, std::size_t max_lines) {
  const Node* root = root_of("graph_text", y);
  if (!root) return "(requires no grad)\n";
  const auto used = uses(root);

  struct Line {
    const Node* node;
    std::uint32_t output_nr;
    std::string first, rest;  ///< what stands before the line, and before those below it
  };
  std::unordered_map<const Node*, int> numbers;
  std::vector<Line> stack{{root, y.get()->output_nr, "", ""}};
  std::string text;
  for (std::size_t lines = 0; !stack.empty(); ++lines) {
    if (lines == max_lines) return text + fmt::format("… (the graph has {} nodes)\n", used.size());
    const Line line = std::move(stack.back());
    stack.pop_back();
    const Node& node = *line.node;
    text += line.first + node.name();
    if (node.num_outputs() > 1) text += fmt::format(".{}", line.output_nr);

    const bool shared = used.at(&node) > 1;
    const bool seen = numbers.count(&node) != 0;
    if (shared) {
      const int number = numbers.emplace(&node, static_cast<int>(numbers.size()) + 1).first->second;
      text += fmt::format(" #{}", number);
    }
    if (seen) {
      text += node.num_inputs() ? " (above)\n" : "\n";
      continue;
    }
    text += " " + outputs_text(node);
    if (const std::string saved = saved_text(node); !saved.empty()) text += "  " + saved;
    text += "\n";

    std::vector<Line> below;
    for (std::size_t i = 0; i < node.num_inputs(); ++i) {
      const Edge& edge = node.next_edge(i);
      if (const Node* next = edge.node())
        below.push_back(
            {next, edge.function ? edge.output_nr : 0, line.rest + "├─ ", line.rest + "│  "});
    }
    if (below.empty()) continue;
    below.back().first = line.rest + "└─ ";
    below.back().rest = line.rest + "   ";
    stack.insert(stack.end(), std::make_move_iterator(below.rbegin()),
                 std::make_move_iterator(below.rend()));
  }
  return text;
}

std::string graph_dot(const Tensor& y) {
  const Node* root = root_of("graph_dot", y);
  std::string text = "digraph {\n  rankdir=BT;\n  node [shape=box];\n";
  if (!root) return text + "}\n";
  std::unordered_map<const Node*, int> numbers{{root, 0}};
  std::vector<const Node*> order{root};
  std::string edges;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const Node& node = *order[k];
    const std::string saved = saved_text(node);
    text += fmt::format("  n{} [label=\"{}\\n{}{}{}\"{}];\n", k, node.name(), outputs_text(node),
                        saved.empty() ? "" : "\\n", saved,
                        node.num_inputs() ? "" : ", style=filled, fillcolor=lightblue");
    for (std::size_t i = 0; i < node.num_inputs(); ++i) {
      const Edge& edge = node.next_edge(i);
      const Node* next = edge.node();
      if (!next) continue;
      const auto [place, is_new] = numbers.emplace(next, static_cast<int>(order.size()));
      if (is_new) order.push_back(next);
      edges += fmt::format("  n{} -> n{}", place->second, k);
      if (next->num_outputs() > 1) edges += fmt::format(" [label=\"{}\"]", edge.output_nr);
      edges += ";\n";
    }
  }
  return text + edges + "}\n";
}

}  // namespace pullback::autograd
