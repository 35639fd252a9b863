#include <pullback/core/kernels/batched_lu.h>
#include <pullback/core/kernels/tier.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
constexpr int kLanes = 64 / static_cast<int>(sizeof(T));

template <class T>
PULLBACK_INLINE void swap_rows(T* a, int64_t stride, int columns, int from, int to, int lane) {
  constexpr int L = kLanes<T>;
  for (int j = 0; j < columns; ++j, a += stride) {
    const T kept = a[from * L + lane];
    a[from * L + lane] = a[to * L + lane];
    a[to * L + lane] = kept;
  }
}

// y −= x f, lane by lane.
template <class T>
PULLBACK_INLINE void subtract(T* __restrict y, const T* __restrict x, const T* __restrict f) {
  PULLBACK_VECTOR
  for (int l = 0; l < kLanes<T>; ++l) y[l] -= x[l] * f[l];
}

template <class T>
void factor(int n, T* a, int* pivots, int* info) {
  constexpr int L = kLanes<T>;
  for (int l = 0; l < L; ++l) info[l] = 0;
  for (int k = 0; k < n; ++k) {
    T* column = a + int64_t{k} * n * L;
    // The row as a T, so that comparison and choice are of one width.
    alignas(64) T largest[L], row[L], divisor[L], ratio[L];
    for (int l = 0; l < L; ++l)
      largest[l] = column[k * L + l] < 0 ? -column[k * L + l] : column[k * L + l], row[l] = T(k);
    for (int i = k + 1; i < n; ++i) {
      PULLBACK_VECTOR
      for (int l = 0; l < L; ++l) {
        const T size = column[i * L + l] < 0 ? -column[i * L + l] : column[i * L + l];
        const bool larger = size > largest[l];
        largest[l] = larger ? size : largest[l];
        row[l] = larger ? T(i) : row[l];
      }
    }
    for (int l = 0; l < L; ++l) {
      const int pivot = static_cast<int>(row[l]);
      pivots[k * L + l] = pivot + 1;
      if (pivot != k) swap_rows(a, int64_t{n} * L, n, k, pivot, l);
      const T value = column[k * L + l];
      if (value == 0 && info[l] == 0) info[l] = k + 1;
      divisor[l] = value == 0 ? T(1) : value;
    }
    for (int i = k + 1; i < n; ++i) {
      PULLBACK_VECTOR
      for (int l = 0; l < L; ++l) column[i * L + l] /= divisor[l];
    }
    for (int j = k + 1; j < n; ++j) {
      T* other = a + int64_t{j} * n * L;
      for (int l = 0; l < L; ++l) ratio[l] = other[k * L + l];
      for (int i = k + 1; i < n; ++i) subtract(other + i * L, column + i * L, ratio);
    }
  }
}

template <class T>
void solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b) {
  constexpr int L = kLanes<T>;
  const auto at = [=](int i, int j) { return lu + (i + int64_t{j} * n) * L; };
  for (int c = 0; c < columns; ++c, b += int64_t{n} * L) {
    const auto divide = [&](int i) {
      const T* u = at(i, i);
      PULLBACK_VECTOR
      for (int l = 0; l < L; ++l) b[i * L + l] /= u[l];
    };
    const auto exchange = [&](int k) {
      for (int l = 0; l < L; ++l) {
        const int pivot = pivots[k * L + l] - 1;
        if (pivot != k) swap_rows(b, 0, 1, k, pivot, l);
      }
    };
    if (!transposed) {
      for (int k = 0; k < n; ++k) exchange(k);
      for (int j = 0; j < n; ++j)
        for (int i = j + 1; i < n; ++i) subtract(b + i * L, at(i, j), b + j * L);
      for (int j = n - 1; j >= 0; --j) {
        divide(j);
        for (int i = 0; i < j; ++i) subtract(b + i * L, at(i, j), b + j * L);
      }
    } else {
      for (int j = 0; j < n; ++j) {
        for (int i = 0; i < j; ++i) subtract(b + j * L, at(i, j), b + i * L);
        divide(j);
      }
      for (int j = n - 1; j >= 0; --j)
        for (int i = j + 1; i < n; ++i) subtract(b + j * L, at(i, j), b + i * L);
      for (int k = n - 1; k >= 0; --k) exchange(k);
    }
  }
}

}  // namespace

void fill_batched_lu(Kernels& table) {
  table.lu_float = {factor<float>, solve<float>};
  table.lu_double = {factor<double>, solve<double>};
}

}  // namespace pullback::kernels::PULLBACK_TIER
