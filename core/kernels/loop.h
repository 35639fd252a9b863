#pragma once

#include <cstdint>

namespace pullback::kernels {

/// An inner loop over n elements. Operand k starts at data[k] and advances by strides[k] bytes (0:
/// the same element each time); operand 0 is the output. Scalars of an operation (alpha, a bound)
/// are operands of stride 0.
using Loop = void (*)(std::int64_t n, char* const* data, const std::int64_t* strides);

inline constexpr int kMaxOperands = 6;
inline constexpr int kMaxDims = 8;

/// One operand of a strided loop: its first element and its stride in BYTES per dimension.
struct Operand {
  void* data;
  const std::int64_t* strides;
  std::int64_t size = 0;  ///< of an element, in bytes; 0: unknown
};

/// Runs `loop` over every element of a shape: merges and orders dimensions, splits the work into
/// fixed chunks, and shares them over the pool when there is more than `cost` (nanoseconds per
/// element, roughly) makes worth while.
void for_each(Loop loop, int ndim, const std::int64_t* sizes, const Operand* operands, int count,
              float cost = 0.5f);

}  // namespace pullback::kernels
