#pragma once

#include <cstdint>

// Copies of few bytes. Always inlined, so that files of a SIMD tier may use them too.
namespace pullback::kernels {

/// Copies n bytes, of one chunk to two, by two chunks that meet or overlap.
template <std::int64_t kChunk>
inline __attribute__((always_inline)) void copy_ends(std::int64_t n, const void* from, void* to) {
  const std::int64_t rest = n - kChunk;
  __builtin_memcpy(to, from, kChunk);
  __builtin_memcpy(static_cast<char*>(to) + rest, static_cast<const char*>(from) + rest, kChunk);
}

inline constexpr std::int64_t kShortest = 4, kShortEnd = 128;  ///< bytes that chunks serve for

/// Calls f.operator()<chunk>() with the chunk for n bytes, kShortest <= n < kShortEnd.
template <class F>
inline __attribute__((always_inline)) void with_chunk(std::int64_t n, const F& f) {
  if (n >= 64) return f.template operator()<64>();
  if (n >= 32) return f.template operator()<32>();
  if (n >= 16) return f.template operator()<16>();
  if (n >= 8) return f.template operator()<8>();
  f.template operator()<4>();
}

}  // namespace pullback::kernels
