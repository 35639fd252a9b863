#include <pullback/core/autograd/saved.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>

namespace pullback::autograd {

SavedTensorsHooks::SavedTensorsHooks(Pack pack, Unpack unpack)
    : pack_(std::move(pack)), unpack_(std::move(unpack)), outer_(innermost_) {
  check<ValueError>(pack_ && unpack_, "SavedTensorsHooks: pack or unpack is empty");
  innermost_ = this;
}

SavedTensorsHooks::~SavedTensorsHooks() {
  innermost_ = outer_;
}

Owned<Packed> SavedTensorsHooks::pack(const Ref<Storage>& storage, const Geometry& geometry,
                                      ScalarType dtype) {
  const NoGradGuard no_grad;
  struct Outside {  // the hook's own operations belong to no node
    Node* node = std::exchange(node_under_construction, nullptr);
    ~Outside() { node_under_construction = node; }
  } outside;
  const SavedTensorsHooks& hooks = *innermost_;
  return Owned<Packed>(
      new Packed{hooks.pack_(Tensor(make_alias(storage, geometry, dtype))), hooks.unpack_});
}

void destroy(Packed* packed) {
  delete packed;
}

Tensor Packed::unpacked(const Geometry& geometry, ScalarType dtype) const {
  Tensor x = unpack(value);
  check(x.defined() && x.sizes() == geometry.sizes() && x.scalar_type() == dtype,
        "SavedTensorsHooks: unpack returned another tensor than was packed: expected ", dtype,
        geometry.sizes());
  return x.detach();
}

Saved::Saved(const Saved& other) : source_(other.source_), what_(other.what_) {
  if (source_ && node_under_construction) keep(*source_, node_under_construction);
}

Saved::Saved(Saved&& other) : Saved(std::as_const(other)) {}

Saved::~Saved() = default;

void Saved::keep(const Tensor& x, Node* node) {
  source_ = nullptr;
  if (!x.defined()) return;
  defined_ = true;
  if (!(input_edge_ = node->edge_for(x))) own_edge_ = edge_of(x);
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
  if (own_edge_.function.get() == node) {
    of_owner_ = true;
    own_edge_.function.reset();
  }
  if (SavedTensorsHooks::are_set()) {
    packed_ = SavedTensorsHooks::pack(storage_, geometry_, dtype_);
    node->packs_ = true;
    storage_.reset();
  }
  owner_ = node;
  next_ = node->saved_;
  node->saved_ = this;
  node->had_saved_ = true;
}

Tensor Saved::operator*() const {
  if (source_) return *source_;
  if (!defined_) return {};
  if (!storage_ && !packed_) owner_->check_not_released();
  const bool unchanged = packed_ || version_ == storage_->version;
  check(unchanged, unchanged ? std::string() : owner_->name(),  // a long name would ask for memory
        ": one of the variables needed for gradient computation has been modified by an inplace "
        "operation: a saved "
        "input of shape ",
        geometry_.sizes(), " is at version ", std::int64_t{packed_ ? 0 : storage_->version},
        "; expected version ", std::int64_t{version_},
        " instead. Clone it before changing it in place");
  const Ref<TensorImpl>& leaf = edge().leaf;
  if (leaf && leaf->storage == storage_) return Tensor(leaf);
  if (packed_) return placed(packed_->unpacked(geometry_, dtype_));
  return placed(Tensor(make_alias(storage_, geometry_, dtype_)));
}

Tensor Saved::placed(Tensor value) const {
  TensorImpl* impl = value.get();
  impl->output_nr = edge().output_nr;
  if (of_owner_ && owner_->outer_) {
    Output changed;
    changed.geometry = impl->geometry;
    changed.dtype = dtype_;
    changed.kept = impl->storage;
    return view_of_rewritten_base(*owner_->outer_, changed);
  }
  impl->grad_fn = of_owner_ ? Ref<Node>::share(owner_) : edge().function;
  if (!edge().leaf) return value;
  // The leaf was given other data since: the old value still leads to it.
  const Tensor leaf(edge().leaf);
  return record("AliasBackward0", std::move(value), wrt(leaf, [](const Tensor& g) { return g; }));
}

Saved saved_for(const Tensor& other, const Tensor& x) {
  return requires_grad(other) ? Saved(x) : Saved();
}

}  // namespace pullback::autograd
