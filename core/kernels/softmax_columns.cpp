#include <pullback/core/kernels/math.h>

// softmax and its logarithm along columns that lie side by side: n rows of m columns, which are at
// least kSpan. What rows.cpp does for rows.
namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr int64_t kSpan = 16;   // columns of a step
constexpr int64_t kMost = 512;  // columns that are worked on together
constexpr int64_t kRun = 64;    // numbers that are added in their own type; their sums in double

/// Calls f(first, columns) for groups of columns, multiples of kSpan. The last one ends with the
/// matrix and computes again what it has in common with the one before.
template <class F>
PULLBACK_INLINE void for_groups(int64_t m, F f) {
  for (int64_t first = 0; first < m;) {
    const int64_t rest = m - first, most = rest < kMost ? rest & -kSpan : kMost;
    const int64_t columns = most > 0 ? most : kSpan;
    f(most > 0 ? first : m - kSpan, columns);
    first += columns;
  }
}

template <class F>
PULLBACK_INLINE void for_columns(int64_t columns, F f) {
  for (int64_t first = 0; first < columns; first += kSpan) {
    PULLBACK_VECTOR
    for (int64_t j = first; j < first + kSpan; ++j) f(j);
  }
}

/// A group of columns of one operand.
template <class T>
struct Matrix {
  PULLBACK_INLINE Matrix(char* data, int64_t step, int64_t first)
      : data(data + first * int64_t{sizeof(T)}), step(step) {}
  PULLBACK_INLINE T* operator[](int64_t row) const {
    return reinterpret_cast<T*>(data + row * step);
  }
  char* data;
  int64_t step;
};

/// The largest numbers of the columns. One may pass over a NaN, which comes back through the sum of
/// exponentials.
template <class T>
PULLBACK_INLINE void largest(int64_t n, int64_t columns, const Matrix<T>& x, T* out) {
  for_columns(columns, [=](int64_t j) { out[j] = x[0][j]; });
  for (int64_t i = 1; i < n; ++i) {
    const T* from = x[i];
    for_columns(columns, [=](int64_t j) { out[j] = from[j] > out[j] ? from[j] : out[j]; });
  }
}

/// The sums of columns of f(i)(j).
template <class T, class F>
PULLBACK_INLINE void sum(int64_t n, int64_t columns, T* out, F f) {
  alignas(64) double total[kMost];
  alignas(64) T run[kMost];
  double* const totals = total;
  T* const runs = run;
  for_columns(columns, [=](int64_t j) { totals[j] = 0; });
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t end = n - begin < kRun ? n : begin + kRun;
    for_columns(columns, [=](int64_t j) { runs[j] = 0; });
    for (int64_t i = begin; i < end; ++i) {
      const auto row = f(i);
      for_columns(columns, [=](int64_t j) { runs[j] += row(j); });
    }
    for_columns(columns, [=](int64_t j) { totals[j] += static_cast<double>(runs[j]); });
  }
  for_columns(columns, [=](int64_t j) { out[j] = static_cast<T>(totals[j]); });
}

template <class T>
void softmax(int64_t m, int64_t n, char* const* data, const int64_t*, const int64_t* steps) {
  for_groups(m, [=](int64_t first, int64_t columns) {
    const Matrix<T> y(data[0], steps[0], first), x(data[1], steps[1], first);
    alignas(64) T tops[kMost], scales[kMost];
    T *const top = tops, *const scale = scales;
    largest(n, columns, x, top);
    sum(n, columns, scale, [=](int64_t i) {
      return [=, to = y[i], from = x[i]](int64_t j) { return to[j] = exp_below(from[j] - top[j]); };
    });
    for_columns(columns, [=](int64_t j) { scale[j] = 1 / scale[j]; });
    for (int64_t i = 0; i < n; ++i)
      for_columns(columns, [=, to = y[i]](int64_t j) { to[j] *= scale[j]; });
  });
}

template <class T>
void log_softmax(int64_t m, int64_t n, char* const* data, const int64_t*, const int64_t* steps) {
  for_groups(m, [=](int64_t first, int64_t columns) {
    const Matrix<T> y(data[0], steps[0], first), x(data[1], steps[1], first);
    alignas(64) T tops[kMost], totals[kMost];
    T *const top = tops, *const total = totals;
    largest(n, columns, x, top);
    sum(n, columns, total, [=](int64_t i) {
      return [=, from = x[i]](int64_t j) { return exp_below(from[j] - top[j]); };
    });
    for_columns(columns, [=](int64_t j) { total[j] = log(total[j]); });
    for (int64_t i = 0; i < n; ++i)
      for_columns(columns,
                  [=, to = y[i], from = x[i]](int64_t j) { to[j] = from[j] - top[j] - total[j]; });
  });
}

/// y (g - sum(g y)).
template <class T>
void softmax_backward(int64_t m, int64_t n, char* const* data, const int64_t*,
                      const int64_t* steps) {
  for_groups(m, [=](int64_t first, int64_t columns) {
    const Matrix<T> out(data[0], steps[0], first), g(data[1], steps[1], first),
        y(data[2], steps[2], first);
    alignas(64) T dots[kMost];
    T* const dot = dots;
    sum(n, columns, dot,
        [=](int64_t i) { return [a = g[i], b = y[i]](int64_t j) { return a[j] * b[j]; }; });
    for (int64_t i = 0; i < n; ++i)
      for_columns(columns, [=, to = out[i], a = g[i], b = y[i]](int64_t j) {
        to[j] = b[j] * (a[j] - dot[j]);
      });
  });
}

/// g - e^y sum(g), where y <= 0.
template <class T>
void log_softmax_backward(int64_t m, int64_t n, char* const* data, const int64_t*,
                          const int64_t* steps) {
  for_groups(m, [=](int64_t first, int64_t columns) {
    const Matrix<T> out(data[0], steps[0], first), g(data[1], steps[1], first),
        y(data[2], steps[2], first);
    alignas(64) T totals[kMost];
    T* const total = totals;
    sum(n, columns, total, [=](int64_t i) { return [a = g[i]](int64_t j) { return a[j]; }; });
    for (int64_t i = 0; i < n; ++i)
      for_columns(columns, [=, to = out[i], a = g[i], b = y[i]](int64_t j) {
        to[j] = a[j] - exp_below(b[j]) * total[j];
      });
  });
}

template <class... T>
void fill(Kernels& table) {
  ((table.softmax_columns.loops[kCode<T>] = softmax<T>), ...);
  ((table.log_softmax_columns.loops[kCode<T>] = log_softmax<T>), ...);
  ((table.softmax_backward_columns.loops[kCode<T>] = softmax_backward<T>), ...);
  ((table.log_softmax_backward_columns.loops[kCode<T>] = log_softmax_backward<T>), ...);
}

}  // namespace

void fill_softmax_columns(Kernels& table) {
  fill<float, double>(table);
}

}  // namespace pullback::kernels::PULLBACK_TIER
