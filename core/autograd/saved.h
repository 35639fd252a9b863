#pragma once

#include <any>
#include <functional>

#include <pullback/core/autograd/node.h>

namespace pullback::autograd {

/// While it lives, what this thread's operations save for the backward pass is packed: `pack` gets
/// each saved tensor, and `unpack` makes it again from what `pack` returned (PyTorch's
/// graph.saved_tensors_hooks).
class SavedTensorsHooks {
 public:
  using Pack = std::function<std::any(const Tensor&)>;
  using Unpack = std::function<Tensor(const std::any&)>;
  SavedTensorsHooks(Pack pack, Unpack unpack);
  ~SavedTensorsHooks();
  SavedTensorsHooks(const SavedTensorsHooks&) = delete;
  SavedTensorsHooks& operator=(const SavedTensorsHooks&) = delete;

  static bool are_set() noexcept { return innermost_ != nullptr; }
  /// What the innermost hooks make of a value.
  static Owned<Packed> pack(const Ref<Storage>& storage, const Geometry& geometry,
                            ScalarType dtype);

 private:
  static inline constinit thread_local SavedTensorsHooks* innermost_ = nullptr;
  Pack pack_;
  Unpack unpack_;
  SavedTensorsHooks* outer_;
};

/// A saved value as hooks packed it.
struct Packed {
  std::any value;
  SavedTensorsHooks::Unpack unpack;
  /// The value, which must have the shape and type it was saved with. Throws RuntimeError
  /// otherwise.
  Tensor unpacked(const Geometry& geometry, ScalarType dtype) const;
};

/// The node whose rules are being stored on this thread, or null: what makes a Saved keep its
/// tensor.
inline constinit thread_local Node* node_under_construction = nullptr;

/// A tensor that a rule will need in the backward pass.
///
/// It remembers an address until a node keeps the rule that captured it. At that moment it takes
/// storage, geometry, version and edge, never the TensorImpl, which would close a cycle as soon as
/// the tensor is changed in place.
class Saved {
 public:
  enum class What : std::uint8_t { Value, CopyOfValue };
  Saved() = default;
  explicit Saved(const Tensor& x, What what = What::Value) : source_(&x), what_(what) {}
  Saved(const Saved& other);
  Saved(Saved&& other);
  ~Saved();
  Saved& operator=(const Saved&) = delete;

  /// The tensor, with its place in the graph. Throws RuntimeError when it was changed in place
  /// since, or has been released by a backward pass.
  Tensor operator*() const;
  struct Arrow {
    Tensor tensor;
    const Tensor* operator->() const { return &tensor; }
  };
  Arrow operator->() const { return {**this}; }
  bool defined() const { return defined_; }

  std::size_t bytes() const { return storage_ ? storage_->bytes : 0; }
  const Geometry& geometry() const { return geometry_; }
  void release() { storage_.reset(), packed_.reset(), own_edge_ = {}; }

 private:
  friend class Node;
  void keep(const Tensor& x, Node* node);
  /// The value at its place in the graph.
  Tensor placed(Tensor value) const;
  const Edge& edge() const { return input_edge_ ? *input_edge_ : own_edge_; }

  const Tensor* source_ = nullptr;
  What what_ = What::Value;
  bool defined_ = false;
  bool of_owner_ = false;  ///< an output of the node that saves it, which must not own itself
  ScalarType dtype_ = ScalarType::Float;
  std::uint32_t version_ = 0;
  Ref<Storage> storage_;
  Geometry geometry_;
  const Edge* input_edge_ = nullptr;  ///< its owner's, where the tensor is one of its inputs
  Edge own_edge_;                     ///< otherwise
  Owned<Packed> packed_;              ///< instead of the storage, under hooks
  Node* owner_ = nullptr;
  Saved* next_ = nullptr;
};

/// Captures an input for a rule: `wrt(a, [b = saved(b)](const Tensor& g) { return g * *b; })`.
inline Saved saved(const Tensor& x) {
  return Saved(x);
}
/// Captures x for the gradient of another input: nothing where that needs none.
Saved saved_for(const Tensor& other, const Tensor& x);
/// Captures the value that a tensor has before it is changed in place.
inline Saved saved_copy(const Tensor& x) {
  return Saved(x, Saved::What::CopyOfValue);
}

}  // namespace pullback::autograd
