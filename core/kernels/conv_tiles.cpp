#include <pullback/core/kernels/conv_tiles.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// Sums, the vectors they are made from and one factor fill the registers.
#ifdef __AVX512F__
constexpr int kRows = 13;
#else
constexpr int kRows = 6;
#endif
constexpr int kVectors = 2;

// The first `width` elements of every step-th vector.
template <class T>
PULLBACK_NOINLINE void copy_columns(int rows, int64_t width, const T* from, int step, T* to,
                                    int64_t stride) {
  for (int i = 0; i < rows; ++i)
    for (int64_t j = 0; j < width; ++j) to[i * stride + j] = from[i * step * kLanes<T> + j];
}

// A sum of many terms rounds less in parts of this many taps.
constexpr int64_t kPart = 64;

// Adds a finished part to the earlier ones, or the earlier ones to the last.
template <class T, int R, int V>
PULLBACK_INLINE void keep_part(bool first, bool last, Vector<T> (&sum)[R][V],
                               Vector<T> (&earlier)[R][V]) {
  if (first && last) return;
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) {
      if (!first) sum[i][v] += earlier[i][v];
      if (last) continue;
      earlier[i][v] = sum[i][v];
      sum[i][v] = Vector<T>{};
    }
  }
}

template <class T, int R, int V>
PULLBACK_NOINLINE void pixel_tile(int64_t taps, const T* weights, const int64_t* offsets,
                                  const T* x, const PixelRun* runs, const T* bias, T* y,
                                  int64_t plane) {
  Vector<T> sum[R][V], earlier[R][V];
  const T* at[V];
  PULLBACK_UNROLL
  for (int v = 0; v < V; ++v) at[v] = x + runs[v].from;
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    const Vector<T> start = Vector<T>{} + (bias ? bias[i] : T(0));
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) sum[i][v] = start;
  }
  for (int64_t part = 0; part < taps; part += kPart) {
    const int64_t end = part + kPart < taps ? part + kPart : taps;
    for (int64_t k = part; k < end; ++k) {
      Vector<T> pixels[V];
      PULLBACK_UNROLL
      for (int v = 0; v < V; ++v) pixels[v] = load(at[v] + offsets[k]);
      PULLBACK_UNROLL
      for (int i = 0; i < R; ++i) {
        const T factor = weights[i];
        PULLBACK_UNROLL
        for (int v = 0; v < V; ++v) sum[i][v] += factor * pixels[v];
      }
      weights += R;
    }
    keep_part<T, R, V>(part == 0, end == taps, sum, earlier);
  }
  bool whole = true;
  for (int v = 0; v < V; ++v) whole &= runs[v].width == kLanes<T>;
  if (whole) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) {
      PULLBACK_UNROLL
      for (int i = 0; i < R; ++i) store(y + runs[v].to + i * plane, sum[i][v]);
    }
    return;
  }
  T ends[R][V][kLanes<T>];
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) store(ends[i][v], sum[i][v]);
  }
  for (int v = 0; v < V; ++v) copy_columns(R, runs[v].width, ends[0][v], V, y + runs[v].to, plane);
}

template <class T, int R = kRows>
void along_pixels(int rows, int64_t taps, const T* weights, const int64_t* offsets, const T* x,
                  int64_t count, const PixelRun* runs, const T* bias, T* y, int64_t plane) {
  if constexpr (R > 1) {
    if (rows != R)
      return along_pixels<T, R - 1>(rows, taps, weights, offsets, x, count, runs, bias, y, plane);
  }
  int64_t done = 0;
  if constexpr (R <= kRows / 2) {  // so that a tile has sums enough to hide their latency
    for (; done + 2 * kVectors <= count; done += 2 * kVectors)
      pixel_tile<T, R, 2 * kVectors>(taps, weights, offsets, x, runs + done, bias, y, plane);
  }
  for (; done + kVectors <= count; done += kVectors)
    pixel_tile<T, R, kVectors>(taps, weights, offsets, x, runs + done, bias, y, plane);
  if (done < count) pixel_tile<T, R, 1>(taps, weights, offsets, x, runs + done, bias, y, plane);
}

