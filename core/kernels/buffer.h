#pragma once

#include <cstddef>
#include <cstdint>

#include <pullback/core/kernels/allocator.h>

namespace pullback::kernels {

/// Uninitialised working space for `count` numbers, from the cache that tensors use.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::int64_t count)
      : bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(static_cast<T*>(allocate(bytes_))) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { deallocate(data_, bytes_); }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::int64_t i) { return data_[i]; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace pullback::kernels
