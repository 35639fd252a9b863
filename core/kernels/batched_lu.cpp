#include <pullback/core/kernels/batched_lu.h>
#include <pullback/core/kernels/lane_vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
PULLBACK_INLINE void swap_rows(T* a, int64_t stride, int columns, int from, int to, int lane) {
  constexpr int L = kBatchLanes<T>;
  for (int j = 0; j < columns; ++j, a += stride) {
    const T kept = a[from * L + lane];
    a[from * L + lane] = a[to * L + lane];
    a[to * L + lane] = kept;
  }
}

// All lanes as bits, for exchanges that have no branch.
using Bits = int32_t __attribute__((vector_size(64), may_alias));

// Exchanges entry k of a column with entry row[l] > k in lane l.
template <class T>
PULLBACK_INLINE void exchange_entries(int n, int k, const T* row, T* column) {
  constexpr int L = kBatchLanes<T>;
  const Lanes<T> wanted = lanes_at(row);
  Bits upper = *reinterpret_cast<Bits*>(column + k * L);
  for (int i = k + 1; i < n; ++i) {
    Bits& lower = *reinterpret_cast<Bits*>(column + i * L);
    const Bits difference = (upper ^ lower) & reinterpret_cast<Bits>(wanted == T(i));
    upper ^= difference;
    lower ^= difference;
  }
  *reinterpret_cast<Bits*>(column + k * L) = upper;
}
// Up to this size rows are exchanged that way with each row below, beyond it lane by lane.
constexpr int kExchangeAllUpTo = 8;

// y −= x f, lane by lane.
template <class T>
PULLBACK_INLINE void subtract(T* __restrict y, const T* __restrict x, const T* __restrict f) {
  PULLBACK_VECTOR
  for (int l = 0; l < kBatchLanes<T>; ++l) y[l] -= x[l] * f[l];
}

template <class T>
PULLBACK_INLINE void factor_lanes(int n, T* a, int* pivots, int* info) {
  constexpr int L = kBatchLanes<T>;
  Lanes<T> zeros = {};
  for (int k = 0; k < n; ++k) {
    T* column = a + int64_t{k} * n * L;
    const Lanes<T> diagonal = lanes_at(column + k * L);
    // The row as a T, so that comparison and choice are of one width.
    Lanes<T> largest = diagonal < 0 ? -diagonal : diagonal, row = Lanes<T>{} + T(k);
    for (int i = k + 1; i < n; ++i) {
      const Lanes<T> value = lanes_at(column + i * L);
      const Lanes<T> size = value < 0 ? -value : value;
      const auto larger = size > largest;
      largest = larger ? size : largest;
      row = larger ? Lanes<T>{} + T(i) : row;
    }
    alignas(64) T rows[L];
    lanes_at(rows) = row;
    if (n <= kExchangeAllUpTo) {
      for (int j = 0; j < n; ++j) exchange_entries(n, k, rows, a + int64_t{j} * n * L);
    } else {
      for (int l = 0; l < L; ++l) {
        const int pivot = static_cast<int>(rows[l]);
        if (pivot != k) swap_rows(a, int64_t{n} * L, n, k, pivot, l);
      }
    }
    for (int l = 0; l < L; ++l) pivots[k * L + l] = static_cast<int>(rows[l]) + 1;
    const Lanes<T> value = lanes_at(column + k * L);
    zeros = ((value == 0) & (zeros == 0)) ? Lanes<T>{} + T(k + 1) : zeros;
    const Lanes<T> divisor = value == 0 ? Lanes<T>{} + T(1) : value;
    for (int i = k + 1; i < n; ++i) lanes_at(column + i * L) /= divisor;
    for (int j = k + 1; j < n; ++j) {
      T* other = a + int64_t{j} * n * L;
      const Lanes<T> ratio = lanes_at(other + k * L);
      for (int i = k + 1; i < n; ++i) lanes_at(other + i * L) -= lanes_at(column + i * L) * ratio;
    }
  }
  for (int l = 0; l < L; ++l) info[l] = static_cast<int>(zeros[l]);
}

template <class T>
PULLBACK_INLINE void solve_lanes(bool transposed, int n, int columns, const T* lu,
                                 const int* pivots, T* b) {
  constexpr int L = kBatchLanes<T>;
  const auto at = [=](int i, int j) { return lu + (i + int64_t{j} * n) * L; };
  for (int c = 0; c < columns; ++c, b += int64_t{n} * L) {
    const auto divide = [&](int i) {
      const T* u = at(i, i);
      PULLBACK_VECTOR
      for (int l = 0; l < L; ++l) b[i * L + l] /= u[l];
    };
    const auto exchange = [&](int k) {
      if (n <= kExchangeAllUpTo) {
        alignas(64) T row[L];
        for (int l = 0; l < L; ++l) row[l] = T(pivots[k * L + l] - 1);
        exchange_entries(n, k, row, b);
        return;
      }
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

// The smallest with a size that the compiler knows: their lanes stay in registers.
template <class T>
void factor(int n, T* a, int* pivots, int* info) {
  if (n == 2) return factor_lanes(2, a, pivots, info);
  if (n == 3) return factor_lanes(3, a, pivots, info);
  if (n == 4) return factor_lanes(4, a, pivots, info);
  factor_lanes(n, a, pivots, info);
}

template <class T>
void solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b) {
  if (n == 2) return solve_lanes(transposed, 2, columns, lu, pivots, b);
  if (n == 3) return solve_lanes(transposed, 3, columns, lu, pivots, b);
  if (n == 4) return solve_lanes(transposed, 4, columns, lu, pivots, b);
  solve_lanes(transposed, n, columns, lu, pivots, b);
}

}  // namespace

void fill_batched_lu(Kernels& table) {
  table.lu_float = {factor<float>, solve<float>};
  table.lu_double = {factor<double>, solve<double>};
}

}  // namespace pullback::kernels::PULLBACK_TIER
