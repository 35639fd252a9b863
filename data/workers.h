#pragma once

#include <exception>
#include <functional>
#include <optional>

#include <pullback/core/error.h>
#include <pullback/core/owned.h>
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
  virtual ~Job();
  bool done = false;
  /// What the worker threw instead of making it.
  std::exception_ptr exception;
};
void destroy(Job* job);

/// Threads that work on jobs in the order in which they are given. All members are for one thread,
/// the loader's.
class Workers {
 public:
  using Work = std::function<void(Job&)>;

  /// Starts a thread that does this.
  void start(Work work);
  /// Are there threads?
  explicit operator bool() const { return bool(state_); }
  void push(Owned<Job> job);
  /// Waits for the job that was given first, or, unless `ordered`, for whichever is done; null when
  /// all have been taken. Throws RuntimeError when that takes longer than the timeout.
  Owned<Job> pop(bool ordered, const std::optional<Milliseconds>& timeout);
  /// Forgets all jobs, as soon as none is worked on.
  void drain();
  /// Waits for the jobs that are worked on, forgets the others and ends the threads, as the
  /// destructor does.
  void join() { state_.reset(); }

 private:
  struct State;
  friend void destroy(State* state);

  Owned<State> state_;
};

}  // namespace detail

}  // namespace pullback::data
