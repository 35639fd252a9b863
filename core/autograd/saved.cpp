#include <pullback/core/autograd/saved.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>

namespace pullback::autograd {

void Saved::keep(const Tensor& x, Node* node) {
  source_ = nullptr;
  if (!x.defined()) return;
  defined_ = true;
  edge_ = edge_of(x);
  dtype_ = x.get()->dtype;
  if (what_ == What::CopyOfValue) {
    NoGradGuard no_grad;
    node_under_construction = nullptr;
    Tensor copy = x.clone();
    node_under_construction = node;
    storage_ = copy.get()->storage;
    geometry_ = copy.get()->geometry;
  } else {
    storage_ = x.get()->storage;
    geometry_ = x.get()->geometry;
  }
  version_ = storage_->version;
  owner_ = node;
  next_ = node->saved_;
  node->saved_ = this;
  node->had_saved_ = true;
}

Tensor Saved::operator*() const {
  if (source_) return *source_;
  if (!defined_) return {};
  if (!storage_) owner_->check_not_released();
  check(version_ == storage_->version, owner_->name_,
        ": one of the variables needed for gradient computation has been modified by an inplace "
        "operation: a saved "
        "input of shape ",
        geometry_.sizes(), " is at version ", std::int64_t{storage_->version},
        "; expected version ", std::int64_t{version_},
        " instead. Clone it before changing it in place");
  if (edge_.leaf && edge_.leaf->storage == storage_) return Tensor(edge_.leaf);
  Ref<TensorImpl> impl = make_alias(storage_, geometry_, dtype_);
  impl->grad_fn = edge_.function;
  impl->output_nr = edge_.output_nr;
  Tensor value(std::move(impl));
  if (!edge_.leaf) return value;
  // The leaf was given other data since: the old value still leads to it.
  const Tensor leaf(edge_.leaf);
  return record("AliasBackward0", std::move(value), wrt(leaf, [](const Tensor& g) { return g; }));
}

}  // namespace pullback::autograd
