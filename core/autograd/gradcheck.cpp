#include <pullback/core/autograd/gradcheck.h>

#include <sstream>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/ops.h>
#include <pullback/core/print.h>
#include <pullback/core/random.h>

namespace pullback::autograd {

namespace {

using Tensors = std::vector<Tensor>;

std::vector<std::size_t> differentiable(const Tensors& tensors) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].defined() && tensors[i].requires_grad()) found.push_back(i);
  return found;
}

Tensors selected(const Tensors& tensors, const std::vector<std::size_t>& which) {
  Tensors found;
  for (const std::size_t i : which) found.push_back(tensors[i]);
  return found;
}

void check_inputs(const char* op, const Tensors& inputs) {
  check<ValueError>(!differentiable(inputs).empty(), op,
                    ": gradcheck expects at least one input tensor to require gradient, but none "
                    "of them have requires_grad=True");
  for (const std::size_t i : differentiable(inputs))
    for (std::int64_t d = 0; d < inputs[i].dim(); ++d)
      check(inputs[i].size(d) <= 1 || inputs[i].stride(d) != 0, op, ": The ", i,
            "th input has a dimension with stride 0. gradcheck only supports inputs that are "
            "non-overlapping to be able to compute the numerical gradients correctly. You should "
            "call .contiguous on the input before passing it to gradcheck");
}

/// A row or column of a Jacobian.
Tensor flat(const Tensor& x) {
  return x.detach().to(kDouble).reshape({-1});
}

/// Central differences of each output (of those listed) with respect to each element of x, whose
/// memory is changed for the moment: [elements of x, elements of output i].
Tensors numerical(const CheckedFunction& f, const Tensors& inputs, const Tensor& x,
                  const std::vector<std::size_t>& outputs, double eps) {
  const NoGradGuard no_grad;
  const Tensor elements = x.data();  // counts no versions
  std::vector<Tensors> rows(outputs.size());
  std::vector<std::int64_t> index(static_cast<std::size_t>(x.dim()), 0);
  for (std::int64_t k = 0; k < x.numel(); ++k) {
    Tensor element = elements;
    std::int64_t rest = k;
    for (std::int64_t d = x.dim() - 1; d >= 0; --d) {
      index[static_cast<std::size_t>(d)] = rest % x.size(d);
      rest /= x.size(d);
    }
    for (const std::int64_t i : index) element = element.select(0, i);
    const double kept = element.item<double>();
    const auto at = [&](double value) {
      element.fill_(value);
      Tensors results;
      for (const Tensor& y : selected(f(inputs), outputs)) results.push_back(flat(y).clone());
      return results;
    };
    Tensors up, down;
    try {
      up = at(kept + eps);
      down = at(kept - eps);
    } catch (...) {
      element.fill_(kept);
      throw;
    }
    element.fill_(kept);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      rows[i].push_back((up[i] - down[i]) / (2 * eps));
  }
  Tensors jacobians;
  for (const Tensors& r : rows) jacobians.push_back(r.empty() ? zeros({0, 0}, kDouble) : stack(r));
  return jacobians;
}

/// The Jacobians of one output by backward passes, one for each of its elements:
/// [elements of x, elements of y].
Tensors analytical(const Tensor& y, const Tensors& inputs) {
  std::vector<Tensors> columns(inputs.size());
  for (std::int64_t k = 0; k < y.numel(); ++k) {
    const Tensor unit = zeros(y.sizes(), y.options());
    unit.view({-1})[k].fill_(1);
    const Tensors g = grad({y}, inputs, {unit}, /*retain_graph=*/true, false, true);
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      check<GradcheckError>(!g[j].defined() || g[j].sizes() == inputs[j].sizes(),
                            "gradcheck: Analytical gradient has incorrect size: ",
                            g[j].defined() ? g[j].sizes() : IntArrayRef());
      columns[j].push_back(g[j].defined() ? flat(g[j]) : zeros({inputs[j].numel()}, kDouble));
    }
  }
  Tensors jacobians;
  for (std::size_t j = 0; j < inputs.size(); ++j)
    jacobians.push_back(columns[j].empty() ? zeros({inputs[j].numel(), 0}, kDouble)
                                           : stack(columns[j], 1));
  return jacobians;
}

