#include <pullback/core/autograd/functional.h>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/ops.h>

namespace pullback::autograd::functional {

namespace {

template <class F>
void check_callable(const F& f) {
  check<ValueError>(f != nullptr, "functional: the function is empty");
}

/// The inputs as leaves of a graph of their own; with create_graph as values of the caller's graph.
Tensors prepared(const char* op, const Tensors& inputs, bool create_graph) {
  check<ValueError>(!inputs.empty(), op, ": got no inputs");
  Tensors fresh;
  for (const Tensor& x : inputs) {
    check(x.defined(), op, ": an input is undefined");
    fresh.push_back(create_graph && x.requires_grad() ? x.view_as(x) : x.detach().requires_grad_());
  }
  return fresh;
}

/// v, which must have the shapes of `like`; ones if it was left out where that is one element.
Tensors direction(const char* op, const Tensors& v, const Tensors& like, const char* what) {
  if (v.empty() || (v.size() == 1 && !v[0].defined())) {
    check(like.size() == 1 && like[0].numel() == 1, op, ": The vector v can only be None if the ",
          what, " a single Tensor with a single element");
    return {ones_like(like[0]).detach()};
  }
  check(v.size() == like.size(), op, ": v is a list of invalid length: should be ", like.size(),
        " but got ", v.size());
  for (std::size_t i = 0; i < v.size(); ++i)
    check(v[i].sizes() == like[i].sizes(), op, ": v has invalid size: should be ", like[i].sizes(),
          " but got ", v[i].sizes());
  return v;
}

void check_outputs(const char* op, const Tensors& outputs, bool strict) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    check(outputs[i].defined(), op, ": output ", i, " of the function is undefined");
    check(!strict || outputs[i].requires_grad(), op, ": Output ", i,
          " of the user-provided function does not require gradients. The outputs must be computed "
          "in a differentiable manner from the input when running in strict mode");
  }
}

/// ∂⟨v, outputs⟩/∂inputs, zero where nothing depends on an input.
Tensors gradients(const char* op, const Tensors& outputs, const Tensors& inputs, const Tensors& v,
                  bool create_graph, bool strict) {
  Tensors roots, seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    roots.push_back(outputs[i]);
    seeds.push_back(v[i]);
  }
  Tensors found(inputs.size());
  if (!roots.empty()) found = grad(roots, inputs, seeds, /*retain_graph=*/true, create_graph, true);
  for (std::size_t j = 0; j < inputs.size(); ++j) {
    check(!strict || found[j].defined(), op, ": The output of the user-provided function is ",
          "independent of input ", j, ". This is not allowed in strict mode");
    check(!strict || !create_graph || found[j].requires_grad(), op, ": The jacobian of the ",
          "user-provided function is independent of input ", j,
          ". This is not allowed in strict mode when create_graph=true");
    if (!found[j].defined()) found[j] = zeros_like(inputs[j]);
  }
  return found;
}

Tensors finished(Tensors values, bool create_graph) {
  if (!create_graph)
    for (Tensor& x : values) x = x.detach();
  return values;
}

ListFunction as_list(const TensorFunction& f) {
  check_callable(f);
  return [&f](const Tensors& x) { return Tensors{f(x[0])}; };
}
ScalarFunction as_scalar(const TensorFunction& f) {
  check_callable(f);
  return [&f](const Tensors& x) { return f(x[0]); };
}
Tensors list_of(const Tensor& v) {
  return v.defined() ? Tensors{v} : Tensors{};
}
std::pair<Tensor, Tensor> first_of(std::pair<Tensors, Tensors> both) {
  return {std::move(both.first[0]), std::move(both.second[0])};
}
std::pair<Tensor, Tensor> first_of(std::pair<Tensor, Tensors> both) {
  return {std::move(both.first), std::move(both.second[0])};
}

void check_scalar(const char* op, const Tensor& y) {
  check(y.defined() && y.numel() == 1, op, ": The Tensor returned by the function given to ", op,
        " should contain a single element");
}

}  // namespace

std::pair<Tensors, Tensors> vjp(const ListFunction& f, const Tensors& inputs, const Tensors& v,
                                bool create_graph, bool strict) {
  const AutoGradMode recording(true);
  const Tensors x = prepared("vjp", inputs, create_graph);
  check_callable(f);
  const Tensors y = f(x);
  check_outputs("vjp", y, strict);
  const Tensors along = direction("vjp", v, y, "user-provided function returns");
  Tensors g = gradients("vjp", y, x, along, create_graph, strict);
  return {finished(y, create_graph), finished(std::move(g), create_graph)};
}

std::pair<Tensors, Tensors> jvp(const ListFunction& f, const Tensors& inputs, const Tensors& v,
                                bool create_graph, bool strict) {
  const AutoGradMode recording(true);
  const Tensors x = prepared("jvp", inputs, create_graph);
  const Tensors along = direction("jvp", v, inputs, "input to the user-provided function is");
  check_callable(f);
  const Tensors y = f(x);
  check_outputs("jvp", y, strict);
  // u ↦ uᵀ J is linear, so its value does not matter, and its derivative along v is J v.
  Tensors u;
  for (const Tensor& part : y) u.push_back(zeros_like(part).detach().requires_grad_());
  const Tensors transposed = gradients("jvp", y, x, u, /*create_graph=*/true, strict);
  Tensors g = gradients("jvp", transposed, u, along, create_graph, false);
  return {finished(y, create_graph), finished(std::move(g), create_graph)};
}

