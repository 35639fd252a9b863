#pragma once

#include <cstddef>
#include <cstdint>

namespace pullback::kernels {

/// Memory for tensor elements, at least 64-byte aligned, from the calling thread's cache of size
/// classes. Never returns null: throws std::bad_alloc. `bytes` may be 0.
void* allocate(std::size_t bytes);

/// Returns memory of `allocate(bytes)`, from any thread; it goes back to the cache of its owner.
void deallocate(void* memory, std::size_t bytes) noexcept;

/// Memory for a node or a tensor header (any size up to 1 KB is served by a per-thread freelist).
void* allocate_small(std::size_t bytes);
void deallocate_small(void* memory, std::size_t bytes) noexcept;

/// Gives the calling thread's cached blocks of more than 1 KB back to the system; the smaller ones
/// are slots of slabs that stay.
void empty_cache() noexcept;

/// What the allocator has handed out and holds, over all threads. While several threads allocate,
/// the peak is exact to 64 KB per thread. The environment's PULLBACK_CACHE=0 turns reuse off.
struct MemoryStats {
  std::int64_t bytes_in_use = 0;   ///< bytes handed out by `allocate` and not yet returned
  std::int64_t peak_bytes = 0;     ///< the largest bytes_in_use since the start or `reset_peak`
  std::int64_t bytes_cached = 0;   ///< bytes held for reuse
  std::int64_t blocks_cached = 0;  ///< number of blocks held for reuse
  std::int64_t allocations = 0;    ///< calls of `allocate` and `allocate_small` so far
  std::int64_t system_allocations = 0;  ///< how many of these asked the system for memory
};
MemoryStats memory_stats() noexcept;
void reset_peak() noexcept;

}  // namespace pullback::kernels