bool close(const Tensor& a, const Tensor& b, const GradcheckOptions& options) {
  return a.numel() == 0 || a.allclose(b, options.rtol, options.atol, /*equal_nan=*/false);
}

std::string printed(const Tensor& x) {
  std::ostringstream text;
  text << x;
  return text.str();
}

void compare_jacobians(const CheckedFunction& f, const Tensors& inputs,
                       const GradcheckOptions& options) {
  const std::vector<std::size_t> moved = differentiable(inputs);
  const Tensors x = selected(inputs, moved);
  const Tensors all = f(inputs);
  const std::vector<std::size_t> outputs = differentiable(all);
  const Tensors y = selected(all, outputs);

  if (y.empty()) {  // a constant has no slope
    std::vector<std::size_t> floating;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].defined() && all[i].is_floating_point()) floating.push_back(i);
    for (const Tensor& input : x)
      for (const Tensor& slope : numerical(f, inputs, input, floating, options.eps))
        check<GradcheckError>(close(slope, zeros_like(slope), options),
                              "gradcheck: Numerical gradient for function expected to be zero");
    return;
  }

  std::vector<Tensors> by_differences;
  for (const Tensor& input : x)
    by_differences.push_back(numerical(f, inputs, input, outputs, options.eps));
  for (std::size_t i = 0; i < y.size(); ++i) {
    const Tensors found = analytical(y[i], x);
    for (std::size_t j = 0; j < x.size(); ++j)
      if (!close(found[j], by_differences[j][i], options))
        check<GradcheckError>(false, "gradcheck: Jacobian mismatch for output ", outputs[i],
                              " with respect to input ", moved[j],
                              ",\nnumerical:", printed(by_differences[j][i]),
                              "\nanalytical:", printed(found[j]));
    const Tensors again = analytical(y[i], x);
    for (std::size_t j = 0; j < x.size(); ++j)
      check<GradcheckError>(
          found[j].numel() == 0 ||
              (found[j] - again[j]).abs().max().item<double>() <= options.nondet_tol,
          "gradcheck: Backward is not reentrant, i.e., running backward with same input and "
          "grad_output multiple times gives different values, although analytical gradient "
          "matches numerical gradient. The tolerance for nondeterminism was ",
          options.nondet_tol);
  }

  Tensors nothing;
  for (const Tensor& part : y) nothing.push_back(zeros_like(part).detach());
  for (const Tensor& g : grad(y, x, nothing, /*retain_graph=*/true, false, true))
    check<GradcheckError>(!g.defined() || g.numel() == 0 || !(g != 0).any().item<bool>(),
                          "gradcheck: backward not multiplied by grad_output");
}

}  // namespace

bool gradcheck(const CheckedFunction& f, const Tensors& inputs, const GradcheckOptions& options) {
  const AutoGradMode recording(true);
  check_inputs("gradcheck", inputs);
  try {
    compare_jacobians(f, inputs, options);
  } catch (const GradcheckError&) {
    if (options.raise_exception) throw;
    return false;
  }
  return true;
}

bool gradgradcheck(const CheckedFunction& f, const Tensors& inputs, const Tensors& grad_outputs,
                   const GradcheckOptions& options) {
  const AutoGradMode recording(true);
  check_inputs("gradgradcheck", inputs);
  const Tensors first = f(inputs);
  const std::vector<std::size_t> outputs = differentiable(first);
  const std::vector<std::size_t> moved = differentiable(inputs);
  const std::size_t count = inputs.size();

  // The gradient's arguments: f's, then what comes in at its outputs.
  Tensors arguments = inputs;
  Generator generator(0);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = first[outputs[i]];
    const Tensor g =
        i < grad_outputs.size() ? grad_outputs[i] : randn(y.sizes(), &generator, y.options());
    arguments.push_back(g.detach().clone().requires_grad_());
  }
  const auto gradient = [&](const Tensors& all) {
    const AutoGradMode inner(true);
    Tensors x(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    Tensors g(all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
    Tensors found = grad(selected(f(x), outputs), selected(x, moved), g, {}, true, true);
    std::erase_if(found, [](const Tensor& each) { return !each.defined(); });
    return found;
  };
  return gradcheck(gradient, arguments, options);
}

}  // namespace pullback::autograd
