#include <pullback/core/kernels/conv_grad_tiles.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// V vectors of cotangents share each pixel.
template <class T, int V, int P, int Q>
PULLBACK_NOINLINE void tap_tile(const int64_t* offsets, int64_t images, int64_t rows,
                                int64_t columns, const T* g, const T* x, int64_t x_image,
                                int64_t x_row, T* sums) {
  Vector<T> sum[P * Q][V] = {};  // of this band alone: a sum of many terms rounds less in parts
  for (int64_t n = 0; n < images; ++n)
    for (int64_t i = 0; i < rows; ++i) {
      const T* at[P];
      PULLBACK_UNROLL
      for (int p = 0; p < P; ++p) at[p] = x + n * x_image + i * x_row + offsets[p];
      for (int64_t j = 0; j < columns; ++j) {
        Vector<T> cotangents[V];
        PULLBACK_UNROLL
        for (int v = 0; v < V; ++v) cotangents[v] = load(g + v * kLanes<T>);
        g += V * kLanes<T>;
        PULLBACK_UNROLL
        for (int p = 0; p < P; ++p) {
          PULLBACK_UNROLL
          for (int q = 0; q < Q; ++q) {
            const T pixel = at[p][j + q];
            PULLBACK_UNROLL
            for (int v = 0; v < V; ++v) sum[p * Q + q][v] += pixel * cotangents[v];
          }
        }
      }
    }
  PULLBACK_UNROLL
  for (int k = 0; k < P * Q; ++k) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) {
      T* to = sums + (k * V + v) * kLanes<T>;
      store(to, load(to) + sum[k][v]);
    }
  }
}

// P rows of Q taps at a time, then half as many.
template <class T, int V, int P, int Q>
void tap_rows(int64_t count, const int64_t* offsets, int64_t images, int64_t rows, int64_t columns,
              const T* g, const T* x, int64_t x_image, int64_t x_row, T* sums) {
  for (; count >= P; count -= P, offsets += P, sums += P * Q * V * kLanes<T>)
    tap_tile<T, V, P, Q>(offsets, images, rows, columns, g, x, x_image, x_row, sums);
  if constexpr (P > 1) {
    if (count > 0)
      tap_rows<T, V, P / 2, Q>(count, offsets, images, rows, columns, g, x, x_image, x_row, sums);
  }
}

// Rows of so many taps whose sums fill the registers, and whose addresses do: of one vector and of
// two.
constexpr int kVectors = 2;
#ifdef __AVX512F__
constexpr int kTapRows[kVectors][5] = {{8, 8, 8, 6, 5}, {8, 6, 4, 3, 2}};
#else
constexpr int kTapRows[kVectors][5] = {{8, 6, 4, 3, 2}, {6, 3, 2, 1, 1}};
#endif

template <class T, int Q = ConvGradTiles<T>::kMostTaps>
void along_channels(int vectors, int taps, int64_t count, const int64_t* offsets, int64_t images,
                    int64_t rows, int64_t columns, const T* g, const T* x, int64_t x_image,
                    int64_t x_row, T* sums) {
  if constexpr (Q > 1) {
    if (taps != Q)
      return along_channels<T, Q - 1>(vectors, taps, count, offsets, images, rows, columns, g, x,
                                      x_image, x_row, sums);
  }
  const auto run = vectors == 1 ? tap_rows<T, 1, kTapRows[0][Q - 1], Q>
                                : tap_rows<T, kVectors, kTapRows[1][Q - 1], Q>;
  run(count, offsets, images, rows, columns, g, x, x_image, x_row, sums);
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
constexpr ConvGradTiles<T> kTiles{kLanes<T>, kMostTaps, kVectors,       along_channels<T>,
                                  kRows,     kTaps,     along_pixels<T>};

}  // namespace

void fill_conv_grad_tiles(Kernels& table) {
  table.conv_grad = {kTiles<float>, kTiles<double>};
}

}  // namespace pullback::kernels::PULLBACK_TIER
