#include <pullback/core/autograd/run.h>

#include <algorithm>
#include <unordered_map>

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/node_call.h>
#include <pullback/core/ops.h>

namespace pullback::autograd {

/// The lists of a backward pass, kept for the next one of the thread so that a small pass asks for
/// no memory.
struct Lists {
  std::vector<Edge> roots;
  std::vector<Node*> root_nodes, ready, claimed, stack;
  std::unordered_map<Node*, Scratch> elsewhere;
};

namespace {

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

/// A node without inputs: the accumulator of a leaf.
void run_leaf(Node* node, Tensor* gradients) {
  const NodeHooks* hooks = node->hooks_or_null();
  if (hooks) call_hooks_before(*node, *hooks, gradients);
  if (!hooks || hooks->after.empty()) {
    node->run(gradients, nullptr, Needs(nullptr));
  } else {
    const std::vector<Tensor> incoming(gradients, gradients + node->num_outputs());
    node->run(gradients, nullptr, Needs(nullptr));
    call_hooks_after(*node, *hooks, nullptr, incoming);
  }
}

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

Run::Run(bool retain_graph) : retain_graph_(retain_graph), owned_(take_lists()), lists_(*owned_) {}

Run::~Run() {
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

void Run::seed(const Tensor& root, Tensor gradient) {
  Edge edge = edge_of(root);
  Node* node = edge.node();
  Scratch& s = visit(node);
  accumulate(s.at(edge.output_nr), std::move(gradient));
  lists_.roots.push_back(std::move(edge));
  lists_.root_nodes.push_back(node);
}

void Run::execute() {
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

/// The scratch space of a node in this pass: its own, or where another pass is using that, one in
/// a side map.
inline Scratch& Run::scratch(Node* node) {
  return node->run_.load(std::memory_order_relaxed) == this ? node->scratch_
                                                            : lists_.elsewhere[node];
}

inline Scratch& Run::visit(Node* node) {
  // The other pass may have ended since; what this one noted in the side map stays there.
  if (!lists_.elsewhere.empty())
    if (const auto found = lists_.elsewhere.find(node); found != lists_.elsewhere.end())
      return found->second;
  Run* holder = nullptr;
  if (node->run_.compare_exchange_strong(holder, this, std::memory_order_acq_rel))
    lists_.claimed.push_back(node);
  return holder == nullptr || holder == this ? node->scratch_ : lists_.elsewhere[node];
}

void Run::count_edges() {
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
void Run::mark_needed() {
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

inline void Run::make_ready(Node* node) {
  lists_.ready.push_back(node);
  std::push_heap(lists_.ready.begin(), lists_.ready.end(), runs_later);
}

inline bool Run::wants(Node* node) {
  if (captures.empty()) return true;
  const Scratch& s = scratch(node);
  return s.needed || s.captured;
}

/// May a node's only gradient lack its last step, for the next node to take? Nobody else may see
/// that gradient, and nothing may run in between: no other node, no hook that unpacks. What the
/// node has saved lives on in its step.
bool Run::may_leave_step(const Node* node, Node* next) {
  if (node->edge_count_ != 1 || node->packs_ || next->packs_ || next->hooks_) return false;
  const Scratch& s = scratch(next);
  const std::vector<Node*>& ready = lists_.ready;
  const Output &from = node->first_output_, &to = next->first_output_;
  return !GradMode::is_enabled() && s.waiting == 1 && !s.captured && !s.gradient.defined() &&
         from.dtype == to.dtype && from.geometry.same_sizes(to.geometry) &&
         (ready.empty() || runs_later(ready.front(), next));
}

void Run::run(Node* node) {
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
    call_node(*node, gradients, results, Needs(needs, offering ? &offers : nullptr));
    if (has_step) [[unlikely]]
      last_step_ = {};
    if (DetectAnomalyGuard::checks_nan()) check_for_nan(*node, results, needs);
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

}  // namespace pullback::autograd
