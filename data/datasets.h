#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <pullback/core/ops.h>
#include <pullback/data/example.h>

namespace pullback::data::datasets {

template <class SourceDataset, class AppliedTransform>
class MapDataset;

/// A data set that gives whole batches. `Self` is the class derived from it. One whose batches are
/// optional is stateful: it decides what comes next, and an empty batch ends the walk.
template <class Self, class Batch = std::vector<Example<>>, class BatchRequest = ArrayRef<size_t>>
class BatchDataset {
 public:
  using SelfType = Self;
  using BatchType = Batch;
  using BatchRequestType = BatchRequest;
  static constexpr bool is_stateful = requires(Batch batch) {
    requires std::is_same_v<Batch, std::optional<typename Batch::value_type>>;
  };

  virtual ~BatchDataset() = default;

  /// The batch that a sampler asks for, as a rule by its indices.
  virtual Batch get_batch(BatchRequest request) = 0;
  /// Number of examples, if it is known.
  virtual std::optional<size_t> size() const = 0;

  /// This data set with a transform applied to each of its batches.
  template <class Transform>
  MapDataset<Self, Transform> map(Transform transform) & {
    return {static_cast<Self&>(*this), std::move(transform)};
  }
  template <class Transform>
  MapDataset<Self, Transform> map(Transform transform) && {
    return {static_cast<Self&&>(*this), std::move(transform)};
  }
};

/// A data set that gives single examples, so that a batch is a vector of them. With workers, each
/// has a copy of the data set, whose tensors share their memory.
template <class Self, class SingleExample = Example<>>
class Dataset : public BatchDataset<Self, std::vector<SingleExample>> {
 public:
  using ExampleType = SingleExample;

  virtual ExampleType get(size_t index) = 0;

  std::vector<ExampleType> get_batch(ArrayRef<size_t> indices) override;
};

template <class Self, class SingleExample>
std::vector<SingleExample> Dataset<Self, SingleExample>::get_batch(ArrayRef<size_t> indices) {
  std::vector<SingleExample> batch;
  batch.reserve(indices.size());
  for (const size_t index : indices) batch.push_back(get(index));
  return batch;
}

/// A data set that gives as many examples as it is asked for, whichever comes next.
template <class Self, class Batch = std::vector<Example<>>>
using StreamDataset = BatchDataset<Self, Batch, size_t>;

/// A data set with a state, which `reset` takes back to the start of a walk. All workers share it,
/// so with more than one its `get_batch` must be safe for several threads.
template <class Self, class Batch = std::vector<Example<>>, class BatchRequest = size_t>
class StatefulDataset : public BatchDataset<Self, std::optional<Batch>, BatchRequest> {
 public:
  virtual void reset() = 0;
};

/// A data set behind a transform, as `BatchDataset::map` makes it.
template <class SourceDataset, class AppliedTransform>
class MapDataset : public BatchDataset<
                       MapDataset<SourceDataset, AppliedTransform>,
                       std::conditional_t<SourceDataset::is_stateful,
                                          std::optional<typename AppliedTransform::OutputBatchType>,
                                          typename AppliedTransform::OutputBatchType>,
                       typename SourceDataset::BatchRequestType> {
 public:
  using DatasetType = SourceDataset;
  using TransformType = AppliedTransform;
  using BatchRequestType = typename SourceDataset::BatchRequestType;
  using OutputBatchType = typename MapDataset::BatchType;

  MapDataset(DatasetType dataset, TransformType transform)
      : dataset_(std::move(dataset)), transform_(std::move(transform)) {
    using Input = typename TransformType::InputBatchType;
    using Source = typename DatasetType::BatchType;
    static_assert(std::is_same_v<Source, Input> || std::is_same_v<Source, std::optional<Input>>,
                  "the batches of the data set are not what the transform takes");
  }

  OutputBatchType get_batch(BatchRequestType request) override {
    if constexpr (SourceDataset::is_stateful) {
      auto batch = dataset_.get_batch(std::move(request));
      if (!batch) return std::nullopt;
      return transform_.apply_batch(std::move(*batch));
    } else {
      return transform_.apply_batch(dataset_.get_batch(std::move(request)));
    }
  }
  std::optional<size_t> size() const noexcept override { return dataset_.size(); }
  /// Only where the data set has a state.
  void reset() { dataset_.reset(); }

  const SourceDataset& dataset() noexcept { return dataset_; }
  const AppliedTransform& transform() noexcept { return transform_; }

 private:
  SourceDataset dataset_;
  AppliedTransform transform_;
};

/// As `dataset.map(transform)`.
template <class DatasetType, class TransformType>
MapDataset<DatasetType, TransformType> map(DatasetType dataset, TransformType transform) {
  return {std::move(dataset), std::move(transform)};
}

/// One data set for all workers instead of a copy for each. Its `get_batch` must be safe for
/// several threads when there are several workers.
template <class UnderlyingDataset>
class SharedBatchDataset : public BatchDataset<SharedBatchDataset<UnderlyingDataset>,
                                               typename UnderlyingDataset::BatchType,
                                               typename UnderlyingDataset::BatchRequestType> {
 public:
  using BatchType = typename UnderlyingDataset::BatchType;
  using BatchRequestType = typename UnderlyingDataset::BatchRequestType;

  SharedBatchDataset(std::shared_ptr<UnderlyingDataset> dataset) : dataset_(std::move(dataset)) {}

  BatchType get_batch(BatchRequestType request) override {
    return dataset_->get_batch(std::move(request));
  }
  std::optional<size_t> size() const override { return dataset_->size(); }
  /// Only where the data set has a state.
  void reset() { dataset_->reset(); }

  UnderlyingDataset& operator*() { return *dataset_; }
  const UnderlyingDataset& operator*() const { return *dataset_; }
  UnderlyingDataset* operator->() { return dataset_.get(); }
  const UnderlyingDataset* operator->() const { return dataset_.get(); }

 private:
  std::shared_ptr<UnderlyingDataset> dataset_;
};

/// A shared data set made from the arguments of its constructor.
template <class UnderlyingDataset, class... Args>
SharedBatchDataset<UnderlyingDataset> make_shared_dataset(Args&&... args) {
  return std::make_shared<UnderlyingDataset>(std::forward<Args>(args)...);
}

/// The slices of a tensor along its first dimension, without targets.
struct TensorDataset : Dataset<TensorDataset, TensorExample> {
  /// Of tensors of one shape.
  explicit TensorDataset(const std::vector<Tensor>& tensors);
  explicit TensorDataset(Tensor tensor);

  TensorExample get(size_t index) override;
  std::optional<size_t> size() const override;

  Tensor tensor;
};

/// MNIST's images, float [1, 28, 28] from 0 to 1, and what they show, int64.
class MNIST : public Dataset<MNIST> {
 public:
  enum class Mode { kTrain, kTest };

  /// Reads the files that `read_mnist` reads.
  explicit MNIST(const std::string& root, Mode mode = Mode::kTrain);

  Example<> get(size_t index) override;
  std::optional<size_t> size() const override;
  bool is_train() const noexcept { return mode_ == Mode::kTrain; }
  /// All images, [N, 1, 28, 28].
  const Tensor& images() const { return images_; }
  /// All labels, [N].
  const Tensor& targets() const { return targets_; }

 private:
  Mode mode_;
  Tensor images_, targets_;
};

// Compiled once, in datasets.cpp.
extern template class Dataset<TensorDataset, TensorExample>;
extern template class Dataset<MNIST>;

}  // namespace pullback::data::datasets
