#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include <pullback/core/ref.h>

namespace pullback {

/// The memory that a tensor and its views share, and the count of the changes made to it.
///
/// A storage lives in one block with the tensor that created it (see tensor_impl.h), and may
/// outlive it. A few elements lie inside the block; more come from the caching allocator or from
/// the caller.
struct Storage {
  static constexpr std::size_t kInline = 32;  ///< bytes that need no memory of their own

  RefCount refs;
  std::uint32_t version = 0;  ///< number of in-place changes so far
  std::size_t bytes = 0;
  void* data = nullptr;
  std::function<void(void*)>* deleter =
      nullptr;  ///< set for memory that the caller lent (from_blob)
  alignas(16) unsigned char small[kInline];

  /// Memory for `bytes` bytes, uninitialised.
  void allocate(std::size_t bytes);
  void release_memory() noexcept;
  static void destroy(Storage* storage);
};

}  // namespace pullback
