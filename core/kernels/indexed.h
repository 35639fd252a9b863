#pragma once

#include <cstdint>

#include <pullback/core/kernels/loop.h>
#include <pullback/core/kernels/scalar_type.h>

namespace pullback::kernels {

/// The positions of a tensor of indices. Along dimension d, sizes[d] positions; neighbours lie
/// x[d], index[d] and other[d] elements apart in the addressed tensor, the index and the tensor
/// that is gathered or scattered. In x, a position lies index·along further.
struct IndexedWalk {
  int ndim = 0;
  int dim = -1;  ///< the dimension that the index addresses, along which x does not advance
  std::int64_t along = 0;
  std::int64_t sizes[kMaxDims], x[kMaxDims], index[kMaxDims], other[kMaxDims];
};

/// The position of the first index outside [0, length), or -1.
std::int64_t first_outside(const std::int64_t* index, std::int64_t count, std::int64_t length);

// For every position p, with i = index[p]. Places that come up more than once do so in the order of
// the addressed dimension, on any number of threads.

/// Instead of a length: the indices have been checked.
inline constexpr std::int64_t kChecked = -1;
/// other[p] = x[p at i] if every index is in [0, length); else false, and other is undefined.
bool gather(ScalarType type, const IndexedWalk& walk, const void* x, const std::int64_t* index,
            std::int64_t length, void* other);

/// What becomes of values that meet at one place, and of the old one there; NaN is larger and
/// smaller than all.
enum class Join { Last, Sum, Product, Largest, Least };
/// Joins other[p] to x[p at i] if every index is in [0, length); else false, and some of x has
/// changed. A sum of bools is their or.
bool scatter(ScalarType type, Join join, const IndexedWalk& walk, void* x,
             const std::int64_t* index, std::int64_t length, const void* other);

}  // namespace pullback::kernels
