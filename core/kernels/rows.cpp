#include <pullback/core/kernels/reduce_fold.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
PULLBACK_INLINE T* row(char* data, int64_t j, int64_t n) {
  return reinterpret_cast<T*>(data) + j * n;
}

/// Rows that are worked on side by side, step by step, so that the processor need not wait for one
/// row's sum, root or logarithm before it begins the next.
constexpr int64_t kTogether = 16;

/// Runs f(first, count) for groups of rows; less of them where they are long, so that they stay in
/// the first-level cache from step to step.
template <class T, class F>
PULLBACK_INLINE void for_rows(int64_t m, int64_t n, F f) {
  constexpr int64_t kCached = 8192;
  const int64_t fit = kCached / (n * int64_t{sizeof(T)});
  const int64_t together = fit > kTogether ? kTogether : fit > 1 ? fit : 1;
  for (int64_t first = 0; first < m; first += together)
    f(first, m - first < together ? m - first : together);
}

// Of rows of n elements, which are at least kSpan, in as many lanes: short rows fill them, and more
// would take as long to be brought together in the end.

/// Runs f(i) for spans from i on. The last one ends with the row and repeats what it has in common
/// with the one before.
template <class F>
PULLBACK_INLINE void for_spans(int64_t n, F f) {
  const int64_t last = n - kSpan;
  for (int64_t i = 0;; i = i + kSpan < last ? i + kSpan : last) {
    f(i);
    if (i == last) break;
  }
}

/// y[i] = f(i), which must not read y.
template <class T, class F>
PULLBACK_INLINE void set_row(int64_t n, T* y, F f) {
  for_spans(n, [=](int64_t first) {
    PULLBACK_VECTOR
    for (int64_t i = first; i < first + kSpan; ++i) y[i] = f(i);
  });
}

/// The larger number. It may pass over a NaN, which comes back through the sum of exponentials.
template <class T>
struct Larger {
  using Part = T;
  static PULLBACK_INLINE T merge(T a, T b) { return b > a ? b : a; }
};
template <class T>
PULLBACK_INLINE T row_max(const T* x, int64_t n) {
  alignas(64) T lanes[kSpan];
  for (int j = 0; j < kSpan; ++j) lanes[j] = x[n - kSpan + j];
  for (int64_t i = 0; i + kSpan < n; i += kSpan)
    for (int j = 0; j < kSpan; ++j) lanes[j] = Larger<T>::merge(lanes[j], x[i + j]);
  merge_lanes<Larger<T>, kSpan / 2>(lanes);
  return lanes[0];
}

/// The sum of f(i), which may be called twice; kRun at a time in the type itself, these in double.
template <class T, class F>
PULLBACK_INLINE T row_sum(int64_t n, F f) {
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t end = n - begin < kRun ? n : begin + kRun;
    alignas(64) T lanes[kSpan];
    for (int j = 0; j < kSpan; ++j) lanes[j] = 0;
    int64_t i = begin;
    for (; i + kSpan <= end; i += kSpan) {
      PULLBACK_VECTOR
      for (int j = 0; j < kSpan; ++j) lanes[j] += f(i + j);
    }
    if (i < end) {
      const int done = static_cast<int>(i + kSpan - end);
      PULLBACK_VECTOR
      for (int j = 0; j < kSpan; ++j) {
        const T next = lanes[j] + f(end - kSpan + j);
        lanes[j] = j < done ? lanes[j] : next;
      }
    }
    merge_lanes<Sum<T>, kSpan / 2>(lanes);
    total += static_cast<double>(lanes[0]);
  }
  return static_cast<T>(total);
}

template <class T>
void softmax(int64_t m, int64_t n, char* const* data, double) {
  for_rows<T>(m, n, [=](int64_t first, int64_t count) {
    T* y = row<T>(data[0], first, n);
    const T* x = row<T>(data[1], first, n);
    T top[kTogether], scale[kTogether];
    for (int64_t j = 0; j < count; ++j) top[j] = row_max(x + j * n, n);
    for (int64_t j = 0; j < count; ++j) {
      T* to = y + j * n;
      const T *from = x + j * n, largest = top[j];
      scale[j] = 1 / row_sum<T>(n, [=](int64_t i) { return to[i] = exp_below(from[i] - largest); });
    }
    for (int64_t j = 0; j < count; ++j) {
      T* to = y + j * n;
      PULLBACK_VECTOR
      for (int64_t i = 0; i < n; ++i) to[i] *= scale[j];
    }
  });
}

