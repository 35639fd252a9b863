#include <pullback/core/kernels/dense_lu.h>
#include <pullback/core/kernels/vectors.h>

// A tile of kRows×(1 to kVectors) vectors stays in registers while earlier rows are subtracted from
// it, and while its own triangle is solved: substitution then runs as fast as a product.
#ifdef __AVX512F__
#define PULLBACK_TILE_ROWS 8
#else
#define PULLBACK_TILE_ROWS 4
#endif

namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr int kRows = PULLBACK_TILE_ROWS, kVectors = 3;

template <class T>
constexpr int kWidth = kVectors* kLanes<T>;

/// A matrix that may be read as its transpose: (i, j) is at data[i·row + j·column].
template <class T>
struct View {
  const T* data;
  int64_t row, column;
  PULLBACK_INLINE View at(int64_t i, int64_t j) const {
    return {data + i * row + j * column, row, column};
  }
  PULLBACK_INLINE T operator()(int64_t i, int64_t j) const { return data[i * row + j * column]; }
};

enum class Triangle { None, UnitLower, Lower, UnitUpper, Upper };

// C −= A B for R rows of A with k columns, then C ← T⁻¹ C for the triangle T of `triangle`.
template <class T, int R, int V, Triangle S>
PULLBACK_NOINLINE void tile(int64_t k, View<T> a, const T* b, int64_t b_stride, View<T> triangle,
                            T* c, int64_t c_stride) {
  Vector<T> sum[R][V] = {};
  for (int64_t p = 0; p < k; ++p) {
    Vector<T> row[V];
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) row[v] = load(b + v * kLanes<T>);
    PULLBACK_UNROLL
    for (int i = 0; i < R; ++i) {
      const T factor = a.data[i * a.row];
      PULLBACK_UNROLL
      for (int v = 0; v < V; ++v) sum[i][v] += factor * row[v];
    }
    a.data += a.column;
    b += b_stride;
  }
  // Subtracted at once: where C is large beside the products, as in I − A, that rounds least.
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) sum[i][v] = load(c + i * c_stride + v * kLanes<T>) - sum[i][v];
  }
  if constexpr (S != Triangle::None) {
    constexpr bool forward = S == Triangle::UnitLower || S == Triangle::Lower;
    PULLBACK_UNROLL
    for (int step = 0; step < R; ++step) {
      const int i = forward ? step : R - 1 - step;
      PULLBACK_UNROLL
      for (int before = 0; before < step; ++before) {
        const int j = forward ? before : R - 1 - before;
        const T factor = triangle(i, j);
        PULLBACK_UNROLL
        for (int v = 0; v < V; ++v) sum[i][v] -= factor * sum[j][v];
      }
      if constexpr (S == Triangle::Lower || S == Triangle::Upper) {
        const T divisor = triangle(i, i);
        PULLBACK_UNROLL
        for (int v = 0; v < V; ++v) sum[i][v] /= divisor;
      }
    }
  }
  PULLBACK_UNROLL
  for (int i = 0; i < R; ++i) {
    PULLBACK_UNROLL
    for (int v = 0; v < V; ++v) store(c + i * c_stride + v * kLanes<T>, sum[i][v]);
  }
}

// X ← T⁻¹ X for n rows of V vectors.
template <class T, int V, Triangle S>
void solve_triangle(int64_t n, View<T> t, T* x, int64_t stride) {
  const int64_t whole = n / kRows * kRows;
  if constexpr (S == Triangle::UnitLower || S == Triangle::Lower) {
    for (int64_t r = 0; r < whole; r += kRows)
      tile<T, kRows, V, S>(r, t.at(r, 0), x, stride, t.at(r, r), x + r * stride, stride);
    for (int64_t r = whole; r < n; ++r)
      tile<T, 1, V, S>(r, t.at(r, 0), x, stride, t.at(r, r), x + r * stride, stride);
  } else {
    for (int64_t r = n - 1; r >= whole; --r)
      tile<T, 1, V, S>(n - r - 1, t.at(r, r + 1), x + (r + 1) * stride, stride, t.at(r, r),
                       x + r * stride, stride);
    for (int64_t r = whole - kRows; r >= 0; r -= kRows)
      tile<T, kRows, V, S>(n - r - kRows, t.at(r, r + kRows), x + (r + kRows) * stride, stride,
                           t.at(r, r), x + r * stride, stride);
  }
}

