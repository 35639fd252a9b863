#pragma once

#include <optional>

#include <pullback/core/ops.h>
#include <pullback/nn/activation.h>

/// Activations in libtorch's spelling: the options come in a struct.
namespace pullback::nn::functional {

using pullback::hardsigmoid;
using pullback::hardswish;
using pullback::logsigmoid;
using pullback::mish;
using pullback::prelu;
using pullback::silu;
using pullback::softsign;
using pullback::tanhshrink;

using CELUFuncOptions = CELUOptions;
using ELUFuncOptions = ELUOptions;
using GELUFuncOptions = GELUOptions;
using GLUFuncOptions = GLUOptions;
using HardshrinkFuncOptions = HardshrinkOptions;
using HardtanhFuncOptions = HardtanhOptions;
using LeakyReLUFuncOptions = LeakyReLUOptions;
using ReLUFuncOptions = ReLUOptions;
using ReLU6FuncOptions = ReLU6Options;
using SELUFuncOptions = SELUOptions;
using SoftplusFuncOptions = SoftplusOptions;
using SoftshrinkFuncOptions = SoftshrinkOptions;
using ThresholdFuncOptions = ThresholdOptions;

struct RReLUFuncOptions {
  RReLUFuncOptions(double lower = 1.0 / 8, double upper = 1.0 / 3) : lower_(lower), upper_(upper) {}
  PULLBACK_ARG(double, lower);
  PULLBACK_ARG(double, upper);
  PULLBACK_ARG(bool, training) = false;
  PULLBACK_ARG(bool, inplace) = false;
};

struct SoftmaxFuncOptions {
  SoftmaxFuncOptions(std::int64_t dim) : dim_(dim) {}
  PULLBACK_ARG(std::int64_t, dim);
  PULLBACK_ARG(std::optional<ScalarType>, dtype) = std::nullopt;
};
using SoftminFuncOptions = SoftmaxFuncOptions;
using LogSoftmaxFuncOptions = SoftmaxFuncOptions;

inline Tensor relu(const Tensor& x, const ReLUFuncOptions& o = {}) {
  return o.inplace() ? relu_(x) : pullback::relu(x);
}
inline Tensor relu6(const Tensor& x, const ReLU6FuncOptions& o = {}) {
  return o.inplace() ? relu6_(x) : pullback::relu6(x);
}
inline Tensor selu(const Tensor& x, const SELUFuncOptions& o = {}) {
  return o.inplace() ? selu_(x) : pullback::selu(x);
}
inline Tensor elu(const Tensor& x, const ELUFuncOptions& o = {}) {
  return o.inplace() ? elu_(x, o.alpha()) : pullback::elu(x, o.alpha());
}
inline Tensor celu(const Tensor& x, const CELUFuncOptions& o = {}) {
  return o.inplace() ? celu_(x, o.alpha()) : pullback::celu(x, o.alpha());
}
inline Tensor leaky_relu(const Tensor& x, const LeakyReLUFuncOptions& o = {}) {
  return o.inplace() ? leaky_relu_(x, o.negative_slope())
                     : pullback::leaky_relu(x, o.negative_slope());
}
inline Tensor rrelu(const Tensor& x, const RReLUFuncOptions& o = {}) {
  return o.inplace() ? rrelu_(x, o.lower(), o.upper(), o.training())
                     : pullback::rrelu(x, o.lower(), o.upper(), o.training());
}
inline Tensor hardtanh(const Tensor& x, const HardtanhFuncOptions& o = {}) {
  return o.inplace() ? hardtanh_(x, o.min_val(), o.max_val())
                     : pullback::hardtanh(x, o.min_val(), o.max_val());
}
inline Tensor threshold(const Tensor& x, const ThresholdFuncOptions& o) {
  return o.inplace() ? threshold_(x, o.threshold(), o.value())
                     : pullback::threshold(x, o.threshold(), o.value());
}
inline Tensor gelu(const Tensor& x, const GELUFuncOptions& o = {}) {
  return pullback::gelu(x, o.approximate());
}
inline Tensor glu(const Tensor& x, const GLUFuncOptions& o = {}) {
  return pullback::glu(x, o.dim());
}
inline Tensor softplus(const Tensor& x, const SoftplusFuncOptions& o = {}) {
  return pullback::softplus(x, o.beta(), o.threshold());
}
inline Tensor hardshrink(const Tensor& x, const HardshrinkFuncOptions& o = {}) {
  return pullback::hardshrink(x, o.lambda());
}
inline Tensor softshrink(const Tensor& x, const SoftshrinkFuncOptions& o = {}) {
  return pullback::softshrink(x, o.lambda());
}
inline Tensor softmax(const Tensor& x, const SoftmaxFuncOptions& o) {
  return pullback::softmax(x, o.dim(), o.dtype());
}
inline Tensor softmin(const Tensor& x, const SoftminFuncOptions& o) {
  return pullback::softmin(x, o.dim(), o.dtype());
}
inline Tensor log_softmax(const Tensor& x, const LogSoftmaxFuncOptions& o) {
  return pullback::log_softmax(x, o.dim(), o.dtype());
}

}  // namespace pullback::nn::functional
