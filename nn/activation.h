#pragma once

#include <string>

#include <pullback/nn/configured.h>
#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

/// Activations as modules; core/ops.h says what each computes.
namespace pullback::nn {

struct InplaceOptions {
  InplaceOptions(bool inplace = false) : inplace_(inplace) {}
  PULLBACK_ARG(bool, inplace);
};
using ReLUOptions = InplaceOptions;
using ReLU6Options = InplaceOptions;
using SELUOptions = InplaceOptions;

struct GELUOptions {
  PULLBACK_ARG(std::string, approximate) = "none";  ///< or "tanh"
};

struct DimOptions {
  DimOptions(std::int64_t dim) : dim_(dim) {}
  PULLBACK_ARG(std::int64_t, dim);
};
using SoftmaxOptions = DimOptions;
using SoftminOptions = DimOptions;
using LogSoftmaxOptions = DimOptions;

struct GLUOptions {
  GLUOptions(std::int64_t dim = -1) : dim_(dim) {}
  PULLBACK_ARG(std::int64_t, dim);
};

struct AlphaOptions {
  AlphaOptions(double alpha = 1.0) : alpha_(alpha) {}
  PULLBACK_ARG(double, alpha);
  PULLBACK_ARG(bool, inplace) = false;
};
using ELUOptions = AlphaOptions;
using CELUOptions = AlphaOptions;

struct LeakyReLUOptions {
  LeakyReLUOptions(double negative_slope = 1e-2) : negative_slope_(negative_slope) {}
  PULLBACK_ARG(double, negative_slope);
  PULLBACK_ARG(bool, inplace) = false;
};

struct PReLUOptions {
  PReLUOptions(std::int64_t num_parameters = 1) : num_parameters_(num_parameters) {}
  PULLBACK_ARG(std::int64_t, num_parameters);
  PULLBACK_ARG(double, init) = 0.25;
};

struct RReLUOptions {
  RReLUOptions(double lower = 1.0 / 8, double upper = 1.0 / 3) : lower_(lower), upper_(upper) {}
  PULLBACK_ARG(double, lower);
  PULLBACK_ARG(double, upper);
  PULLBACK_ARG(bool, inplace) = false;
};

struct SoftplusOptions {
  SoftplusOptions(double beta = 1.0, double threshold = 20.0)
      : beta_(beta), threshold_(threshold) {}
  PULLBACK_ARG(double, beta);
  PULLBACK_ARG(double, threshold);
};

struct ShrinkOptions {
  ShrinkOptions(double lambda = 0.5) : lambda_(lambda) {}
  PULLBACK_ARG(double, lambda);
};
using HardshrinkOptions = ShrinkOptions;
using SoftshrinkOptions = ShrinkOptions;

struct HardtanhOptions {
  HardtanhOptions(double min_val = -1.0, double max_val = 1.0)
      : min_val_(min_val), max_val_(max_val) {}
  PULLBACK_ARG(double, min_val);
  PULLBACK_ARG(double, max_val);
  PULLBACK_ARG(bool, inplace) = false;
};

struct ThresholdOptions {
  ThresholdOptions(double threshold, double value) : threshold_(threshold), value_(value) {}
  PULLBACK_ARG(double, threshold);
  PULLBACK_ARG(double, value);
  PULLBACK_ARG(bool, inplace) = false;
};

#define PULLBACK_PLAIN_ACTIVATION(Name) \
  class Name##Impl : public Module {    \
   public:                              \
    Tensor forward(const Tensor& x);    \
  };                                    \
  PULLBACK_MODULE(Name)
PULLBACK_PLAIN_ACTIVATION(Hardsigmoid);
PULLBACK_PLAIN_ACTIVATION(Hardswish);
PULLBACK_PLAIN_ACTIVATION(LogSigmoid);
PULLBACK_PLAIN_ACTIVATION(Mish);
PULLBACK_PLAIN_ACTIVATION(SiLU);
PULLBACK_PLAIN_ACTIVATION(Sigmoid);
PULLBACK_PLAIN_ACTIVATION(Softmax2d);  ///< over the channels of images
PULLBACK_PLAIN_ACTIVATION(Softsign);
PULLBACK_PLAIN_ACTIVATION(Tanh);
PULLBACK_PLAIN_ACTIVATION(Tanhshrink);
#undef PULLBACK_PLAIN_ACTIVATION

#define PULLBACK_ACTIVATION(Name)                       \
  class Name##Impl : public Configured<Name##Options> { \
   public:                                              \
    using Configured<Name##Options>::Configured;        \
    Tensor forward(const Tensor& x);                    \
    std::string extra_repr() const override;            \
  };                                                    \
  PULLBACK_MODULE(Name)
PULLBACK_ACTIVATION(CELU);
PULLBACK_ACTIVATION(ELU);
PULLBACK_ACTIVATION(GELU);
PULLBACK_ACTIVATION(GLU);
PULLBACK_ACTIVATION(Hardshrink);
PULLBACK_ACTIVATION(Hardtanh);
PULLBACK_ACTIVATION(LeakyReLU);
PULLBACK_ACTIVATION(LogSoftmax);
PULLBACK_ACTIVATION(RReLU);
PULLBACK_ACTIVATION(ReLU);
PULLBACK_ACTIVATION(ReLU6);
PULLBACK_ACTIVATION(SELU);
PULLBACK_ACTIVATION(Softmax);
PULLBACK_ACTIVATION(Softmin);
PULLBACK_ACTIVATION(Softplus);
PULLBACK_ACTIVATION(Softshrink);
PULLBACK_ACTIVATION(Threshold);
#undef PULLBACK_ACTIVATION

/// x, or weight·x below 0; a weight for all channels or one for each.
class PReLUImpl : public Configured<PReLUOptions> {
 public:
  PReLUImpl() : PReLUImpl(PReLUOptions()) {}
  explicit PReLUImpl(const PReLUOptions& options);
  void reset();
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  Attribute weight;
};
PULLBACK_MODULE(PReLU);

}  // namespace pullback::nn
