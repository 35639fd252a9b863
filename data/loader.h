#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <pullback/data/loader_options.h>
#include <pullback/data/samplers.h>
#include <pullback/data/workers.h>

namespace pullback::data {

/// A place in a loader's walk: `for (auto& batch : *loader)`. Copies share the place. The batch is
/// made when it is first looked at.
template <class Batch>
class Iterator {
 public:
  using difference_type = std::ptrdiff_t;
  using value_type = Batch;
  using pointer = Batch*;
  using reference = Batch&;
  using iterator_category = std::input_iterator_tag;

  /// The end of every walk.
  Iterator() = default;
  /// A walk through what `next` gives until it gives nothing.
  explicit Iterator(std::function<std::optional<Batch>()> next)
      : walk_(std::make_shared<Walk>(Walk{std::move(next), {}, false})) {}

  Iterator& operator++() {
    check(walk_ && walk_->current(), "Attempted to increment iterator past the end");
    walk_->batch = walk_->next();
    return *this;
  }
  Batch& operator*() const {
    check(walk_ && walk_->current(), "Attempted to dereference iterator that was past the end");
    return *walk_->batch;
  }
  Batch* operator->() const { return &**this; }
  bool operator==(const Iterator& other) const {
    return walk_ == other.walk_ || (at_end() && other.at_end());
  }

 private:
  struct Walk {
    std::function<std::optional<Batch>()> next;
    std::optional<Batch> batch;
    bool begun;

    bool current() {
      if (!begun) batch = next();
      begun = true;
      return batch.has_value();
    }
  };
  bool at_end() const { return !walk_ || !walk_->current(); }

  std::shared_ptr<Walk> walk_;
};

/// Makes batches of a data set, here or in worker threads ahead of time. With workers the batches
/// and their order are the same, unless `enforce_ordering` is off; a worker's exception is thrown
/// as WorkerException in place of its batch, and the walk can go on after it.
template <class Dataset, class Batch, class BatchRequest>
class DataLoaderBase {
 public:
  using BatchType = Batch;
  using BatchRequestType = BatchRequest;

  DataLoaderBase(const DataLoaderBase&) = delete;
  DataLoaderBase& operator=(const DataLoaderBase&) = delete;
  virtual ~DataLoaderBase() = default;

  /// Begins a walk. An earlier one, wherever it is, ends: its iterator throws RuntimeError when it
  /// is moved on.
  Iterator<Batch> begin() {
    check(workers_ || options_.workers == 0, "DataLoader: begin after join");
    if (workers_) workers_.drain();
    reset();
    ++walks_;
    if (workers_) ask_for(options_.max_jobs);
    return Iterator<Batch>([this, walk = walks_] {
      check(
          walk == walks_,
          "DataLoader: this iterator's walk ended when another began; a loader has one at a time");
      return next();
    });
  }
  Iterator<Batch> end() { return {}; }

  /// Ends the worker threads; no walk can begin after it.
  void join() { workers_.join(); }
  const FullDataLoaderOptions& options() const noexcept { return options_; }

 protected:
  /// With `copies`, each worker has a copy of the data set.
  DataLoaderBase(Dataset dataset, const DataLoaderOptions& options, bool copies)
      : options_(options), dataset_(std::make_shared<Dataset>(std::move(dataset))) {
    for (std::size_t i = 0; i < options_.workers; ++i)
      workers_.start([own = copies ? std::make_shared<Dataset>(*dataset_) : dataset_](
                         detail::Job& job) { static_cast<BatchJob&>(job).run(*own); });
  }

  /// What to ask the data set for next; empty at the end of the walk.
  virtual std::optional<BatchRequest> get_batch_request() = 0;
  /// Goes back to the start.
  virtual void reset() = 0;

  const FullDataLoaderOptions options_;
  const std::shared_ptr<Dataset> dataset_;

 private:
  struct BatchJob : detail::Job {
    explicit BatchJob(BatchRequest request) : request(std::move(request)) {}
    void run(Dataset& dataset) { batch = dataset.get_batch(std::move(request)); }

    BatchRequest request;
    std::optional<Batch> batch;
  };

