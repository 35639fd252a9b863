#pragma once

#include <utility>

namespace pullback {

/// An owning pointer to an object that a function `destroy(T*)` beside T deletes: T may be declared
/// only, and naming the pointer costs a program a tenth of the compilation of a std::unique_ptr.
template <class T>
class Owned {
 public:
  Owned() = default;
  explicit Owned(T* object) : object_(object) {}
  Owned(Owned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    Owned(std::move(other)).swap(*this);
    return *this;
  }
  ~Owned() {
    if (object_) destroy(object_);
  }

  void reset() { Owned().swap(*this); }
  void swap(Owned& other) noexcept { std::swap(object_, other.object_); }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace pullback
