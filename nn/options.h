#pragma once

#include <type_traits>
#include <utility>

/// In an options struct: `PULLBACK_ARG(bool, bias) = true;` makes the getter bias(), the chaining
/// setter bias(value) and bias_is_set(), which says whether the setter was called.
#define PULLBACK_ARG(T, name)                  \
 public:                                       \
  auto name(T value)->decltype(*this) {        \
    name##_ = std::move(value);                \
    name##_is_set_ = true;                     \
    return *this;                              \
  }                                            \
  std::add_const_t<T>& name() const noexcept { \
    return name##_;                            \
  }                                            \
  T& name() noexcept {                         \
    return name##_;                            \
  }                                            \
  bool name##_is_set() const noexcept {        \
    return name##_is_set_;                     \
  }                                            \
                                               \
 private:                                      \
  bool name##_is_set_ = false;                 \
  T name##_
