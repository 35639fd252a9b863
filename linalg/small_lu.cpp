#include <cmath>
#include <cstddef>
#include <utility>

#include <pullback/linalg/small_lu.h>

namespace pullback {

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

template int small_lu_factor(int, float*, int*);
template int small_lu_factor(int, double*, int*);
template void small_lu_solve(bool, int, int, const float*, const int*, float*);
template void small_lu_solve(bool, int, int, const double*, const int*, double*);

}  // namespace pullback
