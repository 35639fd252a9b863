#pragma once

#include <cstdint>
#include <type_traits>

namespace pullback::kernels {

inline constexpr int kMostThreads = 1024;
/// Number of threads that work on one operation, the caller included.
int num_threads() noexcept;
void set_num_threads(int count);

/// Runs `body(context, begin, end)` over [0, count) in chunks of `chunk` indices. The boundaries do
/// not depend on the number of threads, so neither do results. Chunks are claimed by a counter; the
/// caller works too and can finish alone. Runs on the caller when there is one chunk, one thread,
/// or when called from inside another parallel loop. An exception of a body is rethrown once all
/// chunks are done.
using Body = void (*)(void* context, std::int64_t begin, std::int64_t end);
void parallel_for(std::int64_t count, std::int64_t chunk, Body body, void* context);

template <class F>
void parallel_for(std::int64_t count, std::int64_t chunk, F&& f) {
  parallel_for(
      count, chunk,
      [](void* context, std::int64_t begin, std::int64_t end) {
        (*static_cast<std::remove_reference_t<F>*>(context))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace pullback::kernels
