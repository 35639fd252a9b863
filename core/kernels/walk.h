#pragma once

#include <algorithm>
#include <cstdint>

#include <pullback/core/kernels/kernels.h>

namespace pullback::kernels {

/// A loop and the elements it is to visit: those of the last dimension are the inner loop.
struct Walk {
  Loop loop;
  int ndim = 0;
  int count;
  std::int64_t sizes[kMaxDims];
  std::int64_t strides[kMaxDims][kMaxOperands];  // in bytes
  char* data[kMaxOperands];
  std::int64_t element[kMaxOperands];  // bytes, 0: unknown

  void drop(int d) {
    --ndim;
    for (; d < ndim; ++d) {
      sizes[d] = sizes[d + 1];
      std::copy_n(strides[d + 1], count, strides[d]);
    }
  }
  void exchange(int a, int b) {
    std::swap(sizes[a], sizes[b]);
    std::swap_ranges(strides[a], strides[a] + count, strides[b]);
  }

  /// Joins dimensions that are as one.
  void merge() {
    for (int d = ndim - 2; d >= 0; --d) {
      bool mergeable = true;
      for (int k = 0; k < count; ++k) {
        mergeable = mergeable && strides[d][k] == strides[d + 1][k] * sizes[d + 1];
      }
      if (!mergeable) continue;
      sizes[d + 1] *= sizes[d];
      drop(d);
    }
  }

  /// The part of the places [begin, begin + size) of the last dimension.
  Walk band(std::int64_t begin, std::int64_t size) const {
    Walk part = *this;
    part.sizes[ndim - 1] = size;
    for (int k = 0; k < count; ++k) part.data[k] += begin * strides[ndim - 1][k];
    return part;
  }

  std::int64_t numel() const {
    std::int64_t n = 1;
    for (int d = 0; d < ndim; ++d) n *= sizes[d];
    return n;
  }

  /// The elements [begin, end) in the order of the walk, of operands that start at `from`.
  void run(char* const* from, std::int64_t begin, std::int64_t end) const;
  void run(std::int64_t begin, std::int64_t end) const { run(data, begin, end); }
};

/// A type of elements of `size` bytes.
inline ScalarType word_of(std::int64_t size) {
  return size == 1 ? ScalarType::Bool : size == 4 ? ScalarType::Int : ScalarType::Long;
}

/// Whether elements of a copy, of `size` bytes, lie in rows in the output, and the input's rows are
/// columns there. Then the last two dimensions are made these.
bool lies_across(Walk& copy, std::int64_t size);

/// What one step of a copy takes: a run of bytes, a number some times, or a matrix transposed.
struct Piece {
  std::int64_t bytes, times;
  Transpose transpose;
  std::int64_t rows, columns, in_stride, out_stride;
};

// Each makes the inner dimensions of a copy of elements of `size` bytes the piece of one step, or
// returns false if they are not of its kind. The walk refers to the piece from then on.

/// Runs of elements, in their order or in reverse.
bool take_runs(Walk& copy, std::int64_t size, Piece& piece);
/// Numbers that are repeated in a row. Up to 64 bytes are written beyond the end.
bool take_repeats(Walk& copy, std::int64_t size, Piece& piece);
/// Matrices whose rows are columns in the other operand.
bool take_transposed(Walk& copy, std::int64_t size, Piece& piece);

}  // namespace pullback::kernels
