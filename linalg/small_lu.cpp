#include <cmath>
#include <cstddef>
#include <utility>

#include <pullback/linalg/small_lu.h>

namespace pullback::linalg {

template <class T>
int small_lu_factor(int n, T* a, int* pivots) {
  int info = 0;
  for (int k = 0; k < n; ++k) {
    T* column = a + k * n;
    int pivot = k;
    T largest = std::abs(column[k]);
    for (int i = k + 1; i < n; ++i) {
      const T size = std::abs(column[i]);
      if (size > largest) {
        largest = size;
        pivot = i;
      }
    }
    pivots[k] = pivot + 1;
    if (pivot != k)
      for (int j = 0; j < n; ++j) std::swap(a[k + j * n], a[pivot + j * n]);
    if (column[k] == 0) {
      if (info == 0) info = k + 1;
      continue;
    }
    // Division, not multiplication by 1 / pivot, which overflows for a denormal pivot.
    for (int i = k + 1; i < n; ++i) column[i] /= column[k];
    for (int j = k + 1; j < n; ++j) {
      T* other = a + j * n;
      const T factor = other[k];
      for (int i = k + 1; i < n; ++i) other[i] -= factor * column[i];
    }
  }
  return info;
}

template <class T>
void small_lu_solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b) {
  for (int c = 0; c < columns; ++c) {
    T* x = b + std::ptrdiff_t{c} * n;
    if (!transposed) {
      for (int k = 0; k < n; ++k)
        if (pivots[k] != k + 1) std::swap(x[k], x[pivots[k] - 1]);
      for (int j = 0; j < n; ++j)
        for (int i = j + 1; i < n; ++i) x[i] -= lu[i + j * n] * x[j];
      for (int j = n - 1; j >= 0; --j) {
        x[j] /= lu[j + j * n];
        for (int i = 0; i < j; ++i) x[i] -= lu[i + j * n] * x[j];
      }
    } else {
      for (int j = 0; j < n; ++j) {
        T sum = x[j];
        for (int i = 0; i < j; ++i) sum -= lu[i + j * n] * x[i];
        x[j] = sum / lu[j + j * n];
      }
      for (int j = n - 1; j >= 0; --j) {
        T sum = x[j];
        for (int i = j + 1; i < n; ++i) sum -= lu[i + j * n] * x[i];
        x[j] = sum;
      }
      for (int k = n - 1; k >= 0; --k)
        if (pivots[k] != k + 1) std::swap(x[k], x[pivots[k] - 1]);
    }
  }
}

namespace {

/// W numbers next to each other, in the vectors that every x86-64 has: wider ones live in memory.
template <int W, class T>
struct Columns {
  static constexpr int kBytes = W * sizeof(T), kVector = kBytes < 16 ? sizeof(T) : 16;
  typedef T Vector __attribute__((vector_size(kVector), aligned(sizeof(T)), may_alias));
  static_assert(kBytes % kVector == 0);
  Vector parts[kBytes / kVector];

  void subtract(T factor, const Columns& other) {
    int i = 0;
    for (Vector& part : parts) part -= factor * other.parts[i++];
  }
  void divide(T divisor) {
    for (Vector& part : parts) part /= divisor;
  }
};

/// W columns of a row-major B, whose rows are `row` apart.
template <int W, class T>
void solve_some(bool transposed, int n, const T* lu, const int* pivots, T* b, std::ptrdiff_t row) {
  using Row = Columns<W, T>;
  const auto row_of_b = [&](int i) -> Row& { return *reinterpret_cast<Row*>(b + i * row); };
  Row x[kSmallLu];
  for (int i = 0; i < n; ++i) x[i] = row_of_b(i);
  const auto exchange = [&](int k) {
    if (pivots[k] != k + 1) std::swap(x[k], x[pivots[k] - 1]);
  };
  if (!transposed) {
    for (int k = 0; k < n; ++k) exchange(k);
    for (int i = 1; i < n; ++i) {
      Row sum = x[i];
      for (int j = 0; j < i; ++j) sum.subtract(lu[i + j * n], x[j]);
      x[i] = sum;
    }
    for (int i = n - 1; i >= 0; --i) {
      Row sum = x[i];
      for (int j = n - 1; j > i; --j) sum.subtract(lu[i + j * n], x[j]);
      sum.divide(lu[i + i * n]);
      x[i] = sum;
    }
  } else {
    for (int j = 0; j < n; ++j) {
      Row sum = x[j];
      for (int i = 0; i < j; ++i) sum.subtract(lu[i + j * n], x[i]);
      sum.divide(lu[j + j * n]);
      x[j] = sum;
    }
    for (int j = n - 1; j >= 0; --j) {
      Row sum = x[j];
      for (int i = j + 1; i < n; ++i) sum.subtract(lu[i + j * n], x[i]);
      x[j] = sum;
    }
    for (int k = n - 1; k >= 0; --k) exchange(k);
  }
  for (int i = 0; i < n; ++i) row_of_b(i) = x[i];
}

}  // namespace

template <class T>
void small_lu_solve_rows(bool transposed, int n, int columns, const T* lu, const int* pivots,
                         T* b) {
  int c = 0;
  for (; c + 8 <= columns; c += 8) solve_some<8>(transposed, n, lu, pivots, b + c, columns);
  for (; c + 4 <= columns; c += 4) solve_some<4>(transposed, n, lu, pivots, b + c, columns);
  for (; c < columns; ++c) solve_some<1>(transposed, n, lu, pivots, b + c, columns);
}

template int small_lu_factor(int, float*, int*);
template int small_lu_factor(int, double*, int*);
template void small_lu_solve(bool, int, int, const float*, const int*, float*);
template void small_lu_solve(bool, int, int, const double*, const int*, double*);
template void small_lu_solve_rows(bool, int, int, const float*, const int*, float*);
template void small_lu_solve_rows(bool, int, int, const double*, const int*, double*);

}  // namespace pullback::linalg
