#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>

#include <lapacke.h>

#include <pullback/core/kernels/openblas.h>
#include <pullback/linalg/lapack.h>

namespace pullback::lapack {
namespace {

// The `_work` entry points neither scan for NaN nor transpose.
template <class T>
struct Routines;

template <>
struct Routines<float> {
  static constexpr auto getrf = LAPACKE_sgetrf_work;
  static constexpr auto getrs = LAPACKE_sgetrs_work;
  static constexpr auto potrf = LAPACKE_spotrf_work;
  static constexpr auto potrs = LAPACKE_spotrs_work;
  static constexpr auto trtrs = LAPACKE_strtrs_work;
  static constexpr auto syevd = LAPACKE_ssyevd_work;
  static constexpr auto gesdd = LAPACKE_sgesdd_work;
  static constexpr auto gelsy = LAPACKE_sgelsy_work;
};

template <>
struct Routines<double> {
  static constexpr auto getrf = LAPACKE_dgetrf_work;
  static constexpr auto getrs = LAPACKE_dgetrs_work;
  static constexpr auto potrf = LAPACKE_dpotrf_work;
  static constexpr auto potrs = LAPACKE_dpotrs_work;
  static constexpr auto trtrs = LAPACKE_dtrtrs_work;
  static constexpr auto syevd = LAPACKE_dsyevd_work;
  static constexpr auto gesdd = LAPACKE_dgesdd_work;
  static constexpr auto gelsy = LAPACKE_dgelsy_work;
};

// Uninitialised, unlike std::vector.
template <class T>
class Workspace {
 public:
  explicit Workspace(std::int64_t count) : data_(new T[std::max<std::int64_t>(count, 1)]) {}
  T* data() { return data_.get(); }

 private:
  std::unique_ptr<T[]> data_;
};

// LAPACK answers a workspace query in the element type. Above 2²⁴ a float has been rounded to
// nearest, so take the next.
template <class T>
int workspace_size(T answer) {
  if constexpr (std::is_same_v<T, float>) answer = std::nextafter(answer, answer * 2);
  return std::max(1, static_cast<int>(answer));
}

template <class T>
bool all_finite(const T* a, std::int64_t count) {
  // x − x is 0 for finite x and NaN otherwise; summed in blocks so that a large matrix leaves
  // early.
  for (std::int64_t begin = 0; begin < count; begin += 4096) {
    const std::int64_t end = std::min(count, begin + 4096);
    T sum = 0;
    for (std::int64_t i = begin; i < end; ++i) sum += a[i] - a[i];
    if (sum != 0) return false;
  }
  return true;
}

// Substitution without a test for a zero diagonal, which trtrs makes and then refuses to solve.
template <class T>
void substitute(Triangle shape, int n, int columns, const T* t, T* b) {
  const bool forward = shape.upper == shape.transposed;
  const auto at = [&](int i, int j) {
    return shape.transposed ? t[j + std::int64_t{i} * n] : t[i + std::int64_t{j} * n];
  };
  for (int c = 0; c < columns; ++c) {
    T* x = b + std::int64_t{c} * n;
    for (int step = 0; step < n; ++step) {
      const int i = forward ? step : n - 1 - step;
      T sum = x[i];
      for (int j = forward ? 0 : i + 1; j < (forward ? i : n); ++j) sum -= at(i, j) * x[j];
      x[i] = shape.unit_diagonal ? sum : sum / at(i, i);
    }
  }
}

}  // namespace

template <class T>
int lu_factor(int m, int n, T* a, int* pivots) {
  if (m == 0 || n == 0) return 0;
  kernels::OpenBlasTurn turn;
  return Routines<T>::getrf(LAPACK_COL_MAJOR, m, n, a, m, pivots);
}

template <class T>
int lu_solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b) {
  if (n == 0 || columns == 0) return 0;
  kernels::OpenBlasTurn turn;
  return Routines<T>::getrs(LAPACK_COL_MAJOR, transposed ? 'T' : 'N', n, columns, lu, n, pivots, b,
                            n);
}

template <class T>
int cholesky(bool upper, int n, T* a) {
  if (n == 0) return 0;
  kernels::OpenBlasTurn turn;
  return Routines<T>::potrf(LAPACK_COL_MAJOR, upper ? 'U' : 'L', n, a, n);
}

template <class T>
int cholesky_solve(bool upper, int n, int columns, const T* factor, T* b) {
  if (n == 0 || columns == 0) return 0;
  kernels::OpenBlasTurn turn;
  return Routines<T>::potrs(LAPACK_COL_MAJOR, upper ? 'U' : 'L', n, columns, factor, n, b, n);
}

