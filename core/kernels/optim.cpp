#include <pullback/core/kernels/math.h>

// One pass over weights, gradients and state for a step of an optimizer.
namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
PULLBACK_INLINE T number(const double* numbers, int i) {
  return static_cast<T>(numbers[i]);
}

template <class T>
void sgd(int64_t n, char* const* data, const double* numbers) {
  T* w = reinterpret_cast<T*>(data[0]);
  const T* g = reinterpret_cast<const T*>(data[1]);
  T* buffer = reinterpret_cast<T*>(data[2]);
  const T lr = number<T>(numbers, 0), sign = number<T>(numbers, 1), decay = number<T>(numbers, 2);
  const T keep = number<T>(numbers, 3), gain = number<T>(numbers, 4);
  const T of_gradient = number<T>(numbers, 5), of_buffer = number<T>(numbers, 6);
  if (buffer == nullptr) {
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) w[i] -= lr * (sign * g[i] + decay * w[i]);
    return;
  }
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) {
    const T d = sign * g[i] + decay * w[i];
    const T b = keep * buffer[i] + gain * d;
    buffer[i] = b;
    w[i] -= lr * (of_gradient * d + of_buffer * b);
  }
}

template <class T, bool Largest>
PULLBACK_INLINE void adam_run(int64_t n, T* w, const T* g, T* m, T* v, T* largest,
                              const double* numbers) {
  const T sign = number<T>(numbers, 1), decay = number<T>(numbers, 2);
  const T shrink = number<T>(numbers, 3), new_m = number<T>(numbers, 4);
  const T keep_v = number<T>(numbers, 5), new_v = number<T>(numbers, 6);
  // m / (sqrt(v) / root + eps) with one division, which is what most of the time goes into.
  const double root = numbers[7];
  const T rate = static_cast<T>(numbers[0] * root), eps = static_cast<T>(numbers[8] * root);
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) {
    const T d = sign * g[i] + decay * w[i];
    m[i] += new_m * (d - m[i]);
    T second = keep_v * v[i] + new_v * d * d;
    v[i] = second;
    if constexpr (Largest) {
      second = largest[i] > second ? largest[i] : second;
      largest[i] = second;
    }
    w[i] = shrink * w[i] - rate * (m[i] / (sqrt(second) + eps));
  }
}

template <class T>
void adam(int64_t n, char* const* data, const double* numbers) {
  T* w = reinterpret_cast<T*>(data[0]);
  const T* g = reinterpret_cast<const T*>(data[1]);
  T* m = reinterpret_cast<T*>(data[2]);
  T* v = reinterpret_cast<T*>(data[3]);
  T* largest = reinterpret_cast<T*>(data[4]);
  if (largest != nullptr) {
    adam_run<T, true>(n, w, g, m, v, largest, numbers);
  } else {
    adam_run<T, false>(n, w, g, m, v, largest, numbers);
  }
}

template <class T>
void rmsprop(int64_t n, char* const* data, const double* numbers) {
  T* w = reinterpret_cast<T*>(data[0]);
  const T* g = reinterpret_cast<const T*>(data[1]);
  T* squares = reinterpret_cast<T*>(data[2]);
  T* mean = reinterpret_cast<T*>(data[3]);
  T* buffer = reinterpret_cast<T*>(data[4]);
  const T lr = number<T>(numbers, 0), sign = number<T>(numbers, 1), decay = number<T>(numbers, 2);
  const T alpha = number<T>(numbers, 3), fresh = number<T>(numbers, 4);
  const T eps = number<T>(numbers, 5), momentum = number<T>(numbers, 6);
  for (int64_t i = 0; i < n; ++i) {
    const T d = sign * g[i] + decay * w[i];
    squares[i] = alpha * squares[i] + fresh * d * d;
    T variance = squares[i];
    if (mean != nullptr) {
      mean[i] += fresh * (d - mean[i]);
      variance -= mean[i] * mean[i];
    }
    T step = d / (sqrt(variance) + eps);
    if (buffer != nullptr) {
      step += momentum * buffer[i];
      buffer[i] = step;
    }
    w[i] -= lr * step;
  }
}

template <class T>
void adagrad(int64_t n, char* const* data, const double* numbers) {
  T* w = reinterpret_cast<T*>(data[0]);
  const T* g = reinterpret_cast<const T*>(data[1]);
  T* sum = reinterpret_cast<T*>(data[2]);
  const T rate = number<T>(numbers, 0), sign = number<T>(numbers, 1), decay = number<T>(numbers, 2);
  const T eps = number<T>(numbers, 3);
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) {
    const T d = sign * g[i] + decay * w[i];
    sum[i] += d * d;
    w[i] -= rate * (d / (sqrt(sum[i]) + eps));
  }
}

template <class... T>
void fill(Kernels& table) {
  ((table.sgd.loops[kCode<T>] = sgd<T>), ...);
  ((table.adam.loops[kCode<T>] = adam<T>), ...);
  ((table.rmsprop.loops[kCode<T>] = rmsprop<T>), ...);
  ((table.adagrad.loops[kCode<T>] = adagrad<T>), ...);
}

}  // namespace

void fill_optim(Kernels& table) {
  fill<float, double>(table);
}

}  // namespace pullback::kernels::PULLBACK_TIER
