#include <pullback/pullback.h>

#include "catch.h"

// Programs as libtorch's tutorials write them; only this line is Pullback's.
namespace torch = pullback;

namespace {

namespace nn = torch::nn;
namespace F = torch::nn::functional;

// The generator and discriminator of the tutorial on generative adversarial networks, for images
// of 8×8.
struct GeneratorImpl : nn::Module {
  explicit GeneratorImpl(int noise)
      : conv1(nn::ConvTranspose2dOptions(noise, 16, 4).bias(false)),
        batch_norm1(16),
        conv2(nn::ConvTranspose2dOptions(16, 1, 4).stride(2).padding(1).bias(false)) {
    register_module("conv1", conv1);
    register_module("batch_norm1", batch_norm1);
    register_module("conv2", conv2);
  }

  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(batch_norm1(conv1(x)));
    return torch::tanh(conv2(x));
  }

  nn::ConvTranspose2d conv1;
  nn::BatchNorm2d batch_norm1;
  nn::ConvTranspose2d conv2;
};
TORCH_MODULE(Generator);

nn::Sequential discriminator() {
  return nn::Sequential(nn::Conv2d(nn::Conv2dOptions(1, 8, 4).stride(2).padding(1).bias(false)),
                        nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2).inplace(true)),
                        nn::Conv2d(nn::Conv2dOptions(8, 16, 4).stride(2).padding(1).bias(false)),
                        nn::BatchNorm2d(16),
                        nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2)),
                        nn::Conv2d(nn::Conv2dOptions(16, 1, 2).bias(false)), nn::Sigmoid());
}

// A small network for images whose forward is written in functions.
struct Net : nn::Module {
  Net()
      : conv1(nn::Conv2dOptions(1, 4, /*kernel_size=*/3).padding(1)),
        conv2(nn::Conv2dOptions(4, 8, 3).padding(1)),
        fc1(8 * 2 * 2, 16),
        fc2(16, 2) {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("conv2_drop", conv2_drop);
    register_module("fc1", fc1);
    register_module("fc2", fc2);
  }

  torch::Tensor forward(torch::Tensor x) {
    x = F::relu(F::max_pool2d(conv1->forward(x), F::MaxPool2dFuncOptions(2)),
                F::ReLUFuncOptions().inplace(true));
    x = torch::max_pool2d(conv2_drop->forward(conv2->forward(x)), 2);
    x = F::elu(x, F::ELUFuncOptions().alpha(0.5));
    x = x.view({-1, 8 * 2 * 2});
    x = F::leaky_relu(fc1->forward(x), F::LeakyReLUFuncOptions().negative_slope(0.1));
    x = F::dropout(x, F::DropoutFuncOptions().p(0.1).training(is_training()));
    return F::log_softmax(fc2->forward(x), F::LogSoftmaxFuncOptions(1));
  }

  nn::Conv2d conv1, conv2;
  nn::Dropout2d conv2_drop{nn::Dropout2dOptions(0.1)};
  nn::Linear fc1, fc2;
};

}  // namespace

TEST_CASE("the tutorial's adversarial networks train", "[nn]") {
  torch::manual_seed(1);
  constexpr int kNoise = 6;
  Generator generator(kNoise);
  nn::Sequential judge = discriminator();
  torch::optim::Adam generator_optimizer(
      generator->parameters(), torch::optim::AdamOptions(2e-3).betas(std::make_tuple(0.5, 0.999)));
  torch::optim::Adam judge_optimizer(
      judge->parameters(), torch::optim::AdamOptions(2e-3).betas(std::make_tuple(0.5, 0.999)));

  const torch::Tensor real_images = torch::ones({16, 1, 8, 8}) * 0.8;
  const auto distance = [&] {
    torch::NoGradGuard no_grad;
    return F::mse_loss(generator(torch::randn({16, kNoise, 1, 1})), real_images).item<float>();
  };
  const float before = distance();
  for (int step = 0; step < 60; ++step) {
    judge->zero_grad();
    const torch::Tensor real_labels = torch::empty(16).uniform_(0.8, 1.0);
    const torch::Tensor real_output = judge->forward(real_images).reshape(real_labels.sizes());
    const torch::Tensor d_loss_real = torch::binary_cross_entropy(real_output, real_labels);
    d_loss_real.backward();

    const torch::Tensor fake_images = generator->forward(torch::randn({16, kNoise, 1, 1}));
    const torch::Tensor fake_labels = torch::zeros(16);
    const torch::Tensor fake_output =
        judge->forward(fake_images.detach()).reshape(fake_labels.sizes());
    const torch::Tensor d_loss_fake = torch::binary_cross_entropy(fake_output, fake_labels);
    d_loss_fake.backward();
    judge_optimizer.step();

    generator->zero_grad();
    const torch::Tensor g_loss = torch::binary_cross_entropy(
        judge->forward(fake_images).reshape(fake_labels.sizes()), torch::ones(16));
    g_loss.backward();
    generator_optimizer.step();
  }
  CHECK(distance() < before / 2);
}

TEST_CASE("the tutorial's convolutional network learns bars", "[nn]") {
  torch::manual_seed(2);
  // A lit row is of class 0, a lit column of class 1.
  torch::Tensor images = torch::zeros({16, 1, 8, 8});
  torch::Tensor labels = torch::zeros({16}, torch::kLong);
  for (int i = 0; i < 8; ++i) {
    images[i][0][i].fill_(1);
    images[8 + i].select(2, i).fill_(1);
    labels[8 + i] = 1;
  }
  Net model;
  torch::optim::SGD optimizer(model.parameters(), torch::optim::SGDOptions(0.1).momentum(0.5));
  for (int step = 0; step < 150; ++step) {
    optimizer.zero_grad();
    auto loss = torch::nll_loss(model.forward(images), labels);
    loss.backward();
    optimizer.step();
  }
  model.eval();
  torch::NoGradGuard no_grad;
  auto pred = model.forward(images).argmax(1);
  CHECK(pred.eq(labels).sum().item<int64_t>() == 16);
}
