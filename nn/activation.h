#pragma once

#include <optional>

#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

/// Activations as modules; the functions themselves are in core/ops.h.
namespace pullback::nn {

struct InplaceOptions {
  InplaceOptions(bool inplace = false) : inplace_(inplace) {}
  PULLBACK_ARG(bool, inplace);
};
using ReLUOptions = InplaceOptions;

/// max(x, 0).
class ReLUImpl : public Module {
 public:
  explicit ReLUImpl(const ReLUOptions& options = {}) : options(options) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  ReLUOptions options;
};
PULLBACK_MODULE(ReLU);

#define PULLBACK_PLAIN_ACTIVATION(Name) \
  class Name##Impl : public Module {    \
   public:                              \
    Tensor forward(const Tensor& x);    \
  };                                    \
  PULLBACK_MODULE(Name)
PULLBACK_PLAIN_ACTIVATION(ReLU6);
PULLBACK_PLAIN_ACTIVATION(Tanh);
PULLBACK_PLAIN_ACTIVATION(Sigmoid);
PULLBACK_PLAIN_ACTIVATION(LogSigmoid);
PULLBACK_PLAIN_ACTIVATION(SiLU);
PULLBACK_PLAIN_ACTIVATION(Mish);
PULLBACK_PLAIN_ACTIVATION(SELU);
PULLBACK_PLAIN_ACTIVATION(Softsign);
PULLBACK_PLAIN_ACTIVATION(Tanhshrink);
#undef PULLBACK_PLAIN_ACTIVATION

struct GELUOptions {
  PULLBACK_ARG(std::string, approximate) = "none";
};

/// x Φ(x), or its approximation "tanh".
class GELUImpl : public Module {
 public:
  explicit GELUImpl(GELUOptions options = {}) : options(std::move(options)) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  GELUOptions options;
};
PULLBACK_MODULE(GELU);

struct SoftmaxOptions {
  SoftmaxOptions(std::int64_t dim) : dim_(dim) {}
  PULLBACK_ARG(std::int64_t, dim);
};
using LogSoftmaxOptions = SoftmaxOptions;

/// exp(x) / Σ exp(x) along dim.
class SoftmaxImpl : public Module {
 public:
  explicit SoftmaxImpl(std::int64_t dim) : options(dim) {}
  explicit SoftmaxImpl(const SoftmaxOptions& options) : options(options) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  SoftmaxOptions options;
};
PULLBACK_MODULE(Softmax);

/// x − log Σ exp(x) along dim.
class LogSoftmaxImpl : public Module {
 public:
  explicit LogSoftmaxImpl(std::int64_t dim) : options(dim) {}
  explicit LogSoftmaxImpl(const LogSoftmaxOptions& options) : options(options) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  LogSoftmaxOptions options;
};
PULLBACK_MODULE(LogSoftmax);

struct ELUOptions {
  PULLBACK_ARG(double, alpha) = 1.0;
};

/// x, or α (exp(x) − 1) below 0.
class ELUImpl : public Module {
 public:
  explicit ELUImpl(const ELUOptions& options = {}) : options(options) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  ELUOptions options;
};
PULLBACK_MODULE(ELU);

struct LeakyReLUOptions {
  PULLBACK_ARG(double, negative_slope) = 1e-2;
};

/// x, or negative_slope·x below 0.
class LeakyReLUImpl : public Module {
 public:
  explicit LeakyReLUImpl(const LeakyReLUOptions& options = {}) : options(options) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  LeakyReLUOptions options;
};
PULLBACK_MODULE(LeakyReLU);

struct SoftplusOptions {
  PULLBACK_ARG(double, beta) = 1.0;
  PULLBACK_ARG(double, threshold) = 20.0;
};

/// log(1 + exp(βx))/β, or x where βx is above the threshold.
class SoftplusImpl : public Module {
 public:
  explicit SoftplusImpl(const SoftplusOptions& options = {}) : options(options) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  SoftplusOptions options;
};
PULLBACK_MODULE(Softplus);

struct HardtanhOptions {
  PULLBACK_ARG(double, min_val) = -1.0;
  PULLBACK_ARG(double, max_val) = 1.0;
};

/// x, kept between min_val and max_val.
class HardtanhImpl : public Module {
 public:
  explicit HardtanhImpl(const HardtanhOptions& options = {}) : options(options) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  HardtanhOptions options;
};
PULLBACK_MODULE(Hardtanh);

}  // namespace pullback::nn
