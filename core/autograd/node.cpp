#include <pullback/core/autograd/node.h>

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/saved.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/kernels/allocator.h>

namespace pullback::autograd {

std::uint64_t& Node::next_sequence() {
  static thread_local std::uint64_t next = 0;
  return next;
}

Tensor& Scratch::other(std::uint32_t nr) {
  if (others.size() < nr) others.resize(nr);
  return others[nr - 1];
}

Node::Node(const char* name) : name_(name), sequence_(next_sequence()++) {}

const Tensor* Needs::sum(int input) const {
  const Tensor* sum = offers_ ? offers_->sums[bits_ - offers_->needs + input] : nullptr;
  return sum && sum->defined() && !GradMode::is_enabled() && is_exclusive(*sum) ? sum : nullptr;
}

std::vector<Edge> Node::next_edges() const {
  return {edges_, edges_ + edge_count_};
}

void Node::set_output_count(std::size_t count) {
  more_outputs_.resize(count - 1);
}

NodeHooks& Node::hooks() {
  if (!hooks_) hooks_ = Owned<NodeHooks>(new NodeHooks);
  return *hooks_;
}

Node::~Node() = default;

void destroy(NodeHooks* hooks) {
  delete hooks;
}
void destroy(ForwardCall* call) {
  delete call;
}

Node* Edge::node() const {
  return function ? function.get() : leaf ? AccumulateGrad::of(leaf.get()) : nullptr;
}

Edge edge_of(const Tensor& x) {
  Edge edge;
  TensorImpl* impl = x.get();
  refresh_view(impl);
  if (impl->grad_fn) {
    edge.function = impl->grad_fn;
    edge.output_nr = impl->output_nr;
  } else if (impl->requires_grad) {
    edge.leaf = Ref<TensorImpl>::share(impl);
  }
  return edge;
}

const Edge* Node::edge_for(const Tensor& x) const {
  TensorImpl* impl = x.get();
  refresh_view(impl);
  for (const Edge* edge = edges_; edge != edges_ + edge_count_; ++edge) {
    const bool same = impl->grad_fn
                          ? edge->function == impl->grad_fn && edge->output_nr == impl->output_nr
                          : edge->leaf.get() == impl;
    if (same) return edge;
  }
  return nullptr;
}

namespace {
thread_local Node* dead_nodes = nullptr;
thread_local bool burying = false;
}  // namespace

// A node's destructor drops the nodes it points to; a list instead of recursion frees a graph of
// any depth.
void Node::destroy(Node* node) {
  node->next_dead_ = dead_nodes;
  dead_nodes = node;
  if (burying) return;
  burying = true;
  while (dead_nodes) {
    Node* next = dead_nodes;
    dead_nodes = next->next_dead_;
    if (const std::size_t bytes = next->bytes_) {
      next->~Node();
      kernels::deallocate_small(next, bytes);
    } else {
      delete next;
    }
  }
  burying = false;
}

void Node::note_output(std::size_t i, const Tensor& y) {
  Output& out = output(i);
  out.geometry = y.get()->geometry;
  out.dtype = y.get()->dtype;
  if (!keeps_output_) return;
  out.kept = y.get()->storage;
  out.version = out.kept->version;
  if (!SavedTensorsHooks::are_set()) return;
  out.packed = SavedTensorsHooks::pack(out.kept, out.geometry, out.dtype);
  packs_ = true;
  out.kept.reset();
}

void Node::check_not_released() const {
  if (!released_ || !(had_saved_ || keeps_output_)) return;
  check(false, name(),
        ": Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have "
        "already been freed). Saved intermediate values of the graph are freed when you call "
        ".backward() or "
        "autograd::grad(). Specify retain_graph=true if you need to backward through the graph a "
        "second time");
}

Tensor Node::saved_output(std::size_t i) const {
  const Output& out = output(i);
  check_not_released();
  if (out.packed) {
    Tensor y = out.packed->unpacked(out.geometry, out.dtype);
    if (outer_) {
      Output unpacked;
      unpacked.geometry = y.get()->geometry;
      unpacked.dtype = out.dtype;
      unpacked.kept = y.get()->storage;
      return view_of_rewritten_base(*outer_, unpacked);
    }
    y.get()->grad_fn = Ref<Node>::share(const_cast<Node*>(this));
    y.get()->output_nr = static_cast<std::uint32_t>(i);
    return y;
  }
  check(out.version == out.kept->version, name_,
        ": one of the variables needed for gradient computation has been modified by an inplace "
        "operation: output ",
        i, " of ", name_, " of shape ", out.geometry.sizes(), " is at version ",
        std::int64_t{out.kept->version}, "; expected version ", std::int64_t{out.version},
        " instead");
  if (outer_) return view_of_rewritten_base(*outer_, out);
  Ref<TensorImpl> impl = make_alias(out.kept, out.geometry, out.dtype);
  impl->grad_fn = Ref<Node>::share(const_cast<Node*>(this));
  impl->output_nr = static_cast<std::uint32_t>(i);
  return Tensor(std::move(impl));
}

void Node::release() {
  for (Saved* s = saved_; s; s = s->next_) s->release();
  for (std::size_t i = 0; i < num_outputs(); ++i) {
    output(i).kept.reset();
    output(i).packed.reset();
  }
  released_ = true;
}

std::vector<Node::SavedShape> Node::saved_shapes() const {
  std::vector<SavedShape> shapes;
  for (const Saved* s = saved_; s; s = s->next_)
    if (s->bytes() > 0) shapes.insert(shapes.begin(), {s->geometry(), s->bytes(), false});
  for (std::size_t i = 0; i < num_outputs(); ++i)
    if (const Output& out = output(i); out.kept)
      shapes.push_back({out.geometry, out.kept->bytes, true});
  return shapes;
}

const std::string& Node::forward_call() const {
  static const std::string none;
  return forward_call_ ? forward_call_->text : none;
}

void Node::note_forward_call(std::string text) {
  forward_call_ = Owned<ForwardCall>(new ForwardCall{std::move(text)});
}

}  // namespace pullback::autograd
