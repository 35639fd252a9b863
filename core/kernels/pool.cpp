#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace pullback::kernels {

namespace {

// A worker looks for work this often before it sleeps: some tens of microseconds, the gap between
// two operations of a training step.
constexpr int kSpins = 2000;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

thread_local bool inside_loop = false;

/// Marks the thread as working inside a parallel loop.
class Inside {
 public:
  Inside() { inside_loop = true; }
  ~Inside() { inside_loop = false; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
};

/// The loop that runs and its chunks that nobody has claimed, first to last − 1, in one word.
class Claims {
 public:
  static constexpr int kBits = 24;
  static constexpr std::int64_t kMostChunks = std::int64_t{1} << 23;

  explicit Claims(std::uint64_t word) : word_(word) {}
  Claims(std::uint32_t round, std::int64_t chunks)
      : word_(std::uint64_t{round} << 2 * kBits | static_cast<std::uint64_t>(chunks) << kBits) {}
  std::uint64_t word() const { return word_; }
  bool are_of(std::uint32_t round) const {
    return word_ >> 2 * kBits == (round & (~std::uint32_t{0} >> (2 * kBits - 32)));
  }
  std::int64_t first() const { return static_cast<std::int64_t>(word_ & kMask); }
  std::int64_t last() const { return static_cast<std::int64_t>(word_ >> kBits & kMask); }
  Claims without_first() const { return Claims(word_ + 1); }
  Claims without_last() const { return Claims(word_ - (std::uint64_t{1} << kBits)); }

 private:
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << kBits) - 1;
  std::uint64_t word_;
};

std::int64_t chunks_in(std::int64_t count, std::int64_t chunk) {
  return ceil_div(count, chunk);
}

void run_alone(std::int64_t count, std::int64_t chunk, Body body, void* context) {
  std::exception_ptr failure;
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    try {
      body(context, begin, std::min(count, begin + chunk));
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

/// Workers and the one loop they share. Never destroyed: its threads end with the process.
class Pool {
 public:
  /// Whether the loop was run; false if another thread's loop has the workers.
  bool run(int threads, std::int64_t count, std::int64_t chunk, Body body, void* context) {
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn.owns_lock()) return false;
    hire(threads - 1);

    count_ = count;
    chunk_ = chunk;
    body_ = body;
    context_ = context;
    failure_ = nullptr;
    failed_.store(false, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    helpers_.store(threads - 1, std::memory_order_relaxed);
    const std::int64_t chunks = chunks_in(count, chunk);
    const std::uint32_t round = round_.load(std::memory_order_relaxed) + 1;
    claims_.store(Claims(round, chunks).word(), std::memory_order_release);
    round_.store(round, std::memory_order_release);
    round_.notify_all();

    work(round, /*from_the_end=*/false);
    for (int spins = 0; done_.load(std::memory_order_acquire) < chunks; ++spins) {
      if (spins < kSpins) {
        pause_briefly();
      } else {
        std::this_thread::yield();
      }
    }
    if (failed_.load(std::memory_order_relaxed)) {
      const std::exception_ptr failure = std::exchange(failure_, nullptr);
      turn.unlock();
      std::rethrow_exception(failure);
    }
    return true;
  }

 private:
  void hire(int count) {
    try {
      for (; workers_ < count; ++workers_)
        std::thread([this, id = workers_, round = round_.load()] { serve(id, round); }).detach();
    } catch (const std::system_error&) {
      // No more threads to be had: those that exist, and the caller, do the work.
    }
  }

  void serve(int id, std::uint32_t seen) {
    for (;;) {
      std::uint32_t round = round_.load(std::memory_order_acquire);
      for (int spins = 0; round == seen && spins < kSpins; ++spins) {
        pause_briefly();
        round = round_.load(std::memory_order_acquire);
      }
      if (round == seen) {
        round_.wait(seen, std::memory_order_acquire);
        continue;
      }
      seen = round;
      if (id < helpers_.load(std::memory_order_relaxed)) work(round, id % 2 == 0);
    }
  }

  /// Claims chunks of a round until none is left or the round is over. Half of the threads begin at
  /// the end, so that those of one array come to the core whose cache has them from the operation
  /// before. What describes the loop is read only after a claim: until that chunk is done the
  /// caller cannot leave, so nothing of it changes.
  void work(std::uint32_t round, bool from_the_end) {
    const Inside inside;
    std::uint64_t word = claims_.load(std::memory_order_acquire);
    for (;;) {
      const Claims claims(word);
      if (!claims.are_of(round) || claims.first() >= claims.last()) return;
      const Claims rest = from_the_end ? claims.without_last() : claims.without_first();
      if (!claims_.compare_exchange_weak(word, rest.word(), std::memory_order_acq_rel,
                                         std::memory_order_acquire))
        continue;
      word = rest.word();
      const std::int64_t begin = (from_the_end ? rest.last() : claims.first()) * chunk_;
      try {
        body_(context_, begin, std::min(count_, begin + chunk_));
      } catch (...) {
        if (!failed_.exchange(true, std::memory_order_relaxed)) failure_ = std::current_exception();
      }
      done_.fetch_add(1, std::memory_order_release);
    }
  }

  std::mutex turn_;
  int workers_ = 0;

  std::atomic<std::uint32_t> round_{0};
  std::atomic<std::uint64_t> claims_{0};
  std::atomic<std::int64_t> done_{0};
  std::atomic<int> helpers_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
  std::int64_t count_ = 0, chunk_ = 0;
  Body body_ = nullptr;
  void* context_ = nullptr;
};

std::atomic<Pool*> current_pool{nullptr};

Pool& pool() {
  // A child of fork has none of its parent's threads, and the parent's pool may be in the middle of
  // a loop.
  static const int once = pthread_atfork(nullptr, nullptr, [] { current_pool.store(nullptr); });
  static_cast<void>(once);
  if (Pool* existing = current_pool.load(std::memory_order_acquire)) return *existing;
  auto* fresh = new Pool;
  Pool* expected = nullptr;
  if (current_pool.compare_exchange_strong(expected, fresh)) return *fresh;
  delete fresh;
  return *expected;
}

int default_threads() {
  if (const char* value = std::getenv("PULLBACK_NUM_THREADS")) {
    char* end = nullptr;
    const long count = std::strtol(value, &end, 10);
    if (*value != '\0' && *end == '\0' && count > 0 && count <= kMostThreads)
      return static_cast<int>(count);
    std::fprintf(stderr,
                 "Warning: PULLBACK_NUM_THREADS=%s is no number from 1 to %d; using all cores\n",
                 value, kMostThreads);
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{default_threads()};
  return count;
}

}  // namespace

int num_threads() noexcept {
  return thread_count().load(std::memory_order_relaxed);
}

void set_num_threads(int count) {
  thread_count().store(std::clamp(count, 1, kMostThreads), std::memory_order_relaxed);
}

void parallel_for(std::int64_t count, std::int64_t chunk, Body body, void* context) {
  if (count <= 0) return;
  chunk = std::max({chunk, std::int64_t{1}, chunks_in(count, Claims::kMostChunks)});
  const std::int64_t chunks = chunks_in(count, chunk);
  if (chunks == 1) return body(context, 0, count);

  const int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), chunks));
  if (threads > 1 && !inside_loop && pool().run(threads, count, chunk, body, context)) return;
  run_alone(count, chunk, body, context);
}

}  // namespace pullback::kernels
