#include <pullback/core/kernels/reduce_fold.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
PULLBACK_INLINE T* row(char* data, int64_t j, int64_t n) {
  return reinterpret_cast<T*>(data) + j * n;
}

/// The largest element where a NaN may be passed over: it comes back through the sum of
/// exponentials.
template <class T>
struct LargestNumber : Max<T> {
  static PULLBACK_INLINE T step(T a, T x) { return x > a ? x : a; }
  static PULLBACK_INLINE T merge(T a, T b) { return step(a, b); }
  static PULLBACK_INLINE T join(T a, T b) { return step(a, b); }
};
template <class T>
PULLBACK_INLINE T row_max(const T* x, int64_t n) {
  return fold_run<LargestNumber<T>>(n, reinterpret_cast<const char*>(x), sizeof(T));
}

template <class T>
void softmax(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t j = 0; j < m; ++j) {
    T* y = row<T>(data[0], j, n);
    const T* x = row<T>(data[1], j, n);
    const T top = row_max(x, n);
    const T scale = 1 / sum_over<T>(n, [=](int64_t i) { return y[i] = exp_below(x[i] - top); });
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) y[i] *= scale;
  }
}

template <class T>
void log_softmax(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t j = 0; j < m; ++j) {
    T* y = row<T>(data[0], j, n);
    const T* x = row<T>(data[1], j, n);
    const T top = row_max(x, n);
    const T log_sum = log(sum_over<T>(n, [=](int64_t i) { return exp_below(x[i] - top); }));
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] - top - log_sum;
  }
}

/// y (g - sum(g y)).
template <class T>
void softmax_backward(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t j = 0; j < m; ++j) {
    T* out = row<T>(data[0], j, n);
    const T* g = row<T>(data[1], j, n);
    const T* y = row<T>(data[2], j, n);
    const T dot = sum_over<T>(n, [=](int64_t i) { return g[i] * y[i]; });
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) out[i] = y[i] * (g[i] - dot);
  }
}

/// g - e^y sum(g).
template <class T>
void log_softmax_backward(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t j = 0; j < m; ++j) {
    T* out = row<T>(data[0], j, n);
    const T* g = row<T>(data[1], j, n);
    const T* y = row<T>(data[2], j, n);
    const T sum = sum_over<T>(n, [=](int64_t i) { return g[i]; });
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) out[i] = g[i] - exp(y[i]) * sum;
  }
}

template <class T>
void layer_norm(int64_t m, int64_t n, char* const* data, double eps) {
  const T* weight = reinterpret_cast<const T*>(data[4]);
  const T* bias = reinterpret_cast<const T*>(data[5]);
  const T count = static_cast<T>(n);
  for (int64_t j = 0; j < m; ++j) {
    T* y = row<T>(data[0], j, n);
    const T* x = row<T>(data[3], j, n);
    const T mean = sum_over<T>(n, [=](int64_t i) { return x[i]; }) / count;
    const T squares = sum_over<T>(n, [=](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
    const T rstd = 1 / sqrt(squares / count + static_cast<T>(eps));
    *row<T>(data[1], j, 1) = mean;
    *row<T>(data[2], j, 1) = rstd;
    if (weight != nullptr && bias != nullptr) {
      PULLBACK_VECTOR
      for (int64_t i = 0; i < n; ++i) y[i] = fma((x[i] - mean) * rstd, weight[i], bias[i]);
      continue;
    }
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd;
    if (weight != nullptr) {
      PULLBACK_VECTOR
      for (int64_t i = 0; i < n; ++i) y[i] *= weight[i];
    }
    if (bias != nullptr) {
      PULLBACK_VECTOR
      for (int64_t i = 0; i < n; ++i) y[i] += bias[i];
    }
  }
}

template <class T, class F>
PULLBACK_INLINE void layer_norm_row_backward(int64_t n, T* out, const T* x, T mean, T rstd, F a) {
  const T count = static_cast<T>(n);
  const T sum = sum_over<T>(n, a) / count;
  const T dot = sum_over<T>(n, [=](int64_t i) { return a(i) * ((x[i] - mean) * rstd); }) / count;
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) out[i] = rstd * (a(i) - sum - (x[i] - mean) * rstd * dot);
}

template <class T>
void layer_norm_backward(int64_t m, int64_t n, char* const* data, double) {
  const T* weight = reinterpret_cast<const T*>(data[5]);
  for (int64_t j = 0; j < m; ++j) {
    T* out = row<T>(data[0], j, n);
    const T* g = row<T>(data[1], j, n);
    const T* x = row<T>(data[2], j, n);
    const T mean = *row<T>(data[3], j, 1);
    const T rstd = *row<T>(data[4], j, 1);
    if (weight != nullptr) {
      layer_norm_row_backward<T>(n, out, x, mean, rstd,
                                 [=](int64_t i) { return g[i] * weight[i]; });
    } else {
      layer_norm_row_backward<T>(n, out, x, mean, rstd, [=](int64_t i) { return g[i]; });
    }
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

template <class T>
void norm_sums_columns(int64_t m, int64_t n, char* const* data, double) {
  for (int64_t first = 0; first < n; first += kColumns) {
    const int64_t columns = n - first < kColumns ? n - first : kColumns;
    const T* mean = row<T>(data[4], 0, n) + first;
    alignas(64) T total[kColumns] = {};
    alignas(64) T along[kColumns] = {};
    for (int64_t k = 0; k < m; ++k) {
      const T* g = row<T>(data[2], k, n) + first;
      const T* x = row<T>(data[3], k, n) + first;
      PULLBACK_VECTOR
      for (int64_t j = 0; j < columns; ++j) {
        total[j] += g[j];
        along[j] += g[j] * (x[j] - mean[j]);
      }
    }
    for (int64_t j = 0; j < columns; ++j) {
      row<T>(data[0], 0, n)[first + j] = total[j];
      row<T>(data[1], 0, n)[first + j] = along[j];
    }
  }
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
