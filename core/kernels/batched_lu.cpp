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

// A vector as bits, for exchanges that have no branch.
template <class T>
using Bits = Vector<Integer<T>>;
template <class T>
PULLBACK_INLINE Bits<T> load_bits(const T* from) {
  return reinterpret_cast<Bits<T>>(load(from));
}
template <class T>
PULLBACK_INLINE void store_bits(T* to, Bits<T> value) {
  store(to, reinterpret_cast<Vector<T>>(value));
}

// Exchanges entry k of a column with entry row[l] > k in lane l.
template <class T>
PULLBACK_INLINE void exchange_entries(int n, int k, const T* row, T* column) {
  constexpr int L = kBatchLanes<T>;
  const Vector<T> wanted = load(row);
  Bits<T> upper = load_bits(column + k * L);
  for (int i = k + 1; i < n; ++i) {
    const Bits<T> lower = load_bits(column + i * L);
    const Bits<T> difference = (upper ^ lower) & (wanted == T(i));
    upper ^= difference;
    store_bits(column + i * L, lower ^ difference);
  }
  store_bits(column + k * L, upper);
}
// Up to this size rows are exchanged that way with each row below, beyond it lane by lane.
constexpr int kExchangeAllUpTo = 8;

// y −= x f, lane by lane.
template <class T>
PULLBACK_INLINE void subtract(T* y, const T* x, Vector<T> f) {
  store<T>(y, load(y) - load(x) * f);
}

template <class T>
PULLBACK_INLINE void factor_lanes(int n, T* a, int* pivots, int* info) {
  constexpr int L = kBatchLanes<T>;
  Vector<T> zeros = {};
  for (int k = 0; k < n; ++k) {
    T* column = a + int64_t{k} * n * L;
    const Vector<T> diagonal = load(column + k * L);
    // The row as a T, so that comparison and choice are of one width.
    Vector<T> largest = diagonal < 0 ? -diagonal : diagonal, row = Vector<T>{} + T(k);
    for (int i = k + 1; i < n; ++i) {
      const Vector<T> value = load(column + i * L);
      const Vector<T> size = value < 0 ? -value : value;
      const auto larger = size > largest;
      largest = larger ? size : largest;
      row = larger ? Vector<T>{} + T(i) : row;
    }
    alignas(64) T rows[kLanes<T>];
    store(rows, row);
    if (n <= kExchangeAllUpTo) {
      for (int j = 0; j < n; ++j) exchange_entries(n, k, rows, a + int64_t{j} * n * L);
    } else {
      for (int l = 0; l < kLanes<T>; ++l) {
        const int pivot = static_cast<int>(rows[l]);
        if (pivot != k) swap_rows(a, int64_t{n} * L, n, k, pivot, l);
      }
    }
    for (int l = 0; l < kLanes<T>; ++l) pivots[k * L + l] = static_cast<int>(rows[l]) + 1;
    const Vector<T> value = load(column + k * L);
    zeros = ((value == 0) & (zeros == 0)) ? Vector<T>{} + T(k + 1) : zeros;
    const Vector<T> divisor = value == 0 ? Vector<T>{} + T(1) : value;
    for (int i = k + 1; i < n; ++i) store<T>(column + i * L, load(column + i * L) / divisor);
    for (int j = k + 1; j < n; ++j) {
      T* other = a + int64_t{j} * n * L;
      const Vector<T> ratio = load(other + k * L);
      for (int i = k + 1; i < n; ++i) subtract(other + i * L, column + i * L, ratio);
    }
  }
  for (int l = 0; l < kLanes<T>; ++l) info[l] = static_cast<int>(zeros[l]);
}

template <class T>
PULLBACK_INLINE void solve_lanes(bool transposed, int n, int columns, const T* lu,
                                 const int* pivots, T* b) {
  constexpr int L = kBatchLanes<T>;
  const auto at = [=](int i, int j) { return lu + (i + int64_t{j} * n) * L; };
  for (int c = 0; c < columns; ++c, b += int64_t{n} * L) {
    const auto divide = [&](int i) { store<T>(b + i * L, load(b + i * L) / load(at(i, i))); };
    const auto exchange = [&](int k) {
      if (n <= kExchangeAllUpTo) {
        alignas(64) T row[kLanes<T>];
        for (int l = 0; l < kLanes<T>; ++l) row[l] = T(pivots[k * L + l] - 1);
        exchange_entries(n, k, row, b);
        return;
      }
      for (int l = 0; l < kLanes<T>; ++l) {
        const int pivot = pivots[k * L + l] - 1;
        if (pivot != k) swap_rows(b, 0, 1, k, pivot, l);
      }
    };
    if (!transposed) {
      for (int k = 0; k < n; ++k) exchange(k);
      for (int j = 0; j < n; ++j) {
        const Vector<T> x = load(b + j * L);
        for (int i = j + 1; i < n; ++i) subtract(b + i * L, at(i, j), x);
      }
      for (int j = n - 1; j >= 0; --j) {
        divide(j);
        const Vector<T> x = load(b + j * L);
        for (int i = 0; i < j; ++i) subtract(b + i * L, at(i, j), x);
      }
    } else {
      for (int j = 0; j < n; ++j) {
        for (int i = 0; i < j; ++i) subtract(b + j * L, at(i, j), load(b + i * L));
        divide(j);
      }
      for (int j = n - 1; j >= 0; --j)
        for (int i = j + 1; i < n; ++i) subtract(b + j * L, at(i, j), load(b + i * L));
      for (int k = n - 1; k >= 0; --k) exchange(k);
    }
  }
}

// The smallest with a size that the compiler knows: their lanes stay in registers.
template <class T>
void factor(int n, T* a, int* pivots, int* info) {
  for_each_vector<T>([=](int first) {
    if (n == 2) return factor_lanes(2, a + first, pivots + first, info + first);
    if (n == 3) return factor_lanes(3, a + first, pivots + first, info + first);
    if (n == 4) return factor_lanes(4, a + first, pivots + first, info + first);
    factor_lanes(n, a + first, pivots + first, info + first);
  });
}

template <class T>
void solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b) {
  for_each_vector<T>([=](int first) {
    if (n == 2) return solve_lanes(transposed, 2, columns, lu + first, pivots + first, b + first);
    if (n == 3) return solve_lanes(transposed, 3, columns, lu + first, pivots + first, b + first);
    if (n == 4) return solve_lanes(transposed, 4, columns, lu + first, pivots + first, b + first);
    solve_lanes(transposed, n, columns, lu + first, pivots + first, b + first);
  });
}

}  // namespace

void fill_batched_lu(Kernels& table) {
  table.lu = {{factor<float>, solve<float>}, {factor<double>, solve<double>}};
}

}  // namespace pullback::kernels::PULLBACK_TIER
