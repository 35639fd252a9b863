#include <pullback/core/kernels/allocator.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace pullback::kernels {

namespace {
std::size_t rounded(std::size_t bytes) { return std::max<std::size_t>((bytes + 63) / 64 * 64, 64); }
}  // namespace

void* allocate(std::size_t bytes) {
  void* memory = std::aligned_alloc(64, rounded(bytes));
  if (!memory) throw std::bad_alloc();
  return memory;
}
void deallocate(void* memory, std::size_t) noexcept { std::free(memory); }
void* allocate_small(std::size_t bytes) { return allocate(bytes); }
void deallocate_small(void* memory, std::size_t) noexcept { std::free(memory); }
void empty_cache() noexcept {}
MemoryStats memory_stats() noexcept { return {}; }
void reset_peak() noexcept {}

}  // namespace pullback::kernels
