#include <pullback/core/kernels/max_pool_rows.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// Outputs of a block: a vector.
template <class T>
constexpr int kOutputs = kLanes<T>;

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

// The rows of x lie `x_step` apart.
template <class T, int kStride>
PULLBACK_INLINE void block(const MaxPoolWindows& w, const T* x, int64_t x_step, int64_t place, T* y,
                           int64_t* indices) {
  Vector<T> best = every<T, kStride>(x, w.stride);
  Vector<Integer<T>> at{};
  for (int64_t p = 0; p < w.rows; ++p) {
    for (int64_t q = p == 0 ? 1 : 0; q < w.columns; ++q) {
      const Vector<T> value = every<T, kStride>(x + p * x_step + q * w.column_step, w.stride);
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
  for (int j = 0; j < kLanes<T>; ++j) indices[j] = place + j * stride + distances[j];
}

// Fewer outputs than a block's, by way of copies with room for one.
template <class T, int kStride>
void part(int64_t count, const MaxPoolWindows& w, const T* x, int64_t place, T* y,
          int64_t* indices) {
  constexpr int64_t kRoom = 512;
  const int64_t width = (kOutputs<T> - 1) * w.stride + (w.columns - 1) * w.column_step + 1;
  const int64_t used = width - (kOutputs<T> - count) * w.stride;
  if (w.rows * width > kRoom) {  // rare: one output at a time
    for (int64_t j = 0; j < count; ++j) {
      const T* from = x + j * w.stride;
      T best = from[0];
      int64_t at = 0;
      for (int64_t p = 0; p < w.rows; ++p)
        for (int64_t q = 0; q < w.columns; ++q) {
          const int64_t offset = p * w.row_step + q * w.column_step;
          if (from[offset] > best || from[offset] != from[offset]) best = from[offset], at = offset;
        }
      y[j] = best;
      indices[j] = place + j * w.stride + at;
    }
    return;
  }
  T copy[kRoom], maxima[kOutputs<T>];
  int64_t places[kOutputs<T>];
  for (int64_t p = 0; p < w.rows; ++p) {
    for (int64_t i = 0; i < used; ++i) copy[p * width + i] = x[p * w.row_step + i];
    for (int64_t i = used; i < width; ++i) copy[p * width + i] = T(0);
  }
  block<T, kStride>(w, copy, width, place, maxima, places);
  for (int64_t j = 0; j < count; ++j) y[j] = maxima[j], indices[j] = places[j];
}

template <class T, int kStride>
void row(int64_t count, const MaxPoolWindows& w, const T* x, int64_t place, T* y,
         int64_t* indices) {
  int64_t j = 0;
  for (; j + kOutputs<T> <= count; j += kOutputs<T>)
    block<T, kStride>(w, x + j * w.stride, w.row_step, place + j * w.stride, y + j, indices + j);
  if (j < count)
    part<T, kStride>(count - j, w, x + j * w.stride, place + j * w.stride, y + j, indices + j);
}

template <class T>
void any_row(int64_t count, const MaxPoolWindows& w, const T* x, int64_t place, T* y,
             int64_t* indices) {
  if (w.stride == 1) return row<T, 1>(count, w, x, place, y, indices);
  if (w.stride == 2) return row<T, 2>(count, w, x, place, y, indices);
  row<T, 0>(count, w, x, place, y, indices);
}

}  // namespace

void fill_max_pool_rows(Kernels& table) {
  table.max_pool_float = {any_row<float>};
  table.max_pool_double = {any_row<double>};
}

}  // namespace pullback::kernels::PULLBACK_TIER
