#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/pullback.h>

#include "catch.h"

using namespace pullback;

// A layer whose rows leave the last-level cache takes its gradients in one pass over them.

namespace {

/// Small integers, whose sums are exact in any order.
Tensor whole(IntArrayRef sizes, ScalarType type) {
  return randint(-3, 4, sizes).to(type);
}

struct Case {
  std::int64_t rows, in, out;
  ScalarType type;
};

const Case kCases[] = {{1'300'003, 2, 3, kFloat},
                       {1'000'001, 1, 7, kDouble},
                       {100'000, 33, 70, kFloat},
                       {17'000, 100, 500, kFloat}};

}  // namespace

TEST_CASE("the gradients of many rows are those of three products") {
  for (const Case& c : kCases) {
    INFO(c.rows << " rows, " << c.in << " to " << c.out);
    const Tensor x = whole({c.rows, c.in}, c.type).requires_grad_();
    const Tensor weight = whole({c.out, c.in}, c.type).requires_grad_();
    const Tensor bias = whole({c.out}, c.type).requires_grad_();
    const Tensor g = whole({c.rows, c.out}, c.type);

    nn::functional::linear(x, weight, bias).backward(g);
    CHECK(equal(x.grad(), mm(g, weight.detach())));
    CHECK(equal(weight.grad(), mm(g.t(), x.detach())));
    CHECK(equal(bias.grad(), g.sum(0)));

    const std::vector<Tensor> without_bias =
        autograd::grad(nn::functional::linear(x, weight), {x, weight}, {g});
    CHECK(equal(without_bias[0], x.grad()));
    CHECK(equal(without_bias[1], weight.grad()));

    const std::vector<Tensor> without_x =
        autograd::grad(nn::functional::linear(x.detach(), weight, bias), {weight, bias}, {g});
    CHECK(equal(without_x[0], weight.grad()));
    CHECK(equal(without_x[1], bias.grad()));
  }
}

TEST_CASE("many rows may have gradients of any layout, and gradients of gradients") {
  const Tensor x = whole({1'500'000, 2}, kFloat).requires_grad_();
  const Tensor weight = whole({3, 2}, kFloat).requires_grad_();
  const Tensor bias = zeros({3}).requires_grad_();
  const Tensor row = whole({3}, kFloat), by_columns = whole({3, x.size(0)}, kFloat).t();
  for (const Tensor& g : {row.expand({x.size(0), 3}), by_columns}) {
    const std::vector<Tensor> found =
        autograd::grad(nn::functional::linear(x, weight, bias), {x, weight, bias}, {g});
    CHECK(equal(found[0], mm(g, weight.detach())));
    CHECK(equal(found[1], mm(g.t(), x.detach())));
    CHECK(equal(found[2], g.sum(0)));
  }
  const Tensor g = whole({x.size(0), 3}, kFloat).requires_grad_();
  const Tensor along_x = autograd::grad(nn::functional::linear(x, weight, bias), {x}, {g},
                                        /*retain_graph=*/std::nullopt, /*create_graph=*/true)[0];
  const std::vector<Tensor> second = autograd::grad(along_x.sum(), {weight, g});
  CHECK(equal(second[0], g.detach().sum(0).unsqueeze(1).expand({3, 2})));
  CHECK(equal(second[1], weight.detach().sum(1).expand({x.size(0), 3})));
}

TEST_CASE("many rows may come back from hooks in another layout") {
  const Tensor x = whole({1'500'000, 2}, kFloat).requires_grad_();
  const Tensor weight = whole({3, 2}, kFloat).requires_grad_();
  const Tensor g = whole({x.size(0), 3}, kFloat);
  const Tensor y = [&] {
    const autograd::SavedTensorsHooks hooks(
        [](const Tensor& saved) -> std::any { return saved.t().contiguous(); },
        [](const std::any& packed) { return std::any_cast<const Tensor&>(packed).t(); });
    return nn::functional::linear(x, weight);
  }();
  const std::vector<Tensor> found = autograd::grad(y, {x, weight}, {g});
  CHECK(equal(found[0], mm(g, weight.detach())));
  CHECK(equal(found[1], mm(g.t(), x.detach())));
}

TEST_CASE("the bits of many rows' gradients do not depend on the number of threads") {
  const Tensor x = randn({150'000, 40}).requires_grad_();
  const Tensor weight = randn({30, 40}).requires_grad_(), bias = randn({30}).requires_grad_();
  const auto gradients = [&] {
    return autograd::grad(nn::functional::linear(x, weight, bias).sin().sum(), {x, weight, bias});
  };
  const int threads = num_threads();
  set_num_threads(1);
  const std::vector<Tensor> alone = gradients();
  set_num_threads(4);
  const std::vector<Tensor> shared = gradients();
  set_num_threads(threads);
  for (std::size_t i = 0; i < 3; ++i) CHECK(equal(alone[i], shared[i]));
}

namespace {

/// A layer of many rows, and an activation behind it.
struct Activated {
  using Function = std::function<Tensor(const Tensor&)>;

  Tensor x = randn({170'001, 30}).requires_grad_(), weight = randn({19, 30}).requires_grad_(),
         bias = randn({19}).requires_grad_(), g = randn({170'001, 19});

  Tensor linear() const { return nn::functional::linear(x, weight, bias); }
  std::vector<Tensor> gradients(const Tensor& y, bool retain_graph = false) const {
    return autograd::grad(y, {x, weight, bias}, {g}, retain_graph);
  }
};

long steps_left() {
  return autograd::gradient_counts().left;
}

void check_equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(equal(a[i], b[i]));
}

}  // namespace

TEST_CASE("an activation leaves its slope to a layer of many rows, with the same bits") {
  const std::vector<std::pair<const char*, Activated::Function>> activations{
      {"relu", [](const Tensor& y) { return relu(y); }},
      {"tanh", [](const Tensor& y) { return tanh(y); }},
      {"sigmoid in place", [](const Tensor& y) { return sigmoid_(y); }},
      {"gelu", [](const Tensor& y) { return gelu(y); }},
      {"leaky_relu", [](const Tensor& y) { return leaky_relu(y, 0.2); }},
      {"hardtanh", [](const Tensor& y) { return hardtanh(y, -0.5, 0.75); }},
      {"elu", [](const Tensor& y) { return elu(y, 1.5); }}};
  const Activated layer;
  for (const auto& [name, activation] : activations) {
    INFO(name);
    const long before = steps_left();
    const std::vector<Tensor> found = layer.gradients(activation(layer.linear()));
    CHECK(steps_left() == before + 1);

    const Tensor y = layer.linear();
    Tensor seen;  // a hook sees the gradient, so the slope must be in it
    y.register_hook([&](const Tensor& gradient) { seen = gradient; });
    check_equal(layer.gradients(activation(y)), found);
    CHECK(steps_left() == before + 1);
    CHECK(allclose(seen.sum(0), found[2], 1e-4, 1e-2));
  }
}

TEST_CASE("nobody sees a gradient without its slope") {
  const Activated layer;
  const std::vector<Tensor> expected = layer.gradients(relu(layer.linear()));
  const auto slope = [&](const Tensor& y) { return where(y > 0, layer.g, 0); };
  const long before = steps_left();

  const Tensor kept = layer.linear();
  kept.retain_grad();
  check_equal(layer.gradients(relu(kept)), expected);
  CHECK(equal(kept.grad(), slope(kept)));

  const Tensor asked = layer.linear();
  const std::vector<Tensor> with_it = autograd::grad(relu(asked), {asked, layer.weight}, {layer.g});
  CHECK(equal(with_it[0], slope(asked)));
  CHECK(equal(with_it[1], expected[1]));

  const Tensor hooked = layer.linear();
  Tensor into_layer, out_of_activation;
  hooked.grad_fn()->register_prehook([&](const std::vector<Tensor>& g) {
    into_layer = g[0];
    return g;
  });
  check_equal(layer.gradients(relu(hooked)), expected);
  CHECK(equal(into_layer, slope(hooked)));

  const Tensor y = layer.linear(), activated = relu(y);
  activated.grad_fn()->register_hook(
      [&](const std::vector<Tensor>& inputs, const std::vector<Tensor>&) {
        out_of_activation = inputs[0];
        return inputs;
      });
  check_equal(layer.gradients(activated), expected);
  CHECK(equal(out_of_activation, slope(y)));

  const Tensor shared = layer.linear();
  const std::vector<Tensor> of_both =
      autograd::grad(relu(shared) + shared, {layer.bias}, {layer.g});
  CHECK(allclose(of_both[0], expected[2] + layer.g.sum(0), 1e-4, 1e-2));

  const Tensor twice = layer.linear();
  const Tensor of_relu = relu(twice), of_tanh = tanh(twice);
  const Tensor of_activations = autograd::grad(of_relu + of_tanh, {layer.bias}, {layer.g})[0];
  const Tensor of_tanh_alone = (layer.g * (1 - of_tanh.detach().square())).sum(0);
  CHECK(allclose(of_activations, expected[2] + of_tanh_alone, 1e-4, 1e-2));

  // The other branch's activation runs between the two.
  const Tensor leaf = randn({170'001, 19}).requires_grad_();
  const Tensor before_it = layer.linear();
  const Tensor other = tanh(leaf);
  const std::vector<Tensor> of_branches =
      autograd::grad(relu(before_it) + other, {layer.weight, leaf}, {layer.g});
  CHECK(equal(of_branches[0], expected[1]));
  CHECK(allclose(of_branches[1], layer.g * (1 - other.detach().square()), 1e-5, 1e-6));
  CHECK(steps_left() == before);
}

TEST_CASE("a slope that was left serves graphs that are kept, and a layer that only wants x") {
  const Activated layer;
  const Tensor y = tanh(layer.linear());
  const std::vector<Tensor> first = layer.gradients(y, /*retain_graph=*/true);
  const long before = steps_left();
  check_equal(layer.gradients(y, /*retain_graph=*/true), first);
  CHECK(steps_left() == before + 1);
  const Tensor along_x = autograd::grad(y, {layer.x}, {layer.g}, /*retain_graph=*/true)[0];
  CHECK(steps_left() == before + 2);
  CHECK(equal(along_x, mm(layer.g * (1 - y * y), layer.weight).detach()));

  // With a graph of the gradients the slope is an operation of its own.
  const std::vector<Tensor> recorded =
      autograd::grad(y, {layer.x, layer.weight, layer.bias}, {layer.g}, true, true);
  CHECK(steps_left() == before + 2);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(recorded[i].requires_grad());
    CHECK(allclose(recorded[i].detach(), first[i], 1e-4, 1e-2));
  }
}

TEST_CASE("values that hooks unpack are not kept for a slope that is taken later") {
  const Activated layer;
  const std::vector<Tensor> expected = layer.gradients(tanh(layer.linear()));
  const long before = steps_left();
  const Tensor staged[] = {empty({layer.x.numel()}), empty({layer.x.numel()})};  // take turns
  int turn = 0;
  Tensor seen, y, activated;
  {
    const autograd::SavedTensorsHooks hooks(
        [](const Tensor& saved) -> std::any { return saved.detach().clone(); },
        [&](const std::any& packed) {
          if (turn == 0) y.register_hook([&](const Tensor& g) { seen = g; });
          const Tensor& saved = std::any_cast<const Tensor&>(packed);
          const Tensor given = staged[turn++ % 2].narrow(0, 0, saved.numel()).view(saved.sizes());
          return given.copy_(saved).detach();
        });
    y = layer.linear();
    activated = tanh(y);
  }
  check_equal(layer.gradients(activated), expected);
  CHECK(steps_left() == before);
  CHECK(allclose(seen, layer.g * (1 - activated.detach().square()), 1e-5, 1e-6));
}

TEST_CASE("an activation of few rows, or before something else, keeps its slope") {
  const Tensor x = randn({100, 30}), weight = randn({19, 30}).requires_grad_();
  const long before = steps_left();
  relu(nn::functional::linear(x, weight)).sum().backward();
  const Activated layer;
  relu(layer.linear() * 2).sum().backward();
  CHECK(steps_left() == before);
}

TEST_CASE("a layer without input features gives its bias, whatever the batch's dimensions") {
  const Tensor weight = ones({2, 0}), bias = tensor({1.0, 2.0}, kFloat);
  CHECK(equal(nn::functional::linear(ones({3, 4, 0}), weight, bias), bias.expand({3, 4, 2})));
}

TEST_CASE("many rows may have no features on either side") {
  const Tensor x = ones({40'000'000, 0}).requires_grad_();
  const Tensor weight = ones({0, 0}).requires_grad_(), bias = ones({0}).requires_grad_();
  relu(nn::functional::linear(x, weight, bias)).sum().backward();
  CHECK(weight.grad().sizes() == IntArrayRef({0, 0}));
}

TEST_CASE("a layer may have no outputs") {
  const Tensor x = ones({3, 2}).requires_grad_();
  const Tensor y = nn::functional::linear(x, zeros({0, 2}), zeros({0}));
  CHECK(y.sizes() == IntArrayRef({3, 0}));
  y.sum().backward();
  CHECK(equal(x.grad(), zeros({3, 2})));
}
