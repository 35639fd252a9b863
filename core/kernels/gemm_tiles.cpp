#include <utility>

#include <pullback/core/kernels/gemm_tiles.h>
#include <pullback/core/kernels/vectors.h>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace pullback::kernels::PULLBACK_TIER {

// With the 16 registers of the other tiers OpenBLAS's kernels in assembly are ahead.
#ifdef __AVX512F__

namespace {

// 28 vectors of sums, two of B and A's element as a broadcast operand fill the 32 registers.
constexpr int kRows = 14, kVectors = 2;

/// The first n lanes of a vector in memory; the others are 0, or left as they are.
PULLBACK_INLINE Vector<float> load_lanes(const float* from, __mmask16 lanes) {
  return _mm512_maskz_loadu_ps(lanes, from);
}
PULLBACK_INLINE Vector<double> load_lanes(const double* from, __mmask16 lanes) {
  return _mm512_maskz_loadu_pd(static_cast<__mmask8>(lanes), from);
}
PULLBACK_INLINE void store_lanes(float* to, __mmask16 lanes, Vector<float> value) {
  _mm512_mask_storeu_ps(to, lanes, value);
}
PULLBACK_INLINE void store_lanes(double* to, __mmask16 lanes, Vector<double> value) {
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>(lanes), value);
}

/// R rows of V vectors, the last of which has only some lanes.
template <class T, int R, int V>
PULLBACK_NOINLINE void tile(__mmask16 lanes, int64_t k, const T* a, int64_t row, int64_t column,
                            const T* b, int64_t b_row, T alpha, T beta, const T* d, int64_t ldd,
                            T* c, int64_t ldc) {
  constexpr int kWhole = (V - 1) * kLanes<T>;
  Vector<T> sum[R][V];
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) sum[i][v] = Vector<T>{};
  }
  for (int64_t p = 0; p < k; ++p) {
    Vector<T> from[V];
    PULLBACK_UNROLL
    for (int v = 0; v < V - 1; ++v) from[v] = load(b + v * kLanes<T>);
    from[V - 1] = load_lanes(b + kWhole, lanes);
    PULLBACK_UNROLL
    for (int i = 0; i < R; ++i) {
      const T factor = a[i * row];
      PULLBACK_UNROLL
      for (int v = 0; v < V; ++v) sum[i][v] += factor * from[v];
    }
    a += column;
    b += b_row;
  }
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < V - 1; ++v) {
      const int64_t j = v * kLanes<T>;
      const Vector<T> product = alpha * sum[i][v];
      store<T>(c + i * ldc + j, beta == T(0) ? product : product + beta * load(d + i * ldd + j));
    }
    const Vector<T> product = alpha * sum[i][V - 1];
    store_lanes(c + i * ldc + kWhole, lanes,
                beta == T(0) ? product : product + beta * load_lanes(d + i * ldd + kWhole, lanes));
  }
}

template <class T>
using Tile = void (*)(__mmask16, int64_t, const T*, int64_t, int64_t, const T*, int64_t, T, T,
                      const T*, int64_t, T*, int64_t);

template <class T, int V>
Tile<T> tile_of(int rows) {
  static constexpr Tile<T> tiles[] = {
      tile<T, 1, V>,  tile<T, 2, V>,  tile<T, 3, V>,  tile<T, 4, V>, tile<T, 5, V>,
      tile<T, 6, V>,  tile<T, 7, V>,  tile<T, 8, V>,  tile<T, 9, V>, tile<T, 10, V>,
      tile<T, 11, V>, tile<T, 12, V>, tile<T, 13, V>, tile<T, 14, V>};
  static_assert(sizeof tiles / sizeof *tiles == kRows);
  return tiles[rows - 1];
}

template <class T>
void multiply(int r, int n, int64_t k, const T* a, int64_t row, int64_t column, const T* b,
              int64_t b_row, T alpha, T beta, const T* d, int64_t ldd, T* c, int64_t ldc) {
  static_assert(kVectors == 2);
  const bool one = n <= kLanes<T>;
  const int last = one ? n : n - kLanes<T>;
  const auto lanes = static_cast<__mmask16>((1u << last) - 1);
  const Tile<T> tile = one ? tile_of<T, 1>(r) : tile_of<T, 2>(r);
  tile(lanes, k, a, row, column, b, b_row, alpha, beta, d, ldd, c, ldc);
}

/// Sums of neighbours: those of a, then those of b.
template <class T, int... I>
PULLBACK_INLINE Vector<T> add_pairs(Vector<T> a, Vector<T> b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (2 * I)...) + __builtin_shufflevector(a, b, (2 * I + 1)...);
}

/// As many rows at once as a vector has lanes, so that one tree adds up all their products.
template <class T>
void dots(int64_t m, int64_t k, T alpha, const T* a, int64_t lda, const T* x, T beta, T* y) {
  constexpr int kRowsAtOnce = kLanes<T>;
  const auto columns = static_cast<__mmask16>((1u << k) - 1);
  const Vector<T> factors = load_lanes(x, columns);
  for (int64_t i = 0; i < m; i += kRowsAtOnce) {
    const int64_t count = m - i < kRowsAtOnce ? m - i : kRowsAtOnce;
    Vector<T> sum[kRowsAtOnce];
    const T* row = a + i * lda;
    PULLBACK_UNROLL
    for (int r = 0; r < kRowsAtOnce; ++r) {
      sum[r] = factors * load_lanes(row, columns);
      row += r + 1 < count ? lda : 0;
    }
    PULLBACK_UNROLL
    for (int n = kRowsAtOnce / 2; n > 0; n /= 2) {
      PULLBACK_UNROLL
      for (int r = 0; r < n; ++r)
        sum[r] =
            add_pairs<T>(sum[2 * r], sum[2 * r + 1], std::make_integer_sequence<int, kLanes<T>>());
    }
    const auto lanes = static_cast<__mmask16>((1u << count) - 1);
    const Vector<T> product = alpha * sum[0];
    store_lanes(y + i, lanes, beta == T(0) ? product : product + beta * load_lanes(y + i, lanes));
  }
}

}  // namespace

void fill_gemm_tiles(Kernels& table) {
  table.gemm = {{kRows, kVectors * kLanes<float>, multiply<float>, dots<float>},
                {kRows, kVectors * kLanes<double>, multiply<double>, dots<double>}};
}

#else

void fill_gemm_tiles(Kernels&) {}

#endif

}  // namespace pullback::kernels::PULLBACK_TIER
