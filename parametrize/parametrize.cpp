#include <pullback/parametrize/parametrize.h>

#include <ostream>

#include <pullback/core/autograd/grad_mode.h>

namespace pullback::parametrize {

namespace {

constexpr const char* kChild = "parametrizations";

std::shared_ptr<nn::ModuleDictImpl> lists_of(const nn::Module& module) {
  const auto children = module.named_children();
  const auto* child = children.find(kChild);
  return child ? std::dynamic_pointer_cast<nn::ModuleDictImpl>(*child) : nullptr;
}

std::shared_ptr<ParametrizationList> list_of(const nn::Module& module, const std::string& name) {
  const auto lists = lists_of(module);
  return lists && lists->contains(name)
             ? std::dynamic_pointer_cast<ParametrizationList>((*lists)[name])
             : nullptr;
}

// Sets a module to a training mode, and back to what it was in unless told to keep it.
class TrainingMode {
 public:
  TrainingMode(nn::Module& module, bool on) {
    module.apply([&](nn::Module& m) { before_.emplace_back(&m, m.is_training()); });
    module.train(on);
  }
  ~TrainingMode() {
    for (const auto& [module, on] : before_) module->train(on);
  }
  TrainingMode(const TrainingMode&) = delete;
  TrainingMode& operator=(const TrainingMode&) = delete;
  void keep() { before_.clear(); }

