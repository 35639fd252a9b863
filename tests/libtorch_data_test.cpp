#include <pullback/pullback.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "catch.h"

// A program that loads its data as libtorch's examples do; only this line is Pullback's.
namespace torch = pullback;

namespace {

/// A folder with the digits that ship as MNIST's files, 8×8: every fifth digit is for testing.
class DigitsFolder {
 public:
  DigitsFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("digits" + std::to_string(reinterpret_cast<std::uintptr_t>(this)))) {
    std::filesystem::create_directories(path_);
    const torch::Tensor rows =
        torch::data::read_csv(PULLBACK_SOURCE_DIR "/data/digits/digits.csv", torch::kLong);
    std::string images[2], labels[2];
    for (int64_t i = 0; i < rows.size(0); ++i) {
      const int64_t* row = rows.data_ptr<int64_t>() + i * 65;
      const bool test = i % 5 == 4;
      for (int pixel = 0; pixel < 64; ++pixel)
        images[test] += static_cast<char>(std::min<int64_t>(row[pixel] * 16, 255));
      labels[test] += static_cast<char>(row[64]);
    }
    for (const bool test : {false, true}) {
      const auto count = static_cast<unsigned>(labels[test].size());
      write(test, "images-idx3-ubyte", {count, 8, 8}, images[test]);
      write(test, "labels-idx1-ubyte", {count}, labels[test]);
    }
  }
  ~DigitsFolder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  void write(bool test, const std::string& name, const std::vector<unsigned>& sizes,
             const std::string& bytes) const {
    std::ofstream file(path_ / ((test ? "t10k-" : "train-") + name), std::ios::binary);
    file << std::string{0, 0, 8, static_cast<char>(sizes.size())};
    for (const unsigned size : sizes)
      for (int shift = 24; shift >= 0; shift -= 8) file.put(static_cast<char>(size >> shift));
    file << bytes;
  }

  std::filesystem::path path_;
};

struct Net : torch::nn::Module {
  Net()
      : conv1(torch::nn::Conv2dOptions(1, 8, /*kernel_size=*/3).padding(1)),
        conv2(torch::nn::Conv2dOptions(8, 16, /*kernel_size=*/3)),
        fc1(64, 32),
        fc2(32, 10) {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("fc1", fc1);
    register_module("fc2", fc2);
  }

  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(torch::max_pool2d(conv1->forward(x), 2));
    x = torch::relu(conv2->forward(x));
    x = torch::relu(fc1->forward(x.view({-1, 64})));
    return torch::log_softmax(fc2->forward(x), /*dim=*/1);
  }

  torch::nn::Conv2d conv1, conv2;
  torch::nn::Linear fc1, fc2;
};

template <typename DataLoader>
void train(Net& model, torch::Device device, DataLoader& data_loader,
           torch::optim::Optimizer& optimizer) {
  model.train();
  for (auto& batch : data_loader) {
    auto data = batch.data.to(device), targets = batch.target.to(device);
    optimizer.zero_grad();
    auto output = model.forward(data);
    auto loss = torch::nll_loss(output, targets);
    loss.backward();
    optimizer.step();
  }
}

template <typename DataLoader>
double test(Net& model, torch::Device device, DataLoader& data_loader, size_t dataset_size) {
  torch::NoGradGuard no_grad;
  model.eval();
  int64_t correct = 0;
  for (const auto& batch : data_loader) {
    auto data = batch.data.to(device), targets = batch.target.to(device);
    auto pred = model.forward(data).argmax(1);
    correct += pred.eq(targets).sum().template item<int64_t>();
  }
  return static_cast<double>(correct) / static_cast<double>(dataset_size);
}

double trained_accuracy(const std::string& folder, size_t workers) {
  torch::manual_seed(1);
  torch::Device device(torch::kCPU);
  Net model;
  model.to(device);

  // [loader]
  auto train_dataset = torch::data::datasets::MNIST(folder)
                           .map(torch::data::transforms::Normalize<>(0.1307, 0.3081))
                           .map(torch::data::transforms::Stack<>());
  auto train_loader = torch::data::make_data_loader<torch::data::samplers::RandomSampler>(
      std::move(train_dataset), torch::data::DataLoaderOptions().batch_size(64).workers(workers));
  // [/loader]

  auto test_dataset =
      torch::data::datasets::MNIST(folder, torch::data::datasets::MNIST::Mode::kTest)
          .map(torch::data::transforms::Normalize<>(0.1307, 0.3081))
          .map(torch::data::transforms::Stack<>());
  const size_t test_dataset_size = test_dataset.size().value();
  auto test_loader = torch::data::make_data_loader<torch::data::samplers::SequentialSampler>(
      std::move(test_dataset), /*batch_size=*/1000);

  torch::optim::SGD optimizer(model.parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  for (int epoch = 1; epoch <= 8; ++epoch) train(model, device, *train_loader, optimizer);
  return test(model, device, *test_loader, test_dataset_size);
}

/// A data set of one's own: points on a line, with noise that is the point's index.
struct MyDataset : torch::data::datasets::Dataset<MyDataset> {
  explicit MyDataset(torch::Tensor points) : points_(std::move(points)) {}
  torch::data::Example<> get(size_t index) override {
    auto x = points_[static_cast<int64_t>(index)];
    return {x, 3 * x - 1};
  }
  torch::optional<size_t> size() const override { return points_.size(0); }

 private:
  torch::Tensor points_;
};

}  // namespace

TEST_CASE("a libtorch program reads MNIST through workers and learns it, however many there are") {
  const DigitsFolder folder;
  const double accuracy = trained_accuracy(folder.path(), 0);
  CHECK(accuracy > 0.95);
  CHECK(trained_accuracy(folder.path(), 2) == accuracy);
}

TEST_CASE("a libtorch program fits a line to a data set of its own") {
  torch::manual_seed(0);
  auto data_set = MyDataset(torch::randn({64, 1})).map(torch::data::transforms::Stack<>());
  auto data_loader = torch::data::make_data_loader<torch::data::samplers::SequentialSampler>(
      std::move(data_set), 16);
  torch::nn::Linear line(1, 1);
  torch::optim::SGD optimizer(line->parameters(), /*lr=*/0.2);
  for (size_t epoch = 0; epoch < 50; ++epoch)
    for (torch::data::Example<>& batch : *data_loader) {
      optimizer.zero_grad();
      torch::mse_loss(line(batch.data), batch.target).backward();
      optimizer.step();
    }
  CHECK(std::abs(line->weight.item<float>() - 3) < 1e-3);
  CHECK(std::abs(line->bias.item<float>() + 1) < 1e-3);
}

TEST_CASE("a libtorch program takes a batch apart that nothing stacks") {
  auto data_set = MyDataset(torch::arange(4.0));
  auto data_loader = torch::data::make_data_loader(
      std::move(data_set), torch::data::DataLoaderOptions().batch_size(4).workers(1));
  for (std::vector<torch::data::Example<>>& batch : *data_loader) {
    double sum = 0;
    for (auto& example : batch) sum += example.target.item<double>();
    CHECK(sum == 3 * 6 - 4);
  }
}
