#include <functional>
#include <map>

#include <pullback/core/random.h>
#include <pullback/nn/activation.h>
#include <pullback/nn/containers/module_dict.h>
#include <pullback/nn/containers/module_list.h>
#include <pullback/nn/containers/sequential.h>
#include <pullback/nn/conv.h>
#include <pullback/nn/distance.h>
#include <pullback/nn/dropout.h>
#include <pullback/nn/embedding.h>
#include <pullback/nn/linear.h>
#include <pullback/nn/loss.h>
#include <pullback/nn/norm.h>
#include <pullback/nn/padding.h>
#include <pullback/nn/pooling.h>
#include <pullback/nn/upsample.h>

#include "catch.h"
#include "reference/reference.h"

namespace {

using namespace pullback;
using namespace pullback::nn;
using namespace pullback_tests;
using nlohmann::json;

Tensor class_weight() {
  return tensor({0.5, 1.0, 2.0}, kFloat);
}
Tensor positive_weight() {
  return tensor({3.0, 1.0, 0.5}, kFloat);
}

using Make = std::function<AnyModule()>;

/// The constructions that tests/oracle/modules.py names.
const std::map<std::string, Make>& modules() {
  static const std::map<std::string, Make> table = {
      {"Linear", [] { return Linear(3, 4); }},
      {"Linear without bias", [] { return Linear(LinearOptions(3, 4).bias(false)); }},
      {"Bilinear", [] { return Bilinear(3, 2, 4); }},
      {"Identity", [] { return Identity(); }},
      {"Flatten", [] { return Flatten(); }},
      {"Unflatten",
       [] {
         return Unflatten(UnflattenOptions(1, {2, 2}));
       }},
      {"Conv1d", [] { return Conv1d(Conv1dOptions(2, 3, 3).padding(1)); }},
      {"Conv2d", [] { return Conv2d(2, 3, 3); }},
      {"Conv2d with options",
       [] {
         return Conv2d(Conv2dOptions(2, 4, {3, 2}).stride(2).padding({1, 0}).groups(2).bias(false));
       }},
      {"Conv2d dilated",
       [] {
         return Conv2d(Conv2dOptions(2, 3, 2).dilation({2, 3}));
       }},
      {"Conv2d same",
       [] {
         return Conv2d(Conv2dOptions(2, 3, {3, 2}).padding(kSame));
       }},
      {"Conv1d replicating",
       [] { return Conv1d(Conv1dOptions(2, 3, 3).stride(2).padding(2).padding_mode(kReplicate)); }},
      {"Conv2d reflecting",
       [] {
         return Conv2d(Conv2dOptions(2, 3, 3).padding({1, 2}).bias(false).padding_mode(kReflect));
       }},
      {"Conv2d circular",
       [] {
         return Conv2d(
             Conv2dOptions(2, 3, {3, 2}).padding(kSame).dilation({1, 3}).padding_mode(kCircular));
       }},
      {"Conv2d circular, valid",
       [] { return Conv2d(Conv2dOptions(2, 3, 2).padding(kValid).padding_mode(kCircular)); }},
      {"ConvTranspose1d", [] { return ConvTranspose1d(2, 3, 3); }},
      {"ConvTranspose2d",
       [] {
         return ConvTranspose2d(
             ConvTranspose2dOptions(2, 4, 3).stride(2).padding(1).output_padding(1).groups(2));
       }},
      {"ConvTranspose2d dilated",
       [] {
         return ConvTranspose2d(
             ConvTranspose2dOptions(2, 3, {3, 2}).padding(1).dilation(2).bias(false));
       }},
      {"BatchNorm1d", [] { return BatchNorm1d(3); }},
      {"BatchNorm1d of sequences", [] { return BatchNorm1d(3); }},
      {"BatchNorm1d untracked",
       [] { return BatchNorm1d(BatchNorm1dOptions(3).track_running_stats(false)); }},
      {"BatchNorm1d averaging",
       [] { return BatchNorm1d(BatchNorm1dOptions(3).momentum(std::nullopt)); }},
      {"BatchNorm2d", [] { return BatchNorm2d(2); }},
      {"BatchNorm2d plain",
       [] { return BatchNorm2d(BatchNorm2dOptions(2).eps(1e-3).momentum(0.3).affine(false)); }},
      {"LayerNorm", [] { return LayerNorm(LayerNormOptions({4})); }},
      {"LayerNorm of two",
       [] {
         return LayerNorm(LayerNormOptions({3, 4}).elementwise_affine(false));
       }},
      {"LayerNorm without bias",
       [] { return LayerNorm(LayerNormOptions({4}).eps(1e-2).bias(false)); }},
      {"GroupNorm", [] { return GroupNorm(2, 4); }},
      {"GroupNorm plain", [] { return GroupNorm(GroupNormOptions(4, 4).eps(1e-2).affine(false)); }},
      {"Embedding", [] { return Embedding(5, 3); }},
      {"Embedding padded", [] { return Embedding(EmbeddingOptions(5, 3).padding_idx(1)); }},
      {"Embedding padded from the end",
       [] { return Embedding(EmbeddingOptions(5, 3).padding_idx(-2)); }},
      {"ReLU", [] { return ReLU(); }},
      {"ReLU6", [] { return ReLU6(); }},
      {"Tanh", [] { return Tanh(); }},
      {"Sigmoid", [] { return Sigmoid(); }},
      {"LogSigmoid", [] { return LogSigmoid(); }},
      {"GELU", [] { return GELU(); }},
      {"GELU by tanh", [] { return GELU(GELUOptions().approximate("tanh")); }},
      {"SiLU", [] { return SiLU(); }},
      {"Mish", [] { return Mish(); }},
      {"SELU", [] { return SELU(); }},
      {"Softsign", [] { return Softsign(); }},
      {"Tanhshrink", [] { return Tanhshrink(); }},
      {"ELU", [] { return ELU(); }},
      {"ELU with options", [] { return ELU(ELUOptions().alpha(0.5)); }},
      {"LeakyReLU", [] { return LeakyReLU(); }},
      {"LeakyReLU with options", [] { return LeakyReLU(LeakyReLUOptions().negative_slope(0.3)); }},
      {"Softplus", [] { return Softplus(); }},
      {"Softplus with options", [] { return Softplus(SoftplusOptions().beta(2).threshold(1)); }},
      {"Hardtanh", [] { return Hardtanh(); }},
      {"Hardtanh with options",
       [] { return Hardtanh(HardtanhOptions().min_val(-0.5).max_val(1.5)); }},
      {"ReLU in place", [] { return ReLU(ReLUOptions(true)); }},
      {"ReLU6 in place", [] { return ReLU6(true); }},
      {"SELU in place", [] { return SELU(SELUOptions().inplace(true)); }},
      {"ELU in place", [] { return ELU(ELUOptions().alpha(0.5).inplace(true)); }},
      {"LeakyReLU in place", [] { return LeakyReLU(LeakyReLUOptions(0.2).inplace(true)); }},
      {"Hardtanh in place", [] { return Hardtanh(HardtanhOptions(-2, 2).inplace(true)); }},
      {"CELU", [] { return CELU(); }},
      {"CELU with options", [] { return CELU(0.5); }},
      {"CELU in place", [] { return CELU(CELUOptions(0.5).inplace(true)); }},
      {"GLU", [] { return GLU(); }},
      {"GLU with options", [] { return GLU(0); }},
      {"Hardshrink", [] { return Hardshrink(); }},
      {"Hardsigmoid", [] { return Hardsigmoid(); }},
      {"Hardswish", [] { return Hardswish(); }},
      {"PReLU", [] { return PReLU(); }},
      {"PReLU with options", [] { return PReLU(PReLUOptions().num_parameters(3).init(0.5)); }},
      {"RReLU", [] { return RReLU(); }},
      {"RReLU with options", [] { return RReLU(RReLUOptions().lower(0.1).upper(0.5)); }},
      {"RReLU in place", [] { return RReLU(RReLUOptions(0.1, 0.5).inplace(true)); }},
      {"Softmax2d", [] { return Softmax2d(); }},
      {"Softmin", [] { return Softmin(1); }},
      {"Softshrink", [] { return Softshrink(0.25); }},
      {"Threshold", [] { return Threshold(0.1, 20); }},
      {"Threshold in place", [] { return Threshold(ThresholdOptions(0.1, 20).inplace(true)); }},
      {"Softmax", [] { return Softmax(1); }},
      {"LogSoftmax", [] { return LogSoftmax(0); }},
      {"MaxPool1d", [] { return MaxPool1d(2); }},
      {"MaxPool1d with options",
       [] { return MaxPool1d(MaxPool1dOptions(3).stride(2).padding(1).ceil_mode(true)); }},
      {"MaxPool2d", [] { return MaxPool2d(2); }},
      {"MaxPool2d with options",
       [] {
         return MaxPool2d(MaxPool2dOptions({3, 2}).stride(2).padding(1).ceil_mode(true));
       }},
      {"MaxPool2d dilated", [] { return MaxPool2d(MaxPool2dOptions(2).stride(1).dilation(2)); }},
      {"AvgPool1d", [] { return AvgPool1d(2); }},
      {"AvgPool1d with options",
       [] {
         return AvgPool1d(
             AvgPool1dOptions(3).stride(2).padding(1).ceil_mode(true).count_include_pad(false));
       }},
      {"AvgPool2d", [] { return AvgPool2d(2); }},
      {"AvgPool2d with options",
       [] {
         return AvgPool2d(
             AvgPool2dOptions(3).stride(2).padding(1).ceil_mode(true).count_include_pad(false));
       }},
      {"AvgPool2d divided",
       [] {
         return AvgPool2d(AvgPool2dOptions({2, 3}).stride(1).divisor_override(3));
       }},
      {"AdaptiveAvgPool1d", [] { return AdaptiveAvgPool1d(3); }},
      {"AdaptiveAvgPool2d",
       [] {
         return AdaptiveAvgPool2d(AdaptiveAvgPool2dOptions({2, 3}));
       }},
      {"AdaptiveMaxPool1d", [] { return AdaptiveMaxPool1d(2); }},
      {"AdaptiveMaxPool2d", [] { return AdaptiveMaxPool2d(2); }},
      {"ZeroPad1d",
       [] {
         return ZeroPad1d(ZeroPad1dOptions({1, 2}));
       }},
      {"ReflectionPad1d",
       [] {
         return ReflectionPad1d(ReflectionPad1dOptions({1, 2}));
       }},
      {"ReplicationPad1d", [] { return ReplicationPad1d(1); }},
      {"CircularPad1d",
       [] {
         return CircularPad1d(CircularPad1dOptions({1, 2}));
       }},
      {"ConstantPad1d",
       [] {
         return ConstantPad1d(ConstantPad1dOptions({1, 2}, 0.5));
       }},
      {"ZeroPad2d",
       [] {
         return ZeroPad2d(ZeroPad2dOptions({1, 0, 2, 1}));
       }},
      {"ReflectionPad2d",
       [] {
         return ReflectionPad2d(ReflectionPad2dOptions({1, 0, 2, 1}));
       }},
      {"ReplicationPad2d", [] { return ReplicationPad2d(1); }},
      {"CircularPad2d",
       [] {
         return CircularPad2d(CircularPad2dOptions({1, 0, 2, 1}));
       }},
      {"ConstantPad2d",
       [] {
         return ConstantPad2d(ConstantPad2dOptions({1, 0, 2, 1}, 0.5));
       }},
      {"Dropout that keeps all", [] { return Dropout(0.0); }},
      {"Dropout", [] { return Dropout(0.3); }},
      {"Dropout2d", [] { return Dropout2d(0.3); }},
      {"AlphaDropout", [] { return AlphaDropout(0.3); }},
      {"FeatureAlphaDropout", [] { return FeatureAlphaDropout(0.3); }},
      {"InstanceNorm1d", [] { return InstanceNorm1d(3); }},
      {"InstanceNorm1d of one",
       [] { return InstanceNorm1d(InstanceNorm1dOptions(3).affine(true)); }},
      {"InstanceNorm2d",
       [] { return InstanceNorm2d(InstanceNorm2dOptions(2).eps(1e-3).affine(true)); }},
      {"InstanceNorm2d tracking",
       [] {
         return InstanceNorm2d(InstanceNorm2dOptions(2).momentum(0.3).track_running_stats(true));
       }},
      {"Upsample", [] { return Upsample(UpsampleOptions().scale_factor(std::vector<double>{2})); }},
      {"Upsample to a size",
       [] {
         return Upsample(UpsampleOptions()
                             .size(std::vector<std::int64_t>{3, 7})
                             .mode(kBilinear)
                             .align_corners(true));
       }},
      {"Upsample by two factors",
       [] {
         return Upsample(
             UpsampleOptions().scale_factor(std::vector<double>{1.5, 2}).mode(kBilinear));
       }},
      {"Upsample lines",
       [] { return Upsample(UpsampleOptions().size(std::vector<std::int64_t>{7}).mode(kLinear)); }},
      {"PixelShuffle", [] { return PixelShuffle(2); }},
      {"PixelUnshuffle", [] { return PixelUnshuffle(2); }},
      // Braces make the layers from left to right, so that each draws its own numbers.
      {"Sequential",
       [] {
         const auto inner = [] {
           Linear linear(4, 2);
           return Sequential(linear, ReLU());
         };
         return Sequential{{"0", Linear(3, 4)}, {"1", Tanh()}, {"2", inner()}};
       }},
      {"ModuleList",
       [] {
         Linear first(2, 2), second(2, 2);
         return ModuleList(first, second, ReLU());
       }},
      {"ModuleDict",
       [] {
         ModuleDict dict;
         dict->insert("a", Linear(2, 2));
         dict->insert("b", ReLU());
         return dict;
       }},
      {"MSELoss", [] { return MSELoss(); }},
      {"MSELoss each", [] { return MSELoss(kNone); }},
      {"MSELoss sum", [] { return MSELoss(kSum); }},
      {"L1Loss", [] { return L1Loss(); }},
      {"SmoothL1Loss", [] { return SmoothL1Loss(); }},
      {"SmoothL1Loss with options",
       [] { return SmoothL1Loss(SmoothL1LossOptions(kSum).beta(0.5)); }},
      {"HuberLoss", [] { return HuberLoss(); }},
      {"HuberLoss with options", [] { return HuberLoss(HuberLossOptions(kNone).delta(0.5)); }},
      {"SoftMarginLoss", [] { return SoftMarginLoss(); }},
      {"KLDivLoss", [] { return KLDivLoss(kBatchMean); }},
      {"KLDivLoss of logarithms",
       [] { return KLDivLoss(KLDivLossOptions(kSum).log_target(true)); }},
      {"KLDivLoss each", [] { return KLDivLoss(kNone); }},
      {"CosineEmbeddingLoss",
       [] { return CosineEmbeddingLoss(CosineEmbeddingLossOptions().margin(0.1)); }},
      {"MarginRankingLoss",
       [] { return MarginRankingLoss(MarginRankingLossOptions().margin(0.2)); }},
      {"HingeEmbeddingLoss", [] { return HingeEmbeddingLoss(0.5); }},
      {"TripletMarginLoss", [] { return TripletMarginLoss(); }},
      {"TripletMarginLoss with options",
       [] {
         return TripletMarginLoss(
             TripletMarginLossOptions().margin(2).p(1).eps(1e-3).swap(true).reduction(kSum));
       }},
      {"PoissonNLLLoss", [] { return PoissonNLLLoss(); }},
      {"PoissonNLLLoss with options",
       [] {
         return PoissonNLLLoss(
             PoissonNLLLossOptions().log_input(false).full(true).eps(1e-2).reduction(kNone));
       }},
      {"GaussianNLLLoss",
       [] {
         return GaussianNLLLoss(GaussianNLLLossOptions().full(true).eps(0.5).reduction(kSum));
       }},
      {"MultiMarginLoss", [] { return MultiMarginLoss(); }},
      {"MultiMarginLoss with options",
       [] {
         return MultiMarginLoss(
             MultiMarginLossOptions().p(2).margin(0.5).weight(class_weight()).reduction(kSum));
       }},
      {"MultiLabelSoftMarginLoss",
       [] {
         return MultiLabelSoftMarginLoss(MultiLabelSoftMarginLossOptions().weight(class_weight()));
       }},
      {"CosineSimilarity", [] { return CosineSimilarity(CosineSimilarityOptions().dim(0)); }},
      {"PairwiseDistance",
       [] { return PairwiseDistance(PairwiseDistanceOptions().p(1).eps(1e-3).keepdim(true)); }},
      {"BCELoss", [] { return BCELoss(); }},
      {"BCELoss weighted",
       [] { return BCELoss(BCELossOptions().weight(class_weight()).reduction(kSum)); }},
      {"BCEWithLogitsLoss", [] { return BCEWithLogitsLoss(); }},
      {"BCEWithLogitsLoss weighted",
       [] {
         return BCEWithLogitsLoss(BCEWithLogitsLossOptions()
                                      .weight(class_weight())
                                      .pos_weight(positive_weight())
                                      .reduction(kNone));
       }},
      {"NLLLoss", [] { return NLLLoss(); }},
      {"NLLLoss with options",
       [] {
         return NLLLoss(NLLLossOptions().weight(class_weight()).ignore_index(1).reduction(kSum));
       }},
      {"CrossEntropyLoss", [] { return CrossEntropyLoss(); }},
      {"CrossEntropyLoss with options",
       [] {
         return CrossEntropyLoss(
             CrossEntropyLossOptions().weight(class_weight()).ignore_index(0).label_smoothing(0.1));
       }},
      {"CrossEntropyLoss each",
       [] { return CrossEntropyLoss(CrossEntropyLossOptions().reduction(kNone)); }},
      {"CrossEntropyLoss of probabilities", [] { return CrossEntropyLoss(); }},
  };
  return table;
}

Tensor output_of(const AnyModule& module, const std::vector<Tensor>& x) {
  if (x.size() == 1) return module.forward(x[0]);
  if (x.size() == 2) return module.forward(x[0], x[1]);
  return module.forward(x[0], x[1], x[2]);
}

/// Compares a double with what PyTorch computed in float.
void check_close(const Tensor& found, const json& expected, const std::string& what) {
  const Tensor wanted = tensor_from(expected);
  const ScalarType wide = found.scalar_type();
  const bool is_double = wide == kDouble;
  CAPTURE(what, is_double);
  CHECK(difference(is_double ? found.to(wanted.scalar_type()) : found, wanted, 4) == "");
}

}  // namespace

