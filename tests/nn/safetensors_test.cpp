#include <pullback/nn/safetensors.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "catch.h"

#include <pullback/core/factories.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>
#include <pullback/nn/containers/sequential.h>
#include <pullback/nn/conv.h>
#include <pullback/nn/linear.h>
#include <pullback/nn/norm.h>
#include <pullback/optim/adam.h>
#include <pullback/parametrize/symmetric.h>

using namespace pullback;

namespace {

/// A path that no other test has, removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_((std::filesystem::temp_directory_path() /
               (name + std::to_string(reinterpret_cast<std::uintptr_t>(this))))
                  .string()) {}
  ~TemporaryFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

 private:
  std::string path_;
};

/// A file with this header and as many zero bytes of elements.
std::string file_of(const std::string& header, std::size_t elements) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + std::string(elements, '\0');
}

}  // namespace

TEST_CASE("tensors of every type and shape come back from a file in their order") {
  const TemporaryFile file("tensors");
  const nn::StateDict saved{{"z", randn({2, 3})},
                            {"a", randn({3, 2}, kDouble).t()},
                            {"i", arange(5)},
                            {"j", arange(5, kInt)},
                            {"b", tensor({true, false, true})},
                            {"scalar", scalar_tensor(2.5)},
                            {"nothing", zeros({0, 4})},
                            {"ключ \"quoted\"", ones({1})}};
  save_tensors(saved, file.path());
  const nn::StateDict loaded = load_tensors(file.path());
  REQUIRE(loaded.keys() == saved.keys());
  for (const auto& item : saved) {
    INFO(item.key());
    CHECK(loaded[item.key()].scalar_type() == item.value().scalar_type());
    CHECK(equal(loaded[item.key()], item.value()));
  }
}

TEST_CASE("a module's file holds PyTorch's names, and loads into a fresh module") {
  const TemporaryFile file("module");
  const auto make = [] {
    nn::Sequential net{nn::Conv2d(nn::Conv2dOptions(1, 2, 3)), nn::BatchNorm2d(2),
                       nn::Linear(3, 3)};
    parametrize::symmetric(net->at<nn::LinearImpl>(2));
    return net;
  };
  const nn::Sequential saved = make();
  save(saved, file.path());
  nn::Sequential loaded = make();
  load(loaded, file.path());
  CHECK(load_tensors(file.path()).contains("2.parametrizations.weight.original"));
  for (const auto& item : saved->state_dict())
    CHECK(equal(item.value(), loaded->state_dict()[item.key()]));
  nn::Linear other(4, 4);
  CHECK(message_of([&] { load(other, file.path()); }).find("Missing key(s)") != std::string::npos);
}

TEST_CASE("a module behind a shared_ptr is saved and loaded as libtorch does") {
  const TemporaryFile file("shared");
  auto saved = std::make_shared<nn::LinearImpl>(3, 2);
  auto loaded = std::make_shared<nn::LinearImpl>(3, 2);
  save(saved, file.path());
  load(loaded, file.path());
  CHECK(equal(loaded->weight, saved->weight));
  std::shared_ptr<nn::LinearImpl> none;
  CHECK_THROWS_AS(save(none, file.path()), ValueError);
  CHECK_THROWS_AS(load(none, file.path()), ValueError);
}

TEST_CASE("an optimizer's state goes through a file") {
  const TemporaryFile file("optimizer");
  const Tensor w = ones({3}).requires_grad_();
  optim::Adam adam(std::vector<Tensor>{w}, 0.1), again(std::vector<Tensor>{w}, 0.5);
  w.square().sum().backward();
  adam.step();
  save(adam, file.path());
  load(again, file.path());
  CHECK(again.state_dict().keys() == adam.state_dict().keys());
  for (const auto& item : adam.state_dict())
    CHECK(equal(item.value(), again.state_dict()[item.key()]));
}

TEST_CASE("a damaged safetensors file is refused with its name and its fault") {
  const TemporaryFile file("damaged");
  const auto fault = [&](const std::string& bytes) {
    file.write(bytes);
    const std::string message = message_of([&] { load_tensors(file.path()); });
    CHECK(message.find(file.path()) != std::string::npos);
    return message;
  };
  const auto has = [](const std::string& text, const char* part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  const std::string good = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  file.write(file_of(good, 8));
  CHECK(load_tensors(file.path())["x"].numel() == 2);

  has(fault(""), "less than 8 bytes");
  has(fault(std::string(8, '\xff')), "longer than the file");
  has(fault(file_of("{", 0)), "no JSON object");
  has(fault(file_of("[1]", 0)), "no JSON object");
  has(fault(file_of(std::string(100000, '['), 0)), "no JSON object");
  has(fault(file_of(good, 4)), "8 of 4");
  has(fault(file_of(good, 9)), "9 bytes of elements");
  has(fault(file_of(R"({"x":1})", 0)), "no dtype, shape and data_offsets");
  has(fault(file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,-8]}})", 8)),
      "wrong kind");
  has(fault(file_of(R"({"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8)), "no count");
  has(fault(file_of(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8)),
      "needs 12 bytes");
  has(fault(file_of(R"({"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
                    0)),
      "too large");
  has(fault(file_of(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8)), "begin at 4");
  has(fault(file_of(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                    R"("y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                    4)),
      "begin at 0 instead of 4");
  has(fault(file_of(R"({"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", 2)), "BF16");
  has(fault(file_of(R"({"x":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", 0) + "\x02"),
      "other than 0 and 1");
  CHECK(message_of([] { load_tensors("/nonexistent/x"); }).find("No such file") !=
        std::string::npos);
}

TEST_CASE("a file that cannot be written is reported, and an old one stays") {
  CHECK(message_of([] { save(ones({2}), "/nonexistent/x"); }).find("cannot open") !=
        std::string::npos);
  const TemporaryFile file("kept");
  save(ones({2}), file.path());
  CHECK_THROWS_AS(save_tensors({{"x", Tensor()}}, file.path()), RuntimeError);
  Tensor kept;
  load(kept, file.path());
  CHECK(equal(kept, ones({2})));
}
