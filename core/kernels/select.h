#pragma once

#include <cstdint>

#include <pullback/core/kernels/scalar_type.h>

namespace pullback::kernels {

/// Instead of a rank: the lower middle, or the first NaN if there is one.
inline constexpr std::int64_t kMedian = -1;

/// The element of a rank, from 0, in the order of sort_rows, of each of m contiguous rows of n, and
/// where it is.
void select_rows(ScalarType type, std::int64_t m, std::int64_t n, std::int64_t rank, const void* in,
                 void* values, std::int64_t* indices);

}  // namespace pullback::kernels
