#pragma once

#include <algorithm>
#include <cstdint>

#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// An extent cut evenly into pieces of at most `most`.
struct Cut {
  Cut(std::int64_t extent, std::int64_t most) : extent(extent), count(ceil_div(extent, most)) {}
  std::int64_t begin(std::int64_t i) const { return i * extent / count; }
  std::int64_t size(std::int64_t i) const { return begin(i + 1) - begin(i); }
  std::int64_t extent, count;
};

/// The share of useful lanes in the vectors that cover an extent.
inline double filled(std::int64_t extent, std::int64_t lanes) {
  return extent ? double(extent) / double(ceil_div(extent, lanes) * lanes) : 1;
}

/// Runs f(begin, end) over units of so many multiplications and additions each.
template <class F>
void for_conv_units(std::int64_t units, double work, F run) {
  constexpr double kChunkWork = 5e5;  // worth a thread's while
  if (units == 1) return run(0, 1);
  if (units > 0)
    parallel_for(units, std::max<std::int64_t>(1, std::int64_t(kChunkWork / std::max(work, 1.0))),
                 run);
}

}  // namespace pullback::kernels
