#include <pullback/core/autograd/engine.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>
#include <unordered_map>

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/last_step.h>
#include <pullback/core/autograd/profile.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/warning.h>

namespace pullback::autograd {

namespace {

constexpr int kNestedPerStack =
    60;  ///< backward passes inside each other before a fresh stack is taken
thread_local int nesting = 0;

/// A gradient with the shape and type of the value it belongs to. Broadcasting is undone here, once
/// for all ops.
Tensor fitted(Tensor g, const Output& to, const Node& from) {
  if (!g.get()->geometry.same_sizes(to.geometry)) {
    const bool fits = is_expandable_to(to.geometry.sizes(), g.sizes());
    check(fits, "Function ", fits ? std::string() : from.name(),  // long names ask for memory
          " returned an invalid gradient: got ", g.sizes(), " but expected shape compatible with ",
          to.geometry.sizes());
    g = sum_to_size(g, to.geometry.sizes());
  }
  if (g.get()->dtype != to.dtype) g = g.to(to.dtype);
  return g;
}

bool runs_later(const Node* a, const Node* b) {
  return a->sequence_nr() < b->sequence_nr();
}

/// The lists of a backward pass, kept for the next one of the thread so that a small pass asks for
/// no memory.
struct Lists {
  std::vector<Edge> roots;
  std::vector<Node*> root_nodes, ready, claimed, stack;
  std::unordered_map<Node*, Scratch> elsewhere;
};
constinit thread_local Lists* spare_lists = nullptr;
constinit thread_local bool thread_has_ended = false;

std::unique_ptr<Lists> take_lists() {
  if (spare_lists) return std::unique_ptr<Lists>(std::exchange(spare_lists, nullptr));
  return std::make_unique<Lists>();
}

void keep_lists(std::unique_ptr<Lists> lists) {
  struct AtTheEnd {
    ~AtTheEnd() {
      delete std::exchange(spare_lists, nullptr);
      thread_has_ended = true;  // a static's destructor may still run a backward pass
    }
  };
  static thread_local AtTheEnd at_the_end;
  if (!spare_lists && !thread_has_ended) spare_lists = lists.release();
}

}  // namespace

/// One backward pass: counts the edges into each node, then runs the nodes whose gradients are
/// complete, the youngest first.
class Run {
 public:
  explicit Run(bool retain_graph) : retain_graph_(retain_graph), owned_(take_lists()) {}
  ~Run() {
    for (Node* node : lists_.claimed) {
      node->scratch_ = {};
      node->run_.store(nullptr, std::memory_order_release);
    }
    lists_.roots.clear();
    lists_.root_nodes.clear();
    lists_.ready.clear();
    lists_.claimed.clear();
    lists_.stack.clear();
    if (!lists_.elsewhere.empty()) lists_.elsewhere.clear();
    keep_lists(std::move(owned_));
  }

  struct Capture {
    Node* node;
    std::uint32_t output_nr;
    Tensor gradient;
  };

  std::vector<Capture> captures;

  void seed(const Tensor& root, Tensor gradient) {
    Edge edge = edge_of(root);
    Node* node = edge.node();
    Scratch& s = visit(node);
    accumulate(s.at(edge.output_nr), std::move(gradient));
    lists_.roots.push_back(std::move(edge));
    lists_.root_nodes.push_back(node);
  }

  void execute() {
    count_edges();
    if (!captures.empty()) mark_needed();
    for (Node* node : lists_.root_nodes)
      if (Scratch& s = scratch(node); s.waiting == 0 && std::exchange(s.waiting, -1) == 0)
        make_ready(node);
    while (!lists_.ready.empty()) {
      std::pop_heap(lists_.ready.begin(), lists_.ready.end(), runs_later);
      Node* node = lists_.ready.back();
      lists_.ready.pop_back();
      run(node);
    }
  }

 private:
  /// The scratch space of a node in this pass: its own, or where another pass is using that, one in
  /// a side map.
  Scratch& scratch(Node* node) {
    return node->run_.load(std::memory_order_relaxed) == this ? node->scratch_
                                                              : lists_.elsewhere[node];
  }

  Scratch& visit(Node* node) {
    // The other pass may have ended since; what this one noted in the side map stays there.
    if (!lists_.elsewhere.empty())
      if (const auto found = lists_.elsewhere.find(node); found != lists_.elsewhere.end())
        return found->second;
    Run* holder = nullptr;
    if (node->run_.compare_exchange_strong(holder, this, std::memory_order_acq_rel))
      lists_.claimed.push_back(node);
    return holder == nullptr || holder == this ? node->scratch_ : lists_.elsewhere[node];
  }

