#pragma once

#include <array>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <pullback/nn/containers/any.h>

namespace pullback::parametrize {

/// What a right inverse gives: one tensor, or a list for a parametrization of several.
class TensorOrTensors {
 public:
  TensorOrTensors(Tensor one) : list_{std::move(one)}, is_tensor_(true) {}
  TensorOrTensors(std::vector<Tensor> list) : list_(std::move(list)), is_tensor_(false) {}
  /// The one tensor, or null for a list.
  const Tensor* tensor() const { return is_tensor_ ? list_.data() : nullptr; }
  /// All of them, be it one.
  const std::vector<Tensor>& list() const { return list_; }

 private:
  std::vector<Tensor> list_;
  bool is_tensor_;
};

namespace detail {

template <class T>
struct Signature;
template <class R, class C, class... P>
struct Signature<R (C::*)(P...)> {
  static constexpr int arity = sizeof...(P);
  static constexpr bool takes_list =
      arity == 1 && ((std::is_same_v<std::remove_cvref_t<P>, TensorList> ||
                      std::is_same_v<std::remove_cvref_t<P>, std::vector<Tensor>>)&&...);
};
template <class R, class C, class... P>
struct Signature<R (C::*)(P...) const> : Signature<R (C::*)(P...)> {};
template <class R, class C, class... P>
struct Signature<R (C::*)(P...) noexcept> : Signature<R (C::*)(P...)> {};
template <class R, class C, class... P>
struct Signature<R (C::*)(P...) const noexcept> : Signature<R (C::*)(P...)> {};

template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;
template <class T, std::size_t N>
inline constexpr bool is_tuple<std::array<T, N>> = true;

/// Tensor, pair, tuple, array or vector as one type; a tuple of one stays a list.
template <class T>
TensorOrTensors gather(T&& result) {
  using R = std::remove_cvref_t<T>;
  if constexpr (std::is_same_v<R, TensorOrTensors> || std::is_same_v<R, std::vector<Tensor>>) {
    return std::forward<T>(result);
  } else if constexpr (is_tuple<R>) {
    return std::apply([](auto&&... part) { return std::vector<Tensor>{Tensor(part)...}; },
                      std::forward<T>(result));
  } else {
    static_assert(std::is_convertible_v<T, Tensor>,
                  "right_inverse must return a Tensor or a sequence of tensors");
    return Tensor(std::forward<T>(result));
  }
}

}  // namespace detail

/// A module with its forward, of one tensor or of several, and its right inverse if it has one.
///
/// Any module can be one: its `Tensor forward(const Tensor&…)` maps the originals to the value, and
/// `right_inverse(const Tensor&)`, where it exists, maps a value back to a tensor, or to a pair,
/// tuple, array or vector of them. Given as a holder, a shared_ptr, a module, a callable, or a pair
/// of callables (forward and right inverse).
class AnyParametrization {
 public:
  /// The calls of one class, which do not refer to an object: a copy of the module can use them.
  struct Calls {
    int arity = 1;  ///< number of tensors that forward takes; −1: a list of any length
    Tensor (*forward)(nn::Module&, TensorList) = nullptr;
    TensorOrTensors (*right_inverse)(nn::Module&, const Tensor&) = nullptr;
  };

  template <class M>
  requires std::is_base_of_v<nn::Module, M> AnyParametrization(std::shared_ptr<M> module)
      : module_(std::move(module)), calls_(calls_of<M>()) {
    check<TypeError>(module_ != nullptr, "register_parametrization: the parametrization is null");
    nn::Module::remember_type(static_cast<M&>(*module_));
  }
  template <class Contained>
  AnyParametrization(const nn::ModuleHolder<Contained>& holder)
      : AnyParametrization(holder.ptr()) {}
  /// A deep copy of a module given by value.
  template <class M>
  requires std::is_base_of_v<nn::Module, M> AnyParametrization(const M& module)
      : AnyParametrization(nn::AnyModule(module).template ptr<M>()) {}
  /// A callable of tensors, such as a lambda.
  template <class F>
  requires(
      !std::is_base_of_v<nn::Module, F> && requires { &F::operator(); } &&
      !requires { typename F::ContainedType; }) AnyParametrization(F forward)
      : AnyParametrization(std::move(forward), nullptr) {}
  /// A forward and its right inverse.
  template <class F, class R>
  requires requires { &F::operator(); }
  AnyParametrization(std::pair<F, R> both)
      : AnyParametrization(std::move(both.first), std::move(both.second)) {}

