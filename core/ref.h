#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace pullback {

/// A reference count that spares the atomic read-modify-write when the holder is the only one.
class RefCount {
 public:
  explicit RefCount(std::uint32_t count = 1) : count_(count) {}
  void increment() { count_.fetch_add(1, std::memory_order_relaxed); }
  /// Returns true when this was the last reference.
  bool decrement() {
    if (count_.load(std::memory_order_acquire) == 1) {
      count_.store(0, std::memory_order_relaxed);
      return true;
    }
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  std::uint32_t get() const { return count_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint32_t> count_;
};

/// An owning pointer to an object with a member `RefCount refs` and a static `destroy(T*)`.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  Ref(const Ref& other) : pointer_(other.pointer_) {
    if (pointer_) pointer_->refs.increment();
  }
  Ref(Ref&& other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
  Ref& operator=(const Ref& other) {
    Ref(other).swap(*this);
    return *this;
  }
  Ref& operator=(Ref&& other) noexcept {
    Ref(std::move(other)).swap(*this);
    return *this;
  }
  ~Ref() { reset(); }

  /// Takes over a reference that is already counted.
  static Ref adopt(T* pointer) {
    Ref r;
    r.pointer_ = pointer;
    return r;
  }
  /// Adds a reference.
  static Ref share(T* pointer) {
    if (pointer) pointer->refs.increment();
    return adopt(pointer);
  }

  void reset() {
    if (T* p = std::exchange(pointer_, nullptr); p && p->refs.decrement()) T::destroy(p);
  }
  T* release() { return std::exchange(pointer_, nullptr); }
  void swap(Ref& other) noexcept { std::swap(pointer_, other.pointer_); }
  T* get() const { return pointer_; }
  T* operator->() const { return pointer_; }
  T& operator*() const { return *pointer_; }
  explicit operator bool() const { return pointer_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.pointer_ == b.pointer_; }

 private:
  T* pointer_ = nullptr;
};

}  // namespace pullback