template <class T, int R, int V>
PULLBACK_NOINLINE void channel_tile(int64_t taps, const T* weights, const int64_t* offsets,
                                    const T* x, const T* bias, T* out, int64_t pitch) {
  constexpr int kWidth = V * kLanes<T>;
  Vector<T> sum[R][V], earlier[R][V];
  PULLBACK_UNROLL
  for (int v = 0; v < V; ++v) {
    const Vector<T> start = bias ? load(bias + v * kLanes<T>) : Vector<T>{};
    PULLBACK_UNROLL
    for (int i = 0; i < R; ++i) sum[i][v] = start;
  }
  for (int64_t part = 0; part < taps; part += kPart) {
    const int64_t end = part + kPart < taps ? part + kPart : taps;
    for (int64_t k = part; k < end; ++k) {
      Vector<T> channels[V];
      PULLBACK_UNROLL
      for (int v = 0; v < V; ++v) channels[v] = load(weights + v * kLanes<T>);
      const T* pixels = x + offsets[k];
      PULLBACK_UNROLL
      for (int i = 0; i < R; ++i) {
        const T factor = pixels[i];
        PULLBACK_UNROLL
        for (int v = 0; v < V; ++v) sum[i][v] += factor * channels[v];
      }
      weights += kWidth;
    }
    keep_part<T, R, V>(part == 0, end == taps, sum, earlier);
  }
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) store(out + i * pitch + v * kLanes<T>, sum[i][v]);
  }
}

template <class T, int R = kRows>
void along_channels(int pixels, int vectors, int64_t taps, const T* weights, const int64_t* offsets,
                    const T* x, const T* bias, T* out, int64_t pitch) {
  if constexpr (R > 1) {
    if (pixels != R)
      return along_channels<T, R - 1>(pixels, vectors, taps, weights, offsets, x, bias, out, pitch);
  }
  if (vectors == 1) return channel_tile<T, R, 1>(taps, weights, offsets, x, bias, out, pitch);
  channel_tile<T, R, kVectors>(taps, weights, offsets, x, bias, out, pitch);
}

template <class T>
void gather_spread(int64_t length, int64_t first, int64_t step, int64_t pixels, int64_t count,
                   T* spread, int64_t pitch, T* to) {
  for (int64_t j = 0; j < pixels; ++j) store(spread + j * pitch + count, Vector<T>{});
  int64_t begin = 0, end = 0;  // the pixels that reach a vector
  for (int64_t i = 0; i < length; i += kLanes<T>) {
    const int64_t at = first + i;
    while (begin < pixels && begin * step + count <= at) ++begin;
    while (end < pixels && end * step < at + kLanes<T>) ++end;
    Vector<T> sum{};
    for (int64_t j = begin; j < end; ++j) sum += load(spread + j * pitch + at - j * step);
    store(to + i, sum);
  }
}

// Half of a run of pixels is left: rows are short, so the vectors have 32 bytes in every tier.
template <class T>
struct HalvedOf {
  static constexpr int64_t kCount = 32 / sizeof(T);
  typedef T type __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
};

template <class T>
void every_second(int64_t rows, int64_t count, const T* from, int64_t from_row, T* to,
                  int64_t to_row) {
  using Halved = typename HalvedOf<T>::type;
  constexpr int64_t kCount = HalvedOf<T>::kCount;
  for (int64_t r = 0; r < rows; ++r, from += from_row, to += to_row) {
    if (count < kCount) {
      for (int64_t t = 0; t < count; ++t) to[t] = from[2 * t];
      continue;
    }
    for (int64_t next = 0; next < count; next += kCount) {
      // The last run may overlap the one before it; none reads beyond its last pixel.
      const int64_t t = next < count - kCount ? next : count - kCount;
      const Halved low = *reinterpret_cast<const Halved*>(from + 2 * t);
      const Halved high = *reinterpret_cast<const Halved*>(from + 2 * t + kCount - 1);
      if constexpr (kCount == 8) {
        *reinterpret_cast<Halved*>(to + t) =
            __builtin_shufflevector(low, high, 0, 2, 4, 6, 9, 11, 13, 15);
      } else {
        *reinterpret_cast<Halved*>(to + t) = __builtin_shufflevector(low, high, 0, 2, 5, 7);
      }
    }
  }
}

template <class T>
constexpr ConvTiles<T> kTiles{
    kLanes<T>,        kRows,          kVectors, along_pixels<T>, along_channels<T>,
    gather_spread<T>, every_second<T>};

}  // namespace

void fill_conv_tiles(Kernels& table) {
  table.conv = {kTiles<float>, kTiles<double>};
}

}  // namespace pullback::kernels::PULLBACK_TIER
