#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/tensor.h>

namespace pullback::autograd {

using Variable = Tensor;
using variable_list = std::vector<Tensor>;
using tensor_list = std::vector<Tensor>;

/// A number, text or list that a custom function keeps for its backward; libtorch's IValue, as far
/// as such functions use it. Reading it as another kind throws TypeError.
class SavedValue {
 public:
  SavedValue() = default;
  SavedValue(bool value) : kind_(Kind::Bool), int_(value) {}
  SavedValue(int value) : kind_(Kind::Int), int_(value) {}
  SavedValue(std::int64_t value) : kind_(Kind::Int), int_(value) {}
  SavedValue(double value) : kind_(Kind::Double), double_(value) {}
  SavedValue(const char* value) : kind_(Kind::String), string_(value) {}
  SavedValue(std::string value) : kind_(Kind::String), string_(std::move(value)) {}
  SavedValue(IntArrayRef value) : kind_(Kind::IntVector), ints_(value.vec()) {}
  SavedValue(const std::vector<std::int64_t>& value) : kind_(Kind::IntVector), ints_(value) {}
  SavedValue(Tensor value) : kind_(Kind::Tensor), tensor_(std::move(value)) {}

  bool toBool() const { return of_kind(Kind::Bool, "bool").int_ != 0; }
  std::int64_t toInt() const { return of_kind(Kind::Int, "int").int_; }
  double toDouble() const { return of_kind(Kind::Double, "double").double_; }
  const std::string& toStringRef() const { return of_kind(Kind::String, "string").string_; }
  const std::vector<std::int64_t>& toIntVector() const {
    return of_kind(Kind::IntVector, "list of ints").ints_;
  }
  const Tensor& toTensor() const { return of_kind(Kind::Tensor, "Tensor").tensor_; }

 private:
  enum class Kind { None, Bool, Int, Double, String, IntVector, Tensor };
  const SavedValue& of_kind(Kind kind, const char* name) const;

  // Not a std::variant, which costs every program that includes this 0.15 s of compilation.
  Kind kind_ = Kind::None;
  std::int64_t int_ = 0;
  double double_ = 0;
  std::string string_;
  std::vector<std::int64_t> ints_;
  Tensor tensor_;
};

class FunctionNode;

/// What a custom function's forward tells its backward.
class AutogradContext {
 public:
  AutogradContext();
  ~AutogradContext();

  /// Keeps inputs or outputs for the backward, which reads them with get_saved_variables().
  /// Intermediate values belong into saved_data, or into a Function of their own.
  void save_for_backward(variable_list to_save) { to_save_ = std::move(to_save); }
  /// The saved tensors with their place in the graph. Throws RuntimeError when one was changed in
  /// place or has been released.
  variable_list get_saved_variables() const;
  /// Values other than tensors that take part in the gradient.
  std::unordered_map<std::string, SavedValue> saved_data;

  /// These inputs were changed in place; each has to be returned.
  void mark_dirty(const variable_list& inputs);
  /// These outputs carry no gradient.
  void mark_non_differentiable(const variable_list& outputs);
  /// With true (the default) the gradient of an output that nobody used is zero, with false it is
  /// undefined.
  void set_materialize_grads(bool value) { materialize_grads_ = value; }
  /// Does forward's tensor number i (others do not count) require a gradient?
  bool needs_input_grad(std::size_t i) const;

 private:
  friend class FunctionNode;
  friend class FunctionCall;
  variable_list to_save_;
  std::vector<const TensorImpl*> dirty_, non_differentiable_;
  std::vector<bool> needs_;
  bool materialize_grads_ = true;
  FunctionNode* node_ = nullptr;
};

/// One call of a custom function: looks at the arguments, then makes outputs of what forward
/// returned.
class FunctionCall {
 public:
  using Backward = variable_list (*)(AutogradContext*, variable_list);
  FunctionCall(const std::type_info& type, Backward backward, bool once_differentiable);
  ~FunctionCall();
  FunctionCall(const FunctionCall&) = delete;
  FunctionCall& operator=(const FunctionCall&) = delete;

  void look_at(const Tensor& x);
  void look_at(const std::optional<Tensor>& x) { look_at(x.value_or(Tensor())); }
  void look_at(const std::vector<Tensor>& list) { look_at(TensorList(list)); }
  void look_at(TensorList list) {
    for (const Tensor& x : list) look_at(x);
  }
  template <class A>
  void look_at(const A&) {
    note_other();
  }
  /// Call after all arguments, before forward.
  AutogradContext* begin();
  /// What forward returned.
  void note_output(Tensor& y);
  void note_output(std::vector<Tensor>& list) {
    for (Tensor& y : list) note_output(y);
  }
  template <class... T>
  void note_output(std::tuple<T...>& parts) {
    std::apply([this](auto&... part) { (this->note_output(part), ...); }, parts);
  }
  /// Call after all outputs: gives them their place in the graph.
  void end();

 private:
  void note_other();
  void wrap(Tensor& y, std::size_t i);

  FunctionNode* node_;  ///< counted
  std::vector<Tensor> inputs_;
  std::vector<Tensor*> outputs_;
  bool records_ = false;
};

namespace detail {

/// An attribute goes to forward as the Tensor it is worth, evaluated once.
template <class A>
decltype(auto) argument(A&& a) {
  if constexpr (std::is_base_of_v<TensorBase, std::remove_cvref_t<A>>) {
    return Tensor(std::forward<A>(a));
  } else {
    return std::forward<A>(a);
  }
}

template <class T>
concept OnceDifferentiable = T::once_differentiable;

}  // namespace detail

/// A function whose gradient its author writes:
///
///     struct Exp : autograd::Function<Exp> {
///       static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
///         Tensor y = x.exp();
///         ctx->save_for_backward({y});
///         return y;
///       }
///       static autograd::tensor_list backward(autograd::AutogradContext* ctx,
///                                             autograd::tensor_list g) {
///         return {g[0] * ctx->get_saved_variables()[0]};
///       }
///     };
///     Tensor y = Exp::apply(x);
///
/// forward returns a Tensor, a std::vector of them or a tuple, and is not recorded. backward
/// returns a gradient for each of forward's arguments, undefined for what is no tensor; gradients
/// of higher order differentiate it. With `static constexpr bool once_differentiable = true;`
/// backward is not recorded, and differentiating its result throws. The node is named ExpBackward.
template <class T>
class Function {
 public:
  template <class X = T, class... Args>
  static auto apply(Args&&... args)
      -> std::decay_t<decltype(X::forward(nullptr,
                                          detail::argument(std::forward<Args>(args))...))> {
    return call<X>(detail::argument(std::forward<Args>(args))...);
  }

 private:
  template <class X, class... Args>
  static auto call(Args&&... args) {
    FunctionCall call(
        typeid(X),
        [](AutogradContext* context, variable_list grads) -> variable_list {
          return X::backward(context, std::move(grads));
        },
        detail::OnceDifferentiable<X>);
    (call.look_at(args), ...);
    AutogradContext* context = call.begin();
    std::decay_t<decltype(X::forward(context, std::forward<Args>(args)...))> outputs = [&] {
      const NoGradGuard no_grad;
      return X::forward(context, std::forward<Args>(args)...);
    }();
    call.note_output(outputs);
    call.end();
    return outputs;
  }
};

}  // namespace pullback::autograd
