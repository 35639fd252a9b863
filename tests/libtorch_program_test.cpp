#include <pullback/pullback.h>

#include "catch.h"

// A program as libtorch's documentation writes them; only this line is Pullback's.
namespace torch = pullback;

namespace {

// [net]
struct Net : torch::nn::Module {
  Net() {
    fc1 = register_module("fc1", torch::nn::Linear(2, 8));
    fc2 = register_module("fc2", torch::nn::Linear(torch::nn::LinearOptions(8, 1).bias(false)));
  }
  torch::Tensor forward(torch::Tensor x) {
    x = torch::tanh(fc1->forward(x));
    return torch::sigmoid(fc2->forward(x));
  }
  torch::nn::Linear fc1{nullptr}, fc2{nullptr};
};
// [/net]

}  // namespace

TEST_CASE("a libtorch program learns exclusive or under `namespace torch = pullback`", "[nn]") {
  torch::manual_seed(1);
  const torch::Device device(torch::cuda::is_available() ? torch::kCUDA : torch::kCPU);
  auto net = std::make_shared<Net>();
  net->to(device);
  torch::optim::Adam optimizer(net->parameters(), torch::optim::AdamOptions(0.1));

  const torch::Tensor x = torch::tensor({{0.0f, 0.0f}, {0.0f, 1.0f}, {1.0f, 0.0f}, {1.0f, 1.0f}});
  const torch::Tensor y = torch::tensor({0.0f, 1.0f, 1.0f, 0.0f}).view({4, 1});
  for (int step = 0; step < 200; ++step) {
    optimizer.zero_grad();
    const torch::Tensor loss = torch::nn::functional::binary_cross_entropy(net->forward(x), y);
    loss.backward();
    optimizer.step();
  }

  torch::NoGradGuard no_grad;
  net->eval();
  const torch::Tensor wrong = net->forward(x).round().ne(y).sum();
  CHECK(wrong.item<int64_t>() == 0);
  CHECK(net->named_parameters().keys() ==
        std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight"});
}
