#include <pullback/data/samplers.h>

#include <algorithm>
#include <numeric>

#include <pullback/core/random.h>

namespace pullback::data::samplers {

void SequentialSampler::reset(std::optional<size_t> new_size) {
  size_ = new_size.value_or(size_);
  index_ = 0;
}

std::optional<std::vector<size_t>> SequentialSampler::next(size_t batch_size) {
  if (index_ == size_) return {};
  std::vector<size_t> batch(std::min(batch_size, size_ - index_));
  std::iota(batch.begin(), batch.end(), index_);
  index_ += batch.size();
  return batch;
}

RandomSampler::RandomSampler(std::int64_t size, Dtype index_dtype)
    : indices_(randperm(size, index_dtype)) {}

void RandomSampler::reset(std::optional<size_t> new_size) {
  const auto size = new_size ? static_cast<std::int64_t>(*new_size) : indices_.numel();
  indices_ = randperm(size, indices_.dtype());
  index_ = 0;
}

std::optional<std::vector<size_t>> RandomSampler::next(size_t batch_size) {
  const auto left = static_cast<size_t>(indices_.numel() - index_);
  if (left == 0) return {};
  const auto count = static_cast<std::int64_t>(std::min(batch_size, left));
  const Tensor rows = indices_.slice(0, index_, index_ + count).to(kLong);
  const auto* first = rows.data_ptr<std::int64_t>();
  index_ += count;
  return std::vector<size_t>(first, first + count);
}

void StreamSampler::reset(std::optional<size_t> new_size) {
  epoch_size_ = new_size.value_or(epoch_size_);
  given_ = 0;
}

std::optional<BatchSize> StreamSampler::next(size_t batch_size) {
  if (given_ == epoch_size_) return {};
  const BatchSize batch(std::min(batch_size, epoch_size_ - given_));
  given_ += batch.size();
  return batch;
}

}  // namespace pullback::data::samplers
