#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include <pullback/core/tensor.h>

namespace pullback::indexing {

struct NoneType {};
struct EllipsisType {};
inline constexpr NoneType None{};
inline constexpr EllipsisType Ellipsis{};

/// start:stop:step, with Python's meaning; each part may be left out or be None. The step must be
/// positive.
struct Slice {
  std::optional<std::int64_t> start, stop;
  std::int64_t step = 1;

  struct Part {
    std::optional<std::int64_t> value;
    Part(NoneType) {}
    template <class T>
    requires std::is_integral_v<T> Part(T v) : value(static_cast<std::int64_t>(v)) {}
    Part() = default;
  };
  Slice(Part from = {}, Part to = {}, Part by = {})
      : start(from.value), stop(to.value), step(by.value.value_or(1)) {}
};

/// One item between the brackets of x.index({…}): None, "..." or Ellipsis, an integer, a bool, a
/// Slice or a tensor.
struct TensorIndex {
  enum class Kind { None, Ellipsis, Integer, Boolean, Slice, Tensor };
  Kind kind;
  std::int64_t integer = 0;
  indexing::Slice slice;
  pullback::Tensor tensor;

  TensorIndex(NoneType) : kind(Kind::None) {}
  TensorIndex(EllipsisType) : kind(Kind::Ellipsis) {}
  TensorIndex(const char* dots);  ///< "..."; throws ValueError for another string
  template <class T>
  requires(std::is_integral_v<T>) TensorIndex(T value)
      : kind(std::is_same_v<T, bool> ? Kind::Boolean : Kind::Integer),
        integer(static_cast<std::int64_t>(value)) {}
  TensorIndex(indexing::Slice s) : kind(Kind::Slice), slice(s) {}
  TensorIndex(pullback::Tensor t) : kind(Kind::Tensor), tensor(std::move(t)) {}
};

}  // namespace pullback::indexing