  void ask_for(std::size_t batches) {
    for (; batches > 0; --batches) {
      std::optional<BatchRequest> request = get_batch_request();
      if (!request) return;
      workers_.push(Owned<detail::Job>(new BatchJob(std::move(*request))));
    }
  }

  std::optional<Batch> next() {
    if (!workers_) {
      std::optional<BatchRequest> request = get_batch_request();
      if (!request) return {};
      return dataset_->get_batch(std::move(*request));
    }
    while (const auto job = workers_.pop(options_.enforce_ordering, options_.timeout)) {
      auto& finished = static_cast<BatchJob&>(*job);
      if (!finished.exception && !finished.batch) continue;  // a stateful data set has ended
      ask_for(1);
      if (finished.exception) throw WorkerException(finished.exception);
      return std::move(finished.batch);
    }
    return {};
  }

  std::size_t walks_ = 0;
  detail::Workers workers_;
};

/// A loader of the batches whose indices a sampler gives. Each worker has a copy of the data set.
template <class Dataset, class Sampler>
class StatelessDataLoader : public DataLoaderBase<Dataset, typename Dataset::BatchType,
                                                  typename Sampler::BatchRequestType> {
 public:
  StatelessDataLoader(Dataset dataset, Sampler sampler, const DataLoaderOptions& options)
      : StatelessDataLoader::DataLoaderBase(std::move(dataset), options, /*copies=*/true),
        sampler_(std::move(sampler)) {}

 private:
  using Request = typename Sampler::BatchRequestType;

  void reset() override { sampler_.reset(std::nullopt); }
  std::optional<Request> get_batch_request() override {
    std::optional<Request> request = sampler_.next(this->options_.batch_size);
    if (!request) return {};
    check(request->size() > 0, "DataLoader: the sampler gave a batch without examples");
    if (this->options_.drop_last && request->size() < this->options_.batch_size) return {};
    return request;
  }

  Sampler sampler_;
};

/// A loader of the batches that a stateful data set, which all workers share, gives until an empty
/// one.
template <class Dataset>
class StatefulDataLoader : public DataLoaderBase<Dataset, typename Dataset::BatchType::value_type,
                                                 typename Dataset::BatchRequestType> {
 public:
  StatefulDataLoader(Dataset dataset, const DataLoaderOptions& options)
      : StatefulDataLoader::DataLoaderBase(std::move(dataset), options, /*copies=*/false) {}

 private:
  void reset() override { this->dataset_->reset(); }
  std::optional<typename Dataset::BatchRequestType> get_batch_request() override {
    return this->options_.batch_size;
  }
};

/// A loader of a data set's batches in the order of a sampler.
template <class Dataset, class Sampler>
requires(!Dataset::is_stateful)
    std::unique_ptr<StatelessDataLoader<Dataset, Sampler>> make_data_loader(
        Dataset dataset, Sampler sampler, const DataLoaderOptions& options) {
  return std::make_unique<StatelessDataLoader<Dataset, Sampler>>(std::move(dataset),
                                                                 std::move(sampler), options);
}

/// The same with a sampler for the size of the data set. Throws RuntimeError if it has none.
template <class Sampler = samplers::RandomSampler, class Dataset>
requires(!Dataset::is_stateful && std::is_constructible_v<Sampler, std::size_t>)
    std::unique_ptr<StatelessDataLoader<Dataset, Sampler>> make_data_loader(
        Dataset dataset, const DataLoaderOptions& options = {}) {
  const std::optional<std::size_t> size = dataset.size();
  check(size.has_value(),
        "make_data_loader: Expected the dataset to be sized in order to construct the Sampler");
  return make_data_loader(std::move(dataset), Sampler(*size), options);
}

/// A loader of a stateful data set's batches.
template <class Dataset>
requires(Dataset::is_stateful) std::unique_ptr<StatefulDataLoader<Dataset>> make_data_loader(
    Dataset dataset, const DataLoaderOptions& options = {}) {
  return std::make_unique<StatefulDataLoader<Dataset>>(std::move(dataset), options);
}

}  // namespace pullback::data
