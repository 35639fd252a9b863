#include "catch.h"

#include <cmath>
#include <string>
#include <vector>

#include <pullback/core/autograd/node.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>
#include <pullback/nn/embedding.h>
#include <pullback/nn/functional.h>

using namespace pullback;
namespace F = pullback::nn::functional;

namespace {

template <class Holder>
std::string shown(const Holder& module) {
  return module->repr();
}

std::vector<float> values(const Tensor& x) {
  const Tensor dense = x.detach().contiguous();
  return {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()};
}

}  // namespace

TEST_CASE("layers print as in Python", "[layers]") {
  using namespace nn;
  CHECK(shown(Conv1d(2, 3, 3)) == "Conv1d(2, 3, kernel_size=(3,), stride=(1,))");
  CHECK(shown(Conv2d(1, 16, 3)) == "Conv2d(1, 16, kernel_size=(3, 3), stride=(1, 1))");
  CHECK(shown(Conv2d(
            Conv2dOptions(1, 16, {3, 2}).stride(2).padding(1).dilation({1, 2}).bias(false))) ==
        "Conv2d(1, 16, kernel_size=(3, 2), stride=(2, 2), padding=(1, 1), dilation=(1, 2), "
        "bias=False)");
  CHECK(shown(Conv2d(Conv2dOptions(4, 4, 3).padding(kSame).groups(2))) ==
        "Conv2d(4, 4, kernel_size=(3, 3), stride=(1, 1), padding=same, groups=2)");
  CHECK(shown(ConvTranspose2d(ConvTranspose2dOptions(4, 2, 3).stride(2).output_padding(1))) ==
        "ConvTranspose2d(4, 2, kernel_size=(3, 3), stride=(2, 2), output_padding=(1, 1))");
  CHECK(shown(MaxPool2d(2)) ==
        "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)");
  CHECK(shown(MaxPool2d(MaxPool2dOptions({2, 3}).stride(1).padding(1))) ==
        "MaxPool2d(kernel_size=(2, 3), stride=1, padding=1, dilation=1, ceil_mode=False)");
  CHECK(shown(AvgPool1d(2)) == "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))");
  CHECK(shown(AvgPool2d(2)) == "AvgPool2d(kernel_size=2, stride=2, padding=0)");
  CHECK(shown(AdaptiveAvgPool2d(1)) == "AdaptiveAvgPool2d(output_size=1)");
  CHECK(shown(BatchNorm1d(3)) ==
        "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, "
        "track_running_stats=True)");
  CHECK(shown(LayerNorm(std::vector<std::int64_t>{4})) ==
        "LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)");
  CHECK(shown(GroupNorm(2, 4)) == "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)");
  CHECK(shown(Embedding(EmbeddingOptions(10, 3).padding_idx(-1))) ==
        "Embedding(10, 3, padding_idx=9)");
  CHECK(shown(Dropout(0.2)) == "Dropout(p=0.2, inplace=False)");
  CHECK(shown(CrossEntropyLoss()) == "CrossEntropyLoss()");
}

TEST_CASE("an embedding's padding has no gradient", "[layers]") {
  const nn::Embedding table(nn::EmbeddingOptions(3, 2).padding_idx(1));
  const Tensor y = table(tensor({1, 2, 2}));
  CHECK(std::string(y.grad_fn()->name()) == "EmbeddingBackward0");
  sum(y).backward();
  CHECK(values(table->weight.grad()) == std::vector<float>{0, 0, 0, 0, 2, 2});
}

TEST_CASE("dropout draws PyTorch's mask and does nothing in evaluation", "[layers]") {
  manual_seed(0);
  nn::Dropout dropout(0.5);
  const Tensor x = arange(1, 9, kFloat);
  CHECK(values(dropout(x)) == std::vector<float>{0, 0, 6, 0, 0, 0, 14, 16});
  dropout->eval();
  CHECK(dropout(x).is_same(x));
  CHECK_THROWS_AS(nn::Dropout(2.0), ValueError);
}

TEST_CASE("batch norm follows its batches when training and uses them afterwards", "[layers]") {
  nn::BatchNorm1d norm(1);
  const Tensor x = tensor({1.0, 2.0, 3.0, 6.0}, kFloat).view({4, 1});
  norm(x);
  CHECK(std::abs(norm->running_mean.item<float>() - 0.3f) < 1e-6f);
  CHECK(std::abs(norm->running_var.item<float>() - (0.9f + 0.1f * 14 / 3)) < 1e-6f);
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 1);
  norm->eval();
  const float r = 1 / std::sqrt(norm->running_var.item<float>() + 1e-5f);
  CHECK(std::abs(norm(x).select(0, 0).item<float>() - (1 - 0.3f) * r) < 1e-6f);
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 1);
  CHECK_THROWS_AS(nn::BatchNorm2d(1)->forward(x), ValueError);
  norm->train();
  CHECK_THROWS_AS(norm(ones({1, 1})), ValueError);
}

TEST_CASE("batch norm without momentum averages all batches", "[layers]") {
  nn::BatchNorm1d norm(nn::BatchNorm1dOptions(1).momentum(std::nullopt));
  norm(tensor({0.0, 2.0}, kFloat).view({2, 1}));
  norm(tensor({4.0, 6.0}, kFloat).view({2, 1}));
  CHECK(std::abs(norm->running_mean.item<float>() - 3) < 1e-6f);
}

TEST_CASE("a weighted loss keeps its weight as a buffer", "[layers]") {
  nn::CrossEntropyLoss loss(nn::CrossEntropyLossOptions().weight(tensor({1.0, 3.0}, kFloat)));
  CHECK(loss->state_dict().contains("weight"));
  CHECK(nn::CrossEntropyLoss()->state_dict().is_empty());
  const Tensor x = zeros({2, 2});
  CHECK(std::abs(loss(x, tensor({0, 1})).item<float>() - std::log(2.0f)) < 1e-6f);
}

TEST_CASE("functions and modules of one name agree", "[layers]") {
  manual_seed(3);
  const nn::Conv2d conv(nn::Conv2dOptions(1, 2, 3).padding(1));
  const Tensor x = randn({2, 1, 4, 4});
  const Tensor y = F::conv2d(x, conv->weight, F::Conv2dFuncOptions().bias(conv->bias).padding(1));
  CHECK(equal(conv(x), y));
  CHECK(equal(F::pad(x, F::PadFuncOptions({1, 0, 2, 1}).mode(kReflect)),
              pad(x, {1, 0, 2, 1}, kReflect)));
  manual_seed(4);
  const Tensor dropped = nn::Dropout2d(0.5)(y);
  manual_seed(4);
  CHECK(equal(F::dropout2d(y, F::Dropout2dFuncOptions().p(0.5)), dropped));
  CHECK(equal(nn::MaxPool2d(2)(y), F::max_pool2d(y, F::MaxPool2dFuncOptions(2))));
  const Tensor scores = y.flatten(1), target = tensor({1, 5});
  CHECK(equal(nn::CrossEntropyLoss()(scores, target), F::cross_entropy(scores, target)));
  CHECK(
      equal(nn::MSELoss(kSum)(y, -y), F::mse_loss(y, -y, F::MSELossFuncOptions().reduction(kSum))));
}
