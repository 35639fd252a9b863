#include <pullback/core/kernels/vectors.h>
#include <pullback/core/kernels/winograd_tiles.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

using V = Vector<float>;
constexpr int kL = kLanes<float>;
#ifdef __AVX512F__
constexpr int kRows = 13;
#else
constexpr int kRows = 6;
#endif
constexpr int kVectors = 2, kWidth = kVectors * kL;
constexpr int64_t kChunk = WinogradTiles::kChunk;

// The interpolation points are 0, ±a, ±b and ∞. All that follows from a and b is exact in float32,
// and rounding errors are half of those with the usual 0, ±1, ±2, ∞.
constexpr float a = 0.625f, b = 1.5f;
constexpr float a2 = a * a, b2 = b * b, a3 = a2 * a, b3 = b2 * b;
// Products of a point's distances from the others, which G divides by.
constexpr float of_0 = 1 / (a2 * b2), of_a = 1 / (2 * a2 * (a2 - b2)),
                of_b = 1 / (2 * b2 * (b2 - a2));

// One dimension of each transform.
struct Bt {
  static constexpr int kIn = 6, kOut = 6;
  static PULLBACK_INLINE void apply(const V* d, V* m) {
    const V even_a = d[4] - b2 * d[2], odd_a = a * (d[3] - b2 * d[1]);
    const V even_b = d[4] - a2 * d[2], odd_b = b * (d[3] - a2 * d[1]);
    m[0] = (d[4] - (a2 + b2) * d[2]) + a2 * b2 * d[0];
    m[1] = even_a + odd_a;
    m[2] = even_a - odd_a;
    m[3] = even_b + odd_b;
    m[4] = even_b - odd_b;
    m[5] = (d[5] - (a2 + b2) * d[3]) + a2 * b2 * d[1];
  }
};
struct At {
  static constexpr int kIn = 6, kOut = 4;
  static PULLBACK_INLINE void apply(const V* m, V* y) {
    const V sum_a = m[1] + m[2], difference_a = m[1] - m[2];
    const V sum_b = m[3] + m[4], difference_b = m[3] - m[4];
    y[0] = m[0] + sum_a + sum_b;
    y[1] = a * difference_a + b * difference_b;
    y[2] = a2 * sum_a + b2 * sum_b;
    y[3] = a3 * difference_a + b3 * difference_b + m[5];
  }
};
struct A {
  static constexpr int kIn = 4, kOut = 6;
  static PULLBACK_INLINE void apply(const V* y, V* m) {
    const V even_a = y[0] + a2 * y[2], odd_a = a * y[1] + a3 * y[3];
    const V even_b = y[0] + b2 * y[2], odd_b = b * y[1] + b3 * y[3];
    m[0] = y[0];
    m[1] = even_a + odd_a;
    m[2] = even_a - odd_a;
    m[3] = even_b + odd_b;
    m[4] = even_b - odd_b;
    m[5] = y[3];
  }
};
struct G {
  static constexpr int kIn = 3, kOut = 6;
  static PULLBACK_INLINE void apply(const V* w, V* m) {
    const V even_a = of_a * (w[0] + a2 * w[2]), odd_a = of_a * a * w[1];
    const V even_b = of_b * (w[0] + b2 * w[2]), odd_b = of_b * b * w[1];
    m[0] = of_0 * w[0];
    m[1] = even_a + odd_a;
    m[2] = even_a - odd_a;
    m[3] = even_b + odd_b;
    m[4] = even_b - odd_b;
    m[5] = w[2];
  }
};
struct Gt {
  static constexpr int kIn = 6, kOut = 3;
  static PULLBACK_INLINE void apply(const V* m, V* w) {
    const V sum_a = of_a * (m[1] + m[2]), difference_a = of_a * (m[1] - m[2]);
    const V sum_b = of_b * (m[3] + m[4]), difference_b = of_b * (m[3] - m[4]);
    w[0] = of_0 * m[0] + sum_a + sum_b;
    w[1] = a * difference_a + b * difference_b;
    w[2] = a2 * sum_a + b2 * sum_b + m[5];
  }
};

// out = L in Lᵀ for kIn×kIn vectors.
template <class L, class Load, class Store>
PULLBACK_INLINE void both_sides(Load from, Store to) {
  V half[L::kOut][L::kIn];
  PULLBACK_UNROLL
  for (int j = 0; j < L::kIn; ++j) {
    V in[L::kIn], out[L::kOut];
    PULLBACK_UNROLL
    for (int i = 0; i < L::kIn; ++i) in[i] = from(i * L::kIn + j);
    L::apply(in, out);
    PULLBACK_UNROLL
    for (int i = 0; i < L::kOut; ++i) half[i][j] = out[i];
  }
  PULLBACK_UNROLL
  for (int i = 0; i < L::kOut; ++i) {
    V out[L::kOut];
    L::apply(half[i], out);
    PULLBACK_UNROLL
    for (int j = 0; j < L::kOut; ++j) to(i * L::kOut + j, out[j]);
  }
}

