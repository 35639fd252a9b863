#include <pullback/core/kernels/conv_depthwise_tiles.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// As many neighbouring sums as hide a multiplication's latency.
constexpr int kPixels = 8;

// R neighbouring positions of a run of columns, from its k-th on.
template <class T, int R>
PULLBACK_INLINE void tile(const DepthwiseRun& row, const DepthwiseRun& column, Vector<T> bias,
                          const T* weights, int64_t kernel_w, const T* from, int64_t from_width,
                          T* to) {
  Vector<T> sum[R];
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) sum[i] = bias;
  const int64_t step = column.from_step * kLanes<T>;
  for (int64_t t = 0; t < row.taps; ++t) {
    const T* at = from + t * row.tap_from * from_width * kLanes<T>;
    const T* weight = weights + t * row.tap_step * kernel_w * kLanes<T>;
    for (int64_t u = 0; u < column.taps; ++u) {
      const Vector<T> factor = load(weight);
      PULLBACK_UNROLL
      for (int i = 0; i < R; ++i) sum[i] += factor * load(at + i * step);
      at += column.tap_from * kLanes<T>;
      weight += column.tap_step * kLanes<T>;
    }
  }
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) store(to + i * column.to_step * kLanes<T>, sum[i]);
}

template <class T, int R = kPixels>
PULLBACK_INLINE void tile_of(int64_t pixels, const DepthwiseRun& row, const DepthwiseRun& column,
                             Vector<T> bias, const T* weights, int64_t kernel_w, const T* from,
                             int64_t from_width, T* to) {
  if constexpr (R > 1) {
    if (pixels < R)
      return tile_of<T, R - 1>(pixels, row, column, bias, weights, kernel_w, from, from_width, to);
  }
  tile<T, R>(row, column, bias, weights, kernel_w, from, from_width, to);
}

template <class T>
void sums(DepthwiseRuns rows, DepthwiseRuns columns, const T* bias, const T* weights,
          int64_t kernel_w, const T* from, int64_t from_width, T* to, int64_t to_width) {
  const Vector<T> start = load(bias);
  for (const DepthwiseRun* row = rows.begin; row < rows.end; ++row)
    for (int64_t k = 0; k < row->count; ++k) {
      const T* from_row = from + (row->from + k * row->from_step) * from_width * kLanes<T>;
      T* to_row = to + (row->to + k * row->to_step) * to_width * kLanes<T>;
      for (const DepthwiseRun* column = columns.begin; column < columns.end; ++column) {
        const T* weight = weights + (row->tap * kernel_w + column->tap) * kLanes<T>;
        for (int64_t j = 0; j < column->count; j += kPixels)
          tile_of<T>(column->count - j, *row, *column, start, weight, kernel_w,
                     from_row + (column->from + j * column->from_step) * kLanes<T>, from_width,
                     to_row + (column->to + j * column->to_step) * kLanes<T>);
      }
    }
}

template <class T>
void products(int64_t rows, int64_t columns, const T* g, int64_t g_row, const T* x, int64_t x_row,
              int64_t x_step, T* sum) {
  constexpr int kSums = 4;  // that hide a multiplication's latency
  Vector<T> total{};
  const int64_t step = x_step * kLanes<T>;
  for (int64_t i = 0; i < rows; ++i) {
    Vector<T> part[kSums] = {};  // of this row alone: a sum of many terms rounds less in parts
    const T* left = g + i * g_row * kLanes<T>;
    const T* right = x + i * x_row * kLanes<T>;
    int64_t j = 0;
    for (; j + kSums <= columns; j += kSums) {
      PULLBACK_UNROLL
      for (int k = 0; k < kSums; ++k)
        part[k] += load(left + k * kLanes<T>) * load(right + k * step);
      left += kSums * kLanes<T>;
      right += kSums * step;
    }
    PULLBACK_UNROLL
    for (int k = 0; k < kSums - 1; ++k) {
      if (k < columns - j) part[k] += load(left + k * kLanes<T>) * load(right + k * step);
    }
    total += (part[0] + part[1]) + (part[2] + part[3]);
  }
  store(sum, load(sum) + total);
}

template <class T>
constexpr DepthwiseTiles<T> kTiles{kLanes<T>, sums<T>, products<T>};

}  // namespace

void fill_conv_depthwise_tiles(Kernels& table) {
  table.depthwise = {kTiles<float>, kTiles<double>};
}

}  // namespace pullback::kernels::PULLBACK_TIER