template <class T>
void triangular_solve(Triangle shape, int n, int columns, const T* t, T* b) {
  if (n == 0 || columns == 0) return;
  constexpr int kPlainIsFaster = 16;
  if (n > kPlainIsFaster) {
    kernels::OpenBlasTurn turn;
    if (Routines<T>::trtrs(LAPACK_COL_MAJOR, shape.upper ? 'U' : 'L', shape.transposed ? 'T' : 'N',
                           shape.unit_diagonal ? 'U' : 'N', n, columns, t, n, b, n) == 0)
      return;
  }
  substitute(shape, n, columns, t, b);
}

template <class T>
int eigh(bool vectors, bool upper, int n, T* a, T* eigenvalues) {
  if (n == 0) return 0;
  for (int j = 0; j < n; ++j) {
    const T* column = a + std::int64_t{j} * n;
    if (!(upper ? all_finite(column, j + 1) : all_finite(column + j, n - j))) return kNotFinite;
  }
  kernels::OpenBlasTurn turn;
  const char job = vectors ? 'V' : 'N', triangle = upper ? 'U' : 'L';
  T answer{};
  int int_answer = 0;
  if (const int info = Routines<T>::syevd(LAPACK_COL_MAJOR, job, triangle, n, a, n, eigenvalues,
                                          &answer, -1, &int_answer, -1))
    return info;
  const int size = workspace_size(answer);
  Workspace<T> work(size);
  Workspace<int> int_work(int_answer);
  return Routines<T>::syevd(LAPACK_COL_MAJOR, job, triangle, n, a, n, eigenvalues, work.data(),
                            size, int_work.data(), std::max(1, int_answer));
}

template <class T>
int svd(SvdVectors vectors, int m, int n, T* a, T* s, T* u, T* vt) {
  if (m == 0 || n == 0) return 0;
  if (!all_finite(a, std::int64_t{m} * n)) return kNotFinite;
  kernels::OpenBlasTurn turn;
  const int k = std::min(m, n);
  const char job = vectors == SvdVectors::None ? 'N' : vectors == SvdVectors::Full ? 'A' : 'S';
  const int vt_rows = vectors == SvdVectors::None ? 1 : vectors == SvdVectors::Full ? n : k;
  const int u_rows = vectors == SvdVectors::None ? 1 : m;
  T unused{};
  if (vectors == SvdVectors::None) u = vt = &unused;
  Workspace<int> int_work(8 * std::int64_t{k});
  T answer{};
  if (const int info = Routines<T>::gesdd(LAPACK_COL_MAJOR, job, m, n, a, m, s, u, u_rows, vt,
                                          vt_rows, &answer, -1, int_work.data()))
    return info;
  const int size = workspace_size(answer);
  Workspace<T> work(size);
  return Routines<T>::gesdd(LAPACK_COL_MAJOR, job, m, n, a, m, s, u, u_rows, vt, vt_rows,
                            work.data(), size, int_work.data());
}

template <class T>
int least_squares(int m, int n, int columns, T* a, T* b, T rcond, int* rank) {
  *rank = 0;
  const int b_rows = std::max(m, n);
  if (m == 0 || n == 0 || columns == 0) {
    std::fill(b, b + std::int64_t{b_rows} * columns, T{});
    return 0;
  }
  if (!all_finite(a, std::int64_t{m} * n)) return kNotFinite;
  kernels::OpenBlasTurn turn;
  Workspace<int> column_pivots(n);
  std::fill(column_pivots.data(), column_pivots.data() + n, 0);
  T answer{};
  if (const int info = Routines<T>::gelsy(LAPACK_COL_MAJOR, m, n, columns, a, m, b, b_rows,
                                          column_pivots.data(), rcond, rank, &answer, -1))
    return info;
  const int size = workspace_size(answer);
  Workspace<T> work(size);
  return Routines<T>::gelsy(LAPACK_COL_MAJOR, m, n, columns, a, m, b, b_rows, column_pivots.data(),
                            rcond, rank, work.data(), size);
}

#define PULLBACK_LAPACK(T)                                          \
  template int lu_factor(int, int, T*, int*);                       \
  template int lu_solve(bool, int, int, const T*, const int*, T*);  \
  template int cholesky(bool, int, T*);                             \
  template int cholesky_solve(bool, int, int, const T*, T*);        \
  template void triangular_solve(Triangle, int, int, const T*, T*); \
  template int eigh(bool, bool, int, T*, T*);                       \
  template int svd(SvdVectors, int, int, T*, T*, T*, T*);           \
  template int least_squares(int, int, int, T*, T*, T, int*);
PULLBACK_LAPACK(float)
PULLBACK_LAPACK(double)
#undef PULLBACK_LAPACK

}  // namespace pullback::lapack
