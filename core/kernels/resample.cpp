#include <pullback/core/kernels/resample.h>

#include <algorithm>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kWork = 16384;  // elements that are worth a thread's while

/// A Resampling whose weights have the elements' type.
template <class T>
struct Taps {
  int64_t size, count;
  const int64_t* low;
  std::vector<T> weight;
  int64_t repeats = 0;  ///< how often each place is taken if that is all that happens

  explicit Taps(const Resampling& r)
      : size(r.size),
        count(r.count()),
        low(r.low.data()),
        weight(r.weight.begin(), r.weight.end()) {
    if (!weight.empty() || count % size != 0) return;
    for (int64_t i = 0; i < count; ++i)
      if (low[i] != i / (count / size)) return;
    repeats = count / size;
  }
  int64_t high(int64_t i) const { return std::min(low[i] + 1, size - 1); }
};

template <class T>
char* bytes(const T* elements) {
  return reinterpret_cast<char*>(const_cast<T*>(elements));
}
template <class T>
constexpr ScalarType kType = sizeof(T) == sizeof(float) ? ScalarType::Float : ScalarType::Double;
template <class T>
constexpr int64_t kRows[] = {sizeof(T), sizeof(T), sizeof(T)};
template <class T>
constexpr int64_t kRowsAndNumber[] = {sizeof(T), sizeof(T), sizeof(T), 0};

/// y = w·x for a row of n.
template <class T>
void scale_row(int64_t n, const T* x, T w, T* y) {
  char* const data[] = {bytes(y), bytes(x), bytes(&w)};
  kernels().mul[kType<T>](n, data, kRowsAndNumber<T> + 1);
}
/// y += w·x
template <class T>
void add_scaled_row(int64_t n, const T* x, T w, T* y) {
  char* const data[] = {bytes(y), bytes(y), bytes(x), bytes(&w)};
  kernels().add_product[kType<T>](n, data, kRowsAndNumber<T>);
}
/// y += x
template <class T>
void add_row(int64_t n, const T* x, T* y) {
  char* const data[] = {bytes(y), bytes(y), bytes(x)};
  kernels().add[kType<T>](n, data, kRows<T>);
}

/// Along a dimension whose places are `inner` neighbours each.
template <class T>
void mix_rows(const Taps<T>& taps, int64_t inner, const T* x, T* y) {
  for (int64_t i = 0; i < taps.count; ++i, y += inner) {
    const T* low = x + taps.low[i] * inner;
    if (taps.weight.empty()) {
      std::copy_n(low, inner, y);
    } else {
      scale_row(inner, low, 1 - taps.weight[i], y);
      add_scaled_row(inner, x + taps.high(i) * inner, taps.weight[i], y);
    }
  }
}
template <class T>
void spread_rows(const Taps<T>& taps, int64_t inner, const T* g, T* gx) {
  std::fill_n(gx, taps.size * inner, T(0));
  for (int64_t i = 0; i < taps.count; ++i, g += inner) {
    T* low = gx + taps.low[i] * inner;
    if (taps.weight.empty()) {
      add_row(inner, g, low);
    } else {
      add_scaled_row(inner, g, 1 - taps.weight[i], low);
      add_scaled_row(inner, g, taps.weight[i], gx + taps.high(i) * inner);
    }
  }
}

