#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pullback/core/random.h>
#include <pullback/core/tensor.h>
#include <pullback/nn/options.h>

namespace pullback::data {

/// How a DataLoader makes batches.
struct DataLoaderOptions {
  DataLoaderOptions(std::int64_t batch_size = 1) { this->batch_size(batch_size); }
  PULLBACK_ARG(std::int64_t, batch_size) = 1;
  PULLBACK_ARG(bool, shuffle) = false;
  PULLBACK_ARG(bool, drop_last) = false;
  /// Where the order comes from; null: the default generator.
  PULLBACK_ARG(Generator*, generator) = nullptr;
};

/// The same rows of each tensor of a data set.
struct Batch {
  Tensor data, target;
};

/// Walks through samples and their targets in batches: `for (const Batch& batch : loader)`. Each
/// walk that shuffles draws one `randperm` when it begins, as a PyTorch program does that indexes
/// with one.
class DataLoader {
 public:
  /// Throws ValueError when data and target differ in their first size or the batch size is not
  /// positive.
  DataLoader(Tensor data, Tensor target, const DataLoaderOptions& options);

  /// The end of a walk.
  struct End {};
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    Batch operator*() const;
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(End) const { return at_ >= loader_->end_of_batches(); }

   private:
    friend class DataLoader;
    Iterator(const DataLoader* loader, Tensor order) : loader_(loader), order_(std::move(order)) {}
    const DataLoader* loader_;
    Tensor order_;  ///< undefined: as they lie
    std::int64_t at_ = 0;
  };
  Iterator begin() const;
  End end() const { return {}; }

  /// Number of batches in a walk.
  std::int64_t size() const;
  const Tensor& data() const { return data_; }
  const Tensor& target() const { return target_; }

 private:
  std::int64_t end_of_batches() const;

  Tensor data_, target_;
  DataLoaderOptions options_;
};

}  // namespace pullback::data
