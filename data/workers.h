#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <pullback/core/error.h>
#include <pullback/data/loader_options.h>

namespace pullback::data {

/// What a loader throws when one of its workers has thrown; the text says what.
struct WorkerException : Error {
  explicit WorkerException(std::exception_ptr original);

  std::exception_ptr original_exception;
};

namespace detail {

/// A batch to be made.
struct Job {
  virtual ~Job() = default;
  bool done = false;
  /// What the worker threw instead of making it.
  std::exception_ptr exception;
};

/// Threads that work on jobs in the order in which they are given. All members are for one thread,
/// the loader's.
class Workers {
 public:
  using Work = std::function<void(Job&)>;

  /// Starts one thread for each.
  explicit Workers(std::vector<Work> works);
  /// Waits for the jobs that are worked on; the others are forgotten.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void push(std::unique_ptr<Job> job);
  /// Waits for the job that was given first, or, unless `ordered`, for whichever is done; null when
  /// all have been taken. Throws RuntimeError when that takes longer than the timeout.
  std::unique_ptr<Job> pop(bool ordered, const std::optional<Milliseconds>& timeout);
  /// Forgets all jobs, as soon as none is worked on.
  void drain();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace detail

}  // namespace pullback::data
