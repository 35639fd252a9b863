#pragma once

#include <cstdint>

#include <pullback/core/kernels/batched_cholesky.h>
#include <pullback/core/kernels/batched_jacobi.h>
#include <pullback/core/kernels/batched_lu.h>
#include <pullback/core/kernels/conv_depthwise_tiles.h>
#include <pullback/core/kernels/conv_grad_tiles.h>
#include <pullback/core/kernels/conv_tiles.h>
#include <pullback/core/kernels/dense_lu.h>
#include <pullback/core/kernels/gemm_tiles.h>
#include <pullback/core/kernels/householder.h>
#include <pullback/core/kernels/loop.h>
#include <pullback/core/kernels/max_pool_rows.h>
#include <pullback/core/kernels/random.h>
#include <pullback/core/kernels/scalar_type.h>
#include <pullback/core/kernels/winograd_tiles.h>

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
  Map Kernels::*of_two = nullptr;      ///< f(a, b) of two elements of the result's type
  Reduction operator[](ScalarType type) const { return loops[static_cast<int>(type)]; }
  ScalarType result(ScalarType type) const { return results[static_cast<int>(type)]; }
};

/// Works on m lines of n elements: operand k of element i in line j lies at data[k] + j*outer[k] +
/// i*inner[k] (BYTES). Outputs come first.
using Lines = void (*)(std::int64_t m, std::int64_t n, char* const* data, const std::int64_t* outer,
                       const std::int64_t* inner);
struct Scan {
  Lines loops[kScalarTypes] = {};
  Lines operator[](ScalarType type) const { return loops[static_cast<int>(type)]; }
};

/// Works on m contiguous rows of n contiguous elements; the operands that are one value per row,
/// and what `parameter` is, are named beside each kernel. Outputs come first; an input may be its
/// output.
using RowLoop = void (*)(std::int64_t m, std::int64_t n, char* const* data, double parameter);
struct Rows {
  RowLoop loops[kScalarTypes] = {};
  RowLoop operator[](ScalarType type) const { return loops[static_cast<int>(type)]; }
};

/// Changes n contiguous elements of several arrays in one pass; the arrays and numbers are named
/// beside each kernel. An array that a variant has no use for is null.
using UpdateLoop = void (*)(std::int64_t n, char* const* data, const double* numbers);
struct Update {
  UpdateLoop loops[kScalarTypes] = {};
  UpdateLoop operator[](ScalarType type) const { return loops[static_cast<int>(type)]; }
};

/// Copies the rows x columns elements at in + i*in_stride + j*size to out + j*out_stride + i*size
/// (strides in BYTES).
using Transpose = void (*)(std::int64_t rows, std::int64_t columns, const char* in,
                           std::int64_t in_stride, char* out, std::int64_t out_stride);

/// Writes each of the elements at from + i*stride (in BYTES), i < rows, n times, one row after the
/// other, and less than 64 bytes beyond the last.
using Repeat = void (*)(std::int64_t rows, std::int64_t n, const char* from, std::int64_t stride,
                        void* to);

/// A kernel for float and the same for double.
template <template <class> class Kernel>
struct ByPrecision {
  Kernel<float> float32;
  Kernel<double> float64;
  template <class T>
  const Kernel<T>& of() const {
    if constexpr (sizeof(T) == sizeof(float))
      return float32;
    else
      return float64;
  }
};

/// Whether any of n indices is outside [0, length).
using AnyOutside = bool (*)(std::int64_t n, const std::int64_t* index, std::int64_t length);

/// Every kernel that is compiled once per SIMD tier. One table per tier; `kernels()` picks one at
/// start.
struct Kernels {
  const char* tier = "";  ///< "base", "v3" or "v4"
#define PULLBACK_MAP(name) Map name;
#define PULLBACK_REDUCE(name) Reduce name;
#define PULLBACK_SCAN(name) Scan name;
#define PULLBACK_ROWS(name) Rows name;
#define PULLBACK_UPDATE(name) Update name;
#include <pullback/core/kernels/kernels.inc>
#undef PULLBACK_MAP
#undef PULLBACK_REDUCE
#undef PULLBACK_SCAN
#undef PULLBACK_ROWS
#undef PULLBACK_UPDATE
  Transpose transposes[kScalarTypes] = {};
  Transpose transpose(ScalarType type) const {
    return transposes[static_cast<int>(type)];
  }
  /// The same for floats or doubles, with strides in elements.
  template <class T>
  void transpose(std::int64_t rows, std::int64_t columns, const T* in, std::int64_t in_stride,
                 T* out, std::int64_t out_stride) const {
    constexpr std::int64_t size = sizeof(T);
    constexpr ScalarType type = size == sizeof(float) ? ScalarType::Float : ScalarType::Double;
    transpose(type)(rows, columns, reinterpret_cast<const char*>(in), in_stride * size,
                    reinterpret_cast<char*>(out), out_stride * size);
  }
  // Copies of runs as elements: operand 2 is how many bytes each has, an int64_t.
  Loop copy_runs = nullptr;
  Map reverse_runs;
  Repeat repeat_bytes = nullptr, repeat_words = nullptr, repeat_double_words = nullptr;
  Repeat repeat(std::int64_t element_size) const {
    return element_size == 1   ? repeat_bytes
           : element_size == 4 ? repeat_words
                               : repeat_double_words;
  }
  ByPrecision<BatchedCholesky> cholesky;
  ByPrecision<BatchedJacobi> jacobi;
  ByPrecision<BatchedLu> lu;
  ByPrecision<DenseLu> dense_lu;
  ByPrecision<Householder> householder;
  ByPrecision<ConvTiles> conv;
  ByPrecision<ConvGradTiles> conv_grad;
  ByPrecision<DepthwiseTiles> depthwise;
  WinogradTiles winograd;
  ByPrecision<MaxPoolRows> max_pool;
  ByPrecision<GemmTiles> gemm;
  Random random;
  AnyOutside any_outside = nullptr;
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
