#include <pullback/core/kernels/tier.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// A tile of kTile x kTile is read by rows and written by rows of the result: both sides touch whole
// cache lines. Squares of it are transposed in registers.
constexpr int64_t kTile = 16;

/// Rows and columns of a square of elements of this type.
template <class T>
constexpr int64_t kSquare = sizeof(T) == 4   ? 8
                            : sizeof(T) == 8 ? 4
                                             : 1;

using Words = uint32_t __attribute__((vector_size(32)));
using DoubleWords = uint64_t __attribute__((vector_size(32)));

/// 8 x 8 words of 32 bits: pairs, then fours, then halves change places. Only the first `columns`
/// of the result's rows are written.
PULLBACK_INLINE void square(int32_t, const char* in, int64_t in_stride, char* out,
                            int64_t out_stride, int64_t columns = 8) {
  Words a[8], b[8];
  for (int i = 0; i < 8; ++i) __builtin_memcpy(&a[i], in + i * in_stride, sizeof(Words));
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int k = 0; k < 2; ++k) {
      a[i + 2 * k] = __builtin_shufflevector(b[i + k], b[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      a[i + 2 * k + 1] =
          __builtin_shufflevector(b[i + k], b[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int i = 0; i < 4; ++i) {
    b[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    b[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (int i = 0; i < 8; ++i)
    if (i < columns) __builtin_memcpy(out + i * out_stride, &b[i], sizeof(Words));
}

/// 4 x 4 words of 64 bits: pairs, then halves.
PULLBACK_INLINE void square(int64_t, const char* in, int64_t in_stride, char* out,
                            int64_t out_stride, int64_t columns = 4) {
  DoubleWords a[4], b[4];
  for (int i = 0; i < 4; ++i) __builtin_memcpy(&a[i], in + i * in_stride, sizeof(DoubleWords));
  for (int i = 0; i < 4; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 4, 2, 6);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 5, 3, 7);
  }
  for (int i = 0; i < 2; ++i) {
    a[i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 4, 5);
    a[i + 2] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 6, 7);
  }
  for (int i = 0; i < 4; ++i)
    if (i < columns) __builtin_memcpy(out + i * out_stride, &a[i], sizeof(DoubleWords));
}

/// 1 x 1.
PULLBACK_INLINE void square(bool, const char* in, int64_t, char* out, int64_t, int64_t = 1) {
  *out = *in;
}

template <class T>
PULLBACK_NOINLINE void full_tile(const char* in, int64_t in_stride, char* out, int64_t out_stride) {
  constexpr int64_t size = sizeof(T), step = kSquare<T>;
  if constexpr (step > 1) {
    for (int64_t j = 0; j < kTile; j += step)
      for (int64_t i = 0; i < kTile; i += step)
        square(T(), in + i * in_stride + j * size, in_stride, out + j * out_stride + i * size,
               out_stride);
    return;
  }
  alignas(64) T tile[kTile][kTile];
  for (int64_t i = 0; i < kTile; ++i) {
    const T* from = reinterpret_cast<const T*>(in + i * in_stride);
    for (int64_t j = 0; j < kTile; ++j) tile[j][i] = from[j];
  }
  for (int64_t j = 0; j < kTile; ++j) {
    __builtin_memcpy(out + j * out_stride, tile[j], sizeof(tile[j]));
  }
}

/// A part of a tile in squares, the last of which end with it and overlap others. Where it is
/// narrower than a square, one reads `beyond` the columns, if that is allowed.
template <class T>
void edge_tile(int64_t rows, int64_t columns, const char* in, int64_t in_stride, char* out,
               int64_t out_stride, bool beyond) {
  constexpr int64_t size = sizeof(T), step = kSquare<T>;
  if (rows < step || (columns < step && !beyond)) {
    for (int64_t j = 0; j < columns; ++j) {
      T* to = reinterpret_cast<T*>(out + j * out_stride);
      for (int64_t i = 0; i < rows; ++i) to[i] = reinterpret_cast<const T*>(in + i * in_stride)[j];
    }
    return;
  }
  for (int64_t j = 0; j < columns; j += step) {
    const int64_t column = columns < step ? 0 : j + step < columns ? j : columns - step;
    for (int64_t i = 0; i < rows; i += step) {
      const int64_t row = i + step < rows ? i : rows - step;
      square(T(), in + row * in_stride + column * size, in_stride,
             out + column * out_stride + row * size, out_stride, columns);
    }
  }
}

/// Tiles run down the rows within a band of columns, so that the rows of the result being written
/// stay in cache.
template <class T>
void transpose(int64_t rows, int64_t columns, const char* in, int64_t in_stride, char* out,
               int64_t out_stride) {
  const int64_t size = sizeof(T);
  if (rows < kSquare<T>) {
    for (int64_t i = 0; i < rows; ++i) {
      const T* from = reinterpret_cast<const T*>(in + i * in_stride);
      for (int64_t j = 0; j < columns; ++j)
        *reinterpret_cast<T*>(out + j * out_stride + i * size) = from[j];
    }
    return;
  }
  for (int64_t j = 0; j < columns; j += kTile) {
    const int64_t width = columns - j < kTile ? columns - j : kTile;
    for (int64_t i = 0; i < rows; i += kTile) {
      const int64_t height = rows - i < kTile ? rows - i : kTile;
      const char* from = in + i * in_stride + j * size;
      char* to = out + j * out_stride + i * size;
      if (width == kTile && height == kTile) {
        full_tile<T>(from, in_stride, to, out_stride);
      } else {
        const bool beyond = (rows - i - height) * in_stride >= (kSquare<T> - width) * size;
        edge_tile<T>(height, width, from, in_stride, to, out_stride, beyond);
      }
    }
  }
}

}  // namespace

void fill_transpose(Kernels& table) {
  table.transposes[kCode<bool>] = transpose<bool>;
  table.transposes[kCode<int32_t>] = transpose<int32_t>;
  table.transposes[kCode<float>] = transpose<int32_t>;
  table.transposes[kCode<int64_t>] = transpose<int64_t>;
  table.transposes[kCode<double>] = transpose<int64_t>;
}

}  // namespace pullback::kernels::PULLBACK_TIER
