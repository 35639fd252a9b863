#include <pullback/core/autograd/node_call.h>

#include <pullback/core/ops.h>
#include <pullback/core/warning.h>

namespace pullback::autograd {

namespace {

void warn_of_error(const Node& node) {
  warn("Error detected in " + node.name() +
       (node.forward_call().empty()
            ? ". No forward pass information available. Enable detect anomaly during forward "
              "pass for more information."
            : ". It was called as " + node.forward_call()));
}

void call_explained(Node& node, Tensor* gradients, Tensor* results, Needs needs) {
  if (!DetectAnomalyGuard::is_on()) return node.run(gradients, results, needs);
  try {
    node.run(gradients, results, needs);
  } catch (...) {
    warn_of_error(node);
    throw;
  }
}

bool has_nan(const Tensor& x) {
  const NoGradGuard no_grad;
  const Tensor total = (x != x).sum();
  return total.item<std::int64_t>() > 0;
}

}  // namespace

void call_observed(Node& node, Tensor* gradients, Tensor* results, Needs needs) {
  Profile* const profile = Profile::active();
  if (!profile) return call_explained(node, gradients, results, needs);
  struct Inside {
    Profile& profile;
    bool before = profile.set_inside_node(true);
    ~Inside() { profile.set_inside_node(before); }
  } inside{*profile};
  const Timer timer;
  call_explained(node, gradients, results, needs);
  profile->note_backward(node.name(), timer.seconds());
}

void check_for_nan(const Node& node, const Tensor* results, const bool* needs) {
  for (std::size_t i = 0; i < node.num_inputs(); ++i) {
    if (!needs[i] || !results[i].defined()) continue;
    const Tensor x = results[i].detach();
    if (!has_nan(x)) continue;
    warn_of_error(node);
    check(false, "Function '", node.name(), "' returned nan values in its ", i, "th output",
          node.forward_call().empty() ? "" : "; it was called as ", node.forward_call());
  }
}

}  // namespace pullback::autograd
