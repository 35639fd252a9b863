#pragma once

#include <cstdint>

#include <pullback/core/kernels/round_up.h>

namespace pullback::kernels {

/// An extent cut evenly into pieces of at most `most`.
struct Cut {
  Cut(std::int64_t extent, std::int64_t most) : extent(extent), count(ceil_div(extent, most)) {}
  std::int64_t begin(std::int64_t i) const { return i * extent / count; }
  std::int64_t size(std::int64_t i) const { return begin(i + 1) - begin(i); }
  std::int64_t extent, count;
};

}  // namespace pullback::kernels
