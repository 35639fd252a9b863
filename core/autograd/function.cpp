#include <pullback/core/autograd/function.h>

#include <algorithm>

#include <pullback/core/autograd/op_node.h>
#include <pullback/core/autograd/profile.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/autograd/saved.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/class_name.h>

namespace pullback::autograd {

const SavedValue& SavedValue::of_kind(Kind kind, const char* name) const {
  check<TypeError>(kind_ == kind, "saved_data: the value is no ", name);
  return *this;
}

/// The node of a custom function: what Function<T> does apart from calling T.
class FunctionNode final : public Node {
 public:
  using Backward = FunctionCall::Backward;
  FunctionNode(const std::type_info& type, Backward backward, bool once_differentiable);

  std::string name() const override { return full_name_; }
  void run(Tensor* output_grads, Tensor* input_grads, Needs needs) override;

  AutogradContext context;

 private:
  friend class AutogradContext;
  friend class FunctionCall;
  variable_list call(variable_list grads);

  std::string full_name_;  ///< such as MyFnBackward
  Backward backward_;
  bool once_differentiable_;
  std::vector<bool> is_tensor_;  ///< of each argument of forward
  std::vector<Edge> edges_of_tensors_;
  std::vector<Saved> saved_values_;
};

namespace {

bool contains(const std::vector<const TensorImpl*>& list, const TensorImpl* x) {
  return std::find(list.begin(), list.end(), x) != list.end();
}

}  // namespace

AutogradContext::AutogradContext() = default;
AutogradContext::~AutogradContext() = default;

variable_list AutogradContext::get_saved_variables() const {
  if (!to_save_.empty()) return to_save_;
  variable_list values;
  for (const Saved& x : node_->saved_values_) values.push_back(*x);
  return values;
}

void AutogradContext::mark_dirty(const variable_list& inputs) {
  dirty_.clear();
  for (const Tensor& x : inputs) dirty_.push_back(x.get());
}

void AutogradContext::mark_non_differentiable(const variable_list& outputs) {
  non_differentiable_.clear();
  for (const Tensor& y : outputs) non_differentiable_.push_back(y.get());
}

bool AutogradContext::needs_input_grad(std::size_t i) const {
  check<IndexError>(i < needs_.size(), "needs_input_grad: there is no input ", i, "; forward has ",
                    needs_.size(), " tensors");
  return needs_[i];
}

FunctionNode::FunctionNode(const std::type_info& type, Backward backward, bool once_differentiable)
    : Node(""),
      full_name_(class_name(type) + "Backward"),
      backward_(backward),
      once_differentiable_(once_differentiable) {}

void FunctionNode::run(Tensor* output_grads, Tensor* input_grads, Needs needs) {
  variable_list grads(output_grads, output_grads + num_outputs());
  if (context.materialize_grads_)
    for (std::size_t i = 0; i < grads.size(); ++i)
      if (!grads[i].defined())
        grads[i] = zeros(output(i).geometry.sizes(), TensorOptions(output(i).dtype));
  variable_list results = call(std::move(grads));

  while (results.size() > is_tensor_.size() && !results.back().defined()) results.pop_back();
  check(results.size() == is_tensor_.size(), "function ", full_name_,
        " returned an incorrect number of gradients (expected ", is_tensor_.size(), ", got ",
        results.size(), ")");
  int input = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!is_tensor_[i]) {
      check(!results[i].defined(), "function ", full_name_,
            " returned a gradient different from None at position ", i + 1,
            ", but the corresponding forward input was not a Variable");
      continue;
    }
    if (needs[input]) input_grads[input] = std::move(results[i]);
    ++input;
  }
}

variable_list FunctionNode::call(variable_list grads) {
  if (!once_differentiable_) return backward_(&context, std::move(grads));
  variable_list results;
  {
    const NoGradGuard no_grad;
    results = backward_(&context, grads);
  }
  const auto refuse = [](const Tensor&) -> std::vector<Tensor> {
    check(false,
          "once_differentiable: trying to differentiate twice a function that was marked with "
          "once_differentiable");
    return {};
  };
  for (Tensor& x : results)
    if (x.defined()) x = record("Error", x.detach(), wrt(TensorList(grads), refuse));
  return results;
}

