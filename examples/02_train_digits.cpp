// Trains a network on handwritten digits while one of its layers stays orthogonal: its weight is
// the Cayley map of a skew-symmetric matrix, and what Adam changes is the matrix behind it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include <pullback/pullback.h>

#include "progress_bar.h"

using namespace pullback;

// [maps]
struct SkewImpl : nn::Module {
  Tensor forward(const Tensor& X) {
    const Tensor A = X.triu(1);
    return A - A.mT();
  }
};
PULLBACK_MODULE(Skew);

struct CayleyImpl : nn::Module {
  explicit CayleyImpl(std::int64_t n) { Id = register_buffer("Id", eye(n)); }
  Tensor forward(const Tensor& X) { return linalg::solve(Id + X, Id - X); }
  nn::Attribute Id;
};
PULLBACK_MODULE(Cayley);
// [/maps]

struct Options {
  int epochs = 15;
  std::int64_t batch_size = 64;
  double lr = 2e-3;
  std::uint64_t seed = 0;
  int threads = 2;
  std::string data = PULLBACK_DATA_DIR "/digits/digits.csv";
  std::string mnist;
  std::string save = "digits.safetensors";
  std::string losses;
};

struct Samples {
  data::LabelledImages train, test;
};

/// The 8×8 digits; every fifth is a test sample.
Samples read_digits(const std::string& path) {
  const Tensor rows = data::read_csv(path);
  const Tensor images = rows.slice(1, 0, 64).div(16).reshape({-1, 1, 8, 8});
  const Tensor labels = rows.select(1, 64).to(kLong);
  const Tensor test = (arange(rows.size(0)) % 5).eq(4), train = test.logical_not();
  return {{images.index({train}), labels.index({train})},
          {images.index({test}), labels.index({test})}};
}

// [network]
constexpr int kOrthogonal = 7;  // the layer whose weight is constrained

nn::Sequential make_network(std::int64_t image_size) {
  const std::int64_t pooled = image_size / 2;
  // Braces: C++ evaluates what they hold from left to right, so weights are drawn in this order.
  nn::Sequential network{
      nn::Conv2d(nn::Conv2dOptions(1, 16, 3).padding(1).bias(false)),
      nn::BatchNorm2d(16),
      nn::ReLU(),
      nn::MaxPool2d(2),
      nn::Flatten(),
      nn::Linear(16 * pooled * pooled, 64),
      nn::Tanh(),
      nn::Linear(64, 64),
      nn::Tanh(),
      nn::Linear(64, 10),
  };
  nn::LinearImpl& orthogonal = network->at<nn::LinearImpl>(kOrthogonal);
  parametrize::register_parametrization(orthogonal, "weight", Skew());
  parametrize::register_parametrization(orthogonal, "weight", Cayley(64));
  return network;
}
// [/network]

Tensor orthogonal_weight(const nn::Sequential& network) {
  return network->at<nn::LinearImpl>(kOrthogonal).weight;
}

double accuracy_of(const Tensor& scores, const Tensor& labels) {
  return scores.argmax(1).eq(labels).to(kDouble).mean().item<double>();
}

double test_accuracy(nn::Sequential& network, const data::LabelledImages& test) {
  const NoGradGuard no_grad;
  network->eval();
  return accuracy_of(network(test.images), test.labels);
}

void train(nn::Sequential& network, const Samples& samples, const Options& options) {
  std::ofstream losses(options.losses);
  // [train]
  optim::Adam optimizer(network->parameters(), options.lr);
  data::DataLoader loader(samples.train.images, samples.train.labels,
                          data::DataLoaderOptions(options.batch_size).shuffle(true));
  ProgressBar progress(options.epochs, static_cast<int>(loader.size()));
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    network->train();
    double loss_sum = 0, accuracy_sum = 0;
    int batches = 0;
    for (const data::Batch& batch : loader) {
      optimizer.zero_grad();
      const Tensor scores = network(batch.data);
      const Tensor loss = cross_entropy(scores, batch.target);
      loss.backward();
      optimizer.step();

      loss_sum += loss.item<double>();
      accuracy_sum += accuracy_of(scores, batch.target);
      ++batches;
      progress.step(loss_sum / batches, accuracy_sum / batches);
      char line[32];
      std::snprintf(line, sizeof line, "%.9g\n", loss.item<double>());
      losses << line;
    }
    progress.end_epoch(test_accuracy(network, samples.test));
  }
  // [/train]
}

Options read_options(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a network with an orthogonal layer on handwritten digits.");
  app.add_option("--epochs", options.epochs, "How often to go through the training part")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--batch-size", options.batch_size, "Samples a step")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--lr", options.lr, "Adam's learning rate")->capture_default_str();
  app.add_option("--seed", options.seed, "Of the weights and the order")->capture_default_str();
  app.add_option("--threads", options.threads, "Threads; the numbers do not depend on them")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--mnist", options.mnist,
                 "A folder with MNIST's IDX files, .gz or not, to use instead");
  app.add_option("--data", options.data, "The digits as CSV")->capture_default_str();
  app.add_option("--save", options.save, "Where to keep the trained network")
      ->capture_default_str();
  app.add_option("--losses", options.losses, "A file for the loss of every batch");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return options;
}

int run(const Options& options) {
  set_num_threads(options.threads);
  manual_seed(options.seed);
  const Samples samples = options.mnist.empty() ? read_digits(options.data)
                                                : Samples{data::read_mnist(options.mnist, true),
                                                          data::read_mnist(options.mnist, false)};
  std::printf(
      "%d training and %d test images of %d×%d\n", static_cast<int>(samples.train.images.size(0)),
      static_cast<int>(samples.test.images.size(0)), static_cast<int>(samples.train.images.size(2)),
      static_cast<int>(samples.train.images.size(3)));

  nn::Sequential network = make_network(samples.train.images.size(2));
  train(network, samples, options);

  const double accuracy = test_accuracy(network, samples.test);
  const Tensor W = orthogonal_weight(network).detach();
  std::printf("test accuracy %.2f %%, |W'W - I| = %.1e\n", 100 * accuracy,
              linalg::norm(matmul(W.mT(), W) - eye(64)).item<double>());

  // [save]
  save(network, options.save);
  nn::Sequential again = make_network(samples.train.images.size(2));
  load(again, options.save);
  // [/save]
  const double reloaded = test_accuracy(again, samples.test);
  std::printf("saved to %s; loaded into a fresh network: %.2f %%\n", options.save.c_str(),
              100 * reloaded);
  return reloaded == accuracy ? 0 : 1;
}

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  try {
    return run(options);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
