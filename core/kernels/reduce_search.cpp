#include <pullback/core/kernels/reduce_fold.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

/// Whether x replaces the best value so far: strictly better, or the first NaN.
template <template <class> class R, class T>
PULLBACK_INLINE bool replaces(T x, T best) {
  const T chosen = R<T>::step(best, x);
  return best == best && (x != x || (chosen == x && x != best));
}

/// The first place of a value that is there, in a block: some vectors' worth at a
/// time, and in the first that have it without a branch.
template <class T>
PULLBACK_INLINE int64_t position(const T* x, int64_t n, T value) {
  const bool nan = value != value;
  constexpr int wide = 2 * kLanes;
  const auto match = [=](int64_t i) { return nan ? x[i] != x[i] : x[i] == value; };
  int64_t i = 0;
  for (; i + wide <= n; i += wide) {
    int32_t found = 0;
    for (int j = 0; j < wide; ++j) found |= static_cast<int32_t>(match(i + j));
    if (found != 0) break;
  }
  if (n < kSpan) {
    while (!match(i)) ++i;
    return i;
  }
  const int64_t end = i + wide < n ? i + wide : n;
  alignas(64) int32_t places[kSpan];
  for (int j = 0; j < kSpan; ++j) places[j] = kRun;
  for (; i < end; i += kSpan) {
    const int32_t from = static_cast<int32_t>(i + kSpan < n ? i : n - kSpan);
    for (int j = 0; j < kSpan; ++j) {
      const int32_t place = match(from + j) ? from + j : static_cast<int32_t>(kRun);
      places[j] = place < places[j] ? place : places[j];
    }
  }
  int32_t first = kRun;
  for (int j = 0; j < kSpan; ++j) first = places[j] < first ? places[j] : first;
  return first;
}

/// Folds each block and looks for the position only in a block that holds something better.
template <template <class> class R, class T>
PULLBACK_NOINLINE int64_t search_run(int64_t n, const char* in, int64_t stride) {
  Stage<0, T, kRun> stage;
  T best = R<T>::identity();
  int64_t where = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t count = n - begin < kRun ? n - begin : kRun;
    const T* x = stage.block(in, stride, begin, count);
    const T value = fold_block<R<T>>(x, count);
    if (!replaces<R>(value, best)) continue;
    best = value;
    where = begin + position(x, count, value);
  }
  return where;
}

/// Numbers rows; as wide as T where that makes vectors of equally many.
template <class T>
struct PlaceOf {
  using type = int32_t;
};
template <>
struct PlaceOf<double> {
  using type = int64_t;
};
template <>
struct PlaceOf<int64_t> {
  using type = int64_t;
};

template <template <class> class R, class T>
PULLBACK_NOINLINE void search_columns(int64_t m, int64_t n, const char* in, int64_t inner,
                                      char* out, int64_t out_stride) {
  constexpr int64_t width = 128;
  for (int64_t first = 0; first < m; first += width) {
    const int64_t columns = m - first < width ? m - first : width;
    alignas(64) T best[width];
    alignas(64) typename PlaceOf<T>::type where[width];
    for (int64_t j = 0; j < width; ++j) {
      best[j] = R<T>::identity();
      where[j] = 0;
    }
    for (typename PlaceOf<T>::type k = 0; k < n; ++k) {
      const T* row = reinterpret_cast<const T*>(in + k * inner) + first;
      for (int64_t j = 0; j < columns; ++j) {
        const bool better = replaces<R>(row[j], best[j]);
        best[j] = better ? row[j] : best[j];
        where[j] = better ? k : where[j];
      }
    }
    write_columns<int64_t>(columns, out + first * out_stride, out_stride,
                           [&](int64_t j) { return where[j]; });
  }
}

template <template <class> class R, class T>
void search(int64_t m, int64_t n, const char* in, int64_t outer, int64_t inner, char* out,
            int64_t out_stride) {
  const int64_t size = sizeof(T);
  if (m >= 8 && outer == size && inner != size && n <= INT32_MAX) {
    search_columns<R, T>(m, n, in, inner, out, out_stride);
    return;
  }
  for (int64_t j = 0; j < m; ++j) {
    *reinterpret_cast<int64_t*>(out + j * out_stride) = search_run<R, T>(n, in + j * outer, inner);
  }
}

template <template <class> class R, class... T>
void searches(Reduce& table) {
  (PULLBACK_ENTER(table.loops, T, search<R, T>), ...);
  ((table.results[kCode<T>] = ScalarType::Long), ...);
}

}  // namespace

void fill_search(Kernels& table) {
  searches<Max, bool, int32_t, int64_t, float, double>(table.argmax);
  searches<Min, bool, int32_t, int64_t, float, double>(table.argmin);
}

}  // namespace pullback::kernels::PULLBACK_TIER