  void count_edges() {
    std::vector<Node*>& stack = lists_.stack;
    for (Node* node : lists_.root_nodes)
      if (Scratch& s = scratch(node); !std::exchange(s.seen, true)) stack.push_back(node);
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      for (std::uint32_t i = 0; i < node->edge_count_; ++i) {
        Node* next = node->edges_[i].node();
        if (!next) continue;
        Scratch& s = visit(next);
        ++s.waiting;
        if (!std::exchange(s.seen, true)) stack.push_back(next);
      }
    }
  }

  /// Marks the nodes from which a captured gradient can be reached, in an iterative depth-first
  /// walk.
  void mark_needed() {
    for (const Capture& c : captures) visit(c.node).captured = true;
    std::vector<std::pair<Node*, std::uint32_t>> path;
    for (Node* root : lists_.root_nodes) {
      if (!std::exchange(scratch(root).seen, false)) continue;
      path.emplace_back(root, 0);
      while (!path.empty()) {
        auto& [node, next] = path.back();
        if (next == node->edge_count_) {
          const Scratch& s = scratch(node);
          const bool leads = s.needed || s.captured;
          path.pop_back();
          if (leads && !path.empty()) scratch(path.back().first).needed = true;
          continue;
        }
        Node* child = node->edges_[next++].node();
        if (!child) continue;
        Scratch& s = scratch(child);
        if (std::exchange(s.seen, false)) {
          path.emplace_back(child, 0);
        } else if (s.needed || s.captured) {
          scratch(node).needed = true;
        }
      }
    }
  }

  void make_ready(Node* node) {
    lists_.ready.push_back(node);
    std::push_heap(lists_.ready.begin(), lists_.ready.end(), runs_later);
  }

  bool wants(Node* node) {
    if (captures.empty()) return true;
    const Scratch& s = scratch(node);
    return s.needed || s.captured;
  }

  void run(Node* node) {
    Scratch& s = scratch(node);
    const std::size_t outputs = node->num_outputs();
    std::vector<Tensor> several;
    Tensor one = std::move(s.gradient);
    Tensor* gradients = &one;
    if (outputs > 1) {
      several = std::move(s.others);
      several.resize(outputs - 1);
      several.insert(several.begin(), std::move(one));
      gradients = several.data();
    }
    const NodeHooks* hooks = node->hooks_.get();
    if (hooks) call_tensor_hooks(*hooks, gradients);
    if (s.captured)
      for (Capture& c : captures)
        if (c.node == node) c.gradient = gradients[c.output_nr];
    if (!captures.empty() && !s.needed) return;

    bool any = false;
    for (std::size_t i = 0; i < outputs; ++i) any = any || gradients[i].defined();
    const std::uint32_t inputs = node->edge_count_;
    if (inputs == 0) {
      if (any) run_leaf(node, gradients);
      return;
    }
    std::vector<Tensor> incoming;  // what hooks after the node are shown
    if (hooks && any) {
      call_hooks_before(*node, *hooks, gradients);
      if (!hooks->after.empty()) incoming.assign(gradients, gradients + outputs);
    }
    constexpr std::uint32_t kFew = Offers::kInputs;
    Tensor few[kFew];
    bool few_needs[kFew] = {};
    std::vector<Tensor> many;
    std::unique_ptr<bool[]> many_needs;
    Tensor* results = few;
    bool* needs = few_needs;
    const bool offering = inputs <= kFew && !hooks && !DetectAnomalyGuard::is_on();
    Offers offers{few_needs};
    if (inputs > kFew) {
      many.resize(inputs);
      many_needs = std::make_unique<bool[]>(inputs);
      results = many.data();
      needs = many_needs.get();
    }
    Node* taker = nullptr;
    for (std::uint32_t i = 0; i < inputs; ++i) {
      Node* next = node->edges_[i].node();
      needs[i] = next && wants(next);
      if (needs[i] && offering && node->edges_[i].output_nr == 0) {
        offers.sums[i] = &scratch(next).gradient;
        if (next->takes_last_step_) taker = next;
      }
    }
    const bool has_step = last_step_.loop != nullptr;
    if (has_step) [[unlikely]] {
      offers.left = &last_step_;
    } else if (taker && may_leave_step(node, taker)) [[unlikely]] {
      offers.room = &last_step_;
    }
    if (any) {
      node->check_not_released();
      call(node, gradients, results, Needs(needs, offering ? &offers : nullptr));
      if (has_step) [[unlikely]]
        last_step_ = {};
      if (DetectAnomalyGuard::checks_nan()) check_for_nan(node, results, needs);
      if (hooks && !hooks->after.empty()) call_hooks_after(*node, *hooks, results, incoming);
    }
    one.reset();
    several.clear();
    if (!retain_graph_) node->release();
    for (std::uint32_t i = 0; i < inputs; ++i) {
      Node* next = node->edges_[i].node();
      if (!next) continue;
      Scratch& t = scratch(next);
      const std::uint32_t nr = node->edges_[i].output_nr;
      if (needs[i] && results[i].defined())
        accumulate(t.at(nr), fitted(std::move(results[i]), next->output(nr), *node));
      results[i].reset();
      if (--t.waiting == 0 && wants(next)) make_ready(next);
    }
  }

