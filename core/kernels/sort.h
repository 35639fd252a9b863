#pragma once

#include <cstdint>

#include <pullback/core/kernels/scalar_type.h>

namespace pullback::kernels {

/// Sorts each of m contiguous rows of n elements, stably (equal elements keep their order; -0
/// equals 0; NaN is larger than all, and NaNs are equal). `values`, which may be `in`, gets the
/// sorted row, `indices` where each element was.
void sort_rows(ScalarType type, bool descending, std::int64_t m, std::int64_t n, const void* in,
               void* values, std::int64_t* indices);

/// The k largest (or least) elements of each of m contiguous rows of n, in order, the first of
/// equal ones first; `values` and `indices` are rows of k. Orders as sort_rows.
void topk_rows(ScalarType type, bool largest, std::int64_t m, std::int64_t n, std::int64_t k,
               const void* in, void* values, std::int64_t* indices);

}  // namespace pullback::kernels
