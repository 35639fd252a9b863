#include <pullback/core/autograd/engine.h>

#include <exception>
#include <thread>

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/run.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/warning.h>

namespace pullback::autograd {

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

/// Backward passes inside each other before a fresh stack is taken.
constexpr int kNestedPerStack = 60;
thread_local int nesting = 0;

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
