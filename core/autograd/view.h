#pragma once

#include <functional>
#include <initializer_list>

#include <pullback/core/autograd/node.h>

namespace pullback::autograd {

/// A tensor over x's memory with another geometry, which shares x's version and remembers whose
/// view it is. The caller records it.
Tensor make_view(const Tensor& x, const Geometry& geometry, ViewKind kind = ViewKind::Plain);

/// Brings the grad_fn of a view up to date after its base was changed in place.
void refresh_stale_view(TensorImpl* view);
inline void refresh_view(TensorImpl* x) {
  if (x->view != ViewKind::None && x->base.defined() && x->view_version != x->storage->version)
    refresh_stale_view(x);
}

/// Does the base of a view require grad? A view made without grad says so too, as PyTorch's do, but
/// nothing flows through it.
inline bool base_requires_grad(const TensorImpl& view) {
  const TensorImpl* base = view.base.get();
  return base && (base->requires_grad || base->grad_fn);
}

/// Does an operation on x have to be recorded?
inline bool requires_grad(const Tensor& x) {
  TensorImpl* impl = x.get();
  if (!impl) return false;
  if (impl->view != ViewKind::None) refresh_view(impl);
  return impl->requires_grad || impl->grad_fn ||
         (impl->view == ViewKind::MadeWithoutGrad && base_requires_grad(*impl));
}

/// Can a gradient arrive at x? Not at a view made without grad, whatever it says of itself.
inline bool in_graph(const Tensor& x) {
  return requires_grad(x) && (x.get()->requires_grad || x.get()->grad_fn);
}

/// Counts a change of x's memory.
inline void mark_changed(const Tensor& x) {
  if (!x.get()->untracked) ++x.get()->storage->version;
}

/// Makes `node`, which describes a change in place, self's history; through a view, that of the
/// base as well.
void rebase_history(const Tensor& self, Ref<Node> node);

using Operand = std::reference_wrapper<const Tensor>;
/// Throws RuntimeError if `self`, which is about to be changed, shares an element with an operand
/// that is read at other places than it is written.
void check_disjoint(const char* op, const Tensor& self, std::initializer_list<Operand> others);
/// Throws RuntimeError if `self` shares elements with an operand that is read element for element,
/// but is not that operand.
void check_aligned(const char* op, const Tensor& self, std::initializer_list<Operand> others);

/// A copy of x's value that leads to x's place in the graph.
Tensor copy_with_history(const Tensor& x);
/// Copies y, the result of a recorded operation, into self and makes its node self's history.
void store_result(const char* op, const Tensor& self, const Tensor& y);

/// The elements at `part` of a tensor whose elements lie at `whole`, as a differentiable view of x.
Tensor as_strided_view(const Tensor& x, const Geometry& whole, const Geometry& part);
/// A tensor of geometry `whole`, zero but for g at `part`; a differentiable op.
Tensor as_strided_scatter(const Tensor& g, const Geometry& whole, const Geometry& part);
/// x, laid out as `whole`, with `inside` in place of the elements at `part`; `inside` broadcasts.
Tensor as_strided_put(const Tensor& x, const Tensor& inside, const Geometry& whole,
                      const Geometry& part);

/// The change of a part of a tensor: the node of the change runs on the part's gradient.
class CopySlices final : public Node {
 public:
  CopySlices(const Tensor& base, const Geometry& part, Ref<Node> change);
  std::string name() const override { return "CopySlices"; }
  void run(Tensor* output_grads, Tensor* input_grads, Needs needs) override;
  void release() override { change_->release(); }
  /// The changed part as the change's rules see it: a view of the changed base.
  Tensor changed_part(const Output& out) const;

 private:
  Ref<Node> change_;
  Geometry part_;
  std::vector<Edge> edges_storage_;
};

inline Tensor view_of_rewritten_base(const CopySlices& outer, const Output& out) {
  return outer.changed_part(out);
}

}  // namespace pullback::autograd
