#pragma once

#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

namespace pullback::nn {

struct LinearOptions {
  LinearOptions(std::int64_t in_features, std::int64_t out_features)
      : in_features_(in_features), out_features_(out_features) {}
  PULLBACK_ARG(std::int64_t, in_features);
  PULLBACK_ARG(std::int64_t, out_features);
  PULLBACK_ARG(bool, bias) = true;
};

/// y = x Wᵀ + b: the last dimension of x goes from in_features to out_features. W is
/// [out_features, in_features]; both start uniform within ±1/√in_features.
class LinearImpl : public Module {
 public:
  LinearImpl(std::int64_t in_features, std::int64_t out_features, bool bias = true)
      : LinearImpl(LinearOptions(in_features, out_features).bias(bias)) {}
  explicit LinearImpl(const LinearOptions& options);
  void reset();
  void reset_parameters();
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  LinearOptions options;
  Attribute weight;
  Attribute bias;  ///< undefined without bias
};
PULLBACK_MODULE(Linear);

struct BilinearOptions {
  BilinearOptions(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features)
      : in1_features_(in1_features), in2_features_(in2_features), out_features_(out_features) {}
  PULLBACK_ARG(std::int64_t, in1_features);
  PULLBACK_ARG(std::int64_t, in2_features);
  PULLBACK_ARG(std::int64_t, out_features);
  PULLBACK_ARG(bool, bias) = true;
};

/// yₖ = aᵀ Wₖ b + cₖ over the last dimension of a and b.
class BilinearImpl : public Module {
 public:
  BilinearImpl(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features,
               bool bias = true)
      : BilinearImpl(BilinearOptions(in1_features, in2_features, out_features).bias(bias)) {}
  explicit BilinearImpl(const BilinearOptions& options);
  void reset_parameters();
  Tensor forward(const Tensor& a, const Tensor& b);
  std::string extra_repr() const override;

  BilinearOptions options;
  Attribute weight;
  Attribute bias;
};
PULLBACK_MODULE(Bilinear);

/// Returns its argument.
class IdentityImpl : public Module {
 public:
  Tensor forward(const Tensor& x) { return x; }
};
PULLBACK_MODULE(Identity);

struct FlattenOptions {
  PULLBACK_ARG(std::int64_t, start_dim) = 1;
  PULLBACK_ARG(std::int64_t, end_dim) = -1;
};

/// Makes dimensions start_dim to end_dim one.
class FlattenImpl : public Module {
 public:
  explicit FlattenImpl(const FlattenOptions& options = {}) : options(options) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  FlattenOptions options;
};
PULLBACK_MODULE(Flatten);

struct UnflattenOptions {
  UnflattenOptions(std::int64_t dim, std::vector<std::int64_t> sizes)
      : dim_(dim), sizes_(std::move(sizes)) {}
  PULLBACK_ARG(std::int64_t, dim);
  PULLBACK_ARG(std::vector<std::int64_t>, sizes);
};

/// Splits dimension dim into several of the given sizes, one of which may be −1.
class UnflattenImpl : public Module {
 public:
  UnflattenImpl(std::int64_t dim, std::vector<std::int64_t> sizes)
      : options(dim, std::move(sizes)) {}
  explicit UnflattenImpl(UnflattenOptions options) : options(std::move(options)) {}
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  UnflattenOptions options;
};
PULLBACK_MODULE(Unflatten);

}  // namespace pullback::nn
