#pragma once

#include <memory>
#include <vector>

#include <pullback/core/autograd/last_step.h>
#include <pullback/core/autograd/node.h>

namespace pullback::autograd {

struct Lists;  // of nodes, in run.cpp

/// One backward pass: counts the edges into each node, then runs the nodes whose gradients are
/// complete, the youngest first.
class Run {
 public:
  explicit Run(bool retain_graph);
  ~Run();

  /// A gradient that is asked for.
  struct Capture {
    Node* node;
    std::uint32_t output_nr;
    Tensor gradient;
  };
  std::vector<Capture> captures;

  /// Adds to the gradient that the pass starts from at a root.
  void seed(const Tensor& root, Tensor gradient);
  void execute();

 private:
  Scratch& scratch(Node* node);
  Scratch& visit(Node* node);
  void count_edges();
  void mark_needed();
  void make_ready(Node* node);
  bool wants(Node* node);
  void run(Node* node);
  bool may_leave_step(const Node* node, Node* next);

  bool retain_graph_;
  LastStep last_step_;  ///< left by the node before
  std::unique_ptr<Lists> owned_;
  Lists& lists_;
};

}  // namespace pullback::autograd