  const std::shared_ptr<nn::Module>& module() const { return module_; }
  const Calls& calls() const { return calls_; }

 private:
  using Forward = std::function<Tensor(TensorList)>;
  using RightInverse = std::function<TensorOrTensors(const Tensor&)>;
  friend class LambdaImpl;

  template <class F, class R>
  AnyParametrization(F forward, R right_inverse) {
    using S = detail::Signature<decltype(&F::operator())>;
    RightInverse inverse;
    if constexpr (!std::is_same_v<R, std::nullptr_t>)
      inverse = [r = std::move(right_inverse)](const Tensor& value) mutable {
        return detail::gather(r(value));
      };
    Forward all = [f = std::move(forward)](TensorList x) mutable -> Tensor {
      if constexpr (S::takes_list)
        return f(x.vec());
      else
        return spread(f, x, std::make_index_sequence<S::arity>());
    };
    become_lambda(S::takes_list ? -1 : S::arity, std::move(all), std::move(inverse));
  }
  /// Makes a module of functions; `right_inverse` may be empty.
  void become_lambda(int arity, Forward forward, RightInverse right_inverse);

  template <class F, std::size_t... I>
  static Tensor spread(F& f, TensorList x, std::index_sequence<I...>) {
    return f(x[I]...);
  }
  template <class M, std::size_t... I>
  static Tensor call(nn::Module& module, TensorList x, std::index_sequence<I...>) {
    return nn::call(static_cast<M&>(module), x[I]...);
  }

  // A list is looked for first: one tensor converts to it too.
  template <class M>
  static constexpr bool takes_list() {
    if constexpr (requires { &M::forward; })
      return detail::Signature<decltype(&M::forward)>::takes_list;
    else
      return false;
  }

  template <class M>
  static constexpr int arity_of() {
    if constexpr (takes_list<M>()) {
      return -1;
    } else if constexpr (requires(M & m, const Tensor& x) { m.forward(x); }) {
      return 1;
    } else {
      static_assert(
          requires { &M::forward; },
          "a parametrization needs one `Tensor forward(const Tensor&)`; wrap an "
          "overloaded forward in a lambda");
      return detail::Signature<decltype(&M::forward)>::arity;
    }
  }

  template <class M>
  static Calls calls_of() {
    static constexpr int arity = arity_of<M>();
    Calls calls;
    calls.arity = arity;
    if constexpr (arity == 1) {
      calls.forward = [](nn::Module& m, TensorList x) {
        return call<M>(m, x, std::make_index_sequence<1>());
      };
    } else if constexpr (arity < 0) {
      calls.forward = [](nn::Module& m, TensorList x) -> Tensor {
        return static_cast<M&>(m).forward(x.vec());
      };
    } else {
      calls.forward = [](nn::Module& m, TensorList x) {
        return call<M>(m, x, std::make_index_sequence<arity>());
      };
    }
    if constexpr (requires(M & m, const Tensor& x) { m.right_inverse(x); })
      calls.right_inverse = [](nn::Module& m, const Tensor& value) {
        return detail::gather(static_cast<M&>(m).right_inverse(value));
      };
    return calls;
  }

  std::shared_ptr<nn::Module> module_;
  Calls calls_;
};

}  // namespace pullback::parametrize
