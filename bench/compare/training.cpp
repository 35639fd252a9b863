// Whole training steps: forward, loss, backward and the optimizer.
#include <cmath>

#include "workload.h"

namespace compare {

namespace {

using peer::nn::Conv2d;
using peer::nn::Conv2dOptions;
using peer::nn::Linear;
using peer::optim::Adam;
using peer::optim::AdamOptions;
using peer::optim::SGD;
using peer::optim::SGDOptions;

/// Inputs away from the trivial: the modules' parameters become waves of their usual size.
template <class Module>
void fill(Module module, Dtype dtype) {
  const peer::NoGradGuard no_grad;
  module->to(dtype);
  double phase = 0;
  for (Tensor& p : module->parameters()) {
    const double fan_in = static_cast<double>(p.numel()) / static_cast<double>(p.size(0));
    p.copy_(waves(p.sizes().vec(), dtype, phase += 1) / std::sqrt(fan_in));
  }
}

/// 0, 1, … classes − 1 in turn.
Tensor labels(std::int64_t count, std::int64_t classes) {
  return peer::arange(count).remainder(classes);
}

struct MoonsImpl : peer::nn::Module {
  Linear one{2, 16}, two{16, 16}, three{16, 1};
  MoonsImpl() {
    register_module("one", one);
    register_module("two", two);
    register_module("three", three);
  }
  Tensor loss(const Tensor& x, const Tensor& y) {
    const Tensor h = peer::tanh(two(peer::tanh(one(x))));
    return peer::binary_cross_entropy_with_logits(three(h).squeeze(1), y);
  }
};
PEER_MODULE(Moons);

struct MlpImpl : peer::nn::Module {
  Linear one{784, 256}, two{256, 10};
  MlpImpl() {
    register_module("one", one);
    register_module("two", two);
  }
  Tensor loss(const Tensor& x, const Tensor& y) {
    return peer::nn::functional::cross_entropy(two(peer::relu(one(x))), y);
  }
};
PEER_MODULE(Mlp);

struct LeNetImpl : peer::nn::Module {
  Conv2d conv1{Conv2dOptions(1, 6, 5).padding(2)}, conv2{Conv2dOptions(6, 16, 5)};
  Linear one{400, 120}, two{120, 84}, three{84, 10};
  LeNetImpl() {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("one", one);
    register_module("two", two);
    register_module("three", three);
  }
  Tensor loss(const Tensor& x, const Tensor& y) {
    Tensor h = peer::max_pool2d(peer::relu(conv1(x)), 2);
    h = peer::max_pool2d(peer::relu(conv2(h)), 2).flatten(1);
    h = peer::relu(two(peer::relu(one(h))));
    return peer::nn::functional::cross_entropy(three(h), y);
  }
};
PEER_MODULE(LeNet);

template <class Model, class Optimizer>
Step training_step(Model model, std::shared_ptr<Optimizer> optimizer, Tensor x, Tensor y) {
  return [=]() mutable {
    optimizer->zero_grad();
    const Tensor loss = model->loss(x, y);
    loss.backward();
    optimizer->step();
    return loss;
  };
}

/// The name of a step that is also timed with another batch than 64.
std::string with_batch(const char* name, std::int64_t batch) {
  return batch == 64 ? name : std::string(name) + ", batch " + std::to_string(batch);
}

}  // namespace

void training(Workloads& workloads) {
  workloads.push_back({"step/moons 2-16-16-1 SGD", 1, [](Dtype dtype) {
                         Moons model;
                         fill(model, dtype);
                         auto optimizer =
                             std::make_shared<SGD>(model->parameters(), SGDOptions(0.1));
                         return training_step(model, optimizer, waves({100, 2}, dtype, 0.5),
                                              labels(100, 2).to(dtype));
                       }});
  for (const std::int64_t batch : {64, 4096}) {
    workloads.push_back({with_batch("step/MLP 784-256-10 Adam", batch), 1, [=](Dtype dtype) {
                           Mlp model;
                           fill(model, dtype);
                           auto optimizer =
                               std::make_shared<Adam>(model->parameters(), AdamOptions());
                           return training_step(model, optimizer, waves({batch, 784}, dtype, 0.5),
                                                labels(batch, 10));
                         }});
  }
  for (const std::int64_t batch : {64, 1024}) {
    workloads.push_back(
        {with_batch("step/LeNet SGD", batch), 1, [=](Dtype dtype) {
           LeNet model;
           fill(model, dtype);
           auto optimizer = std::make_shared<SGD>(model->parameters(), SGDOptions(0.01));
           return training_step(model, optimizer, waves({batch, 1, 28, 28}, dtype, 0.5),
                                labels(batch, 10));
         }});
  }
}

}  // namespace compare
