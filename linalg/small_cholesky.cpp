#include <cmath>
#include <cstddef>

#include <pullback/linalg/small_cholesky.h>

namespace pullback::linalg {

template <class T>
int small_cholesky(int n, T* a) {
  T column[kSmallCholesky];
  for (int k = 0; k < n; ++k) {
    T* diagonal = a + std::ptrdiff_t{k} * n + k;
    if (!(*diagonal > 0)) return k + 1;
    *diagonal = std::sqrt(*diagonal);
    T* row = diagonal + n;
    for (int i = k + 1; i < n; ++i, row += n) {
      column[i] = *row /= *diagonal;
      for (int j = k + 1; j <= i; ++j) row[j - k] -= column[i] * column[j];
    }
  }
  return 0;
}

template int small_cholesky(int, float*);
template int small_cholesky(int, double*);

}  // namespace pullback::linalg
