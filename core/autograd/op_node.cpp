#include <pullback/core/autograd/op_node.h>

#include <memory>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/profile.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/kernels/allocator.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback::autograd {

namespace {

constexpr std::size_t kAlignment = 16;

std::size_t aligned(std::size_t bytes) {
  return kernels::round_up(bytes, kAlignment);
}

bool any_requires_grad(const Inputs& inputs) {
  for (int i = 0; i < inputs.count(); ++i)
    if (requires_grad(inputs[i])) return true;
  return false;
}

}  // namespace

void note_call(Node& node, const Inputs* rules, int count) {
  std::string text;
  for (int r = 0; r < count; ++r)
    for (int i = 0; i < rules[r].count(); ++i) {
      text += text.empty() ? "(" : ", ";
      if (rules[r][i].defined()) {
        pullback::detail::append(text, rules[r][i].scalar_type());
        pullback::detail::append(text, rules[r][i].sizes());
      } else {
        text += "undefined";
      }
    }
  node.note_forward_call(node.name() + text + ")");
}

bool any_requires_grad(const Inputs* rules, int count) {
  for (int r = 0; r < count; ++r)
    if (any_requires_grad(rules[r])) return true;
  return false;
}

Ref<OpNode> OpNode::make(const char* name, const Inputs* rules, const FormulaType* const* types,
                         int count) {
  int edges = 0;
  std::size_t formulas = 0;
  for (int r = 0; r < count; ++r) {
    edges += rules[r].count();
    formulas += aligned(types[r]->size);
  }
  const std::size_t rules_at = aligned(sizeof(OpNode));
  const std::size_t edges_at =
      rules_at + aligned(static_cast<std::size_t>(count) * sizeof(StoredRule));
  const std::size_t formulas_at =
      edges_at + aligned(static_cast<std::size_t>(edges) * sizeof(Edge));
  const std::size_t bytes = formulas_at + formulas;

  auto* memory = static_cast<char*>(kernels::allocate_small(bytes));
  auto* node = new (memory) OpNode(name);
  Ref<OpNode> ref = Ref<OpNode>::adopt(node);
  node->bytes_ = static_cast<std::uint32_t>(bytes);
  node->rules_ = reinterpret_cast<StoredRule*>(memory + rules_at);
  node->edges_ = reinterpret_cast<Edge*>(memory + edges_at);
  std::uninitialized_value_construct_n(node->edges_, edges);
  node->edge_count_ = static_cast<std::uint32_t>(edges);

  char* place = memory + formulas_at;
  Edge* edge = node->edges_;
  for (int r = 0; r < count; ++r) {
    const Inputs& inputs = rules[r];
    bool active = false;
    for (int i = 0; i < inputs.count(); ++i, ++edge) {
      if (!requires_grad(inputs[i])) continue;
      *edge = edge_of(inputs[i]);
      active = true;
    }
    node->rules_[r] = {types[r], active ? place : nullptr, inputs.count(), false};
    node->keeps_output_ = node->keeps_output_ || (active && types[r]->keeps_output);
    place += aligned(types[r]->size);
  }
  node->rule_count_ = count;
  if (DetectAnomalyGuard::is_on()) note_call(*node, rules, count);
  if (Profile* profile = Profile::active()) [[unlikely]]
    profile->note_forward(name);
  return ref;
}

OpNode::~OpNode() {
  for (int r = 0; r < rule_count_; ++r)
    if (rules_[r].stored) rules_[r].type->destroy(rules_[r].place);
  std::destroy_n(edges_, edge_count_);
}

void OpNode::run(Tensor* output_grads, Tensor* input_grads, Needs needs) {
  const std::size_t outputs = num_outputs();
  Tensor one;
  std::vector<Tensor> several;
  Tensor* y = &one;
  if (outputs > 1) {
    several.resize(outputs);
    y = several.data();
  }
  for (std::size_t i = 0; keeps_output_ && i < outputs; ++i) y[i] = saved_output(i);
  const Tensors g(output_grads, outputs), kept(y, outputs);
  const auto runs = [&](int r, int input) {
    return rules_[r].stored && needs.from(input).any(rules_[r].inputs);
  };
  int last = -1;
  for (int r = 0, input = 0; outputs == 1 && r < rule_count_; input += rules_[r++].inputs)
    if (runs(r, input)) last = r;
  for (int r = 0, input = 0; r < rule_count_; input += rules_[r++].inputs)
    if (runs(r, input))
      rules_[r].type->run(rules_[r].place, r == last ? output_grads : nullptr, g, kept,
                          input_grads + input, needs.from(input));
}

}  // namespace pullback::autograd