template <class T>
void log_softmax(int64_t m, int64_t n, char* const* data, double) {
  for_rows<T>(m, n, [=](int64_t first, int64_t count) {
    T* y = row<T>(data[0], first, n);
    const T* x = row<T>(data[1], first, n);
    T top[kTogether], total[kTogether] = {};
    for (int64_t j = 0; j < count; ++j) top[j] = row_max(x + j * n, n);
    for (int64_t j = 0; j < count; ++j) {
      const T *from = x + j * n, largest = top[j];
      total[j] = row_sum<T>(n, [=](int64_t i) { return exp_below(from[i] - largest); });
    }
    for (int64_t j = 0; j < kTogether; ++j) total[j] = log(total[j]);
    for (int64_t j = 0; j < count; ++j) {
      const T* from = x + j * n;
      set_row(n, y + j * n, [=, largest = top[j], rest = total[j]](int64_t i) {
        return from[i] - largest - rest;
      });
    }
  });
}

/// y (g - sum(g y)).
template <class T>
void softmax_backward(int64_t m, int64_t n, char* const* data, double) {
  for_rows<T>(m, n, [=](int64_t first, int64_t count) {
    const T* g = row<T>(data[1], first, n);
    const T* y = row<T>(data[2], first, n);
    T dot[kTogether];
    for (int64_t j = 0; j < count; ++j) {
      const T *a = g + j * n, *b = y + j * n;
      dot[j] = row_sum<T>(n, [=](int64_t i) { return a[i] * b[i]; });
    }
    for (int64_t j = 0; j < count; ++j) {
      const T *a = g + j * n, *b = y + j * n;
      set_row(n, row<T>(data[0], first + j, n),
              [=, sum = dot[j]](int64_t i) { return b[i] * (a[i] - sum); });
    }
  });
}

/// g - e^y sum(g), where y <= 0.
template <class T>
void log_softmax_backward(int64_t m, int64_t n, char* const* data, double) {
  for_rows<T>(m, n, [=](int64_t first, int64_t count) {
    const T* g = row<T>(data[1], first, n);
    const T* y = row<T>(data[2], first, n);
    T total[kTogether];
    for (int64_t j = 0; j < count; ++j) {
      const T* a = g + j * n;
      total[j] = row_sum<T>(n, [=](int64_t i) { return a[i]; });
    }
    for (int64_t j = 0; j < count; ++j) {
      const T *a = g + j * n, *b = y + j * n;
      set_row(n, row<T>(data[0], first + j, n),
              [=, sum = total[j]](int64_t i) { return a[i] - exp_below(b[i]) * sum; });
    }
  });
}

template <class T>
void layer_norm(int64_t m, int64_t n, char* const* data, double eps) {
  const T* weight = reinterpret_cast<const T*>(data[4]);
  const T* bias = reinterpret_cast<const T*>(data[5]);
  const T count = static_cast<T>(n);
  for_rows<T>(m, n, [=](int64_t first, int64_t rows) {
    T* mean = row<T>(data[1], first, 1);
    T* rstd = row<T>(data[2], first, 1);
    const T* x = row<T>(data[3], first, n);
    for (int64_t j = 0; j < rows; ++j) {
      const T* from = x + j * n;
      mean[j] = row_sum<T>(n, [=](int64_t i) { return from[i]; }) / count;
    }
    for (int64_t j = 0; j < rows; ++j) {
      const T *from = x + j * n, center = mean[j];
      const T squares =
          row_sum<T>(n, [=](int64_t i) { return (from[i] - center) * (from[i] - center); });
      rstd[j] = 1 / sqrt(squares / count + static_cast<T>(eps));
    }
    for (int64_t j = 0; j < rows; ++j) {
      T* y = row<T>(data[0], first + j, n);
      const T *from = x + j * n, center = mean[j], scale = rstd[j];
      if (weight != nullptr && bias != nullptr) {
        set_row(n, y,
                [=](int64_t i) { return fma((from[i] - center) * scale, weight[i], bias[i]); });
        continue;
      }
      set_row(n, y, [=](int64_t i) { return (from[i] - center) * scale; });
      if (weight != nullptr) {
        PULLBACK_VECTOR
        for (int64_t i = 0; i < n; ++i) y[i] *= weight[i];
      }
      if (bias != nullptr) {
        PULLBACK_VECTOR
        for (int64_t i = 0; i < n; ++i) y[i] += bias[i];
      }
    }
  });
}

