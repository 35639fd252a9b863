#include <pullback/core/kernels/max_pool_rows.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// from[0], from[kStride], …; kStride is 0 where it is known only at run time.
template <class T, int kStride>
PULLBACK_INLINE Vector<T> every(const T* from, int64_t stride) {
  if constexpr (kStride == 1) return load(from);
  if constexpr (kStride == 2) {
    const Vector<T> low = load(from), high = load(from + kLanes<T> - 1);
    if constexpr (kLanes<T> == 16) {
      return __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27,
                                     29, 31);
    } else if constexpr (kLanes<T> == 8) {
      return __builtin_shufflevector(low, high, 0, 2, 4, 6, 9, 11, 13, 15);
    } else if constexpr (kLanes<T> == 4) {
      return __builtin_shufflevector(low, high, 0, 2, 5, 7);
    } else {
      return __builtin_shufflevector(low, high, 0, 3);
    }
  }
  Vector<T> values{};
  for (int j = 0; j < kLanes<T>; ++j) values[j] = from[j * stride];
  return values;
}

/// As many distances as there are int64 in a vector.
template <class T>
struct DistancesOf {
  typedef Integer<T> type
      __attribute__((vector_size(kLanes<int64_t> * sizeof(Integer<T>)), aligned(4), may_alias));
};

// 0, 1, 2, …
PULLBACK_INLINE Vector<int64_t> first_lanes() {
  Vector<int64_t> lanes{};
  for (int j = 0; j < kLanes<int64_t>; ++j) lanes[j] = j;
  return lanes;
}

// A vector of outputs. kWindow is 2 for windows of 2×2, and 0 where it is known only at run time.
template <class T, int kStride, int kWindow>
PULLBACK_INLINE void block(const MaxPoolWindows& w, const T* x, int64_t place, T* y,
                           int64_t* indices) {
  Vector<T> best = every<T, kStride>(x, w.stride);
  Vector<Integer<T>> at{};
  const int64_t rows = kWindow ? kWindow : w.rows, columns = kWindow ? kWindow : w.columns;
  for (int64_t p = 0; p < rows; ++p) {
    for (int64_t q = p == 0 ? 1 : 0; q < columns; ++q) {
      const Vector<T> value = every<T, kStride>(x + p * w.row_step + q * w.column_step, w.stride);
      const auto here = static_cast<Integer<T>>(p * w.row_step + q * w.column_step);
      const auto wins = (value > best) | (value != value);
      best = wins ? value : best;
      at = wins ? Vector<Integer<T>>{} + here : at;
    }
  }
  store(y, best);
  Integer<T> distances[kLanes<T>];
  store(distances, at);
  const int64_t stride = kStride ? kStride : w.stride;
  for (int j = 0; j < kLanes<T>; j += kLanes<int64_t>) {
    const auto here = *reinterpret_cast<const typename DistancesOf<T>::type*>(distances + j);
    store(indices + j, __builtin_convertvector(here, Vector<int64_t>) + first_lanes() * stride +
                           (place + j * stride));
  }
}

template <class T>
void one_output(const MaxPoolWindows& w, const T* x, int64_t place, T* y, int64_t* index) {
  T best = x[0];
  int64_t at = 0;
  for (int64_t p = 0; p < w.rows; ++p)
    for (int64_t q = 0; q < w.columns; ++q) {
      const int64_t offset = p * w.row_step + q * w.column_step;
      if (x[offset] > best || x[offset] != x[offset]) best = x[offset], at = offset;
    }
  *y = best;
  *index = place + at;
}

template <class T, int kStride, int kWindow>
PULLBACK_INLINE void row(int64_t count, const MaxPoolWindows& w, const T* x, int64_t readable,
                         int64_t place, T* y, int64_t* indices, int64_t writable) {
  // What a block reads.
  const int64_t reach =
      (kLanes<T> - 1) * w.stride + (w.rows - 1) * w.row_step + (w.columns - 1) * w.column_step + 1;
  for (int64_t j = 0; j < count; j += kLanes<T>) {
    const T* from = x + j * w.stride;
    const int64_t here = place + j * w.stride;
    if (j * w.stride + reach > readable) {
      for (; j < count; ++j)
        one_output(w, x + j * w.stride, place + j * w.stride, y + j, indices + j);
      return;
    }
    if (j + kLanes<T> <= writable) {
      block<T, kStride, kWindow>(w, from, here, y + j, indices + j);
      continue;
    }
    T maxima[kLanes<T>];
    int64_t places[kLanes<T>];
    block<T, kStride, kWindow>(w, from, here, maxima, places);
    for (int64_t k = 0; k < count - j && k < kLanes<T>; ++k)
      y[j + k] = maxima[k], indices[j + k] = places[k];
  }
}

template <class T, int kStride, int kWindow>
PULLBACK_NOINLINE void rows(int64_t rows, int64_t count, const MaxPoolWindows& w, const T* x,
                            int64_t readable, int64_t place, T* y, int64_t* indices,
                            int64_t writable) {
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t from = i * w.x_row, to = i * w.y_row;
    row<T, kStride, kWindow>(count, w, x + from, readable - from, place + from, y + to,
                             indices + to, writable - to);
  }
}

template <class T>
void any_rows(int64_t high, int64_t count, const MaxPoolWindows& w, const T* x, int64_t readable,
              int64_t place, T* y, int64_t* indices, int64_t writable) {
  if (w.stride == 2 && w.rows == 2 && w.columns == 2 && w.column_step == 1)
    return rows<T, 2, 2>(high, count, w, x, readable, place, y, indices, writable);
  if (w.stride == 1) return rows<T, 1, 0>(high, count, w, x, readable, place, y, indices, writable);
  if (w.stride == 2) return rows<T, 2, 0>(high, count, w, x, readable, place, y, indices, writable);
  rows<T, 0, 0>(high, count, w, x, readable, place, y, indices, writable);
}

}  // namespace

void fill_max_pool_rows(Kernels& table) {
  table.max_pool = {{any_rows<float>}, {any_rows<double>}};
}

}  // namespace pullback::kernels::PULLBACK_TIER
