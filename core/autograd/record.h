#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/autograd/op_node.h>
#include <pullback/core/autograd/saved.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/factories.h>
#include <pullback/core/function_ref.h>

/// How an operation is remembered. An op computes its value and hands it to `record` with a rule
/// for each input:
///
///     Tensor tanh(const Tensor& x) {
///       return record("TanhBackward0", map(x, kernels().tanh),
///                     wrt(x, [](const Tensor& g, const Tensor& y) { return g * (1 - y * y); }));
///     }
///
/// A rule takes the incoming gradient `g`, or as `Tensor&& g` takes it over, to write its result
/// over it or to hand it on (ops/spent.h); `(g, y)` also keeps the output; a last parameter `Needs`
/// tells which of its inputs anybody wants. An op with several outputs gets `const Tensors& g` and
/// `const Tensors& y`. A formula with a method `takes_last_step` that returns true may be given a
/// gradient that lacks its last step (last_step.h). Inputs are kept only where a rule captures
/// `saved(x)`. Rules are written in differentiable operations, so gradients of gradients come for
/// free. The engine sums each gradient back over broadcast dimensions and casts it to its input's
/// type.
namespace pullback::autograd {

/// A rule for the gradients of N inputs. Like the list rule, it refers to tensors and a formula
/// that live until the end of the expression which calls `record`; only a node that is really made
/// takes the formula.
template <class F, int N>
struct Rule {
  using Formula = F;
  const Tensor* in[N];
  F& formula;

  Inputs inputs() const { return {in, N}; }
  bool needs_node() const {
    for (const Tensor* x : in)
      if (requires_grad(*x)) return true;
    return false;
  }
};

/// A rule for a list of inputs, whose formula returns a std::vector of gradients.
template <class F>
struct ListRule {
  using Formula = F;
  TensorList in;
  F& formula;

