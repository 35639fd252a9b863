#pragma once

#include <cstdint>

#include <pullback/core/kernels/loop.h>
#include <pullback/core/kernels/scalar_type.h>

namespace pullback::kernels {

/// An elementwise inner loop per element type; null where the operation has none for that type.
struct Map {
  Loop loops[kScalarTypes] = {};
  Loop operator[](ScalarType type) const { return loops[static_cast<int>(type)]; }
};

/// Reduces the n elements at in + j*outer + k*inner (strides in BYTES, k < n) to out +
/// j*out_stride, for each of m results j.
using Reduction = void (*)(std::int64_t m, std::int64_t n, const char* in, std::int64_t outer,
                           std::int64_t inner, char* out, std::int64_t out_stride);
struct Kernels;
struct Reduce {
  Reduction loops[kScalarTypes] = {};
  ScalarType results[kScalarTypes] = {};  ///< the type of the result, by the type of the elements
  Reduce Kernels::*combine = nullptr;  ///< joins results of parts; null: elements come in one run
  Reduction operator[](ScalarType type) const { return loops[static_cast<int>(type)]; }
  ScalarType result(ScalarType type) const { return results[static_cast<int>(type)]; }
};

/// Every kernel that is compiled once per SIMD tier. One table per tier; `kernels()` picks one at
/// start.
struct Kernels {
  const char* tier = "";  ///< "base", "v3" or "v4"
#define PULLBACK_MAP(name) Map name;
#define PULLBACK_REDUCE(name) Reduce name;
#include <pullback/core/kernels/kernels.inc>
#undef PULLBACK_MAP
#undef PULLBACK_REDUCE
  Loop casts[kScalarTypes][kScalarTypes] = {};  ///< [from][to]; non-zero is true, floats truncate
  Loop cast(ScalarType from, ScalarType to) const {
    return casts[static_cast<int>(from)][static_cast<int>(to)];
  }
};

/// The table of the best tier this machine runs, or the one that PULLBACK_ISA (base, v3, v4) names.
const Kernels& kernels() noexcept;

/// The table of one tier, or null where this machine does not run it.
const Kernels* tier_table(const char* tier) noexcept;

}  // namespace pullback::kernels
