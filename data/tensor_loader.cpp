#include <pullback/data/tensor_loader.h>

#include <algorithm>

#include <pullback/core/ops.h>
#include <pullback/core/random.h>

namespace pullback::data {

DataLoader::DataLoader(Tensor data, Tensor target, const DataLoaderOptions& options)
    : data_(std::move(data)), target_(std::move(target)), options_(options) {
  check<ValueError>(data_.defined() && target_.defined() && data_.dim() > 0 && target_.dim() > 0,
                    "DataLoader: data and target should be tensors with a first dimension");
  check<ValueError>(data_.size(0) == target_.size(0),
                    "DataLoader: size mismatch between tensors: ", data_.sizes(), " and ",
                    target_.sizes());
  check_batch_size(options);
  check<ValueError>(!options.workers_is_set() && !options.max_jobs_is_set() &&
                        !options.timeout_is_set() && !options.enforce_ordering_is_set(),
                    "DataLoader: rows of tensors need no workers; make_data_loader has them");
  // Batches are no longer than a tensor can be, so that the place after the last fits.
  constexpr std::size_t longest = std::size_t{1} << 60;
  batch_size_ = static_cast<std::int64_t>(std::min(options.batch_size(), longest));
}

std::int64_t DataLoader::end_of_batches() const {
  const std::int64_t n = data_.size(0);
  return options_.drop_last() ? n - n % batch_size_ : n;
}

std::int64_t DataLoader::size() const {
  const std::int64_t end = end_of_batches();
  return end / batch_size_ + (end % batch_size_ != 0);
}

DataLoader::Iterator DataLoader::begin() const {
  return {this, options_.shuffle() ? randperm(data_.size(0), options_.generator()) : Tensor()};
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  at_ += loader_->batch_size_;
  return *this;
}

Batch DataLoader::Iterator::operator*() const {
  const Tensor &data = loader_->data_, &target = loader_->target_;
  const std::int64_t n = data.size(0);
  const std::int64_t end = std::min(at_ + loader_->batch_size_, n);
  if (!order_.defined()) return {data.slice(0, at_, end), target.slice(0, at_, end)};
  const Tensor rows = order_.slice(0, at_, end);
  return {data.index_select(0, rows), target.index_select(0, rows)};
}

}  // namespace pullback::data
