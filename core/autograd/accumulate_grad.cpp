#include <pullback/core/autograd/accumulate_grad.h>

#include <limits>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/ops/map.h>

namespace pullback::autograd {

GradientCounts& gradient_counts() {
  static thread_local GradientCounts counts;
  return counts;
}

AccumulateGrad::AccumulateGrad(TensorImpl* leaf) : Node("AccumulateGrad"), leaf_(leaf) {
  sequence_ =
      std::numeric_limits<std::uint64_t>::max();  // runs as soon as it is ready, as in PyTorch
  first_output_.geometry = leaf->geometry;
  first_output_.dtype = leaf->dtype;
}

AccumulateGrad* AccumulateGrad::of(TensorImpl* leaf) {
  AccumulateGrad* node = leaf->accumulator.load(std::memory_order_acquire);
  if (!node) {
    auto* fresh = new AccumulateGrad(leaf);
    if (leaf->accumulator.compare_exchange_strong(node, fresh, std::memory_order_acq_rel)) {
      node = fresh;
    } else {
      delete fresh;
    }
  }
  // set_data may have given the leaf another shape.
  Output& out = node->output(0);
  if (!out.geometry.same_sizes(leaf->geometry)) out.geometry = leaf->geometry;
  if (out.dtype != leaf->dtype) out.dtype = leaf->dtype;
  return node;
}

bool is_exclusive(const Tensor& g) {
  const TensorImpl* impl = g.get();
  // Of a view, the base holds the memory as well.
  const bool owns_base = impl->base.defined() && impl->base.get()->refs.get() == 1;
  return impl->refs.get() == 1 && impl->storage->refs.get() == (owns_base ? 2 : 1) &&
         !impl->storage->deleter && impl->geometry.is_contiguous() && !requires_grad(g);
}

namespace {

/// What nobody else holds, as a tensor that is no view.
Tensor without_base(Tensor&& g) {
  g.get()->base.reset();
  g.get()->view = ViewKind::None;
  return std::move(g);
}

}  // namespace

void accumulate(Tensor& sum, Tensor&& g) {
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (!GradMode::is_enabled() && is_exclusive(sum) && sum.scalar_type() == g.scalar_type()) {
    add_to(sum, g);
    ++gradient_counts().added;
  } else {
    sum = sum + g;
  }
}

void accumulate_into_grad(TensorImpl* tensor, Tensor g) {
  if (!tensor->grad.defined()) {
    if (!GradMode::is_enabled() && is_exclusive(g)) {
      tensor->grad = without_base(std::move(g));
      ++gradient_counts().moved;
    } else {
      tensor->grad = g.is_contiguous() ? g.clone() : g.contiguous();
      ++gradient_counts().copied;
    }
    return;
  }
  const TensorImpl *old = tensor->grad.get(), *added = g.get();
  check(old->geometry.same_sizes(added->geometry) && old->dtype == added->dtype,
        "backward: .grad was set to ", old->dtype, old->geometry.sizes(),
        ", which cannot take a gradient of ", added->dtype, added->geometry.sizes());
  if (!GradMode::is_enabled()) {
    if (old->geometry.is_contiguous() && old->storage != added->storage) {
      add_to(tensor->grad, g);  // add_ without the checks that cannot fail
      mark_changed(tensor->grad);
    } else {
      tensor->grad.add_(g);
    }
    ++gradient_counts().added;
  } else {
    tensor->grad = tensor->grad + g;
  }
}

void AccumulateGrad::run(Tensor* output_grads, Tensor*, Needs) {
  if (!leaf_->requires_grad) return;  // detach_() or requires_grad_(false) since the forward pass
  {
    const std::lock_guard lock(mutex_);
    accumulate_into_grad(leaf_, std::move(output_grads[0]));
  }
  if (!hooks_) return;
  for (const auto hooks = hooks_->accumulated; const auto& [id, hook] : hooks)
    hook(Tensor(Ref<TensorImpl>::share(leaf_)));
}

}  // namespace pullback::autograd