FunctionCall::FunctionCall(const std::type_info& type, Backward backward, bool once_differentiable)
    : node_(new FunctionNode(type, backward, once_differentiable)) {
  node_->context.node_ = node_;
}

FunctionCall::~FunctionCall() {
  Ref<Node>::adopt(node_);
}

void FunctionCall::look_at(const Tensor& x) {
  node_->is_tensor_.push_back(true);
  inputs_.push_back(x);
}

void FunctionCall::note_other() {
  node_->is_tensor_.push_back(false);
}

AutogradContext* FunctionCall::begin() {
  node_->edges_of_tensors_.resize(inputs_.size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const bool needed = requires_grad(inputs_[i]);
    node_->context.needs_.push_back(needed);
    if (!needed || !GradMode::is_enabled()) continue;
    node_->edges_of_tensors_[i] = edge_of(inputs_[i]);
    records_ = true;
  }
  node_->edges_ = node_->edges_of_tensors_.data();
  node_->edge_count_ = static_cast<std::uint32_t>(inputs_.size());
  if (records_ && DetectAnomalyGuard::is_on()) {
    const Inputs all{TensorList(inputs_)};
    note_call(*node_, &all, 1);
  }
  return &node_->context;
}

void FunctionCall::note_output(Tensor& y) {
  outputs_.push_back(&y);
}

void FunctionCall::end() {
  const AutogradContext& context = node_->context;
  for (const TensorImpl* x : context.dirty_)
    check(std::any_of(outputs_.begin(), outputs_.end(),
                      [&](const Tensor* y) { return y->get() == x; }),
          node_->full_name_,
          ": Some elements marked as dirty during the forward method were not returned as output. "
          "The inputs that are modified inplace must all be outputs of the Function");
  node_->set_output_count(std::max<std::size_t>(outputs_.size(), 1));
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    if (outputs_[i]->defined()) wrap(*outputs_[i], i);
  if (records_) {
    if (Profile* profile = Profile::active()) profile->note_forward(node_->full_name_);
    std::vector<Saved>& kept = node_->saved_values_;
    const std::size_t saved_count = context.to_save_.size();
    kept.reserve(saved_count);  // nodes list their saved values by address
    const detail::Construction construction(node_);
    for (const Tensor& x : context.to_save_) kept.push_back(Saved(x));
  }
  node_->context.to_save_.clear();
}

void FunctionCall::wrap(Tensor& y, std::size_t i) {
  const AutogradContext& context = node_->context;
  const bool differentiable =
      records_ && y.is_floating_point() && !contains(context.non_differentiable_, y.get());
  const bool is_input = std::any_of(inputs_.begin(), inputs_.end(),
                                    [&](const Tensor& x) { return x.get() == y.get(); });
  const Ref<Node> node = Ref<Node>::share(node_);
  node->note_output(i, y);

  if (contains(context.dirty_, y.get())) {
    TensorImpl* impl = y.get();
    mark_changed(y);
    if (!differentiable) return;
    check(!impl->requires_grad || impl->grad_fn, node_->full_name_,
          ": a leaf Variable that requires grad has been used in an in-place operation");
    check(!impl->base.defined() ||
              (node_->num_outputs() == 1 && !inputs_.empty() && inputs_[0].get() == impl),
          node_->full_name_,
          ": a view that is modified inplace must be the first input and the only output of the "
          "Function");
    rebase_history(y, node);
    if (!impl->base.defined()) impl->output_nr = static_cast<std::uint32_t>(i);
    return;
  }
  // An input returned as it is, or a tensor that already has a place in the graph, stays what it
  // is; the output is a view of it.
  if (is_input || y.get()->grad_fn || y.get()->requires_grad) {
    if (!differentiable) {
      y = y.detach();
      return;
    }
    y = make_view(y, y.get()->geometry, ViewKind::OfCustomFunction);
  } else if (y.get()->base.defined()) {
    y.get()->view = ViewKind::OfCustomFunction;
  }
  if (!differentiable) return;
  y.get()->grad_fn = node;
  y.get()->output_nr = static_cast<std::uint32_t>(i);
}

}  // namespace pullback::autograd
