// Looks inside the engine: the graph behind a value, what it saved, views and changes in place.
// docs/how_it_works.md explains what it prints.
#include <pullback/pullback.h>

#include <cstdio>
#include <iostream>

using namespace pullback;

namespace {

// [tanh]
Tensor my_tanh(const Tensor& x) {
  struct Tanh : autograd::Function<Tanh> {
    static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
      const Tensor y = x.tanh();
      ctx->save_for_backward({y});
      return y;
    }
    static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list g) {
      const Tensor y = ctx->get_saved_variables()[0];
      return {g[0] * (1 - y * y)};
    }
  };
  return Tanh::apply(x);
}
// [/tanh]

void print(const char* region, const std::string& text) {
  std::printf("# [%s]\n%s# [/%s]\n", region, text.c_str(), region);
}

}  // namespace

int main() {
  // [forward]
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}});
  const Tensor w = tensor({0.5, -0.25}).requires_grad_();
  const Tensor h = x.matmul(w).tanh();
  const Tensor loss = (h * h).sum();
  std::string graph = autograd::graph_text(loss);
  // [/forward]
  print("graph", graph);

  // [order]
  std::string order;
  for (autograd::Node* node = loss.grad_fn(); node; node = node->next_edge(0).node())
    order += node->name() + "\n";
  // [/order]
  print("chain", order);

  // [backward]
  loss.backward();
  graph = autograd::graph_text(loss);
  // [/backward]
  print("released", graph);
  std::cout << w.grad() << '\n';

  // [inplace]
  const Tensor base = w * 1;
  const Tensor first = base[0];
  first.mul_(10);
  graph = autograd::graph_text(base) + "\n" + autograd::graph_text(first);
  // [/inplace]
  print("rebased", graph);

  // [version]
  std::string message;
  const Tensor m = w * 2;
  const Tensor square = m * m;
  m.add_(1);
  try {
    square.sum().backward();
  } catch (const RuntimeError& error) {
    message = error.what();
  }
  // [/version]
  print("changed", message + "\n");

  // [twice]
  const Tensor v = tensor({0.3}).requires_grad_();
  const Tensor slope = autograd::grad({my_tanh(v)}, {v}, {}, {}, /*create_graph=*/true)[0];
  const Tensor curvature = autograd::grad({slope}, {v})[0];
  // [/twice]
  std::cout << slope << '\n' << curvature << '\n';
}