template <class T, int V>
void substitute_vectors(bool transposed, int64_t n, const T* lu, T* x) {
  if (!transposed) {
    const View<T> a{lu, n, 1};
    solve_triangle<T, V, Triangle::UnitLower>(n, a, x, kWidth<T>);
    solve_triangle<T, V, Triangle::Upper>(n, a, x, kWidth<T>);
  } else {
    const View<T> a{lu, 1, n};
    solve_triangle<T, V, Triangle::Lower>(n, a, x, kWidth<T>);
    solve_triangle<T, V, Triangle::UnitUpper>(n, a, x, kWidth<T>);
  }
}

template <class T>
void substitute(bool transposed, int n, int columns, const T* lu, T* x) {
  if (columns <= kLanes<T>) return substitute_vectors<T, 1>(transposed, n, lu, x);
  if (columns <= 2 * kLanes<T>) return substitute_vectors<T, 2>(transposed, n, lu, x);
  substitute_vectors<T, 3>(transposed, n, lu, x);
}

template <class T>
PULLBACK_INLINE T dot(int64_t n, const T* x, const T* y) {
  Vector<T> sums[2] = {};
  int64_t i = 0;
  for (; i + 2 * kLanes<T> <= n; i += 2 * kLanes<T>) {
    sums[0] += load(x + i) * load(y + i);
    sums[1] += load(x + i + kLanes<T>) * load(y + i + kLanes<T>);
  }
  sums[0] += sums[1];
  T sum = 0;
  for (int l = 0; l < kLanes<T>; ++l) sum += sums[0][l];
  for (; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

// y −= f x.
template <class T>
PULLBACK_INLINE void subtract(int64_t n, T f, const T* __restrict x, T* __restrict y) {
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) y[i] -= f * x[i];
}

template <class T>
void substitute_one(bool transposed, int n, const T* lu, T* x) {
  const int64_t stride = n;
  if (!transposed) {
    for (int64_t i = 0; i < n; ++i) x[i] -= dot(i, lu + i * stride, x);
    for (int64_t i = n - 1; i >= 0; --i) {
      const T* row = lu + i * stride;
      x[i] = (x[i] - dot(n - i - 1, row + i + 1, x + i + 1)) / row[i];
    }
  } else {
    for (int64_t i = 0; i < n; ++i) {
      const T* row = lu + i * stride;
      x[i] /= row[i];
      subtract(n - i - 1, x[i], row + i + 1, x + i + 1);
    }
    for (int64_t i = n - 1; i >= 0; --i) subtract(i, x[i], lu + i * stride, x);
  }
}

template <class T>
constexpr T kCounting[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
template <class T>
PULLBACK_INLINE Vector<T> indices(int64_t first) {
  return load(kCounting<T>) + T(first);
}

// The first of the largest absolute values of x[begin] to x[end − 1]; a NaN is largest only in
// front. Whole vectors are read.
template <class T>
PULLBACK_INLINE int64_t pivot_of(int64_t begin, int64_t end, const T* x) {
  constexpr int L = kLanes<T>;
  if (x[begin] != x[begin]) return begin;
  const int64_t first = begin / L * L;
  Vector<T> best = Vector<T>{} - 1, place = {}, index = indices<T>(first);
  for (int64_t i = first; i < end; i += L, index += T(L)) {
    const Vector<T> value = load(x + i), size = value < 0 ? -value : value;
    const auto larger = (size > best) & (index >= T(begin)) & (index < T(end));
    best = larger ? size : best;
    place = larger ? index : place;
  }
  T largest = best[0], where = place[0];
  for (int l = 1; l < L; ++l) {
    const bool better = best[l] > largest || (best[l] == largest && place[l] < where);
    largest = better ? best[l] : largest;
    where = better ? place[l] : where;
  }
  return static_cast<int64_t>(where);
}

template <class T>
PULLBACK_INLINE void swap(T& a, T& b) {
  const T kept = a;
  a = b;
  b = kept;
}

// Factors `columns` columns of m elements, which lie `stride` apart and are padded to whole
// vectors; pivots count from 0. Vectors are whole too: in the first, rows above stay as they are.
template <class T>
int factor_panel(int64_t m, int columns, T* panel, int64_t stride, int* pivots) {
  constexpr T smallest_normal = sizeof(T) == 4 ? T(0x1p-126) : T(0x1p-1022);
  constexpr int L = kLanes<T>;
  int info = 0;
  for (int j = 0; j < columns; ++j) {
    T* column = panel + j * stride;
    const int64_t pivot = pivot_of<T>(j, m, column);
    pivots[j] = static_cast<int>(pivot);
    if (pivot != j)
      for (int c = 0; c < columns; ++c) swap(panel[c * stride + j], panel[c * stride + pivot]);
    const T value = column[j];
    if (value == 0) {
      if (info == 0) info = j + 1;
      continue;
    }
    const int64_t first = j / L * L;
    const auto below = indices<T>(first) > T(j);
    const auto divide = [&](auto quotient) {
      const Vector<T> top = load(column + first);
      store<T>(column + first, below ? quotient(top) : top);
      for (int64_t i = first + L; i < m; i += L) store<T>(column + i, quotient(load(column + i)));
    };
    if (value >= smallest_normal || value <= -smallest_normal) {
      const T inverse = 1 / value;
      divide([=](Vector<T> v) { return v * inverse; });
    } else {  // whose inverse may overflow
      divide([=](Vector<T> v) { return v / value; });
    }
    for (int c = j + 1; c < columns; ++c) {
      T* other = panel + c * stride;
      const T factor = other[j];
      const Vector<T> top = load(other + first);
      store<T>(other + first, below ? top - factor * load(column + first) : top);
      for (int64_t i = first + L; i < m; i += L)
        store<T>(other + i, load(other + i) - factor * load(column + i));
    }
  }
  return info;
}

template <class T>
void swap_rows(T* __restrict a, T* __restrict b, int64_t n) {
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) {
    const T kept = a[i];
    a[i] = b[i];
    b[i] = kept;
  }
}

// Rows of U to the right of a factored panel at `corner`, then what is left to factor below them.
template <class T, int V>
void update_columns(int64_t rows_below, const T* corner, T* right, int64_t stride) {
  const View<T> l{corner, stride, 1};
  solve_triangle<T, V, Triangle::UnitLower>(kLuPanel, l, right, stride);
  int64_t i = kLuPanel;
  const int64_t end = kLuPanel + rows_below;
  for (; i + kRows <= end; i += kRows)
    tile<T, kRows, V, Triangle::None>(kLuPanel, l.at(i, 0), right, stride, l, right + i * stride,
                                      stride);
  for (; i < end; ++i)
    tile<T, 1, V, Triangle::None>(kLuPanel, l.at(i, 0), right, stride, l, right + i * stride,
                                  stride);
}

template <class T>
int factor(int n, T* a, int64_t stride, int* pivots, T* panel) {
  constexpr int64_t size = sizeof(T);
  const Transpose transpose = kernels().transpose(static_cast<ScalarType>(kCode<T>));
  const auto bytes = [](auto* pointer) { return reinterpret_cast<char*>(pointer); };
  int info = 0;
  for (int64_t k = 0; k < n; k += kLuPanel) {
    const int columns = static_cast<int>(n - k < kLuPanel ? n - k : kLuPanel);
    const int64_t m = n - k, after = k + columns;
    T* corner = a + k * stride + k;
    // Down a column is where pivots are looked for, so the panel is worked on as columns.
    transpose(m, columns, bytes(corner), stride * size, bytes(panel), stride * size);
    const int zero = factor_panel(m, columns, panel, stride, pivots + k);
    if (zero && info == 0) info = static_cast<int>(k) + zero;
    transpose(columns, m, bytes(panel), stride * size, bytes(corner), stride * size);
    for (int64_t j = k; j < after; ++j) {
      const int64_t other = k + pivots[j];
      pivots[j] = static_cast<int>(other) + 1;
      if (other == j) continue;
      swap_rows(a + j * stride, a + other * stride, k);
      swap_rows(a + j * stride + after, a + other * stride + after, n - after);
    }
    int64_t j = after;
    for (; j + kWidth<T> <= n; j += kWidth<T>)
      update_columns<T, 3>(n - after, corner, a + k * stride + j, stride);
    if (n - j > 2 * kLanes<T>)
      update_columns<T, 3>(n - after, corner, a + k * stride + j, stride);
    else if (n - j > kLanes<T>)
      update_columns<T, 2>(n - after, corner, a + k * stride + j, stride);
    else if (n > j)
      update_columns<T, 1>(n - after, corner, a + k * stride + j, stride);
  }
  return info;
}

}  // namespace

void fill_dense_lu(Kernels& table) {
  table.dense_lu = {{kWidth<float>, factor<float>, substitute<float>, substitute_one<float>},
                    {kWidth<double>, factor<double>, substitute<double>, substitute_one<double>}};
}

}  // namespace pullback::kernels::PULLBACK_TIER