  Inputs inputs() const { return Inputs(in); }
  bool needs_node() const {
    const Inputs all = inputs();
    return any_requires_grad(&all, 1);
  }
};

template <class F>
Rule<F, 1> wrt(const Tensor& x, F&& formula) {
  return {{&x}, formula};
}
/// One rule for the gradients of two inputs, returned as a pair: where they share work.
template <class F>
Rule<F, 2> wrt(const Tensor& a, const Tensor& b, F&& formula) {
  return {{&a, &b}, formula};
}
template <class F>
Rule<F, 3> wrt(const Tensor& a, const Tensor& b, const Tensor& c, F&& formula) {
  return {{&a, &b, &c}, formula};
}
template <class F>
ListRule<F> wrt(TensorList list, F&& formula) {
  return {list, formula};
}

namespace detail {

template <class F, class G>
inline constexpr bool keeps_output =
    std::is_invocable_v<F&, G, const G&> || std::is_invocable_v<F&, G, const G&, Needs>;

/// Calls a formula with `g`, of type `const G&` or `G&&`.
template <class F, class G, class Y>
decltype(auto) call(F& f, G&& g, const Y& y, Needs needs) {
  if constexpr (std::is_invocable_v<F&, G, const Y&, Needs>)
    return f(std::forward<G>(g), y, needs);
  else if constexpr (std::is_invocable_v<F&, G, const Y&>)
    return f(std::forward<G>(g), y);
  else if constexpr (std::is_invocable_v<F&, G, Needs>)
    return f(std::forward<G>(g), needs);
  else
    return f(std::forward<G>(g));
}

template <class F, class G>
inline constexpr bool takes =
    std::is_invocable_v<F&, G> || std::is_invocable_v<F&, G, Needs> ||
    std::is_invocable_v<F&, G, const Tensor&> || std::is_invocable_v<F&, G, const Tensor&, Needs>;

template <class Result>
void store(Result&& result, Tensor* grads) {
  using R = std::remove_cvref_t<Result>;
  if constexpr (std::is_convertible_v<R, Tensor>) {
    grads[0] = std::forward<Result>(result);
  } else if constexpr (std::is_same_v<R, std::vector<Tensor>>) {
    for (std::size_t i = 0; i < result.size(); ++i) grads[i] = std::move(result[i]);
  } else {
    std::apply(
        [&](auto&&... parts) {
          int i = 0;
          ((grads[i++] = std::move(parts)), ...);
        },
        std::forward<Result>(result));
  }
}

template <class F>
void run_formula(void* formula, Tensor* spent, const Tensors& g, const Tensors& y, Tensor* grads,
                 Needs needs) {
  F& f = *static_cast<F*>(formula);
  if constexpr (takes<F, const Tensor&>) {
    store(call(f, g[0], y[0], needs), grads);
  } else if constexpr (takes<F, Tensor>) {
    store(call(f, spent ? std::move(*spent) : Tensor(g[0]), y[0], needs), grads);
  } else {
    store(call(f, g, y, needs), grads);
  }
}

template <class F>
void destroy_formula(void* formula) {
  static_cast<F*>(formula)->~F();
}

template <class F>
inline constexpr FormulaType formula_type{&run_formula<F>, &destroy_formula<F>, sizeof(F),
                                          keeps_output<F, Tensor> || keeps_output<F, Tensors>};

/// Makes a node the one that `saved` captures belong to while its formulas are stored.
struct Construction {
  explicit Construction(Node* node) : previous(std::exchange(node_under_construction, node)) {}
  ~Construction() { node_under_construction = previous; }
  Node* previous;
};

/// The node for an operation with these rules, or null when nothing has to be recorded.
template <class... R>
Ref<Node> make_node(const char* name, R&... rules) {
  if (!GradMode::is_enabled() || !(rules.needs_node() || ...)) return {};
  const Inputs inputs[] = {rules.inputs()...};
  constexpr int count = sizeof...(R);
  static constexpr const FormulaType* types[] = {
      &formula_type<std::decay_t<typename R::Formula>>...};
  Ref<OpNode> node = OpNode::make(name, inputs, types, count);
  const Construction construction(node.get());
  int i = 0;
  (node->store(i++, std::forward<typename R::Formula>(rules.formula)), ...);
  return Ref<Node>::adopt(node.release());
}

inline void attach(Ref<Node> node, Tensor& y, std::size_t i) {
  node->note_output(i, y);
  if (!is_floating_point(y.get()->dtype)) return;
  y.get()->grad_fn = std::move(node);
  y.get()->output_nr = static_cast<std::uint32_t>(i);
}

}  // namespace detail

/// Remembers how y was made. With nothing to record, returns it as it is.
template <class... R>
Tensor record(const char* name, Tensor y, R... rules) {
  if (Ref<Node> node = detail::make_node(name, rules...)) detail::attach(std::move(node), y, 0);
  return y;
}

/// Remembers how several outputs were made; those of an integer type carry no gradient.
template <class... T, class... R>
std::tuple<T...> record(const char* name, std::tuple<T...> y, R... rules) {
  if (Ref<Node> node = detail::make_node(name, rules...)) {
    node->set_output_count(sizeof...(T));
    std::apply(
        [&](auto&... parts) {
          std::size_t i = 0;
          (detail::attach(node, parts, i++), ...);
        },
        y);
  }
  return y;
}

template <class... R>
std::vector<Tensor> record(const char* name, std::vector<Tensor> y, R... rules) {
  if (y.empty()) return y;
  if (Ref<Node> node = detail::make_node(name, rules...)) {
    node->set_output_count(y.size());
    for (std::size_t i = 0; i < y.size(); ++i) detail::attach(node, y[i], i);
  }
  return y;
}

/// Checks that `self` may get another history (not a leaf that requires grad, nor a view that
/// must not change). Throws RuntimeError.
void check_history(const char* op, const Tensor& self, const Inputs* rules, int count);

/// Checks that `self` may be changed in place with these operands (not a leaf that requires grad,
/// no expanded or overlapping memory). Throws RuntimeError.
void check_inplace(const char* op, const Tensor& self, const Inputs* rules, int count);

/// Runs `kernel`, which changes self, after every check, and remembers the change of the operation
/// `op` as a node called `name`; the first rule's
/// first input is self. A rule that needs the value before the change captures `saved_copy(self)`.
template <class K, class... R>
Tensor record_inplace(const char* op, const char* name, const Tensor& self, K kernel, R... rules) {
  const Inputs inputs[] = {rules.inputs()...};
  check_inplace(op, self, inputs, sizeof...(R));
  Ref<Node> node = detail::make_node(name, rules...);
  kernel();
  mark_changed(self);
  if (node) {
    node->note_output(0, self);
    rebase_history(self, std::move(node));
  }
  return self;
}

/// Changes self in place to f(self), where f is an operation that is recorded as one node with self
/// as its first input. For operations whose kernel has no in-place form.
Tensor change_to(const char* name, const Tensor& self, FunctionRef<Tensor(const Tensor&)> f);

/// As above for changes through which no gradient flows into self (fill_, zero_, random numbers):
/// self's gradient is zero where it was overwritten.
Tensor overwrite(const char* op, const char* name, const Tensor& self, FunctionRef<void()> kernel);

}  // namespace pullback::autograd
