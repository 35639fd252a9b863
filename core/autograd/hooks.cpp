#include <pullback/core/autograd/hooks.h>

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/ops/map.h>

namespace pullback::autograd {

// Copies of the lists are walked: a hook may add or remove hooks, for the next pass.

void call_tensor_hooks(const NodeHooks& hooks, Tensor* gradients) {
  for (const auto tensors = hooks.tensors; const NodeHooks::OfTensor& entry : tensors) {
    Tensor& g = gradients[entry.output_nr];
    if (!g.defined()) continue;
    Tensor replaced = entry.hook(g);
    if (!replaced.defined()) continue;
    check(replaced.sizes() == g.sizes(),
          "register_hook: hook has changed the size of value: ", replaced.sizes(), " instead of ",
          g.sizes());
    check(replaced.scalar_type() == g.scalar_type(),
          "register_hook: hook has changed the type of value: ", replaced.scalar_type(),
          " instead of ", g.scalar_type());
    g = std::move(replaced);
  }
  for (const auto& [nr, tensor] : hooks.retaining)
    if (gradients[nr].defined()) accumulate_into_grad(tensor, gradients[nr]);
}

namespace {

void replace(const char* op, const Node& node, std::vector<Tensor> by, Tensor* gradients,
             std::size_t count) {
  if (by.empty()) return;
  check(by.size() == count, op, ": hook on ", node.name(),
        " has returned an incorrect number of values (got ", by.size(), ", but expected ", count,
        ")");
  for (std::size_t i = 0; i < count; ++i) {
    if (gradients[i].defined() && by[i].defined()) {
      check(by[i].sizes() == gradients[i].sizes(), op, ": hook on ", node.name(),
            " has changed the size of value");
      check(by[i].scalar_type() == gradients[i].scalar_type(), op, ": hook on ", node.name(),
            " has changed the type of value");
    }
    gradients[i] = std::move(by[i]);
  }
}

}  // namespace

void call_hooks_before(const Node& node, const NodeHooks& hooks, Tensor* output_grads) {
  const std::size_t count = node.num_outputs();
  for (const auto before = hooks.before; const auto& [id, hook] : before) {
    replace("register_prehook", node, hook({output_grads, output_grads + count}), output_grads,
            count);
  }
}

void call_hooks_after(const Node& node, const NodeHooks& hooks, Tensor* input_grads,
                      const std::vector<Tensor>& output_grads) {
  const std::size_t count = node.num_inputs();
  for (const auto after = hooks.after; const auto& [id, hook] : after) {
    replace("register_hook", node, hook({input_grads, input_grads + count}, output_grads),
            input_grads, count);
  }
}

void stop_retaining(TensorImpl* tensor) {
  if (!tensor->retains_grad || !tensor->grad_fn) return;
  if (NodeHooks* hooks = tensor->grad_fn->hooks_or_null())
    std::erase_if(hooks->retaining, [&](const auto& entry) { return entry.second == tensor; });
}

void move_retained(TensorImpl* tensor, Node* to) {
  if (!tensor->retains_grad || !tensor->grad_fn || tensor->grad_fn.get() == to) return;
  stop_retaining(tensor);
  to->hooks().retaining.emplace_back(0, tensor);
}

unsigned Node::register_prehook(NodePreHook hook) {
  check<ValueError>(hook != nullptr, "register_prehook: the hook is empty");
  NodeHooks& all = hooks();
  all.before.emplace_back(all.next_id, std::move(hook));
  return all.next_id++;
}

unsigned Node::register_hook(NodeHook hook) {
  check<ValueError>(hook != nullptr, "register_hook: the hook is empty");
  NodeHooks& all = hooks();
  all.after.emplace_back(all.next_id, std::move(hook));
  return all.next_id++;
}

namespace {

template <class List>
std::size_t erase_id(List& list, unsigned id) {
  return std::erase_if(list, [id](const auto& entry) { return entry.first == id; });
}

}  // namespace

void Node::remove_hook(unsigned id) {
  NodeHooks& all = hooks();
  const std::size_t removed =
      std::erase_if(all.tensors, [id](const auto& entry) { return entry.id == id; }) +
      erase_id(all.before, id) + erase_id(all.after, id) + erase_id(all.accumulated, id);
  check<ValueError>(removed > 0, "remove_hook: there is no hook ", static_cast<std::int64_t>(id),
                    " on ", name());
}

}  // namespace pullback::autograd

namespace pullback {

namespace {

autograd::Node* gradient_node(const char* op, const Tensor& x) {
  check_defined(op, x);
  check(autograd::in_graph(x), op,
        ": cannot register a hook on, or retain the gradient of, a tensor that doesn't require "
        "gradient; call requires_grad_() first");
  return autograd::edge_of(x).node();
}

}  // namespace

unsigned TensorBase::register_hook(std::function<Tensor(Tensor)> hook) const {
  check<ValueError>(hook != nullptr, "register_hook: the hook is empty");
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  autograd::NodeHooks& hooks = gradient_node("register_hook", x)->hooks();
  hooks.tensors.push_back({x.get()->output_nr, hooks.next_id, std::move(hook)});
  return hooks.next_id++;
}

unsigned TensorBase::register_post_accumulate_grad_hook(std::function<void(Tensor)> hook) const {
  check<ValueError>(hook != nullptr, "register_post_accumulate_grad_hook: the hook is empty");
  const Tensor x = target("register_post_accumulate_grad_hook");
  autograd::NodeHooks& hooks = gradient_node("register_post_accumulate_grad_hook", x)->hooks();
  check(x.is_leaf(),
        "register_post_accumulate_grad_hook: post accumulate grad hooks cannot be registered on "
        "non-leaf tensors");
  hooks.accumulated.emplace_back(hooks.next_id, std::move(hook));
  return hooks.next_id++;
}

void TensorBase::remove_hook(unsigned id) const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  gradient_node("remove_hook", x)->remove_hook(id);
}

void TensorBase::retain_grad() const {
  Tensor x = target("retain_grad");
  autograd::Node* node = gradient_node("retain_grad", x);
  TensorImpl* impl = x.get();
  if (!impl->grad_fn || impl->retains_grad) return;
  impl->retains_grad = true;
  node->hooks().retaining.emplace_back(impl->output_nr, impl);
}

}  // namespace pullback
