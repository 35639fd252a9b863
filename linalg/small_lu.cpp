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

/// W columns of a row-major B, whose rows are `row` apart.
template <int W, class T>
void solve_some(bool transposed, int n, const T* lu, const int* pivots, T* b, std::ptrdiff_t row) {
  const auto subtract = [](T* from, T factor, const T* x) {
    for (int c = 0; c < W; ++c) from[c] -= factor * x[c];
  };
  const auto divide = [](T* x, T divisor) {
    for (int c = 0; c < W; ++c) x[c] /= divisor;
  };
  T x[kSmallLu][W];
  for (int i = 0; i < n; ++i)
    for (int c = 0; c < W; ++c) x[i][c] = b[i * row + c];
  const auto exchange = [&](int k) {
    if (pivots[k] != k + 1)
      for (int c = 0; c < W; ++c) std::swap(x[k][c], x[pivots[k] - 1][c]);
  };
  if (!transposed) {
    for (int k = 0; k < n; ++k) exchange(k);
    for (int i = 1; i < n; ++i)
      for (int j = 0; j < i; ++j) subtract(x[i], lu[i + j * n], x[j]);
    for (int i = n - 1; i >= 0; --i) {
      for (int j = n - 1; j > i; --j) subtract(x[i], lu[i + j * n], x[j]);
      divide(x[i], lu[i + i * n]);
    }
  } else {
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < j; ++i) subtract(x[j], lu[i + j * n], x[i]);
      divide(x[j], lu[j + j * n]);
    }
    for (int j = n - 1; j >= 0; --j)
      for (int i = j + 1; i < n; ++i) subtract(x[j], lu[i + j * n], x[i]);
    for (int k = n - 1; k >= 0; --k) exchange(k);
  }
  for (int i = 0; i < n; ++i)
    for (int c = 0; c < W; ++c) b[i * row + c] = x[i][c];
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
