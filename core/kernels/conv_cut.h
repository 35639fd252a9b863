#pragma once

#include <algorithm>
#include <cstdint>

#include <pullback/core/kernels/cut.h>
#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {

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