template <class T, class F>
PULLBACK_INLINE void layer_norm_rows_backward(int64_t m, int64_t n, char* const* data, F a) {
  const T count = static_cast<T>(n);
  for_rows<T>(m, n, [=](int64_t first, int64_t rows) {
    const T* g = row<T>(data[1], first, n);
    const T* x = row<T>(data[2], first, n);
    const T* mean = row<T>(data[3], first, 1);
    const T* rstd = row<T>(data[4], first, 1);
    T level[kTogether], tilt[kTogether];
    for (int64_t j = 0; j < rows; ++j) {
      const T* from = g + j * n;
      level[j] = row_sum<T>(n, [=](int64_t i) { return a(from, i); });
    }
    for (int64_t j = 0; j < rows; ++j) {
      const T *from = g + j * n, *at = x + j * n, m = mean[j];
      tilt[j] = row_sum<T>(n, [=](int64_t i) { return a(from, i) * (at[i] - m); });
    }
    for (int64_t j = 0; j < rows; ++j) {
      const T *from = g + j * n, *at = x + j * n, m = mean[j], r = rstd[j];
      const T b = r * r * (r * tilt[j] / count), c = r * (level[j] / count);
      set_row(n, row<T>(data[0], first + j, n),
              [=](int64_t i) { return fma(m - at[i], b, fma(r, a(from, i), -c)); });
    }
  });
}

template <class T>
void layer_norm_backward(int64_t m, int64_t n, char* const* data, double) {
  const T* weight = reinterpret_cast<const T*>(data[5]);
  if (weight != nullptr) {
    layer_norm_rows_backward<T>(m, n, data,
                                [=](const T* g, int64_t i) { return g[i] * weight[i]; });
  } else {
    layer_norm_rows_backward<T>(m, n, data, [](const T* g, int64_t i) { return g[i]; });
  }
}

template <class T>
void norm_sums(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t j = 0; j < m; ++j) {
    const T* g = row<T>(data[2], j, n);
    const T* x = row<T>(data[3], j, n);
    const T mean = *row<T>(data[4], j, 1);
    *row<T>(data[0], j, 1) = sum_over<T>(n, [=](int64_t i) { return g[i]; });
    *row<T>(data[1], j, 1) = sum_over<T>(n, [=](int64_t i) { return g[i] * (x[i] - mean); });
  }
}

/// Σ g and Σ g d(x, row, column) of columns.
template <class T, class D>
PULLBACK_INLINE void sums_of_columns(int64_t m, int64_t n, char* const* data, D d) {
  for (int64_t first = 0; first < n; first += kColumns) {
    const int64_t columns = n - first < kColumns ? n - first : kColumns;
    alignas(64) T total[kColumns] = {};
    alignas(64) T along[kColumns] = {};
    for (int64_t k = 0; k < m; ++k) {
      const T* g = row<T>(data[2], k, n) + first;
      const T* x = row<T>(data[3], k, n) + first;
      PULLBACK_VECTOR
      for (int64_t j = 0; j < columns; ++j) {
        total[j] += g[j];
        along[j] += g[j] * d(x[j], k, first + j);
      }
    }
    for (int64_t j = 0; j < columns; ++j) {
      row<T>(data[0], 0, n)[first + j] = total[j];
      row<T>(data[1], 0, n)[first + j] = along[j];
    }
  }
}

template <class T>
void norm_sums_columns(int64_t m, int64_t n, char* const* data, double) {
  const T* mean = row<T>(data[4], 0, n);
  sums_of_columns<T>(m, n, data, [=](T x, int64_t, int64_t j) { return x - mean[j]; });
}