template <class L>
void to_places(int64_t channels, const float* const* from, int64_t first, float* places,
               int64_t stride) {
  for (int64_t c = 0; c < channels; c += kL)
    both_sides<L>([&](int i) { return load(from[i] + first + c); },
                  [&](int i, V value) { store(places + i * stride + c, value); });
}

template <class L>
void from_places(int64_t channels, const float* places, int64_t stride, const float* bias,
                 float* const* to, int64_t first) {
  for (int64_t c = 0; c < channels; c += kL) {
    const V start = bias ? load(bias + c) : V{};
    both_sides<L>([&](int i) { return load(places + i * stride + c); },
                  [&](int i, V value) { store(to[i] + first + c, start + value); });
  }
}

// A sum of many terms rounds less in parts: `kPart` channels at a time are added to what `out` has.
constexpr int64_t kPart = 32;

template <int R>
PULLBACK_NOINLINE void product_tile(int64_t channels, const float* left, const float* right,
                                    bool first, float* out) {
  V sum[R][kVectors] = {};
  for (int64_t c = 0; c < channels; ++c) {
    V row[kVectors];
    PULLBACK_UNROLL
    for (int v = 0; v < kVectors; ++v) row[v] = load(right + v * kL);
    PULLBACK_UNROLL
    for (int i = 0; i < R; ++i) {
      const float factor = left[i * kChunk + c];
      PULLBACK_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[i][v] += factor * row[v];
    }
    right += kWidth;
  }
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      float* to = out + i * kWidth + v * kL;
      store(to, first ? sum[i][v] : load(to) + sum[i][v]);
    }
  }
}

template <int R>
PULLBACK_NOINLINE void outer_tile(int64_t tiles, const float* left, const float* right, float* out,
                                  int64_t stride) {
  V sum[R][kVectors] = {};
  for (int64_t t = 0; t < tiles; ++t) {
    V row[kVectors];
    PULLBACK_UNROLL
    for (int v = 0; v < kVectors; ++v) row[v] = load(right + v * kL);
    PULLBACK_UNROLL
    for (int i = 0; i < R; ++i) {
      const float factor = left[i];
      PULLBACK_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[i][v] += factor * row[v];
    }
    left += kWidth;
    right += kWidth;
  }
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    float* to = out + i * stride;
    PULLBACK_UNROLL
    for (int v = 0; v < kVectors; ++v) store(to + v * kL, load(to + v * kL) + sum[i][v]);
  }
}

// Calls f(the number of rows as a constant).
template <int R = kRows, class F>
PULLBACK_INLINE void with_rows(int64_t rows, F f) {
  if constexpr (R > 1) {
    if (rows != R) return with_rows<R - 1>(rows, f);
  }
  f.template operator()<R>();
}

// Cuts rows evenly into tiles: f(begin, rows).
template <class F>
PULLBACK_INLINE void for_tiles(int64_t rows, F f) {
  const int64_t count = (rows + kRows - 1) / kRows;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = i * rows / count;
    f(begin, (i + 1) * rows / count - begin);
  }
}

void product(int64_t tiles, int64_t channels, const float* left, int64_t chunk, const float* right,
             float* out) {
  for_tiles(tiles, [&](int64_t t, int64_t rows) {
    with_rows(rows, [&]<int R>() {
      for (int64_t c = 0; c < channels; c += kPart)
        product_tile<R>(channels - c < kPart ? channels - c : kPart,
                        left + c / kChunk * chunk + t * kChunk + c % kChunk, right + c * kWidth,
                        c == 0, out + t * kWidth);
    });
  });
}

void outer_product(int64_t rows, int64_t tiles, const float* left, const float* right, float* out,
                   int64_t stride) {
  for_tiles(rows, [&](int64_t i, int64_t count) {
    with_rows(count,
              [&]<int R>() { outer_tile<R>(tiles, left + i, right, out + i * stride, stride); });
  });
}

}  // namespace

void fill_winograd_tiles(Kernels& table) {
  table.winograd = {kL,           kRows,           kWidth,          to_places<Bt>, to_places<A>,
                    to_places<G>, from_places<At>, from_places<Gt>, product,       outer_product};
}

}  // namespace pullback::kernels::PULLBACK_TIER
