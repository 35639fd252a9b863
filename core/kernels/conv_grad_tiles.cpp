#include <pullback/core/kernels/conv_grad_tiles.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T, int P, int Q>
PULLBACK_NOINLINE void tap_tile(const int64_t* offsets, int64_t images, int64_t rows,
                                int64_t columns, const T* g, const T* x, int64_t x_image,
                                int64_t x_row, T* sums) {
  Vector<T> sum[P][Q] = {};  // of this band alone: a sum of many terms rounds less in parts
  for (int64_t n = 0; n < images; ++n)
    for (int64_t i = 0; i < rows; ++i) {
      const T* at[P];
      PULLBACK_UNROLL
      for (int p = 0; p < P; ++p) at[p] = x + n * x_image + i * x_row + offsets[p];
      for (int64_t j = 0; j < columns; ++j) {
        const Vector<T> cotangent = load(g);
        g += kLanes<T>;
        PULLBACK_UNROLL
        for (int p = 0; p < P; ++p) {
          PULLBACK_UNROLL
          for (int q = 0; q < Q; ++q) sum[p][q] += at[p][j + q] * cotangent;
        }
      }
    }
  PULLBACK_UNROLL
  for (int p = 0; p < P; ++p) {
    PULLBACK_UNROLL
    for (int q = 0; q < Q; ++q) {
      T* to = sums + (p * Q + q) * kLanes<T>;
      store(to, load(to) + sum[p][q]);
    }
  }
}

// P rows of Q taps at a time, then half as many.
template <class T, int P, int Q>
void tap_rows(int64_t count, const int64_t* offsets, int64_t images, int64_t rows, int64_t columns,
              const T* g, const T* x, int64_t x_image, int64_t x_row, T* sums) {
  for (; count >= P; count -= P, offsets += P, sums += P * Q * kLanes<T>)
    tap_tile<T, P, Q>(offsets, images, rows, columns, g, x, x_image, x_row, sums);
  if constexpr (P > 1) {
    if (count > 0)
      tap_rows<T, P / 2, Q>(count, offsets, images, rows, columns, g, x, x_image, x_row, sums);
  }
}

// Rows of taps whose sums fill the registers, and whose addresses do.
#ifdef __AVX512F__
constexpr int kTapRows[] = {8, 8, 8, 6, 5};
#else
constexpr int kTapRows[] = {8, 6, 4, 3, 2};
#endif

template <class T, int Q = ConvGradTiles<T>::kMostTaps>
void along_channels(int taps, int64_t count, const int64_t* offsets, int64_t images, int64_t rows,
                    int64_t columns, const T* g, const T* x, int64_t x_image, int64_t x_row,
                    T* sums) {
  if constexpr (Q > 1) {
    if (taps != Q)
      return along_channels<T, Q - 1>(taps, count, offsets, images, rows, columns, g, x, x_image,
                                      x_row, sums);
  }
  tap_rows<T, kTapRows[Q - 1], Q>(count, offsets, images, rows, columns, g, x, x_image, x_row,
                                  sums);
}

// Sums, the pixels and one cotangent fill the registers.
#ifdef __AVX512F__
constexpr int kRows = 6, kTaps = 4;
constexpr int64_t kMostTaps = 1500;  // whose sums leave the second-level cache
#else
constexpr int kRows = 2, kTaps = 4;
constexpr int64_t kMostTaps = 300;  // each broadcast is an instruction of its own
#endif

template <class T, int R, int K>
PULLBACK_NOINLINE void pixel_tile(int64_t rows, int64_t columns, const T* g, int64_t g_plane,
                                  int64_t g_row, const T* x, int64_t x_row, const int64_t* offsets,
                                  T* sums, int64_t sum_row) {
  Vector<T> sum[R][K];
  PULLBACK_UNROLL
  for (int o = 0; o < R; ++o) {
    PULLBACK_UNROLL
    for (int k = 0; k < K; ++k) sum[o][k] = load(sums + (o * sum_row + k) * kLanes<T>);
  }
  const int64_t whole = columns / kLanes<T> * kLanes<T>;
  Vector<Integer<T>> inside{};
  for (int j = 0; j < kLanes<T>; ++j) inside[j] = j < columns - whole ? -1 : 0;
  for (int64_t i = 0; i < rows; ++i) {
    const T* at[K];
    PULLBACK_UNROLL
    for (int k = 0; k < K; ++k) at[k] = x + i * x_row + offsets[k];
    const T* cotangents = g + i * g_row;
    for (int64_t j = 0; j < columns; j += kLanes<T>) {
      Vector<T> pixels[K];
      PULLBACK_UNROLL
      for (int k = 0; k < K; ++k) pixels[k] = load(at[k] + j);
      if (j == whole) {  // zeros in g would not silence a NaN
        PULLBACK_UNROLL
        for (int k = 0; k < K; ++k) pixels[k] = inside ? pixels[k] : Vector<T>{};
      }
      PULLBACK_UNROLL
      for (int o = 0; o < R; ++o) {
        const Vector<T> cotangent = load(cotangents + o * g_plane + j);
        PULLBACK_UNROLL
        for (int k = 0; k < K; ++k) sum[o][k] += cotangent * pixels[k];
      }
    }
  }
  PULLBACK_UNROLL
  for (int o = 0; o < R; ++o) {
    PULLBACK_UNROLL
    for (int k = 0; k < K; ++k) store(sums + (o * sum_row + k) * kLanes<T>, sum[o][k]);
  }
}

template <class T, int R = kRows, int K = kTaps>
void along_pixels(int channels, int taps, int64_t rows, int64_t columns, const T* g,
                  int64_t g_plane, int64_t g_row, const T* x, int64_t x_row, const int64_t* offsets,
                  T* sums, int64_t sum_row) {
  if constexpr (R > 1) {
    if (channels != R)
      return along_pixels<T, R - 1, K>(channels, taps, rows, columns, g, g_plane, g_row, x, x_row,
                                       offsets, sums, sum_row);
  }
  if constexpr (K > 1) {
    if (taps != K)
      return along_pixels<T, R, K - 1>(channels, taps, rows, columns, g, g_plane, g_row, x, x_row,
                                       offsets, sums, sum_row);
  }
  pixel_tile<T, R, K>(rows, columns, g, g_plane, g_row, x, x_row, offsets, sums, sum_row);
}

template <class T>
constexpr ConvGradTiles<T> kTiles{kLanes<T>, kMostTaps, along_channels<T>,
                                  kRows,     kTaps,     along_pixels<T>};

}  // namespace

void fill_conv_grad_tiles(Kernels& table) {
  table.conv_grad_float = kTiles<float>;
  table.conv_grad_double = kTiles<double>;
}

}  // namespace pullback::kernels::PULLBACK_TIER
