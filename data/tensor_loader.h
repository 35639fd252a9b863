#pragma once

#include <cstddef>
#include <cstdint>

#include <pullback/data/example.h>
#include <pullback/data/loader_options.h>

namespace pullback::data {

/// The same rows of each tensor of a data set.
using Batch = Example<>;

/// Walks through samples and their targets that are tensors already, in batches: `for (const Batch&
/// batch : loader)`. Each walk that shuffles draws one `randperm` when it begins, as a PyTorch
/// program does that indexes with one.
class DataLoader {
 public:
  /// Throws ValueError when data and target differ in their first size, the batch size is not
  /// positive, or options of workers are given: rows of tensors need none.
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
  std::int64_t batch_size_;
};

}  // namespace pullback::data
