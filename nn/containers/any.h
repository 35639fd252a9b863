#pragma once

#include <any>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <pullback/nn/holder.h>
#include <pullback/nn/repr.h>

namespace pullback::nn {

/// A module of any type with its `forward`, called with whatever arguments that takes. Attributes
/// among the arguments become Tensors.
class AnyModule : public HolderBase {
 public:
  AnyModule() = default;
  template <class M>
  requires std::is_base_of_v<Module, M> AnyModule(std::shared_ptr<M> module)
      : HolderBase(std::move(module)), calls_(&calls_of<M>) {
    check(module_ != nullptr, "AnyModule: the module is null");
    Module::remember_type(static_cast<M&>(*module_));
  }
  template <class Contained>
  AnyModule(const ModuleHolder<Contained>& holder) : AnyModule(holder.ptr()) {}
  /// A deep copy of a module given by value.
  template <class M>
  requires std::is_base_of_v<Module, M>
  explicit AnyModule(const M& module) : AnyModule(cloned(module)) {}

  const std::shared_ptr<Module>& ptr() const noexcept { return module_; }
  /// The module as an M. Throws TypeError when it is none.
  template <class M>
  std::shared_ptr<M> ptr() const {
    auto typed = std::dynamic_pointer_cast<M>(module_);
    check<TypeError>(typed != nullptr, "AnyModule: attempted to cast ",
                     module_ ? module_->base_name() : "an empty module", " to ",
                     class_name(typeid(M)));
    return typed;
  }
  /// The same by reference, or as a holder: `any.get<Linear>()`.
  template <class M>
  decltype(auto) get() const {
    if constexpr (requires { typename M::ContainedType; }) {
      return M(ptr<typename M::ContainedType>());
    } else {
      return static_cast<M&>(*ptr<M>());
    }
  }

  /// Calls forward, with hooks, and converts what it returns. Throws TypeError when arguments or
  /// result have other types than forward's.
  template <class Result = Tensor, class... Args>
  Result forward(Args&&... args) const {
    checked();
    if constexpr (sizeof...(Args) == 1 && (std::is_convertible_v<Args&&, Tensor> && ...) &&
                  std::is_same_v<Result, Tensor>) {
      if (calls_->tensor) return calls_->tensor(*module_, Tensor(args)...);
    }
    std::any values[] = {std::any(decayed(std::forward<Args>(args)))..., std::any()};
    return unpack<Result>(call(values, sizeof...(Args)));
  }
  /// As above with the arguments packed.
  std::any call(std::any* args, std::size_t count) const;
  /// Feeds what one module returned to the next.
  std::any pass(std::any value) const;
  template <class Result>
  Result unpack(std::any value) const {
    if constexpr (std::is_void_v<Result>) {
      return;
    } else {
      auto* typed = std::any_cast<Result>(&value);
      check<TypeError>(typed != nullptr, module_->name(), ": forward returned another type than ",
                       class_name(typeid(Result)));
      return std::move(*typed);
    }
  }

 private:
  struct Calls {
    Tensor (*tensor)(Module&, const Tensor&);
    std::any (*any)(Module&, std::any* args, std::size_t count);
    /// Takes a tuple apart for a forward of several arguments.
    bool (*spread)(std::any&, std::vector<std::any>&);
  };

  template <class T>
  static auto decayed(T&& value) {
    using D = std::remove_cvref_t<T>;
    if constexpr (std::is_base_of_v<TensorBase, D>)
      return Tensor(value);
    else
      return D(std::forward<T>(value));
  }

  template <class M>
  static Tensor call_tensor(Module& module, const Tensor& x) {
    return nn::call(static_cast<M&>(module), x);
  }

  template <class M, class R, class... P, std::size_t... I>
  static std::any call_typed(M& module, R (M::*)(P...), std::any* args, std::size_t count,
                             std::index_sequence<I...>) {
    check<TypeError>(count == sizeof...(P), module.name(), ": forward takes ", sizeof...(P),
                     " arguments, but ", count, " were given");
    auto take = [&]<class A>(std::type_identity<A>, std::size_t i) -> A& {
      A* typed = std::any_cast<A>(&args[i]);
      check<TypeError>(typed != nullptr, module.name(), ": argument ", i,
                       " of forward is not of type ", class_name(typeid(A)));
      return *typed;
    };
    auto run = [&]() -> decltype(auto) {
      return nn::call(module, static_cast<std::remove_reference_t<P>&>(
                                  take(std::type_identity<std::remove_cvref_t<P>>(), I))...);
    };
    if constexpr (std::is_void_v<R>) {
      run();
      return {};
    } else {
      return std::any(decayed(run()));
    }
  }
  template <class M, class R, class Base, class... P>
  static std::any call_member(Module& module, R (Base::*)(P...), std::any* args,
                              std::size_t count) {
    return call_typed(static_cast<M&>(module), static_cast<R (M::*)(P...)>(nullptr), args, count,
                      std::index_sequence_for<P...>());
  }
  template <class M, class R, class Base, class... P>
  static std::any call_member(Module& module, R (Base::*)(P...) const, std::any* args,
                              std::size_t count) {
    return call_typed(static_cast<M&>(module), static_cast<R (M::*)(P...)>(nullptr), args, count,
                      std::index_sequence_for<P...>());
  }
  template <class R, class Base, class... P>
  static bool spread_for(R (Base::*)(P...), std::any& value, std::vector<std::any>& parts) {
    if constexpr (sizeof...(P) > 1) {
      auto* tuple = std::any_cast<std::tuple<std::remove_cvref_t<P>...>>(&value);
      if (!tuple) return false;
      std::apply([&](auto&... part) { (parts.emplace_back(std::move(part)), ...); }, *tuple);
      return true;
    } else {
      return false;
    }
  }
  template <class R, class Base, class... P>
  static bool spread_for(R (Base::*)(P...) const, std::any& value, std::vector<std::any>& parts) {
    return spread_for(static_cast<R (Base::*)(P...)>(nullptr), value, parts);
  }

  template <class M>
  static constexpr Calls make_calls() {
    Calls calls{};
    if constexpr (requires(M & m, const Tensor& x) {
                    { m.forward(x) } -> std::convertible_to<Tensor>;
                  })
      calls.tensor = &call_tensor<M>;
    if constexpr (requires { &M::forward; }) {
      calls.any = [](Module& module, std::any* args, std::size_t count) {
        return call_member<M>(module, &M::forward, args, count);
      };
      calls.spread = [](std::any& value, std::vector<std::any>& parts) {
        return spread_for(&M::forward, value, parts);
      };
    }
    return calls;
  }
  template <class M>
  static constexpr Calls calls_of = make_calls<M>();

  template <class M>
  static std::shared_ptr<M> cloned(const M& module) {
    Module::remember_type(const_cast<M&>(module));
    return std::static_pointer_cast<M>(module.clone());
  }

  const Calls* calls_ = nullptr;
};

}  // namespace pullback::nn
