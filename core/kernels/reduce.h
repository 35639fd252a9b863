#pragma once

#include <cstdint>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/loop.h>

namespace pullback::kernels {

/// Reduces the dimensions whose bit is set in `reduced` (bit d for dimension d) of a strided array
/// of `type` with `op`, a table of `kernels()`. Strides are in BYTES; those of `out`, which has
/// elements of op.result(type), are ignored at reduced dimensions. Where elements are numbered
/// (argmax), they are so in row-major order of the reduced dimensions. Long runs are cut into parts
/// that depend on the shape alone, so the result does not depend on the number of threads. An empty
/// run gives the kernel's value of no elements (0 for sum, 1 for prod); those without one (amax,
/// argmax) are the caller's to refuse.
void reduce(const Reduce& op, ScalarType type, int ndim, const std::int64_t* sizes,
            const Operand& out, const Operand& in, std::uint64_t reduced);

}  // namespace pullback::kernels
