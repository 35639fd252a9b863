#pragma once

#include <optional>
#include <vector>

#include <pullback/core/tensor.h>

namespace pullback::data::samplers {

/// Says which examples make the next batch.
template <class BatchRequest = std::vector<size_t>>
class Sampler {
 public:
  using BatchRequestType = BatchRequest;

  virtual ~Sampler() = default;
  /// Begins a new walk, through a data set of another size if one is given.
  virtual void reset(std::optional<size_t> new_size) = 0;
  /// What to ask the data set for, at most `batch_size` examples; empty at the end of the walk.
  virtual std::optional<BatchRequest> next(size_t batch_size) = 0;
};

/// 0, 1, …, size − 1.
class SequentialSampler : public Sampler<> {
 public:
  explicit SequentialSampler(size_t size) : size_(size) {}

  void reset(std::optional<size_t> new_size = std::nullopt) override;
  std::optional<std::vector<size_t>> next(size_t batch_size) override;
  /// How many indices this walk has given.
  size_t index() const noexcept { return index_; }

 private:
  size_t size_, index_ = 0;
};

/// A permutation of 0, 1, …, size − 1: a `randperm` from the default generator when it is made and
/// another at each reset, as libtorch's draws them.
class RandomSampler : public Sampler<> {
 public:
  /// The indices are stored in the integer dtype. Throws where `randperm` does.
  explicit RandomSampler(std::int64_t size, Dtype index_dtype = kInt64);

  void reset(std::optional<size_t> new_size = std::nullopt) override;
  std::optional<std::vector<size_t>> next(size_t batch_size) override;
  /// How many indices this walk has given.
  size_t index() const noexcept { return static_cast<size_t>(index_); }

 private:
  Tensor indices_;
  std::int64_t index_ = 0;
};

/// A request with a size of its own, for data sets that take other requests than indices.
struct CustomBatchRequest {
  CustomBatchRequest() = default;
  CustomBatchRequest(const CustomBatchRequest&) = default;
  CustomBatchRequest(CustomBatchRequest&&) noexcept = default;
  CustomBatchRequest& operator=(const CustomBatchRequest&) = default;
  CustomBatchRequest& operator=(CustomBatchRequest&&) noexcept = default;
  virtual ~CustomBatchRequest() = default;

  virtual size_t size() const = 0;
};

/// A number of examples, whichever they are.
struct BatchSize : CustomBatchRequest {
  explicit BatchSize(size_t size) : size_(size) {}
  size_t size() const noexcept override { return size_; }
  operator size_t() const noexcept { return size_; }

  size_t size_;
};

/// Numbers of examples that sum to `epoch_size`, for a stream.
class StreamSampler : public Sampler<BatchSize> {
 public:
  explicit StreamSampler(size_t epoch_size) : epoch_size_(epoch_size) {}

  void reset(std::optional<size_t> new_size = std::nullopt) override;
  std::optional<BatchSize> next(size_t batch_size) override;

 private:
  size_t given_ = 0, epoch_size_;
};

}  // namespace pullback::data::samplers