TEST_CASE("every layer and loss computes what PyTorch's does, in both float types", "[layers]") {
  const json entries = reference("modules.json");
  std::size_t known = 0;
  for (const json& entry : entries) {
    const auto name = entry.at("name").get<std::string>();
    CAPTURE(name);
    const auto make = modules().find(name);
    REQUIRE(make != modules().end());
    ++known;
    for (const ScalarType type : {kFloat, kDouble}) {
      manual_seed(7);
      const AnyModule any = make->second();
      Module& module = *any.ptr();
      CHECK(module.repr() == entry.at("repr").get<std::string>());
      const auto state = module.state_dict();
      CHECK(state.size() == entry.at("state").size());
      for (const auto& [key, value] : entry.at("state").items())
        check_close(state[key], value, "initial " + key);
      if (!entry.contains("in")) continue;

      module.to(type);
      std::vector<Tensor> inputs;
      for (const json& x : entry.at("in")) {
        const Tensor input = tensor_from(x);
        inputs.push_back(input.is_floating_point() ? input.to(type) : input);
      }
      const json gradients = entry.value("gradients", json::object());
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (gradients.contains(std::to_string(i))) inputs[i].requires_grad_();
      const Tensor y = output_of(any, inputs);
      check_close(y, entry.at("out"), "output");
      if (!gradients.empty()) {
        y.square().backward(weights(y, 0));
        const auto parameters = module.named_parameters();
        for (const auto& [key, value] : gradients.items()) {
          const Tensor* parameter = parameters.find(key);
          check_close(parameter ? parameter->grad() : inputs[std::stoul(key)].grad(), value,
                      "gradient of " + key);
        }
      }
      const auto buffers = module.named_buffers();
      for (const auto& [key, value] : entry.at("buffers").items())
        check_close(buffers[key], value, "buffer " + key);
      module.eval();
      check_close(output_of(any, inputs), entry.at("eval"), "output in evaluation");
    }
  }
  CHECK(known == modules().size());
}
