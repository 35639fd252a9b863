#pragma once

#include <cstdint>
#include <random>
#include <vector>

/// Integers from -8 to 8: sums of their products are exact, so any order of the terms gives the
/// same bits.
template <class T>
std::vector<T> small_integers(std::int64_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<T> v(static_cast<std::size_t>(count));
  for (T& value : v) value = static_cast<T>(static_cast<int>(engine() % 17) - 8);
  return v;
}