std::vector<Tensors> jacobian(const ListFunction& f, const Tensors& inputs, bool create_graph,
                              bool strict) {
  const AutoGradMode recording(true);
  const Tensors x = prepared("jacobian", inputs, create_graph);
  check_callable(f);
  const Tensors y = f(x);
  check_outputs("jacobian", y, strict);
  std::vector<Tensors> result;
  for (const Tensor& part : y) {
    std::vector<Tensors> rows(x.size());
    for (std::int64_t k = 0; k < part.numel(); ++k) {
      const Tensor unit = zeros_like(part).detach().contiguous();
      unit.view({-1})[k].fill_(1);
      const Tensors row = gradients("jacobian", {part}, x, {unit}, create_graph, strict);
      for (std::size_t j = 0; j < x.size(); ++j) rows[j].push_back(row[j]);
    }
    Tensors blocks;
    for (std::size_t j = 0; j < x.size(); ++j) {
      std::vector<std::int64_t> sizes = part.sizes().vec();
      sizes.insert(sizes.end(), x[j].sizes().begin(), x[j].sizes().end());
      blocks.push_back(rows[j].empty() ? zeros(sizes, x[j].options())
                                       : stack(rows[j]).reshape(sizes));
    }
    result.push_back(finished(std::move(blocks), create_graph));
  }
  return result;
}

std::vector<Tensors> hessian(const ScalarFunction& f, const Tensors& inputs, bool create_graph,
                             bool strict) {
  const ListFunction gradient = [&](const Tensors& x) {
    check_callable(f);
    const Tensor y = f(x);
    check_scalar("hessian", y);
    check_outputs("hessian", {y}, strict);
    return gradients("hessian", {y}, x, {ones_like(y).detach()}, /*create_graph=*/true, strict);
  };
  return jacobian(gradient, inputs, create_graph, strict);
}

std::pair<Tensor, Tensors> vhp(const ScalarFunction& f, const Tensors& inputs, const Tensors& v,
                               bool create_graph, bool strict) {
  const AutoGradMode recording(true);
  const Tensors x = prepared("vhp", inputs, create_graph);
  const Tensors along = direction("vhp", v, inputs, "input to the user-provided function is");
  check_callable(f);
  const Tensor y = f(x);
  check_scalar("vhp", y);
  check_outputs("vhp", {y}, strict);
  const Tensors slope =
      gradients("vhp", {y}, x, {ones_like(y).detach()}, /*create_graph=*/true, strict);
  Tensors g = gradients("vhp", slope, x, along, create_graph, strict);
  return {finished({y}, create_graph)[0], finished(std::move(g), create_graph)};
}

std::pair<Tensor, Tensors> hvp(const ScalarFunction& f, const Tensors& inputs, const Tensors& v,
                               bool create_graph, bool strict) {
  Tensor y;
  const ListFunction gradient = [&](const Tensors& x) {
    check_callable(f);
    y = f(x);
    check_scalar("hvp", y);
    check_outputs("hvp", {y}, strict);
    return gradients("hvp", {y}, x, {ones_like(y).detach()}, /*create_graph=*/true, strict);
  };
  Tensors product = jvp(gradient, inputs, v, create_graph, strict).second;
  return {finished({y}, create_graph)[0], std::move(product)};
}

std::pair<Tensor, Tensor> vjp(const TensorFunction& f, const Tensor& input, const Tensor& v,
                              bool create_graph, bool strict) {
  return first_of(vjp(as_list(f), Tensors{input}, list_of(v), create_graph, strict));
}
std::pair<Tensor, Tensor> jvp(const TensorFunction& f, const Tensor& input, const Tensor& v,
                              bool create_graph, bool strict) {
  return first_of(jvp(as_list(f), Tensors{input}, list_of(v), create_graph, strict));
}
Tensor jacobian(const TensorFunction& f, const Tensor& input, bool create_graph, bool strict) {
  return jacobian(as_list(f), Tensors{input}, create_graph, strict)[0][0];
}
Tensor hessian(const TensorFunction& f, const Tensor& input, bool create_graph, bool strict) {
  return hessian(as_scalar(f), Tensors{input}, create_graph, strict)[0][0];
}
std::pair<Tensor, Tensor> hvp(const TensorFunction& f, const Tensor& input, const Tensor& v,
                              bool create_graph, bool strict) {
  return first_of(hvp(as_scalar(f), Tensors{input}, list_of(v), create_graph, strict));
}
std::pair<Tensor, Tensor> vhp(const TensorFunction& f, const Tensor& input, const Tensor& v,
                              bool create_graph, bool strict) {
  return first_of(vhp(as_scalar(f), Tensors{input}, list_of(v), create_graph, strict));
}

}  // namespace pullback::autograd::functional
