#include <pullback/nn/clone_memo.h>
#include <pullback/nn/holder.h>

namespace pullback::nn {

HolderBase::HolderBase(const HolderBase& other) : module_(other.module_) {
  auto* notes = detail::CloneNotes::current();
  if (notes && module_) notes->add({this, module_.get(), &HolderBase::rebind});
}

HolderBase::HolderBase(HolderBase&& other) noexcept : module_(std::move(other.module_)) {
  detail::CloneNotes::moved(&other, this);
}

HolderBase::~HolderBase() {
  detail::CloneNotes::forget(this);
}

Module* HolderBase::checked() const {
  check(module_ != nullptr, "ModuleHolder: accessing an empty ModuleHolder");
  return module_.get();
}

void HolderBase::rebind(void* holder, detail::CloneMemo& memo) {
  auto& self = *static_cast<HolderBase*>(holder);
  if (const auto found = memo.modules.find(self.module_.get()); found != memo.modules.end())
    self.module_ = found->second;
}

}  // namespace pullback::nn
