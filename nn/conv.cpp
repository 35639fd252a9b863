#include <pullback/nn/conv.h>

#include <vector>

#include <pullback/core/factories.h>
#include <pullback/nn/init.h>
#include <pullback/nn/repr.h>

namespace pullback::nn {
namespace {

void check_channels(const char* op, std::int64_t in, std::int64_t out, std::int64_t groups) {
  check<ValueError>(groups > 0, op, ": groups must be a positive integer, but is ", groups);
  check<ValueError>(in % groups == 0, op, ": in_channels must be divisible by groups: ", in,
                    " and ", groups);
  check<ValueError>(out % groups == 0, op, ": out_channels must be divisible by groups: ", out,
                    " and ", groups);
}

std::vector<std::int64_t> weight_sizes(std::int64_t a, std::int64_t b, IntArrayRef kernel) {
  std::vector<std::int64_t> sizes{a, b};
  sizes.insert(sizes.end(), kernel.begin(), kernel.end());
  return sizes;
}

template <class Options>
std::string described(const Options& options) {
  return std::to_string(options.in_channels()) + ", " + std::to_string(options.out_channels()) +
         ", kernel_size=" + options.kernel_size().as_tuple() +
         ", stride=" + options.stride().as_tuple();
}

template <class Options>
std::string described_end(const Options& options) {
  std::string text;
  if (options.groups() != 1) text += ", groups=" + std::to_string(options.groups());
  if (!options.bias()) text += ", bias=False";
  return text;
}

std::string described_mode(PadMode mode) {
  switch (mode) {
    case PadMode::Constant:
      return "";
    case PadMode::Reflect:
      return ", padding_mode=reflect";
    case PadMode::Replicate:
      return ", padding_mode=replicate";
    case PadMode::Circular:
      return ", padding_mode=circular";
  }
  return "";
}

template <class Layer>
void register_weight_and_bias(Layer& layer, std::int64_t a, std::int64_t b) {
  const auto& o = layer.options;
  layer.weight =
      layer.register_parameter("weight", pullback::empty(weight_sizes(a, b, o.kernel_size())));
  layer.bias = o.bias() ? layer.register_parameter("bias", empty({o.out_channels()}))
                        : layer.register_parameter("bias", Tensor(), /*requires_grad=*/false);
  layer.reset_parameters();
}

}  // namespace

template <std::size_t D>
ConvNd<D>::ConvNd(const ConvOptions<D>& options) : options(options) {
  reset();
}

template <std::size_t D>
void ConvNd<D>::reset() {
  check_channels("conv", options.in_channels(), options.out_channels(), options.groups());
  check<ValueError>(options.padding().rule != Padding::Same || options.stride().all(1),
                    "conv: padding='same' is not supported for strided convolutions");
  register_weight_and_bias(*this, options.out_channels(), options.in_channels() / options.groups());
}

template <std::size_t D>
void ConvNd<D>::reset_parameters() {
  init::reset_weight_and_bias(weight, bias);
}

template <std::size_t D>
std::string ConvNd<D>::extra_repr() const {
  std::string text = described(options);
  const ConvPadding<D>& padding = options.padding();
  if (padding.rule)
    text += *padding.rule == Padding::Same ? ", padding=same" : ", padding=valid";
  else if (!padding.amounts.all(0))
    text += ", padding=" + padding.amounts.as_tuple();
  if (!options.dilation().all(1)) text += ", dilation=" + options.dilation().as_tuple();
  return text + described_end(options) + described_mode(options.padding_mode());
}

template <std::size_t D>
Tensor ConvNd<D>::padded(const Tensor& x) const {
  const ConvPadding<D>& padding = options.padding();
  std::vector<std::int64_t> amounts;
  for (std::size_t d = D; d-- > 0;) {
    const std::int64_t same = options.dilation()[d] * (options.kernel_size()[d] - 1);
    const bool by_rule = padding.rule == Padding::Same;
    amounts.push_back(by_rule ? same / 2 : padding.amounts[d]);
    amounts.push_back(by_rule ? same - same / 2 : padding.amounts[d]);
  }
  return pad(x, amounts, options.padding_mode());
}

template <std::size_t D>
ConvTransposeNd<D>::ConvTransposeNd(const ConvTransposeOptions<D>& options) : options(options) {
  reset();
}

template <std::size_t D>
void ConvTransposeNd<D>::reset() {
  check_channels("conv_transpose", options.in_channels(), options.out_channels(), options.groups());
  register_weight_and_bias(*this, options.in_channels(), options.out_channels() / options.groups());
}

template <std::size_t D>
void ConvTransposeNd<D>::reset_parameters() {
  init::reset_weight_and_bias(weight, bias);
}

template <std::size_t D>
std::string ConvTransposeNd<D>::extra_repr() const {
  std::string text = described(options);
  if (!options.padding().all(0)) text += ", padding=" + options.padding().as_tuple();
  if (!options.dilation().all(1)) text += ", dilation=" + options.dilation().as_tuple();
  if (!options.output_padding().all(0))
    text += ", output_padding=" + options.output_padding().as_tuple();
  return text + described_end(options);
}

template class ConvNd<1>;
template class ConvNd<2>;
template class ConvTransposeNd<1>;
template class ConvTransposeNd<2>;

Tensor Conv1dImpl::forward(const Tensor& x) {
  const ConvPadding<1>& padding = options.padding();
  if (options.padding_mode() != kZeros)
    return conv1d(padded(x), weight, bias, options.stride(), 0, options.dilation(),
                  options.groups());
  if (padding.rule)
    return conv1d(x, weight, bias, options.stride(), *padding.rule, options.dilation(),
                  options.groups());
  return conv1d(x, weight, bias, options.stride(), padding.amounts, options.dilation(),
                options.groups());
}

Tensor Conv2dImpl::forward(const Tensor& x) {
  const ConvPadding<2>& padding = options.padding();
  if (options.padding_mode() != kZeros)
    return conv2d(padded(x), weight, bias, options.stride(), 0, options.dilation(),
                  options.groups());
  if (padding.rule)
    return conv2d(x, weight, bias, options.stride(), *padding.rule, options.dilation(),
                  options.groups());
  return conv2d(x, weight, bias, options.stride(), padding.amounts, options.dilation(),
                options.groups());
}

Tensor ConvTranspose1dImpl::forward(const Tensor& x) {
  return conv_transpose1d(x, weight, bias, options.stride(), options.padding(),
                          options.output_padding(), options.groups(), options.dilation());
}

Tensor ConvTranspose2dImpl::forward(const Tensor& x) {
  return conv_transpose2d(x, weight, bias, options.stride(), options.padding(),
                          options.output_padding(), options.groups(), options.dilation());
}

}  // namespace pullback::nn
