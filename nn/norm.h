#pragma once

#include <optional>
#include <vector>

#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

namespace pullback::nn {

struct BatchNormOptions {
  BatchNormOptions(std::int64_t num_features) : num_features_(num_features) {}
  PULLBACK_ARG(std::int64_t, num_features);
  PULLBACK_ARG(double, eps) = 1e-5;
  /// How fast the running statistics follow; without a value they are the average of all batches.
  PULLBACK_ARG(std::optional<double>, momentum) = 0.1;
  PULLBACK_ARG(bool, affine) = true;
  PULLBACK_ARG(bool, track_running_stats) = true;
};
using BatchNorm1dOptions = BatchNormOptions;
using BatchNorm2dOptions = BatchNormOptions;

/// Normalises each channel (dimension 1) by its mean and variance over the batch when training, and
/// by the running ones otherwise, then scales by weight (ones at first) and adds bias (zeros).
class BatchNormNd : public Module {
 public:
  explicit BatchNormNd(const BatchNormOptions& options);
  void reset();
  void reset_running_stats();
  void reset_parameters();
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  BatchNormOptions options;
  Attribute weight, bias;               ///< undefined unless affine
  Attribute running_mean, running_var;  ///< undefined unless track_running_stats, as the next
  Attribute num_batches_tracked;

 protected:
  /// Throws ValueError for an input of the wrong number of dimensions.
  virtual void check_input(const Tensor& x) const = 0;
};

/// Over batch × channels or batch × channels × positions.
class BatchNorm1dImpl : public BatchNormNd {
 public:
  BatchNorm1dImpl(std::int64_t num_features) : BatchNormNd(num_features) {}
  explicit BatchNorm1dImpl(const BatchNorm1dOptions& options) : BatchNormNd(options) {}

 protected:
  void check_input(const Tensor& x) const override;
};
PULLBACK_MODULE(BatchNorm1d);

/// Over batch × channels × height × width.
class BatchNorm2dImpl : public BatchNormNd {
 public:
  BatchNorm2dImpl(std::int64_t num_features) : BatchNormNd(num_features) {}
  explicit BatchNorm2dImpl(const BatchNorm2dOptions& options) : BatchNormNd(options) {}

 protected:
  void check_input(const Tensor& x) const override;
};
PULLBACK_MODULE(BatchNorm2d);

struct InstanceNormOptions {
  InstanceNormOptions(std::int64_t num_features) : num_features_(num_features) {}
  operator BatchNormOptions() const {
    return BatchNormOptions(num_features())
        .eps(eps())
        .momentum(momentum())
        .affine(affine())
        .track_running_stats(track_running_stats());
  }
  PULLBACK_ARG(std::int64_t, num_features);
  PULLBACK_ARG(double, eps) = 1e-5;
  PULLBACK_ARG(double, momentum) = 0.1;
  PULLBACK_ARG(bool, affine) = false;
  PULLBACK_ARG(bool, track_running_stats) = false;
};
using InstanceNorm1dOptions = InstanceNormOptions;
using InstanceNorm2dOptions = InstanceNormOptions;

/// Normalises each channel of each image by itself, or by running statistics, if they are tracked,
/// in evaluation. The batch dimension may be absent.
class InstanceNormNd : public BatchNormNd {
 public:
  Tensor forward(const Tensor& x);

 protected:
  InstanceNormNd(const InstanceNormOptions& options, std::int64_t dims)
      : BatchNormNd(options), dims_(dims) {}
  void check_input(const Tensor& x) const override;

 private:
  std::int64_t dims_;  // of the positions
};

/// Over batch × channels × positions.
class InstanceNorm1dImpl : public InstanceNormNd {
 public:
  InstanceNorm1dImpl(std::int64_t num_features) : InstanceNormNd(num_features, 1) {}
  explicit InstanceNorm1dImpl(const InstanceNorm1dOptions& options) : InstanceNormNd(options, 1) {}
};
PULLBACK_MODULE(InstanceNorm1d);

/// Over batch × channels × height × width.
class InstanceNorm2dImpl : public InstanceNormNd {
 public:
  InstanceNorm2dImpl(std::int64_t num_features) : InstanceNormNd(num_features, 2) {}
  explicit InstanceNorm2dImpl(const InstanceNorm2dOptions& options) : InstanceNormNd(options, 2) {}
};
PULLBACK_MODULE(InstanceNorm2d);

struct LayerNormOptions {
  LayerNormOptions(std::vector<std::int64_t> normalized_shape)
      : normalized_shape_(std::move(normalized_shape)) {}
  PULLBACK_ARG(std::vector<std::int64_t>, normalized_shape);
  PULLBACK_ARG(double, eps) = 1e-5;
  PULLBACK_ARG(bool, elementwise_affine) = true;
  PULLBACK_ARG(bool, bias) = true;
};

/// Normalises over the last dimensions, of sizes normalized_shape.
class LayerNormImpl : public Module {
 public:
  LayerNormImpl(std::vector<std::int64_t> normalized_shape)
      : LayerNormImpl(LayerNormOptions(std::move(normalized_shape))) {}
  explicit LayerNormImpl(LayerNormOptions options);
  void reset();
  void reset_parameters();
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  LayerNormOptions options;
  Attribute weight, bias;  ///< undefined unless elementwise_affine; bias also unless asked for
};
PULLBACK_MODULE(LayerNorm);

struct GroupNormOptions {
  GroupNormOptions(std::int64_t num_groups, std::int64_t num_channels)
      : num_groups_(num_groups), num_channels_(num_channels) {}
  PULLBACK_ARG(std::int64_t, num_groups);
  PULLBACK_ARG(std::int64_t, num_channels);
  PULLBACK_ARG(double, eps) = 1e-5;
  PULLBACK_ARG(bool, affine) = true;
};

/// Normalises over groups of channels of each image.
class GroupNormImpl : public Module {
 public:
  GroupNormImpl(std::int64_t num_groups, std::int64_t num_channels)
      : GroupNormImpl(GroupNormOptions(num_groups, num_channels)) {}
  explicit GroupNormImpl(const GroupNormOptions& options);
  void reset();
  void reset_parameters();
  Tensor forward(const Tensor& x);
  std::string extra_repr() const override;

  GroupNormOptions options;
  Attribute weight, bias;  ///< undefined unless affine
};
PULLBACK_MODULE(GroupNorm);

}  // namespace pullback::nn
