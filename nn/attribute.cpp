#include <pullback/nn/attribute.h>

#include <mutex>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/nn/clone_memo.h>
#include <pullback/nn/module.h>

namespace pullback::nn {

ParamSlot::ParamSlot(Module& owner, std::string key, Tensor value, SlotKind kind, bool persistent)
    : Tensor(std::move(value)),
      owner_(&owner),
      key_(std::move(key)),
      kind_(kind),
      persistent_(persistent) {}

ParamSlot::ParamSlot(const ParamSlot& other)
    : Tensor(other.tensor()),
      Slot(),
      key_(other.key_),
      kind_(other.kind_),
      persistent_(other.persistent_) {}

Tensor ParamSlot::value() {
  if (!source_) return tensor();
  const std::shared_ptr<SlotSource> source = source_;  // its function may let go of the module
  return source->compute();
}

// Two threads may ask at once, and both keep what they were given: a description is never dropped
// while the slot lives, and there is one for each shape that the originals have had.
TensorImpl* ParamSlot::described() {
  if (!source_) return stored();
  std::vector<std::int64_t> key = source_->shape_key();
  auto known = [&]() -> TensorImpl* {
    for (const Description& d : descriptions_)
      if (d.key == key) return d.shape.get();
    return nullptr;
  };
  {
    const std::lock_guard lock(describing_);
    if (TensorImpl* found = known()) return found;
  }
  const Tensor value = source_->compute();
  check(value.defined(), name(), ": its parametrization returned an undefined tensor");
  static const Ref<Storage> nothing = make_tensor(Geometry(IntArrayRef{0}), kFloat)->storage;
  const std::lock_guard lock(describing_);
  if (TensorImpl* found = known()) return found;
  descriptions_.push_back(
      {std::move(key), make_alias(nothing, value.get()->geometry, value.get()->dtype)});
  return descriptions_.back().shape.get();
}

void ParamSlot::assign(const Tensor& value) {
  if (!source_) return set_tensor(value);
  SlotValues found;
  const NoGradGuard no_grad;
  source_->invert(value, found);
  for (const auto& [slot, tensor] : found) slot->set_data(tensor);
}

const char* ParamSlot::name() const {
  // Without a destructor, for those who read it while the program ends.
  constexpr std::size_t kLongest = 255;
  static constinit thread_local char label[kLongest + 1] = {};
  const std::string text = owner_ ? key_ + " of " + owner_->name() : key_;
  label[text.copy(label, kLongest)] = '\0';
  return label;
}

bool ParamSlot::interceptable() const {
  const bool bound = refs.get() > 1;
  if (bound || read_by_name_ || !defined()) return true;
  return !had_member_ && get()->refs.get() == 1;
}

void ParamSlot::set_tensor(Tensor value) {
  if (kind_ == SlotKind::Parameter && value.defined()) value.get()->is_parameter = true;
  static_cast<Tensor&>(*this) = std::move(value);
}

void ParamSlot::set_source(std::shared_ptr<SlotSource> source) {
  const std::lock_guard lock(describing_);
  source_ = std::move(source);
  descriptions_.clear();
}

void Attribute::copy(const Attribute& other) {
  detail::CloneNotes* notes = detail::CloneNotes::current();
  if (notes && other.is_attribute()) {
    word_ = other.word_;
    slot()->refs.increment();
    notes->add({this, other.param_slot(), &Attribute::rebind});
    return;
  }
  TensorBase::operator=(other);
}

void Attribute::bind(ParamSlot& slot) {
  if (!slot.owned()) {
    TensorBase::operator=(slot.tensor());
    return;
  }
  slot.refs.increment();
  if (word_) drop();
  word_ = reinterpret_cast<std::uintptr_t>(static_cast<Slot*>(&slot)) | kAttribute;
}

void Attribute::assign(const Tensor& value) {
  if (parametrized()) {
    slot()->assign(value);
  } else {
    TensorBase::operator=(value);
  }
}

void Attribute::rebind(void* attribute, detail::CloneMemo& memo) {
  auto& self = *static_cast<Attribute*>(attribute);
  if (const auto found = memo.slots.find(self.param_slot()); found != memo.slots.end())
    self.bind_member(*found->second);
}

}  // namespace pullback::nn