  /// May a node's only gradient lack its last step, for the next node to take? Nobody else may see
  /// that gradient, and nothing may run in between: no other node, no hook that unpacks. What the
  /// node has saved lives on in its step.
  bool may_leave_step(const Node* node, Node* next) {
    if (node->edge_count_ != 1 || node->packs_ || next->packs_ || next->hooks_) return false;
    const Scratch& s = scratch(next);
    const std::vector<Node*>& ready = lists_.ready;
    const Output &from = node->first_output_, &to = next->first_output_;
    return !GradMode::is_enabled() && s.waiting == 1 && !s.captured && !s.gradient.defined() &&
           from.dtype == to.dtype && from.geometry.same_sizes(to.geometry) &&
           (ready.empty() || runs_later(ready.front(), next));
  }

  static void call(Node* node, Tensor* gradients, Tensor* results, Needs needs) {
    if (Profile* profile = Profile::active()) [[unlikely]]
      return call_timed(*profile, node, gradients, results, needs);
    call_checked(node, gradients, results, needs);
  }

  static void call_timed(Profile& profile, Node* node, Tensor* gradients, Tensor* results,
                         Needs needs) {
    struct Inside {
      Profile& profile;
      bool before = profile.set_inside_node(true);
      ~Inside() { profile.set_inside_node(before); }
    } inside{profile};
    const Timer timer;
    call_checked(node, gradients, results, needs);
    profile.note_backward(node->name(), timer.seconds());
  }

  static void call_checked(Node* node, Tensor* gradients, Tensor* results, Needs needs) {
    if (!DetectAnomalyGuard::is_on()) return node->run(gradients, results, needs);
    try {
      node->run(gradients, results, needs);
    } catch (...) {
      warn_of_error(*node);
      throw;
    }
  }

  static void warn_of_error(const Node& node) {
    warn("Error detected in " + node.name() +
         (node.forward_call().empty()
              ? ". No forward pass information available. Enable detect anomaly during forward "
                "pass for more information."
              : ". It was called as " + node.forward_call()));
  }

  /// A node without inputs: the accumulator of a leaf.
  static void run_leaf(Node* node, Tensor* gradients) {
    const NodeHooks* hooks = node->hooks_.get();
    if (hooks) call_hooks_before(*node, *hooks, gradients);
    if (!hooks || hooks->after.empty()) {
      node->run(gradients, nullptr, Needs(nullptr));
    } else {
      const std::vector<Tensor> incoming(gradients, gradients + node->num_outputs());
      node->run(gradients, nullptr, Needs(nullptr));
      call_hooks_after(*node, *hooks, nullptr, incoming);
    }
  }

  static void check_for_nan(const Node* node, const Tensor* results, const bool* needs) {
    for (std::uint32_t i = 0; i < node->edge_count_; ++i) {
      if (!needs[i] || !results[i].defined()) continue;
      const Tensor x = results[i].detach();
      if (!has_nan(x)) continue;
      warn_of_error(*node);
      check(false, "Function '", node->name(), "' returned nan values in its ", std::int64_t{i},
            "th output", node->forward_call().empty() ? "" : "; it was called as ",
            node->forward_call());
    }
  }

  static bool has_nan(const Tensor& x) {
    const NoGradGuard no_grad;
    const Tensor total = (x != x).sum();
    return total.item<std::int64_t>() > 0;
  }

  bool retain_graph_;
  LastStep last_step_;  ///< left by the node before
  std::unique_ptr<Lists> owned_;
  Lists& lists_ = *owned_;
};