 private:
  std::vector<std::pair<nn::Module*, bool>> before_;
};

// The slot's value becomes the list's; its tensor, if the list has one original, becomes that.
void install(nn::Module& module, nn::ParamSlot& slot, std::shared_ptr<ParametrizationList> list) {
  auto lists = lists_of(module);
  if (!lists) lists = module.register_module(kChild, std::make_shared<nn::ModuleDictImpl>());
  list->train(module.is_training());
  if (list->is_tensor()) {
    nn::ParamSlot& original = *list->slots()[0];
    const Tensor kept = slot.tensor();
    if (!original.is_same(kept)) {
      kept.set_data(original.tensor());
      original.set_tensor(kept);
    }
  }
  lists->insert(slot.key(), list);
  nn::Module::remember_type(*list);
  slot.set_tensor(Tensor());
  slot.set_source(std::move(list));
}

void check_interceptable(const nn::Module& module, const nn::ParamSlot& slot) {
  check(slot.interceptable() || !slot.had_member(), "register_parametrization: '", slot.key(),
        "' of ", module.base_name(),
        " is not what its member holds, which was assigned another tensor; assign with attr(\"",
        slot.key(), "\") = … to change both");
  check(slot.interceptable(), "register_parametrization: '", slot.key(), "' of ",
        module.base_name(),
        " is read through a plain Tensor, which cannot be intercepted; declare the member "
        "`nn::Attribute ",
        slot.key(), "`");
}

// The tensor that a slot, or the list behind it, keeps through registration and removal.
Tensor kept_tensor(const nn::ParamSlot& slot) {
  if (!slot.computed()) return slot.tensor();
  const auto* list = dynamic_cast<const ParametrizationList*>(slot.source().get());
  return list && list->is_tensor() && list->count() == 1 ? kept_tensor(*list->slots()[0])
                                                         : Tensor();
}

}  // namespace

ParametrizationList& Parametrizations::operator[](const std::string& name) const {
  return *lists_->ptr<ParametrizationList>(name);
}

std::ostream& operator<<(std::ostream& stream, const Parametrizations& parametrizations) {
  return stream << parametrizations.module();
}

nn::Module& register_parametrization(nn::Module& module, const std::string& name,
                                     AnyParametrization parametrization, bool unsafe) {
  check<ValueError>(parametrization.module() != nullptr,
                    "register_parametrization: the parametrization was moved from");
  check<ValueError>(!parametrization.module()->contains(module),
                    "register_parametrization: the parametrization is or contains ", module.name(),
                    " itself, whose '", name, "' it would compute");
  TrainingMode mode(*parametrization.module(), module.is_training());
  nn::ParamSlot* slot = module.find_slot(name);
  check<ValueError>(slot != nullptr, "Module '", module.repr(),
                    "' does not have a parameter, a buffer, or a parametrized element with name '",
                    name, "'");
  if (const auto list = list_of(module, name)) {
    list->check_ready("register_parametrization");
    list->append(parametrization, name, unsafe);
  } else {
    check<ValueError>(slot->defined(), "register_parametrization: '", name, "' of ",
                      module.base_name(), " is None: there is no tensor to parametrize");
    check_interceptable(module, *slot);
    install(module, *slot, std::make_shared<ParametrizationList>(*slot, parametrization, unsafe));
  }
  mode.keep();
  return module;
}

bool is_parametrized(const nn::Module& module, const std::optional<std::string>& name) {
  const auto lists = lists_of(module);
  if (!lists) return false;
  return name ? lists->contains(*name) : !lists->empty();
}

nn::Module& remove_parametrizations(nn::Module& module, const std::string& name,
                                    bool leave_parametrized) {
  const auto list = list_of(module, name);
  check<ValueError>(list != nullptr, "Module ", module.repr(),
                    " does not have a parametrization on ", name);
  list->check_ready("remove_parametrizations");
  check(module.find_slot(name) != nullptr, "remove_parametrizations: ", module.base_name(),
        " has no '", name, "' any more");
  nn::ParamSlot& slot = *module.find_slot(name);
  Tensor kept = kept_tensor(slot);
  if (leave_parametrized) {
    const NoGradGuard no_grad;
    const Tensor value = slot.value().detach().clone();
    if (kept.defined()) {
      check(kept.scalar_type() == value.scalar_type(),
            "Calling remove_parametrizations() with leave_parametrized=True for a parameter that "
            "changed dtype from ",
            kept.scalar_type(), " to ", value.scalar_type(), " is not possible");
      kept.set_data(value);
    } else {
      bool requires_grad = false;
      for (const Tensor& original : list->parameters(/*recurse=*/false))
        requires_grad = requires_grad || original.requires_grad();
      kept = value;
      kept.get()->requires_grad = requires_grad;
    }
  } else {
    check<ValueError>(list->is_tensor(),
                      "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
                      "parametrized in terms of a sequence of tensors.");
    check<ValueError>(!list->slots()[0]->computed(), "remove_parametrizations: the original of '",
                      name,
                      "' is itself parametrized; remove that first, or leave it parametrized");
  }

  const auto lists = lists_of(module);
  lists->unregister_module(name);
  slot.set_source(nullptr);
  slot.set_tensor(kept);
  if (lists->empty()) module.unregister_module(kChild);
  return module;
}

nn::Module& transfer_parametrizations_and_params(const nn::Module& from, nn::Module& to,
                                                 const std::optional<std::string>& name) {
  if (!is_parametrized(from)) return to;
  struct Move {
    std::string key;
    std::shared_ptr<ParametrizationList> list;
  };
  std::vector<Move> moves;
  for (const auto& key : name ? std::vector{*name} : lists_of(from)->keys()) {
    const auto list = list_of(from, key);
    check<KeyError>(list != nullptr, "transfer_parametrizations_and_params: '", key, "' of ",
                    from.base_name(), " is not parametrized");
    list->check_ready("transfer_parametrizations_and_params");
    auto copy = std::dynamic_pointer_cast<ParametrizationList>(list->clone());
    if (const nn::ParamSlot* slot = to.find_slot(key)) {
      check<ValueError>(!slot->computed(), "transfer_parametrizations_and_params: '", key, "' of ",
                        to.base_name(), " is parametrized already");
      check<ValueError>(slot->defined(), "transfer_parametrizations_and_params: '", key, "' of ",
                        to.base_name(), " is None");
      check_interceptable(to, *slot);
      // Of a copy of its own: an evaluation may change what a parametrization keeps.
      const auto trial = std::dynamic_pointer_cast<ParametrizationList>(list->clone());
      const Tensor value = trial->compute();
      check<ValueError>(
          slot->sizes() == value.sizes() && slot->scalar_type() == value.scalar_type(),
          "transfer_parametrizations_and_params: Registering a parametrization may not change the "
          "shape or dtype of the tensor: '",
          key, "' is ", slot->sizes(), " and its parametrization gives ", value.sizes());
    }
    moves.push_back({key, std::move(copy)});
  }
  for (auto& [key, list] : moves) {
    nn::ParamSlot* slot = to.find_slot(key);
    if (!slot)
      slot = &to.register_parameter(
          key, list->is_tensor() ? list->slots()[0]->value().detach().clone() : Tensor());
    if (list->is_tensor() && !list->slots()[0]->computed())
      slot->tensor().get()->requires_grad = list->slots()[0]->requires_grad();
    install(to, *slot, std::move(list));
  }
  return to;
}

Parametrizations parametrizations(const nn::Module& module) {
  auto lists = lists_of(module);
  if (!lists)
    pullback::detail::fail<ValueError>("parametrizations: ", module.base_name(), " has none");
  return Parametrizations(std::move(lists));
}

}  // namespace pullback::parametrize
