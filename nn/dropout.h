#pragma once

#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

namespace pullback::nn {

struct DropoutOptions {
  DropoutOptions(double p = 0.5) : p_(p) {}
  PULLBACK_ARG(double, p);
  PULLBACK_ARG(bool, inplace) = false;
};

/// When training, zeroes each element with probability p and divides the others by 1 − p.
class DropoutImpl : public Module {
 public:
  /// Throws ValueError unless 0 ≤ p ≤ 1.
  explicit DropoutImpl(const DropoutOptions& options = {});
  explicit DropoutImpl(double p) : DropoutImpl(DropoutOptions(p)) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  DropoutOptions options;
};
PULLBACK_MODULE(Dropout);

using Dropout2dOptions = DropoutOptions;
using AlphaDropoutOptions = DropoutOptions;
using FeatureAlphaDropoutOptions = DropoutOptions;

/// As Dropout, for whole channels of batch × channels × height × width.
class Dropout2dImpl : public DropoutImpl {
 public:
  using DropoutImpl::DropoutImpl;
  Tensor forward(const Tensor& x);
};
PULLBACK_MODULE(Dropout2d);

/// Dropout after selu: mean 0 and variance 1 stay.
class AlphaDropoutImpl : public DropoutImpl {
 public:
  using DropoutImpl::DropoutImpl;
  Tensor forward(const Tensor& x);
};
PULLBACK_MODULE(AlphaDropout);

/// As AlphaDropout, for whole channels.
class FeatureAlphaDropoutImpl : public DropoutImpl {
 public:
  using DropoutImpl::DropoutImpl;
  Tensor forward(const Tensor& x);
};
PULLBACK_MODULE(FeatureAlphaDropout);

}  // namespace pullback::nn