namespace {

Tensor root_gradient(const char* op, const Tensor& root, const Tensor& given) {
  if (!given.defined()) {
    check(root.numel() == 1, op,
          ": grad can be implicitly created only for scalar outputs, not for shape ", root.sizes(),
          "; pass a gradient of that shape");
    const Tensor one = empty_of(Geometry(root.sizes()), root.scalar_type());
    visit(one.scalar_type(), [&](auto zero) {
      using T = decltype(zero);
      *one.data_ptr<T>() = T(1);
    });
    return one;
  }
  check(given.sizes() == root.sizes(), op, ": Mismatch in shape: grad_output has a shape of ",
        given.sizes(), " and output has a shape of ", root.sizes());
  return given;
}

void run_here(Run& run, bool create_graph) {
  struct Nesting {
    Nesting() { ++nesting; }
    ~Nesting() { --nesting; }
  } nested;
  const AutoGradMode mode(create_graph);
  run.execute();
}

/// Runs on this stack, or where backward passes are nested deeply, on that of a fresh thread.
void run_safely(Run& run, bool create_graph) {
  if (nesting < kNestedPerStack) return run_here(run, create_graph);
  std::exception_ptr error;
  const bool anomaly = DetectAnomalyGuard::is_on(), checks = DetectAnomalyGuard::checks_nan();
  std::thread deeper([&] {
    try {
      if (anomaly) {
        const DetectAnomalyGuard guard(checks);
        run_here(run, create_graph);
      } else {
        run_here(run, create_graph);
      }
    } catch (...) {
      error = std::current_exception();
    }
  });
  deeper.join();
  if (error) std::rethrow_exception(error);
}

void seed_all(const char* op, Run& run, TensorList roots, TensorList gradients) {
  check(gradients.empty() || gradients.size() == roots.size(), op, ": got ", roots.size(),
        " tensors and ", gradients.size(), " gradients");
  for (std::size_t i = 0; i < roots.size(); ++i) {
    check_defined(op, roots[i]);
    check(in_graph(roots[i]), op, ": element ", i,
          " of tensors does not require grad and does not have a grad_fn");
    run.seed(roots[i], root_gradient(op, roots[i], i < gradients.size() ? gradients[i] : Tensor()));
  }
}

void warn_of_cycle() {
  static std::atomic<bool> warned = false;
  if (warned.exchange(true)) return;
  warn(
      "Using backward() with create_graph=true will create a reference cycle between the "
      "parameter and its gradient which can cause a memory leak. We recommend using "
      "autograd::grad when creating the graph to avoid this. If you have to use this function, "
      "make sure to reset the .grad fields of your parameters after use to break the cycle and "
      "avoid the leak.");
}

}  // namespace

void backward(TensorList roots, TensorList gradients, std::optional<bool> retain_graph,
              bool create_graph, TensorList inputs) {
  if (create_graph) warn_of_cycle();
  Run run(retain_graph.value_or(create_graph));
  for (const Tensor& input : inputs) {
    check_defined("backward", input);
    check(in_graph(input), "backward: One of the differentiated Tensors does not require grad");
    const Edge edge = edge_of(input);
    run.captures.push_back({edge.node(), edge.output_nr, {}});
  }
  seed_all("backward", run, roots, gradients);
  run_safely(run, create_graph);
  const AutoGradMode mode(create_graph);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (run.captures[i].gradient.defined())
      accumulate_into_grad(inputs[i].get(), std::move(run.captures[i].gradient));
}

std::vector<Tensor> grad(TensorList outputs, TensorList inputs, TensorList grad_outputs,
                         std::optional<bool> retain_graph, bool create_graph, bool allow_unused) {
  check<ValueError>(!inputs.empty(),
                    "grad: expected at least one input to differentiate with respect to");
  Run run(retain_graph.value_or(create_graph));
  for (const Tensor& input : inputs) {
    check_defined("grad", input);
    check(in_graph(input), "grad: One of the differentiated Tensors does not require grad");
    const Edge edge = edge_of(input);
    run.captures.push_back({edge.node(), edge.output_nr, {}});
  }
  seed_all("grad", run, outputs, grad_outputs);
  run_safely(run, create_graph);
  std::vector<Tensor> result;
  for (Run::Capture& c : run.captures) {
    check(c.gradient.defined() || allow_unused,
          "grad: One of the differentiated Tensors appears to not have been used in the graph. Set "
          "allow_unused=true if this is the desired behavior");
    result.push_back(std::move(c.gradient));
  }
  return result;
}

}  // namespace pullback::autograd

namespace pullback {

void TensorBase::backward() const {
  backward(Tensor());
}

void TensorBase::backward(const Tensor& gradient, std::optional<bool> retain_graph,
                          bool create_graph, std::optional<TensorList> inputs) const {
  Tensor hold;
  const Tensor& root = self(std::move(hold));
  autograd::backward(root, gradient, retain_graph, create_graph, inputs.value_or(TensorList()));
}

}  // namespace pullback
