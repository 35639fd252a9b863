#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <typeindex>
#include <vector>

#include <pullback/nn/containers/module_dict.h>
#include <pullback/parametrize/cached.h>
#include <pullback/parametrize/parametrization_list.h>

/// Tensors of modules as functions of other tensors: a weight that is symmetric, orthogonal, of
/// norm one … because it is computed so from an unconstrained one, at each read.
///
///     nn::Linear layer(3, 3);
///     parametrize::register_parametrization(layer, "weight", Skew());
///     Tensor w = layer->weight;                             // computed now
///     layer->weight = x - x.mT();                           // through right_inverse
///     parametrize::parametrizations(layer)["weight"][0];    // the Skew
///     parametrize::remove_parametrizations(layer, "weight");
namespace pullback::parametrize {

// g++ 14 takes a reference into what a Parametrizations refers to for one into the object itself.
#if __has_cpp_attribute(gnu::no_dangling)
#define PULLBACK_REFERS [[gnu::no_dangling]]
#else
#define PULLBACK_REFERS
#endif

/// The parametrizations of one module, by name of the tensor. It shares them, so references to them
/// outlive it.
class PULLBACK_REFERS Parametrizations {
 public:
  explicit Parametrizations(std::shared_ptr<nn::ModuleDictImpl> lists) : lists_(std::move(lists)) {}
  /// Throws KeyError for a tensor without any.
  ParametrizationList& operator[](const std::string& name) const;
  bool contains(const std::string& name) const { return lists_->contains(name); }
  std::vector<std::string> keys() const { return lists_->keys(); }
  std::size_t size() const { return lists_->size(); }
  const nn::ModuleDictImpl& module() const { return *lists_; }

 private:
  std::shared_ptr<nn::ModuleDictImpl> lists_;
};
#undef PULLBACK_REFERS
std::ostream& operator<<(std::ostream& stream, const Parametrizations& parametrizations);

/// Makes the module's parameter or buffer `name` a function of an unconstrained tensor, which takes
/// its place as `parametrizations.<name>.original`; on a tensor that has one already, applies the
/// new one to its value. The value is kept where the parametrization has a right_inverse, which
/// finds the originals for it. Unless `unsafe`, checks that type and shape stay. When anything
/// throws, nothing has changed. Throws ValueError, TypeError, RuntimeError.
nn::Module& register_parametrization(nn::Module& module, const std::string& name,
                                     AnyParametrization parametrization, bool unsafe = false);

/// Has the module, or its tensor `name`, a parametrization?
bool is_parametrized(const nn::Module& module, const std::optional<std::string>& name = {});

/// Makes the tensor `name` an ordinary one again: its present value, or its original if
/// !leave_parametrized. A parameter made from one original stays the same object, so that
/// optimizers keep it. Throws ValueError where there is none to remove.
nn::Module& remove_parametrizations(nn::Module& module, const std::string& name,
                                    bool leave_parametrized = true);

/// Gives `to` copies of the parametrizations of `from` (of all its tensors, or one) with copies of
/// their originals. Throws KeyError for an unknown name, ValueError where shapes differ.
nn::Module& transfer_parametrizations_and_params(const nn::Module& from, nn::Module& to,
                                                 const std::optional<std::string>& name = {});

/// The parametrizations of a module. Throws ValueError when it has none.
Parametrizations parametrizations(const nn::Module& module);

/// The module's class, which registering does not change.
inline std::type_index type_before_parametrizations(const nn::Module& module) {
  return typeid(module);
}

// ---- the same for holders and shared pointers, which they return
template <class P>
concept PointsToModule = requires(const P& p) {
  { *p } -> std::convertible_to<const nn::Module&>;
  p.operator->();
};

namespace detail {

/// The module of a holder or shared pointer. Throws where there is none.
template <PointsToModule P>
decltype(auto) module_of(const char* op, const P& pointer) {
  if constexpr (requires { pointer == nullptr; })
    check<ValueError>(pointer != nullptr, op, ": the module is a null pointer");
  return *pointer;
}

}  // namespace detail

template <PointsToModule P>
const P& register_parametrization(const P& module, const std::string& name,
                                  AnyParametrization parametrization, bool unsafe = false) {
  register_parametrization(detail::module_of("register_parametrization", module), name,
                           std::move(parametrization), unsafe);
  return module;
}
template <PointsToModule P>
bool is_parametrized(const P& module, const std::optional<std::string>& name = {}) {
  return is_parametrized(detail::module_of("is_parametrized", module), name);
}
template <PointsToModule P>
const P& remove_parametrizations(const P& module, const std::string& name,
                                 bool leave_parametrized = true) {
  remove_parametrizations(detail::module_of("remove_parametrizations", module), name,
                          leave_parametrized);
  return module;
}
template <PointsToModule From, PointsToModule To>
const To& transfer_parametrizations_and_params(const From& from, const To& to,
                                               const std::optional<std::string>& name = {}) {
  transfer_parametrizations_and_params(
      detail::module_of("transfer_parametrizations_and_params", from),
      detail::module_of("transfer_parametrizations_and_params", to), name);
  return to;
}
template <PointsToModule P>
Parametrizations parametrizations(const P& module) {
  return parametrizations(detail::module_of("parametrizations", module));
}
template <PointsToModule P>
std::type_index type_before_parametrizations(const P& module) {
  return type_before_parametrizations(detail::module_of("type_before_parametrizations", module));
}

}  // namespace pullback::parametrize
