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

}  // namespace pullback
