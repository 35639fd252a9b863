#pragma once

#include <cstddef>
#include <cstdint>

namespace pullback {

/// The element types a tensor can have, in the order in which type promotion and tables index them.
enum class ScalarType : std::uint8_t { Bool, Int, Long, Float, Double };

inline constexpr int kScalarTypes = 5;

/// Size of one element in bytes.
constexpr std::size_t element_size(ScalarType type) {
  constexpr std::size_t sizes[kScalarTypes] = {1, 4, 8, 4, 8};
  return sizes[static_cast<int>(type)];
}

/// Calls f with a value of the C++ type behind a dtype: `visit(t, [&](auto zero) { using T =
/// decltype(zero); … })`.
template <class F>
decltype(auto) visit(ScalarType type, F&& f) {
  switch (type) {
    case ScalarType::Bool:
      return f(bool{});
    case ScalarType::Int:
      return f(std::int32_t{});
    case ScalarType::Long:
      return f(std::int64_t{});
    case ScalarType::Float:
      return f(float{});
    default:
      return f(double{});
  }
}

}  // namespace pullback
