#pragma once

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/autograd/profile.h>

/// How a backward pass calls a node's rules, and what profiles and anomaly mode see of it.
namespace pullback::autograd {

/// node.run, timed where a profile is active; in anomaly mode an error tells of the forward call.
void call_observed(Node& node, Tensor* gradients, Tensor* results, Needs needs);

inline void call_node(Node& node, Tensor* gradients, Tensor* results, Needs needs) {
  if (Profile::active() || DetectAnomalyGuard::is_on()) [[unlikely]]
    return call_observed(node, gradients, results, needs);
  node.run(gradients, results, needs);
}

/// Throws RuntimeError for a needed result that holds a NaN.
void check_for_nan(const Node& node, const Tensor* results, const bool* needs);

}  // namespace pullback::autograd
