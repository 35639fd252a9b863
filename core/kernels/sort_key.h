#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace pullback::kernels {

// Elements become unsigned keys in the order of the sort, so that one sort by digits serves every
// type.
template <class T>
using Key = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

template <class T>
Key<T> key_of(T x) {
  constexpr Key<T> top = Key<T>(Key<T>{1} << (8 * sizeof(T) - 1));
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(x)) return std::numeric_limits<Key<T>>::max();
    const auto bits = std::bit_cast<Key<T>>(x == 0 ? T(0) : x);
    return (bits & top) != 0 ? Key<T>(~bits) : Key<T>(bits | top);
  } else if constexpr (std::is_same_v<T, bool>) {
    return x;
  } else {
    return static_cast<Key<T>>(x) ^ top;
  }
}

}  // namespace pullback::kernels
