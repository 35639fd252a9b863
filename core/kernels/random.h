#pragma once

#include <cstdint>

namespace pullback::kernels {

/// The loops of the random number generator.
struct Random {
  /// The next 624 words of the Mersenne twister's state, and what it gives out for them.
  void (*twist)(std::uint32_t* state, std::uint32_t* tempered) = nullptr;
  /// out[i] = low + width·u with u the low 24 bits of words[i] / 2^24, in one rounding.
  void (*uniform_float)(std::int64_t n, const std::uint32_t* words, float low, float width,
                        float* out) = nullptr;
  /// out[i] = low + width·u with u the low 53 bits of words (2i, 2i+1) / 2^53, in one rounding; the
  /// first word of a pair is the upper half.
  void (*uniform_double)(std::int64_t n, const std::uint32_t* words, double low, double width,
                         double* out) = nullptr;
  /// Turns groups of 16 uniform values into normal ones: Box and Muller on the pairs (j, j + 8).
  void (*normal)(std::int64_t groups, float mean, float std, float* x) = nullptr;
};

}  // namespace pullback::kernels
