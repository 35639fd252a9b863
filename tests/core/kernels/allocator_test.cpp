#include "catch.h"

#include <pullback/core/kernels/allocator.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

using namespace pullback::kernels;

namespace {

// Under AddressSanitizer, or with PULLBACK_CACHE=0, every block goes straight back to the system.
bool blocks_are_reused() {
  deallocate(allocate(5000), 5000);
  return memory_stats().blocks_cached > 0;
}

}  // namespace

TEST_CASE("memory of every size is aligned and can be written to its end", "[allocator]") {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (std::size_t bytes = 0; bytes < (std::size_t{8} << 20); bytes = bytes * 9 / 8 + 1) {
    void* memory = allocate(bytes);
    REQUIRE(reinterpret_cast<std::uintptr_t>(memory) % 64 == 0);
    std::memset(memory, static_cast<int>(blocks.size()), bytes);
    blocks.emplace_back(memory, bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto* bytes = static_cast<const unsigned char*>(blocks[i].first);
    const std::size_t size = blocks[i].second;
    CAPTURE(size);
    if (size) {
      CHECK(bytes[0] == i % 256);
      CHECK(bytes[size - 1] == i % 256);
    }
    deallocate(blocks[i].first, size);
  }
}

TEST_CASE("the block freed last is handed out first", "[allocator]") {
  if (!blocks_are_reused()) return;
  for (const std::size_t bytes : {48u, 1000u, 5000u, 3000000u}) {
    CAPTURE(bytes);
    void* first = allocate(bytes);
    void* second = allocate(bytes);
    deallocate(first, bytes);
    deallocate(second, bytes);
    void* third = allocate(bytes);
    CHECK(third == second);
    deallocate(third, bytes);
  }
}

TEST_CASE("a steady state asks the system for nothing", "[allocator]") {
  if (!blocks_are_reused()) return;
  const auto step = [] {
    std::vector<void*> blocks;
    for (int i = 0; i < 24; ++i) blocks.push_back(allocate(100000));
    while (!blocks.empty()) {
      deallocate(blocks.back(), 100000);
      blocks.pop_back();
    }
  };
  step();
  const std::int64_t before = memory_stats().system_allocations;
  for (int i = 0; i < 10; ++i) step();
  CHECK(memory_stats().system_allocations == before);
}

TEST_CASE("a large block that is free serves smaller requests", "[allocator]") {
  if (!blocks_are_reused()) return;
  constexpr std::size_t large = 48 << 20, small = 10 << 20;
  empty_cache();
  const auto from_system = [] { return memory_stats().system_allocations; };
  deallocate(allocate(large), large);
  const std::int64_t before = from_system();
  const auto step = [] {
    void* first = allocate(small);
    void* second = allocate(large);
    deallocate(first, small);
    deallocate(second, large);
  };
  step();
  CHECK(from_system() == before + 1);  // the large one, whose block the small one has
  for (int i = 0; i < 10; ++i) step();
  CHECK(from_system() == before + 1);
}

TEST_CASE("a block that another thread frees returns to its owner", "[allocator]") {
  if (!blocks_are_reused()) return;
  for (const std::size_t bytes : {64u, 70000u}) {
    CAPTURE(bytes);
    void* memory = allocate(bytes);
    // Leaves nothing of the class in the cache, so that the next allocation looks at what came
    // back.
    std::vector<void*> others;
    std::thread([&] { deallocate(memory, bytes); }).join();
    bool seen = false;
    for (int i = 0; i < 2000 && !seen; ++i) {
      others.push_back(allocate(bytes));
      seen = others.back() == memory;
    }
    CHECK(seen);
    for (void* other : others) deallocate(other, bytes);
  }
}

TEST_CASE("a block outlives the thread that allocated it", "[allocator]") {
  void *small = nullptr, *large = nullptr;
  std::thread([&] {
    small = allocate(100);
    large = allocate(100000);
    std::memset(large, 7, 100000);
  }).join();
  CHECK(static_cast<unsigned char*>(large)[99999] == 7);
  deallocate(small, 100);
  deallocate(large, 100000);
}

TEST_CASE("threads exchange blocks while they allocate", "[allocator]") {
  constexpr int rounds = 200, count = 50;
  std::vector<std::vector<void*>> handed(4, std::vector<void*>(count));
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < handed.size(); ++t)
      threads.emplace_back([&, t] {
        for (void*& memory : handed[t]) {
          if (memory) deallocate(memory, 256);
          memory = allocate(256);
          std::memset(memory, static_cast<int>(t), 256);
        }
      });
    for (std::thread& thread : threads) thread.join();
    for (std::size_t t = 0; t < handed.size(); ++t)
      for (void* memory : handed[t]) REQUIRE(static_cast<unsigned char*>(memory)[255] == t);
    std::swap(handed[0], handed[1]);
    std::swap(handed[2], handed[3]);
    std::swap(handed[1], handed[2]);
  }
  for (auto& blocks : handed)
    for (void* memory : blocks) deallocate(memory, 256);
}

TEST_CASE("the statistics count what is in use and its peak", "[allocator]") {
  reset_peak();
  const MemoryStats before = memory_stats();
  void* a = allocate(1000);
  void* b = allocate(300000);
  CHECK(memory_stats().bytes_in_use == before.bytes_in_use + 301000);
  CHECK(memory_stats().allocations == before.allocations + 2);
  deallocate(b, 300000);
  CHECK(memory_stats().bytes_in_use == before.bytes_in_use + 1000);
  CHECK(memory_stats().peak_bytes == before.bytes_in_use + 301000);
  deallocate(a, 1000);
  reset_peak();
  CHECK(memory_stats().peak_bytes == before.bytes_in_use);
}

TEST_CASE("blocks of one chunk come and go in any order", "[allocator]") {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 40; ++i) {
      const std::size_t bytes = 60000 + i * 50000;
      void* memory = allocate(bytes);
      std::memset(memory, static_cast<int>(i), bytes);
      blocks.emplace_back(memory, bytes);
    }
    for (std::size_t i = 0; i < blocks.size(); i += 2) {
      const auto* bytes = static_cast<const unsigned char*>(blocks[i].first);
      CHECK(bytes[0] == bytes[blocks[i].second - 1]);
      deallocate(blocks[i].first, blocks[i].second);
      blocks[i] = blocks.back();
      blocks.pop_back();
    }
    empty_cache();  // while some blocks of their chunks are in use
  }
  for (const auto& [memory, bytes] : blocks) {
    const auto* first = static_cast<const unsigned char*>(memory);
    CHECK(first[0] == first[bytes - 1]);
    deallocate(memory, bytes);
  }
}

TEST_CASE("empty_cache keeps no large block", "[allocator]") {
  if (!blocks_are_reused()) return;
  void* memory = allocate(1 << 20);
  deallocate(memory, 1 << 20);
  const std::int64_t cached = memory_stats().bytes_cached;
  empty_cache();
  CHECK(memory_stats().bytes_cached <= cached - (1 << 20));
}
