#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <pullback/core/kernels/allocator.h>

namespace pullback::kernels {

/// Uninitialised working space for `count` numbers, from the cache that tensors use.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::int64_t count)
      : bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(bytes_ ? static_cast<T*>(allocate(bytes_)) : nullptr) {}
  Buffer(Buffer&& other) noexcept
      : bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() { deallocate(data_, bytes_); }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::int64_t i) { return data_[i]; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace pullback::kernels
