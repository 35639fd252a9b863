#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include <pullback/core/autograd/node.h>

namespace pullback::autograd {

/// Several gradients or outputs; an undefined gradient is zero.
class Tensors {
 public:
  Tensors(const Tensor* data, std::size_t size) : data_(data), size_(size) {}
  const Tensor& operator[](std::size_t i) const { return data_[i]; }
  std::size_t size() const { return size_; }

 private:
  const Tensor* data_;
  std::size_t size_;
};

/// The inputs that one rule is about: named one by one, or a list.
class Inputs {
 public:
  Inputs(const Tensor* const* named, int count) : named_(named), count_(count) {}
  explicit Inputs(TensorList list) : list_(list.data()), count_(static_cast<int>(list.size())) {}
  int count() const { return count_; }
  const Tensor& operator[](int i) const { return named_ ? *named_[i] : list_[i]; }

 private:
  const Tensor* const* named_ = nullptr;
  const Tensor* list_ = nullptr;
  int count_;
};

/// Does an operation on any of these have to be recorded?
bool any_requires_grad(const Inputs* rules, int count);

/// Notes the types and shapes of an operation's inputs, for anomaly mode.
void note_call(Node& node, const Inputs* rules, int count);

/// What a node has to know of a formula whose type only its operation knows.
struct FormulaType {
  /// `spent` is the gradient if no rule needs it after this one, or null.
  void (*run)(void* formula, Tensor* spent, const Tensors& g, const Tensors& y, Tensor* grads,
              Needs needs);
  void (*destroy)(void* formula);
  std::size_t size;
  bool keeps_output;
};

/// The node of an operation written with `record` (record.h): its edges and formulas lie behind it
/// in one block. Not a template, so that a thousand operations share its code.
class OpNode final : public Node {
 public:
  /// A node with an edge for each input that needs a gradient, and room for the formulas of the
  /// rules that have such an input.
  static Ref<OpNode> make(const char* name, const Inputs* rules, const FormulaType* const* types,
                          int count);
  ~OpNode() override;

  /// Stores a rule's formula, unless none of its inputs needs a gradient. What it captured through
  /// `saved` is kept from here on.
  template <class F>
  void store(int rule, F&& formula) {
    if (!rules_[rule].place) return;
    [[maybe_unused]] const auto* stored =
        new (rules_[rule].place) std::decay_t<F>(std::forward<F>(formula));
    rules_[rule].stored = true;
    if constexpr (requires { stored->takes_last_step(); })
      takes_last_step_ = stored->takes_last_step();
  }

  void run(Tensor* output_grads, Tensor* input_grads, Needs needs) override;

 private:
  struct StoredRule {
    const FormulaType* type;
    void* place;  ///< null: no input of the rule needs a gradient
    int inputs;
    bool stored;
  };
  explicit OpNode(const char* name) : Node(name) {}

  StoredRule* rules_ = nullptr;
  int rule_count_ = 0;
};

}  // namespace pullback::autograd
