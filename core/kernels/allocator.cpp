#include <pullback/core/kernels/allocator.h>

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>

#include <pullback/core/kernels/round_up.h>

// A block belongs to the cache of the thread that allocated it. Freed there, it goes on top of the
// list of its size class; freed by another thread, it goes on a stack that the owner empties when a
// list runs dry. Blocks up to 1 KB are slots of slabs, whose owner stands at the slab's start;
// larger ones carry a header. Those of 64 KB to 2 MB are pieces of chunks of huge pages, which
// spare long loops the misses of the translation buffer. A cache outlives its thread (blocks may
// still point to it) and is adopted by the next thread that starts.

#if defined(__SANITIZE_ADDRESS__)
#define PULLBACK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PULLBACK_ASAN 1
#endif
#endif

namespace pullback::kernels {

namespace {

constexpr std::size_t kAlign = 64;
constexpr std::size_t kSmallest = 64, kSmall = 1024;
constexpr std::size_t kSlab = 64 * 1024;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kPiece = 64 * 1024, kChunk = 4 * kHugePage;
constexpr int kSmallClasses = kSmall / kSmallest;
constexpr int kStepsPerDoubling = 4;
constexpr int kClasses = kSmallClasses + 40 * kStepsPerDoubling;
constexpr std::int64_t kCacheLimit = std::int64_t{1} << 30;  // bytes that one thread keeps
constexpr std::int64_t kUnpublished =
    64 * 1024;  // bytes a thread counts before the others see them

struct Cache;

/// Memory that is handed out piece by piece, and goes back once all its pieces have.
struct Chunk {
  std::size_t used = kAlign;
  int pieces = 0;
};
static_assert(sizeof(Chunk) <= kAlign);

/// What a free block holds: of a small block its first bytes, of a large one the header before it.
struct Free {
  Free* next;
  int size_class;
  Cache* owner;  ///< of large blocks only
  Chunk* chunk;  ///< of which a large block is a piece, if any
};
static_assert(sizeof(Free) <= kAlign);

struct Slab {
  Cache* owner;
};

/// A counter that one thread writes and any may read.
class Count {
 public:
  void add(std::int64_t n) { value_.store(get() + n, std::memory_order_relaxed); }
  std::int64_t get() const { return value_.load(std::memory_order_relaxed); }
  void reset() { value_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

struct Cache {
  Free* lists[kClasses] = {};
  char* slab_next = nullptr;
  char* slab_end = nullptr;
  Chunk* chunk = nullptr;                ///< that pieces are taken from
  std::atomic<Free*> returned{nullptr};  ///< blocks that other threads freed
  Cache* next_known = nullptr;           ///< in the list of every cache
  Cache* next_idle = nullptr;            ///< in the list of those without a thread

  Count in_use;  ///< bytes since the last publication; negative where a thread frees others' blocks
  std::int64_t highest_in_use = 0;
  Count free_blocks[kClasses];  ///< the lengths of the lists
  Count large_bytes;            ///< of the large blocks in the lists
  Count allocations, system_allocations;
};

std::mutex registry_mutex;
Cache* known_caches = nullptr;
Cache* idle_caches = nullptr;
std::atomic<std::int64_t> published_in_use{0};
std::atomic<std::int64_t> published_peak{0};

/// PULLBACK_CACHE=0 hands every block back at once; AddressSanitizer must see each one come and go.
bool caching() {
#ifdef PULLBACK_ASAN
  return false;
#else
  static const bool on = [] {
    const char* value = std::getenv("PULLBACK_CACHE");
    return !value || value[0] != '0';
  }();
  return on;
#endif
}

int small_class_of(std::size_t bytes) {
  return bytes == 0 ? 0 : static_cast<int>((bytes - 1) / kSmallest);
}

int class_of(std::size_t bytes) {
  if (bytes <= kSmall) return small_class_of(bytes);
  const int doubling = static_cast<int>(std::bit_width(bytes - 1)) - 1;  // 2^doubling < bytes
  const std::size_t floor = std::size_t{1} << doubling;
  const auto step = static_cast<int>((bytes - 1 - floor) / (floor / kStepsPerDoubling));
  return kSmallClasses + (doubling - 10) * kStepsPerDoubling + step;
}

std::size_t size_of_class(int size_class) {
  if (size_class < kSmallClasses) return (static_cast<std::size_t>(size_class) + 1) * kSmallest;
  const int index = size_class - kSmallClasses;
  const std::size_t floor = std::size_t{1} << (10 + index / kStepsPerDoubling);
  return floor +
         floor / kStepsPerDoubling * (static_cast<std::size_t>(index % kStepsPerDoubling) + 1);
}

void raise_peak(std::int64_t value) {
  std::int64_t peak = published_peak.load(std::memory_order_relaxed);
  while (value > peak &&
         !published_peak.compare_exchange_weak(peak, value, std::memory_order_relaxed)) {
  }
}

void publish(Cache& cache) {
  const std::int64_t before =
      published_in_use.fetch_add(cache.in_use.get(), std::memory_order_relaxed);
  raise_peak(before + cache.highest_in_use);
  cache.in_use.reset();
  cache.highest_in_use = 0;
}

void count_in_use(Cache& cache, std::int64_t bytes) {
  cache.in_use.add(bytes);
  const std::int64_t now = cache.in_use.get();
  cache.highest_in_use = std::max(cache.highest_in_use, now);
  if (now > kUnpublished || now < -kUnpublished) publish(cache);
}

void* system_memory(Cache& cache, std::size_t bytes, std::size_t alignment) {
  void* memory = std::aligned_alloc(alignment, round_up(bytes, alignment));
  if (!memory) throw std::bad_alloc();
  cache.system_allocations.add(1);
  return memory;
}

void push(Cache& cache, int size_class, Free* block) {
  block->next = cache.lists[size_class];
  cache.lists[size_class] = block;
  cache.free_blocks[size_class].add(1);
}

Free* pop(Cache& cache, int size_class) {
  Free* block = cache.lists[size_class];
  if (!block) return nullptr;
  cache.lists[size_class] = block->next;
  cache.free_blocks[size_class].add(-1);
  return block;
}

/// Gives a large block back to the system.
void release(Cache& cache, Free* block) {
  Chunk* chunk = block->chunk;
  if (!chunk) return std::free(block);
  if (--chunk->pieces > 0) return;
  if (cache.chunk == chunk) cache.chunk = nullptr;
  std::free(chunk);
}

/// Frees to the system instead once the cache is full.
void keep_large(Cache& cache, Free* block) {
  const auto bytes = static_cast<std::int64_t>(size_of_class(block->size_class));
  if (cache.large_bytes.get() + bytes > kCacheLimit) return release(cache, block);
  cache.large_bytes.add(bytes);
  push(cache, block->size_class, block);
}

Free* pop_large(Cache& cache, int size_class) {
  Free* block = pop(cache, size_class);
  if (block) cache.large_bytes.add(-static_cast<std::int64_t>(size_of_class(size_class)));
  return block;
}

/// A block of this class, or if it has huge pages of its own, of one up to eight times as large:
/// what a program was set up with then serves its steps.
Free* pop_large_enough(Cache& cache, int size_class) {
  const bool of_its_own = size_of_class(size_class) >= kHugePage;
  const int last = std::min(size_class + (of_its_own ? 3 * kStepsPerDoubling : 0), kClasses - 1);
  for (int c = size_class; c <= last; ++c)
    if (Free* block = pop_large(cache, c)) return block;
  return nullptr;
}

bool take_returned(Cache& cache) {
  if (!cache.returned.load(std::memory_order_relaxed)) return false;
  Free* block = cache.returned.exchange(nullptr, std::memory_order_acquire);
  while (block) {
    Free* next = block->next;
    if (block->size_class < kSmallClasses) {
      push(cache, block->size_class, block);
    } else {
      keep_large(cache, block);
    }
    block = next;
  }
  return true;
}

void release_large(Cache& cache) {
  take_returned(cache);
  for (int c = kSmallClasses; c < kClasses; ++c)
    while (Free* block = pop_large(cache, c)) release(cache, block);
}

// A plain pointer, so that it can be read while the thread's destructors run.
thread_local Cache* current_cache = nullptr;

/// Gives the cache of a thread that ends to whoever starts next.
struct Leave {
  ~Leave() {
    Cache* cache = current_cache;
    if (!cache) return;
    current_cache = nullptr;
    release_large(*cache);
    publish(*cache);
    const std::lock_guard<std::mutex> lock(registry_mutex);
    cache->next_idle = idle_caches;
    idle_caches = cache;
  }
};

[[gnu::noinline]] Cache& enter() {
  static const int once =
      pthread_atfork([] { registry_mutex.lock(); }, [] { registry_mutex.unlock(); },
                     [] { registry_mutex.unlock(); });
  static_cast<void>(once);
  {
    const std::lock_guard<std::mutex> lock(registry_mutex);
    if (idle_caches) {
      current_cache = idle_caches;
      idle_caches = current_cache->next_idle;
    } else {
      current_cache = new Cache;
      current_cache->next_known = known_caches;
      known_caches = current_cache;
    }
  }
  // Built after the cache is current: the thread's first allocation decides when it is destroyed.
  thread_local const Leave leave;
  static_cast<void>(leave);
  return *current_cache;
}

Cache& cache_of_thread() {
  return current_cache ? *current_cache : enter();
}

void* new_small(Cache& cache, int size_class) {
  const std::size_t size = size_of_class(size_class);
  if (static_cast<std::size_t>(cache.slab_end - cache.slab_next) < size) {
    char* slab = static_cast<char*>(system_memory(cache, kSlab, kSlab));
    new (slab) Slab{&cache};
    cache.slab_next = slab + kAlign;
    cache.slab_end = slab + kSlab;
  }
  void* memory = cache.slab_next;
  cache.slab_next += size;
  return memory;
}

void* huge_pages(Cache& cache, std::size_t bytes) {
  void* memory = system_memory(cache, bytes, kHugePage);
  madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

Free* new_large(Cache& cache, int size_class) {
  const std::size_t size = size_of_class(size_class) + kAlign;
  if (size >= kHugePage) {
    return new (huge_pages(cache, size)) Free{nullptr, size_class, &cache, nullptr};
  }
  if (size < kPiece) {
    return new (system_memory(cache, size, kAlign)) Free{nullptr, size_class, &cache, nullptr};
  }
  if (!cache.chunk || cache.chunk->used + size > kChunk)
    cache.chunk = new (huge_pages(cache, kChunk)) Chunk;
  Chunk* chunk = cache.chunk;
  void* memory = reinterpret_cast<char*>(chunk) + chunk->used;
  chunk->used += size;
  ++chunk->pieces;
  return new (memory) Free{nullptr, size_class, &cache, chunk};
}

void* take_uncached(Cache& cache, std::size_t bytes) {
  cache.allocations.add(1);
  return system_memory(cache, std::max(bytes, kAlign), kAlign);
}

void* take_large(Cache& cache, std::size_t bytes) {
  if (!caching()) return take_uncached(cache, bytes);
  const int size_class = class_of(bytes);
  if (size_class >= kClasses) throw std::bad_alloc();
  cache.allocations.add(1);
  Free* block = pop_large_enough(cache, size_class);
  if (!block && take_returned(cache)) block = pop_large_enough(cache, size_class);
  if (!block) block = new_large(cache, size_class);
  return reinterpret_cast<char*>(block) + kAlign;
}

/// What no list holds ready.
[[gnu::noinline]] void* take_new_small(std::size_t bytes) {
  Cache& cache = cache_of_thread();
  if (!caching()) return take_uncached(cache, bytes);
  cache.allocations.add(1);
  const int size_class = small_class_of(bytes);
  if (take_returned(cache))
    if (Free* block = pop(cache, size_class)) return block;
  return new_small(cache, size_class);
}

void* take_small(std::size_t bytes) {
  if (Cache* cache = current_cache) [[likely]]
    if (Free* block = pop(*cache, small_class_of(bytes))) [[likely]] {
      cache->allocations.add(1);
      return block;
    }
  return take_new_small(bytes);
}

/// Leaves a block to the thread it came from.
void give_back_to(Cache* owner, Free* block) {
  block->next = owner->returned.load(std::memory_order_relaxed);
  while (!owner->returned.compare_exchange_weak(block->next, block, std::memory_order_release,
                                                std::memory_order_relaxed)) {
  }
}

void give_back_large(void* memory) {
  if (!caching()) return std::free(memory);
  Free* block = reinterpret_cast<Free*>(static_cast<char*>(memory) - kAlign);
  if (block->owner == current_cache) return keep_large(*current_cache, block);
  give_back_to(block->owner, block);
}

void give_back_small(void* memory, std::size_t bytes) {
  if (!caching()) return std::free(memory);
  const int size_class = small_class_of(bytes);
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  Cache* owner = reinterpret_cast<Slab*>(address & ~(kSlab - 1))->owner;
  auto* block = static_cast<Free*>(memory);
  if (owner == current_cache) [[likely]]
    return push(*owner, size_class, block);
  block->size_class = size_class;
  give_back_to(owner, block);
}

}  // namespace

void* allocate(std::size_t bytes) {
  Cache& cache = cache_of_thread();
  void* memory = bytes <= kSmall ? take_small(bytes) : take_large(cache, bytes);
  count_in_use(cache, static_cast<std::int64_t>(bytes));
  return memory;
}

void deallocate(void* memory, std::size_t bytes) noexcept {
  if (!memory) return;
  // After the thread's destructors there is no cache to count in; the total is.
  if (current_cache) {
    count_in_use(*current_cache, -static_cast<std::int64_t>(bytes));
  } else {
    published_in_use.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  }
  if (bytes <= kSmall) return give_back_small(memory, bytes);
  give_back_large(memory);
}

void* allocate_small(std::size_t bytes) {
  return bytes <= kSmall ? take_small(bytes) : take_large(cache_of_thread(), bytes);
}

void deallocate_small(void* memory, std::size_t bytes) noexcept {
  if (!memory) return;
  if (bytes <= kSmall) return give_back_small(memory, bytes);
  give_back_large(memory);
}

void empty_cache() noexcept {
  if (current_cache) release_large(*current_cache);
}

MemoryStats memory_stats() noexcept {
  MemoryStats stats;
  if (current_cache) publish(*current_cache);
  const std::lock_guard<std::mutex> lock(registry_mutex);
  stats.bytes_in_use = published_in_use.load(std::memory_order_relaxed);
  for (const Cache* cache = known_caches; cache; cache = cache->next_known) {
    stats.bytes_in_use += cache->in_use.get();
    for (int c = 0; c < kClasses; ++c) {
      const std::int64_t blocks = cache->free_blocks[c].get();
      stats.blocks_cached += blocks;
      stats.bytes_cached += blocks * static_cast<std::int64_t>(size_of_class(c));
    }
    stats.allocations += cache->allocations.get();
    stats.system_allocations += cache->system_allocations.get();
  }
  stats.peak_bytes = std::max(published_peak.load(std::memory_order_relaxed), stats.bytes_in_use);
  return stats;
}

void reset_peak() noexcept {
  if (current_cache) publish(*current_cache);
  published_peak.store(published_in_use.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

}  // namespace pullback::kernels