template <class T>
void norm_affine_sums(int64_t m, int64_t n, char* const* data, double) {
  const T *mean = row<T>(data[4], 0, 1), *rstd = row<T>(data[5], 0, 1);
  sums_of_columns<T>(m, n, data, [=](T x, int64_t k, int64_t) { return (x - mean[k]) * rstd[k]; });
}

template <class T>
void norm_grad(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t j = 0; j < m; ++j) {
    T* gx = row<T>(data[0], j, n);
    const T* g = row<T>(data[1], j, n);
    const T* x = row<T>(data[2], j, n);
    const T a = *row<T>(data[3], j, 1), mean = *row<T>(data[4], j, 1);
    const T b = *row<T>(data[5], j, 1), c = *row<T>(data[6], j, 1);
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) gx[i] = a * g[i] - b * (x[i] - mean) - c;
  }
}

template <class T>
void norm_grad_columns(int64_t m, int64_t n, char* const* data, double) {
  const T* a = row<T>(data[3], 0, n);
  const T* mean = row<T>(data[4], 0, n);
  const T* b = row<T>(data[5], 0, n);
  const T* c = row<T>(data[6], 0, n);
  for (int64_t j = 0; j < m; ++j) {
    T* gx = row<T>(data[0], j, n);
    const T* g = row<T>(data[1], j, n);
    const T* x = row<T>(data[2], j, n);
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) gx[i] = a[i] * g[i] - b[i] * (x[i] - mean[i]) - c[i];
  }
}

template <class T>
void weight_norm(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t j = 0; j < m; ++j) {
    T* w = row<T>(data[0], j, n);
    const T* v = row<T>(data[2], j, n);
    const T norm = sqrt(sum_over<T>(n, [=](int64_t i) { return v[i] * v[i]; }));
    *row<T>(data[1], j, 1) = norm;
    const T scale = *row<T>(data[3], j, 1) / norm;
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) w[i] = v[i] * scale;
  }
}

template <class T>
void weight_norm_backward(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t j = 0; j < m; ++j) {
    T* dv = row<T>(data[0], j, n);
    const T* dw = row<T>(data[2], j, n);
    const T* v = row<T>(data[3], j, n);
    const T norm = *row<T>(data[5], j, 1), scale = *row<T>(data[4], j, 1) / norm;
    const T along = sum_over<T>(n, [=](int64_t i) { return dw[i] * v[i]; }) / norm;
    *row<T>(data[1], j, 1) = along;
    const T back = along / norm;
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) dv[i] = scale * (dw[i] - v[i] * back);
  }
}

template <class... T>
void fill(Kernels& table) {
  ((table.softmax.loops[kCode<T>] = softmax<T>), ...);
  ((table.log_softmax.loops[kCode<T>] = log_softmax<T>), ...);
  ((table.softmax_backward.loops[kCode<T>] = softmax_backward<T>), ...);
  ((table.log_softmax_backward.loops[kCode<T>] = log_softmax_backward<T>), ...);
  ((table.layer_norm.loops[kCode<T>] = layer_norm<T>), ...);
  ((table.layer_norm_backward.loops[kCode<T>] = layer_norm_backward<T>), ...);
  ((table.norm_sums.loops[kCode<T>] = norm_sums<T>), ...);
  ((table.norm_sums_columns.loops[kCode<T>] = norm_sums_columns<T>), ...);
  ((table.norm_affine_sums.loops[kCode<T>] = norm_affine_sums<T>), ...);
  ((table.norm_grad.loops[kCode<T>] = norm_grad<T>), ...);
  ((table.norm_grad_columns.loops[kCode<T>] = norm_grad_columns<T>), ...);
  ((table.weight_norm.loops[kCode<T>] = weight_norm<T>), ...);
  ((table.weight_norm_backward.loops[kCode<T>] = weight_norm_backward<T>), ...);
}

}  // namespace

void fill_rows(Kernels& table) {
  fill<float, double>(table);
}

}  // namespace pullback::kernels::PULLBACK_TIER
