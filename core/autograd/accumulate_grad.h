#pragma once

#include <pullback/core/autograd/node.h>
#include <pullback/core/lock.h>

namespace pullback::autograd {

/// How gradients reached the leaves and each other, counted per thread: what the tests of "no
/// needless copy" read.
struct GradientCounts {
  long moved = 0;   ///< a gradient became a leaf's .grad as it was
  long copied = 0;  ///< … had to be copied, because somebody else holds its memory
  long added = 0;   ///< two gradients were added in place
  long left = 0;    ///< a gradient's last step was left to the next node
};
GradientCounts& gradient_counts();

/// The end of the graph at a leaf: adds what arrives to the leaf's .grad. Owned by the leaf, made
/// at first need.
class AccumulateGrad final : public Node {
 public:
  static AccumulateGrad* of(TensorImpl* leaf);
  explicit AccumulateGrad(TensorImpl* leaf);
  void run(Tensor* output_grads, Tensor* input_grads, Needs needs) override;
  TensorImpl* leaf() const { return leaf_; }

 private:
  TensorImpl* leaf_;
  Lock mutex_;
};

/// May `g` be changed or given away: does nobody else hold it or its memory, is it dense, and has
/// it no history, which a hook that records gives it and which the change would make untrue?
bool is_exclusive(const Tensor& g);
/// sum = sum + g, in place where nobody can see it.
void accumulate(Tensor& sum, Tensor&& g);
/// Adds g to the .grad of a tensor, as PyTorch does: moves it in where it can.
void accumulate_into_grad(TensorImpl* tensor, Tensor g);

}  // namespace pullback::autograd
