#include <pullback/data/workers.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace pullback::data {

namespace {

std::string text_of(const std::exception_ptr& exception) {
  const std::string text = "Caught exception in DataLoader worker thread.";
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return text + " Original message: " + error.what();
  } catch (...) {
    return text;
  }
}

}  // namespace

WorkerException::WorkerException(std::exception_ptr original)
    : Error(text_of(original)), original_exception(std::move(original)) {}

namespace detail {

struct Workers::State {
  std::mutex mutex;
  std::condition_variable given, finished;
  std::deque<Owned<Job>> jobs;  ///< in the order given
  std::deque<Job*> waiting;     ///< those of them that no worker has begun
  bool quit = false;
  std::vector<std::thread> threads;

  ~State() {
    {
      const std::lock_guard lock(mutex);
      quit = true;
    }
    given.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  void run(const Work& work) {
    std::unique_lock lock(mutex);
    while (true) {
      given.wait(lock, [&] { return quit || !waiting.empty(); });
      if (quit) return;
      Job& job = *waiting.front();
      waiting.pop_front();
      lock.unlock();
      std::exception_ptr exception;
      try {
        work(job);
      } catch (...) {
        exception = std::current_exception();
      }
      lock.lock();
      job.exception = std::move(exception);
      job.done = true;
      finished.notify_one();
    }
  }
};

Job::~Job() = default;

void destroy(Job* job) {
  delete job;
}

void destroy(Workers::State* state) {
  delete state;
}

void Workers::start(Work work) {
  if (!state_) state_ = Owned<State>(new State);
  state_->threads.emplace_back(
      [state = state_.get(), work = std::move(work)] { state->run(work); });
}

void Workers::push(Owned<Job> job) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->jobs.push_back(std::move(job));
    state_->waiting.push_back(state_->jobs.back().get());
  }
  state_->given.notify_one();
}

Owned<Job> Workers::pop(bool ordered, const std::optional<Milliseconds>& timeout) {
  auto& jobs = state_->jobs;
  std::unique_lock lock(state_->mutex);
  if (jobs.empty()) return {};
  auto next = jobs.begin();
  const auto ready = [&] {
    if (!ordered)
      next = std::find_if(jobs.begin(), jobs.end(), [](const auto& job) { return job->done; });
    return next != jobs.end() && (*next)->done;
  };
  if (timeout) {
    const std::chrono::milliseconds span(timeout->count());
    check(state_->finished.wait_for(lock, span, ready),
          "Timeout in DataLoader queue while waiting for next batch (timeout was ",
          timeout->count(), " ms)");
  } else {
    state_->finished.wait(lock, ready);
  }
  Owned<Job> job = std::move(*next);
  jobs.erase(next);
  return job;
}

void Workers::drain() {
  auto& jobs = state_->jobs;
  std::unique_lock lock(state_->mutex);
  for (const Job* job : state_->waiting)
    std::erase_if(jobs, [&](const auto& other) { return other.get() == job; });
  state_->waiting.clear();
  state_->finished.wait(lock, [&] {
    return std::all_of(jobs.begin(), jobs.end(), [](const auto& job) { return job->done; });
  });
  jobs.clear();
}

}  // namespace detail

}  // namespace pullback::data
