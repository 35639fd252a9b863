#pragma once

#include <type_traits>
#include <utility>

namespace pullback::nn {

/// A field of an options struct, which knows whether it was given or has its default.
template <class T>
class Option {
 public:
  Option() = default;
  template <class U>
  requires std::is_convertible_v<U, T> Option(U&& value) : value_(std::forward<U>(value)) {}
  void set(T value) { value_ = std::move(value), set_ = true; }
  const T& get() const { return value_; }
  T& get() { return value_; }
  bool is_set() const { return set_; }

 private:
  T value_{};
  bool set_ = false;
};

}  // namespace pullback::nn

/// In an options struct: `PULLBACK_ARG(bool, bias) = true;` makes the getter bias(), the chaining
/// setter bias(value) and bias_is_set().
#define PULLBACK_ARG(T, name)                  \
 public:                                       \
  auto name(T value)->decltype(*this) {        \
    name##_.set(std::move(value));             \
    return *this;                              \
  }                                            \
  std::add_const_t<T>& name() const noexcept { \
    return name##_.get();                      \
  }                                            \
  T& name() noexcept {                         \
    return name##_.get();                      \
  }                                            \
  bool name##_is_set() const noexcept {        \
    return name##_.is_set();                   \
  }                                            \
                                               \
 private:                                      \
  ::pullback::nn::Option<T> name##_
