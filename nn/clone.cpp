#include <pullback/nn/clone.h>

#include <algorithm>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/nn/clone_memo.h>
#include <pullback/nn/module.h>

namespace pullback::nn {

namespace detail {

Tensor CloneMemo::copy(const Tensor& x) {
  if (!x.defined()) return {};
  Tensor& known = tensors[x.get()];
  if (!known.defined()) {
    check(x.is_leaf(), "clone: only tensors that no operation made can be copied with a module");
    const NoGradGuard no_grad;
    known = x.detach().clone();
    known.get()->requires_grad = x.get()->requires_grad;
    known.get()->is_parameter = x.get()->is_parameter;
  }
  return known;
}

std::size_t CloneNotes::count(const void* target) const {
  return static_cast<std::size_t>(std::count_if(
      notes_.begin(), notes_.end(), [&](const Note& note) { return note.target == target; }));
}
void CloneNotes::add(Note note) {
  notes_.push_back(note);
}
void CloneNotes::move(void* from, void* to) {
  for (Note& note : notes_)
    if (note.member == from) note.member = to;
}
void CloneNotes::erase(void* member) {
  std::erase_if(notes_, [&](const Note& note) { return note.member == member; });
}
void CloneNotes::rebind_all(CloneMemo& memo) {
  for (const Note& note : notes_) note.rebind(note.member, memo);
}

}  // namespace detail

std::shared_ptr<Module> Module::clone() const {
  detail::CloneMemo memo;
  detail::CloneNotes notes;
  auto copy = clone_tree(*this, memo);
  notes.rebind_all(memo);
  return copy;
}

// The copy constructor of the module's class copies its members. Attributes and holders among them
// note where they are, to be pointed into the copy; a plain Tensor or shared_ptr still refers to
// the source, which shows in that one's reference count.
std::shared_ptr<Module> Module::clone_tree(const Module& from, detail::CloneMemo& memo) {
  if (const auto known = memo.modules.find(&from); known != memo.modules.end())
    return known->second;
  std::shared_ptr<Module> copy = from.fresh_copy();
  if (!copy) {
    check(from.copier_ != nullptr, "clone: clone() has not been implemented for ", from.base_name(),
          ": its class is not known or cannot be copied; make it through its holder "
          "(PULLBACK_MODULE), or derive it from nn::Cloneable<",
          from.base_name(), "> instead of nn::Module");
    const detail::CloneNotes& notes = *detail::CloneNotes::current();
    std::vector<std::size_t> before;
    for (const auto& child : from.children_)
      before.push_back(static_cast<std::size_t>(child.value().use_count()) -
                       notes.count(child.value().get()));
    for (const auto& slot : from.slots_)
      before.push_back(slot->defined() ? slot->get()->refs.get() : 0);
    copy = from.copier_(from);
    std::size_t i = 0;
    for (const auto& child : from.children_)
      check(
          static_cast<std::size_t>(child.value().use_count()) - notes.count(child.value().get()) ==
              before[i++],
          "clone: ", from.base_name(), " keeps its child '", child.key(),
          "' in a shared_ptr, which cannot follow the copy; keep it in a holder "
          "(PULLBACK_MODULE), or derive from nn::Cloneable<",
          from.base_name(), ">");
    for (const auto& slot : from.slots_)
      check((slot->defined() ? slot->get()->refs.get() : 0) == before[i++],
            "clone: ", from.base_name(), " keeps '", slot->key(),
            "' in a plain Tensor, which cannot follow the copy; declare it `nn::Attribute ",
            slot->key(), "`, or derive from nn::Cloneable<", from.base_name(), ">");
  }
  memo.modules[&from] = copy;
  copy->take_contents(from, memo);
  return copy;
}

void Module::take_contents(const Module& from, detail::CloneMemo& memo) {
  training_ = from.training_;
  for (const auto& slot : from.slots_) {
    ParamSlot* mine = find_slot(slot->key());
    Tensor value = memo.copy(slot->tensor());
    if (mine && mine->defined() && value.defined() && !slot->computed()) {
      // reset() made it, and a plain Tensor member may hold it: the tensor stays, its data changes.
      mine->set_data(value);
      mine->tensor().get()->requires_grad = value.get()->requires_grad;
      memo.tensors[slot->get()] = mine->tensor();
    } else if (mine) {
      mine->set_tensor(value);
    } else {
      mine = &add_slot(slot->key(), value, slot->kind(), slot->persistent());
      if (slot->is_read_by_name()) mine->read_by_name();
    }
    memo.slots[slot.get()] = mine;
  }
  for (const auto& child : from.children_) {
    std::shared_ptr<Module>* mine = children_.find(child.key());
    if (!child.value()) {
      if (!mine) children_.insert(child.key(), nullptr);
      continue;
    }
    const Module& theirs = *child.value();
    Module* ours = mine ? mine->get() : nullptr;
    if (ours && typeid(*ours) == typeid(theirs)) {
      memo.modules[child.value().get()] = *mine;
      ours->take_contents(theirs, memo);
    } else {
      children_.insert_or_assign(child.key(), clone_tree(theirs, memo));
    }
  }
  for (const auto& slot : from.slots_) {
    if (!slot->source()) continue;
    const auto source = memo.modules.find(&slot->source()->module());
    check(source != memo.modules.end(), "clone: ", slot->name(),
          ": its parametrization is not a child of the module");
    memo.slots[slot.get()]->set_source(std::dynamic_pointer_cast<SlotSource>(source->second));
  }
}

}  // namespace pullback::nn
