#pragma once

#include <array>
#include <concepts>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/autograd/saved.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/factories.h>
#include <pullback/core/kernels/allocator.h>

/// How an operation is remembered. An op computes its value and hands it to `record` with a rule
/// for each input:
///
///     Tensor tanh(const Tensor& x) {
///       return record("TanhBackward0", map(x, kernels().tanh),
///                     wrt(x, [](const Tensor& g, const Tensor& y) { return g * (1 - y * y); }));
///     }
///
/// A rule takes the incoming gradient `g`; `(g, y)` also keeps the output; a last parameter `Needs`
/// tells which of its inputs anybody wants. An op with several outputs gets `const Tensors& g` and
/// `const Tensors& y`. Inputs are kept only where a rule captures `saved(x)`. Rules are written in
/// differentiable operations, so gradients of gradients come for free. The engine sums each
/// gradient back over broadcast dimensions and casts it to its input's type.
namespace pullback::autograd {

/// Several gradients or outputs; an undefined gradient is zero.
class Tensors {
 public:
  Tensors(const Tensor* data, std::size_t size) : data_(data), size_(size) {}
  const Tensor& operator[](std::size_t i) const { return data_[i]; }
  std::size_t size() const { return size_; }

 private:
  const Tensor* data_;
  std::size_t size_;
};

/// Does an operation on x have to be recorded?
inline bool requires_grad(const Tensor& x) {
  TensorImpl* impl = x.get();
  if (!impl) return false;
  if (impl->view != ViewKind::None) refresh_view(impl);
  return impl->requires_grad || impl->grad_fn;
}

/// A rule for the gradients of N inputs.
template <class F, int N>
struct Rule {
  static constexpr int inputs = N;
  const Tensor* in[N];
  F formula;

  int count() const { return N; }
  const Tensor& input(int i) const { return *in[i]; }
};

/// A rule for a list of inputs, whose formula returns a std::vector of gradients.
template <class F>
struct ListRule {
  static constexpr int inputs = -1;
  TensorList in;
  F formula;

  int count() const { return static_cast<int>(in.size()); }
  const Tensor& input(int i) const { return in[i]; }
};

template <class F>
Rule<F, 1> wrt(const Tensor& x, F formula) {
  return {{&x}, std::move(formula)};
}
/// One rule for the gradients of two inputs, returned as a pair: where they share work.
template <class F>
Rule<F, 2> wrt(const Tensor& a, const Tensor& b, F formula) {
  return {{&a, &b}, std::move(formula)};
}
template <class F>
Rule<F, 3> wrt(const Tensor& a, const Tensor& b, const Tensor& c, F formula) {
  return {{&a, &b, &c}, std::move(formula)};
}
template <class F>
ListRule<F> wrt(TensorList list, F formula) {
  return {list, std::move(formula)};
}

namespace detail {

template <class F, class G>
inline constexpr bool keeps_output = std::is_invocable_v<F&, const G&, const G&> ||
                                     std::is_invocable_v<F&, const G&, const G&, Needs>;

template <class F, class G>
decltype(auto) call(F& f, const G& g, const G& y, Needs needs) {
  if constexpr (std::is_invocable_v<F&, const G&, const G&, Needs>)
    return f(g, y, needs);
  else if constexpr (std::is_invocable_v<F&, const G&, const G&>)
    return f(g, y);
  else if constexpr (std::is_invocable_v<F&, const G&, Needs>)
    return f(g, needs);
  else
    return f(g);
}

template <class F>
inline constexpr bool takes_one =
    keeps_output<F, Tensor> || std::is_invocable_v<F&, const Tensor&> ||
    std::is_invocable_v<F&, const Tensor&, Needs>;

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

/// A rule inside a node. It is stored only if an input of its needs a gradient; moving it here is
/// what makes its `saved` captures keep their tensors.
template <class R>
class StoredRule {
 public:
  using Formula = decltype(R::formula);
  explicit StoredRule(R& rule) : count_(rule.count()) {
    for (int i = 0; i < count_ && !active_; ++i) active_ = requires_grad(rule.input(i));
    if (active_) new (&formula_) Formula(std::move(rule.formula));
  }
  StoredRule(const StoredRule&) = delete;
  StoredRule& operator=(const StoredRule&) = delete;
  ~StoredRule() {
    if (active_) formula_.~Formula();
  }

  static constexpr bool wants_output =
      keeps_output<Formula, Tensor> || keeps_output<Formula, Tensors>;
  bool active() const { return active_; }
  int count() const { return count_; }

  void run(const Tensors& g, const Tensors& y, Tensor* grads, Needs needs) {
    if (!active_ || !needs.any(count_)) return;
    if constexpr (takes_one<Formula>) {
      store(call<Formula, Tensor>(formula_, g[0], y[0], needs), grads);
    } else {
      store(call<Formula, Tensors>(formula_, g, y, needs), grads);
    }
  }

 private:
  bool active_ = false;
  int count_;
  union {
    Formula formula_;
  };
};

template <class... R>
class RuleNode final : public Node {
  static constexpr bool dynamic = ((R::inputs < 0) || ...);
  static constexpr int fixed = (R::inputs + ... + 0);

