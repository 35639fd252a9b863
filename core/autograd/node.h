#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <pullback/core/autograd/hooks.h>
#include <pullback/core/owned.h>
#include <pullback/core/tensor.h>
#include <pullback/core/tensor_impl.h>

namespace pullback::autograd {

class Node;
class CopySlices;
class Saved;
class Run;
struct LastStep;
struct Packed;

/// Where a gradient flows to: an output of the node that made a tensor, or a leaf's accumulator.
struct Edge {
  Ref<Node> function;
  Ref<TensorImpl> leaf;
  std::uint32_t output_nr = 0;

  explicit operator bool() const { return function || leaf; }
  /// The node at the far end (of a leaf: its AccumulateGrad), or null.
  Node* node() const;
};

/// The edge along which a gradient of this tensor flows; empty when it requires none.
Edge edge_of(const Tensor& x);

// What few nodes have, behind pointers: what hooks made of a saved value (saved.h), hooks of the
// node itself, and the call that anomaly mode notes.
void destroy(Packed* packed);
void destroy(NodeHooks* hooks);
struct ForwardCall {
  std::string text;
};
void destroy(ForwardCall* call);

/// What a node knows of one of its outputs: the shape its gradient must have, and its value if a
/// rule asks for it.
struct Output {
  Geometry geometry;
  ScalarType dtype = ScalarType::Float;
  Ref<Storage> kept;
  std::uint32_t version = 0;
  Owned<Packed> packed;  ///< instead of `kept`, under SavedTensorsHooks
};

/// What the engine lets the rules of a node do beside returning gradients: see `Needs`.
struct Offers {
  static constexpr int kInputs = 3;
  const bool* needs;  ///< of input 0
  const Tensor* sums[kInputs] = {};
  const LastStep* left = nullptr;
  LastStep* room = nullptr;
};

/// Which inputs' gradients anybody reads.
class Needs {
 public:
  explicit Needs(const bool* bits, const Offers* offers = nullptr) : bits_(bits), offers_(offers) {}
  bool operator[](int input) const { return bits_[input]; }
  /// The sum of the gradients of an input that have arrived so far, if it may be added to in place:
  /// a rule that does so returns no gradient for the input. Null otherwise.
  const Tensor* sum(int input) const;
  /// Where the rule of a node's only input may leave the last step of its gradient, which the next
  /// node takes; null where it takes none.
  LastStep* room() const { return offers_ ? offers_->room : nullptr; }
  /// The step that the node before has left, which a rule with `takes_last_step` must take; or
  /// null.
  const LastStep* left() const { return offers_ ? offers_->left : nullptr; }
  Needs without_offers() const { return Needs(bits_); }
  bool any(int count) const {
    for (int i = 0; i < count; ++i)
      if (bits_[i]) return true;
    return false;
  }
  Needs from(int first) const { return Needs(bits_ + first, offers_); }

 private:
  const bool* bits_;
  const Offers* offers_;
};

/// What a backward pass notes in a node while it runs.
struct Scratch {
  int waiting = 0;  ///< edges into this node whose gradient has not arrived
  bool seen = false;
  bool needed = false;         ///< leads to something that wants a gradient
  bool captured = false;       ///< its incoming gradient is itself asked for
  Tensor gradient;             ///< of output 0
  std::vector<Tensor> others;  ///< of outputs 1, 2, …
  Tensor& at(std::uint32_t nr) { return nr == 0 ? gradient : other(nr); }

 private:
  Tensor& other(std::uint32_t nr);
};

/// One remembered operation: edges to what made its inputs, and the rules that turn gradients of
/// its outputs into gradients of its inputs.
class Node {
 public:
  explicit Node(const char* name);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node();

  /// The name that tensors print, such as "AddBackward0".
  virtual std::string name() const { return name_; }
  std::size_t num_inputs() const { return edge_count_; }
  std::size_t num_outputs() const { return 1 + more_outputs_.size(); }
  const Edge& next_edge(std::size_t input) const { return edges_[input]; }
  std::vector<Edge> next_edges() const;
  /// The edge along which a gradient of this tensor flows, if the tensor is among the inputs.
  const Edge* edge_for(const Tensor& x) const;
  std::uint64_t sequence_nr() const { return sequence_; }
  const Output& output(std::size_t i) const { return i ? more_outputs_[i - 1] : first_output_; }
  Output& output(std::size_t i) { return i ? more_outputs_[i - 1] : first_output_; }
  /// Does it save inputs or outputs for its rules?
  bool saves() const { return had_saved_ || keeps_output_; }
  struct SavedShape {
    Geometry geometry;
    std::size_t bytes;  ///< of the memory it keeps alive, which others may share
    bool is_output;
  };
  /// The saved inputs that are in memory now, in the order they were captured, then the outputs.
  std::vector<SavedShape> saved_shapes() const;

  /// Turns gradients of the outputs (some undefined), which it may take, into gradients of the
  /// inputs that are needed.
  virtual void run(Tensor* output_grads, Tensor* input_grads, Needs needs) = 0;
  /// Drops saved values; a later backward through them throws.
  virtual void release();

  /// Output i as the rules see it. Throws RuntimeError when it was changed in place or has been
  /// released.
  Tensor saved_output(std::size_t i) const;
  /// Notes shape and type of output i, and its value if a rule asks for it.
  void note_output(std::size_t i, const Tensor& y);
  void set_output_count(std::size_t count);
  bool released() const { return released_; }
  /// Throws the "second time" error if something this node saved has been released.
  void check_not_released() const;

  /// Calls the hook before the node runs, or after it (PyTorch's Node.register_hook). The number
  /// returned serves remove_hook.
  unsigned register_prehook(NodePreHook hook);
  unsigned register_hook(NodeHook hook);
  void remove_hook(unsigned id);
  NodeHooks& hooks();
  NodeHooks* hooks_or_null() const { return hooks_.get(); }

  /// Shapes of the forward call, noted in anomaly mode.
  const std::string& forward_call() const;
  void note_forward_call(std::string text);

  RefCount refs;
  static void destroy(Node* node);

 protected:
  friend class Saved;
  friend class CopySlices;
  friend class Run;
  static std::uint64_t& next_sequence();

  const char* name_;
  Edge* edges_ = nullptr;  ///< in the derived object
  std::uint32_t edge_count_ = 0;
  std::uint32_t bytes_ = 0;  ///< size of the derived object; 0: made by plain new
  bool keeps_output_ = false;
  bool had_saved_ = false;
  bool released_ = false;
  bool takes_last_step_ = false;
  bool packs_ = false;      ///< saved values are what SavedTensorsHooks made of them
  Saved* saved_ = nullptr;  ///< list of the saved inputs inside the rules
  CopySlices* outer_ = nullptr;
  std::uint64_t sequence_;
  std::atomic<Run*> run_{nullptr};  ///< the backward pass that uses scratch_
  Scratch scratch_;
  Output first_output_;
  std::vector<Output> more_outputs_;
  Owned<NodeHooks> hooks_;
  Owned<ForwardCall> forward_call_;
  Node* next_dead_ = nullptr;
};

}  // namespace pullback::autograd
