#include <pullback/core/kernels/gemm_tiles.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// 28 vectors of sums, two of B and A's element as a broadcast operand fill the 32 registers.
constexpr int kRows = 14, kVectors = 2;

template <class T, int R, int V>
PULLBACK_NOINLINE void tile(int64_t k, const T* a, int64_t row, int64_t column, const T* b,
                            int64_t b_row, T alpha, T beta, const T* d, int64_t ldd, T* c,
                            int64_t ldc) {
  Vector<T> sum[R][V];
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) sum[i][v] = Vector<T>{};
  }
  for (int64_t p = 0; p < k; ++p) {
    Vector<T> from[V];
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) from[v] = load(b + v * kLanes<T>);
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
    for (int v = 0; v < V; ++v) {
      const int64_t j = v * kLanes<T>;
      const Vector<T> product = alpha * sum[i][v];
      store<T>(c + i * ldc + j, beta == T(0) ? product : product + beta * load(d + i * ldd + j));
    }
  }
}

template <class T>
using Tile = void (*)(int64_t, const T*, int64_t, int64_t, const T*, int64_t, T, T, const T*,
                      int64_t, T*, int64_t);

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
void multiply(int r, bool half, int64_t k, const T* a, int64_t row, int64_t column, const T* b,
              int64_t b_row, T alpha, T beta, const T* d, int64_t ldd, T* c, int64_t ldc) {
  const Tile<T> tile = half ? tile_of<T, kVectors / 2>(r) : tile_of<T, kVectors>(r);
  tile(k, a, row, column, b, b_row, alpha, beta, d, ldd, c, ldc);
}

}  // namespace

void fill_gemm_tiles(Kernels& table) {
  // With the 16 registers of the other tiers OpenBLAS's kernels in assembly are ahead.
#ifdef __AVX512F__
  table.gemm_float = {kRows, kVectors * kLanes<float>, multiply<float>};
  table.gemm_double = {kRows, kVectors * kLanes<double>, multiply<double>};
#else
  (void)table;
#endif
}

}  // namespace pullback::kernels::PULLBACK_TIER