 public:
  RuleNode(const char* name, int edges, R&... rules) : Node(name), rules_(rules...) {
    edge_count_ = static_cast<std::uint32_t>(edges);
    if constexpr (dynamic) edges_storage_.resize(edges);
    edges_ = edges_storage_.data();
    bytes_ = sizeof(*this);
    keeps_output_ =
        std::apply([](auto&... r) { return ((r.wants_output && r.active()) || ...); }, rules_);
    int k = 0;
    auto connect = [&](auto& rule) {
      for (int i = 0; i < rule.count(); ++i, ++k)
        if (requires_grad(rule.input(i))) edges_[k] = edge_of(rule.input(i));
    };
    (connect(rules), ...);
  }

  void run(const Tensor* output_grads, Tensor* input_grads, Needs needs) override {
    const std::size_t outputs = num_outputs();
    if (outputs == 1) {
      Tensor y = keeps_output_ ? saved_output(0) : Tensor();
      run_rules(Tensors(output_grads, 1), Tensors(&y, 1), input_grads, needs);
    } else {
      std::vector<Tensor> y(outputs);
      for (std::size_t i = 0; keeps_output_ && i < outputs; ++i) y[i] = saved_output(i);
      run_rules(Tensors(output_grads, outputs), Tensors(y.data(), outputs), input_grads, needs);
    }
  }

 private:
  void run_rules(const Tensors& g, const Tensors& y, Tensor* input_grads, Needs needs) {
    int k = 0;
    auto one = [&](auto& rule) {
      rule.run(g, y, input_grads + k, needs.from(k));
      k += rule.count();
    };
    std::apply([&](auto&... rule) { (one(rule), ...); }, rules_);
  }

  std::conditional_t<dynamic, std::vector<Edge>, std::array<Edge, dynamic ? 1 : fixed>>
      edges_storage_;
  std::tuple<StoredRule<R>...> rules_;
};

template <class R>
bool any_requires_grad(const R& rule) {
  for (int i = 0; i < rule.count(); ++i)
    if (requires_grad(rule.input(i))) return true;
  return false;
}

/// Notes how the operation was called, for anomaly mode.
void note_call(Node& node, const Tensor* const* inputs, int count);

struct Construction {
  explicit Construction(Node* node) : previous(std::exchange(node_under_construction(), node)) {}
  ~Construction() { node_under_construction() = previous; }
  Node* previous;
};

/// The node for an operation with these rules, or null when nothing has to be recorded.
template <class... R>
Ref<Node> make_node(const char* name, R&... rules) {
  if (!GradMode::is_enabled() || !(any_requires_grad(rules) || ...)) return {};
  using N = RuleNode<R...>;
  void* memory = kernels::allocate_small(sizeof(N));
  Ref<Node> node;
  {
    const Construction construction(static_cast<N*>(memory));
    try {
      node = Ref<Node>::adopt(new (memory) N(name, (rules.count() + ... + 0), rules...));
    } catch (...) {
      kernels::deallocate_small(memory, sizeof(N));
      throw;
    }
  }
  if (DetectAnomalyGuard::is_on()) {
    std::vector<const Tensor*> inputs;
    auto add = [&](auto& rule) {
      for (int i = 0; i < rule.count(); ++i) inputs.push_back(&rule.input(i));
    };
    (add(rules), ...);
    note_call(*node, inputs.data(), static_cast<int>(inputs.size()));
  }
  return node;
}

inline void attach(const Ref<Node>& node, Tensor& y, std::size_t i) {
  node->note_output(i, y);
  if (!is_floating_point(y.get()->dtype)) return;
  y.get()->grad_fn = node;
  y.get()->output_nr = static_cast<std::uint32_t>(i);
}

}  // namespace detail

/// Remembers how y was made. With nothing to record, returns it as it is.
template <class... R>
Tensor record(const char* name, Tensor y, R... rules) {
  if (Ref<Node> node = detail::make_node(name, rules...)) detail::attach(node, y, 0);
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

/// Checks that `self` may be changed in place with these operands (not a leaf that requires grad,
/// no expanded or overlapping memory). Throws RuntimeError.
void check_inplace(const char* name, const Tensor& self, const Tensor* const* inputs, int count);

/// Runs `kernel`, which changes self, after every check, and remembers the change; the first rule's
/// first input is self. A rule that needs the value before the change captures `saved_copy(self)`.
template <class K, class... R>
Tensor record_inplace(const char* name, const Tensor& self, K kernel, R... rules) {
  std::array<const Tensor*, (R::inputs + ... + 0)> inputs;
  int count = 0;
  auto add = [&](auto& rule) {
    for (int i = 0; i < rule.count(); ++i) inputs[count++] = &rule.input(i);
  };
  (add(rules), ...);
  check_inplace(name, self, inputs.data(), count);
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
template <class F>
Tensor change_to(const char* name, const Tensor& self, F f) {
  const Tensor* inputs[] = {&self};
  check_inplace(name, self, inputs, 1);
  const Tensor y =
      f(GradMode::is_enabled() && requires_grad(self) ? copy_with_history(self) : self);
  store_result(name, self, y);
  return self;
}

/// As above for changes through which no gradient flows into self (fill_, zero_, random numbers):
/// self's gradient is zero where it was overwritten.
template <class K>
Tensor overwrite(const char* name, const Tensor& self, K kernel) {
  return record_inplace(name, self, std::move(kernel),
                        wrt(self, [](const Tensor& g) { return zeros_like(g); }));
}

}  // namespace pullback::autograd
