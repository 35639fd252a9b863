#include <pullback/core/kernels/batched_cholesky.h>
#include <pullback/core/kernels/lane_vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// Rows that share the loads of a column: as many sums as registers hold in every tier.
constexpr int kRows = 4;

// Rows i to i + R − 1 of column j, less their products with row j, in the order of columns.
template <int R, class T>
PULLBACK_INLINE void column_entries(int n, int i, int j, const Lanes<T>& diagonal, T* a) {
  constexpr int L = kBatchLanes<T>;
  const auto at = [=](int row, int column) -> Lanes<T>& {
    return lanes_at(a + (int64_t{row} * n + column) * L);
  };
  Lanes<T> rest[R];
  for (int r = 0; r < R; ++r) rest[r] = at(i + r, j);
  for (int k = 0; k < j; ++k) {
    const Lanes<T> factor = at(j, k);
    for (int r = 0; r < R; ++r) rest[r] -= at(i + r, k) * factor;
  }
  for (int r = 0; r < R; ++r) at(i + r, j) = rest[r] / diagonal;
}

template <class T>
PULLBACK_INLINE void factor_lanes(int n, T* a, int* info) {
  constexpr int L = kBatchLanes<T>;
  Lanes<T> failed = {};  // as a T, so that comparison and choice are of one width
  for (int j = 0; j < n; ++j) {
    T* row = a + int64_t{j} * n * L;
    Lanes<T> rest = lanes_at(row + j * L);
    for (int k = 0; k < j; ++k) rest -= lanes_at(row + k * L) * lanes_at(row + k * L);
    // Not for a NaN either.
    failed = ((rest > 0) | (failed != 0)) ? failed : Lanes<T>{} + T(j + 1);
    take_root<T>(rest);
    lanes_at(row + j * L) = rest;
    for (int k = j + 1; k < n; ++k) lanes_at(row + k * L) = Lanes<T>{};
    int i = j + 1;
    for (; i + kRows <= n; i += kRows) column_entries<kRows>(n, i, j, rest, a);
    for (; i < n; ++i) column_entries<1>(n, i, j, rest, a);
  }
  for (int l = 0; l < L; ++l) info[l] = static_cast<int>(failed[l]);
}

// The smallest with a size that the compiler knows: their lanes stay in registers.
template <class T>
void factor(int n, T* a, int* info) {
  if (n == 2) return factor_lanes(2, a, info);
  if (n == 3) return factor_lanes(3, a, info);
  if (n == 4) return factor_lanes(4, a, info);
  factor_lanes(n, a, info);
}

}  // namespace

void fill_batched_cholesky(Kernels& table) {
  table.cholesky = {{factor<float>}, {factor<double>}};
}

}  // namespace pullback::kernels::PULLBACK_TIER
