#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <pullback/core/tensor.h>

namespace pullback::autograd {

class Node;

using GradHook = std::function<Tensor(Tensor)>;
/// Sees the gradients of a node's outputs before it runs; what it returns (unless empty) takes
/// their place.
using NodePreHook = std::function<std::vector<Tensor>(const std::vector<Tensor>& output_grads)>;
/// Sees the gradients that a node made of those of its outputs; what it returns (unless empty)
/// takes the place of the former.
using NodeHook = std::function<std::vector<Tensor>(const std::vector<Tensor>& input_grads,
                                                   const std::vector<Tensor>& output_grads)>;
/// Called with a leaf after a gradient was added to its .grad.
using LeafHook = std::function<void(Tensor)>;

/// Who wants to know of a node's gradients. In order: hooks of the tensors that are its outputs,
/// tensors that retain their gradient, hooks before the node, the node, hooks after it, hooks of
/// the leaf.
struct NodeHooks {
  struct OfTensor {
    std::uint32_t output_nr;
    unsigned id;
    GradHook hook;
  };
  std::vector<OfTensor> tensors;
  std::vector<std::pair<std::uint32_t, TensorImpl*>> retaining;  ///< unregistered when they die
  std::vector<std::pair<unsigned, NodePreHook>> before;
  std::vector<std::pair<unsigned, NodeHook>> after;
  std::vector<std::pair<unsigned, LeafHook>> accumulated;
  unsigned next_id = 0;
};

/// Runs the hooks on the gradients of a node's outputs and gives them to tensors that retain
/// theirs.
void call_tensor_hooks(const NodeHooks& hooks, Tensor* gradients);
void call_hooks_before(const Node& node, const NodeHooks& hooks, Tensor* output_grads);
void call_hooks_after(const Node& node, const NodeHooks& hooks, Tensor* input_grads,
                      const std::vector<Tensor>& output_grads);

/// A tensor that retains its gradient goes on doing so as output 0 of another node.
void move_retained(TensorImpl* tensor, Node* to);
/// Forgets a tensor that retains its gradient.
void stop_retaining(TensorImpl* tensor);

}  // namespace pullback::autograd
