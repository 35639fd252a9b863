#pragma once

#include <cstdint>
#include <optional>

#include <pullback/nn/options.h>

namespace pullback {
class Generator;
}

namespace pullback::data {

/// A time span that every std::chrono::duration becomes, because public headers do without
/// <chrono>.
class Milliseconds {
 public:
  explicit Milliseconds(std::int64_t count) : count_(count) {}
  template <class Duration>
  requires requires(Duration span) { Duration::period::num* span.count(); }
  Milliseconds(Duration span)
      : count_(static_cast<std::int64_t>(span.count() * 1000 * Duration::period::num /
                                         Duration::period::den)) {}
  std::int64_t count() const { return count_; }

 private:
  std::int64_t count_;
};

/// How a loader makes batches.
struct DataLoaderOptions {
  DataLoaderOptions() = default;
  DataLoaderOptions(std::size_t batch_size) { this->batch_size(batch_size); }
  /// Examples in a batch.
  PULLBACK_ARG(std::size_t, batch_size) = 1;
  /// Threads that make batches ahead of time; with none they are made when they are asked for.
  PULLBACK_ARG(std::size_t, workers) = 0;
  /// Batches that are asked for ahead of time; twice the number of workers unless given.
  PULLBACK_ARG(std::optional<std::size_t>, max_jobs);
  /// How long to wait for a worker's batch before an exception.
  PULLBACK_ARG(std::optional<Milliseconds>, timeout);
  /// Do batches come in the sampler's order, or as workers finish them?
  PULLBACK_ARG(bool, enforce_ordering) = true;
  /// Is a last batch of fewer examples left out?
  PULLBACK_ARG(bool, drop_last) = false;
  /// Does a `DataLoader` walk in random order? Elsewhere the sampler says.
  PULLBACK_ARG(bool, shuffle) = false;
  /// Where that order comes from; null: the default generator.
  PULLBACK_ARG(Generator*, generator) = nullptr;
};

/// The options with their defaults filled in.
struct FullDataLoaderOptions {
  /// Throws ValueError where the batch size or max_jobs is not positive, and for the options of a
  /// `DataLoader`.
  explicit FullDataLoaderOptions(const DataLoaderOptions& options);

  std::size_t batch_size, workers, max_jobs;
  std::optional<Milliseconds> timeout;
  bool enforce_ordering, drop_last;
};

/// Throws ValueError unless the batch size is positive.
void check_batch_size(const DataLoaderOptions& options);

}  // namespace pullback::data