/// Along a dimension whose places are next to each other.
template <class T>
void mix_elements(const Taps<T>& taps, const T* x, T* __restrict y) {
  if (taps.weight.empty()) {
    for (int64_t i = 0; i < taps.count; ++i) y[i] = x[taps.low[i]];
    return;
  }
  for (int64_t i = 0; i < taps.count; ++i) {
    const T w = taps.weight[i];
    y[i] = x[taps.low[i]] * (1 - w) + x[taps.high(i)] * w;
  }
}
template <class T>
void spread_elements(const Taps<T>& taps, const T* g, T* __restrict gx) {
  if (taps.repeats > 0) {
    std::fill_n(gx, taps.size, T(0));
    for (int64_t k = 0; k < taps.repeats; ++k)
      for (int64_t p = 0; p < taps.size; ++p) gx[p] += g[p * taps.repeats + k];
    return;
  }
  // Sums stay in registers until no later element adds to them.
  T here = 0, next = 0;
  int64_t at = 0;
  for (int64_t i = 0; i < taps.count; ++i) {
    for (; at < taps.low[i]; here = next, next = 0) gx[at++] = here;
    const T w = taps.weight.empty() ? T(0) : taps.weight[i];
    here += g[i] * (1 - w);
    if (!taps.weight.empty()) (at + 1 < taps.size ? next : here) += g[i] * w;
  }
  for (; at < taps.size; here = next, next = 0) gx[at++] = here;
}

/// A resampling along one dimension of `blocks` arrays, or its adjoint.
template <class T>
using Step = void (*)(const Taps<T>& taps, int64_t blocks, int64_t inner, const T* from, T* to);

template <class T>
void mix(const Taps<T>& taps, int64_t blocks, int64_t inner, const T* x, T* y) {
  for (; blocks-- > 0; x += taps.size * inner, y += taps.count * inner)
    inner == 1 ? mix_elements(taps, x, y) : mix_rows(taps, inner, x, y);
}
template <class T>
void spread(const Taps<T>& taps, int64_t blocks, int64_t inner, const T* g, T* gx) {
  for (; blocks-- > 0; g += taps.count * inner, gx += taps.size * inner)
    inner == 1 ? spread_elements(taps, g, gx) : spread_rows(taps, inner, g, gx);
}

/// Takes a plane from x by way of working space to y: dimension by dimension, the last one first,
/// or backwards.
template <class T>
void pass(const std::vector<Taps<T>>& dims, bool backwards, Step<T> step, const T* x, T* y,
          T* space, int64_t half) {
  const auto n = static_cast<int>(dims.size());
  for (int i = 0; i < n; ++i) {
    const int k = backwards ? i : n - 1 - i;
    int64_t blocks = 1, inner = 1;
    for (int d = 0; d < k; ++d) blocks *= dims[d].size;
    for (int d = k + 1; d < n; ++d) inner *= dims[d].count;
    T* to = i == n - 1 ? y : space + i % 2 * half;
    step(dims[k], blocks, inner, x, to);
    x = to;
  }
}

template <class T>
void for_planes(int64_t planes, const std::vector<Resampling>& dims, bool backwards, Step<T> step,
                const T* x, T* y) {
  const std::vector<Taps<T>> taps(dims.begin(), dims.end());
  int64_t sizes = 1, counts = 1, half = 1;
  for (const Taps<T>& d : taps) {
    sizes *= d.size;
    counts *= d.count;
    half *= std::max(d.size, d.count);
  }
  const int64_t in = backwards ? counts : sizes, out = backwards ? sizes : counts;
  parallel_for(planes, std::max<int64_t>(1, kWork / half), [&](int64_t begin, int64_t end) {
    Buffer<T> space(taps.size() > 1 ? 2 * half : 0);
    for (int64_t p = begin; p < end; ++p)
      pass(taps, backwards, step, x + p * in, y + p * out, space.data(), half);
  });
}

}  // namespace

template <class T>
void resample(int64_t planes, const std::vector<Resampling>& dims, const T* x, T* y) {
  for_planes<T>(planes, dims, /*backwards=*/false, mix<T>, x, y);
}
template <class T>
void resample_adjoint(int64_t planes, const std::vector<Resampling>& dims, const T* g, T* gx) {
  for_planes<T>(planes, dims, /*backwards=*/true, spread<T>, g, gx);
}

#define PULLBACK_INSTANTIATE(T)                                                     \
  template void resample<T>(int64_t, const std::vector<Resampling>&, const T*, T*); \
  template void resample_adjoint<T>(int64_t, const std::vector<Resampling>&, const T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
