#pragma once

namespace pullback::lapack {

// Factorisations of one matrix on raw pointers, for float and double. Every matrix here is
// **column-major** and dense (leading dimension = number of rows). The memory of a row-major matrix
// A, read this way, is Aᵀ: callers factor that instead of copying. Each function returns LAPACK's
// `info` unless it says otherwise: 0 is success. All may be called from several threads at once;
// none starts a thread.

/// What `eigh` and `svd` return for a matrix with a NaN or an infinity, on which LAPACK may never
/// return.
inline constexpr int kNotFinite = -1000;

/// A = P L U with partial pivoting, in place, for m×n A: L is unit lower, row i was exchanged with
/// row pivots[i] − 1. Returns k > 0 when U(k, k) is the first exact zero on the diagonal. (getrf)
template <class T>
int lu_factor(int m, int n, T* a, int* pivots);

/// Solves A X = B, or Aᵀ X = B if `transposed`, in place of the n×columns B, from `lu_factor`'s
/// result. (getrs)
template <class T>
int lu_solve(bool transposed, int n, int columns, const T* lu, const int* pivots, T* b);

/// A = L Lᵀ, or A = Uᵀ U if `upper`, in place; the other triangle is neither read nor written.
/// Returns k > 0 when the leading minor of order k is not positive. (potrf)
template <class T>
int cholesky(bool upper, int n, T* a);

/// Solves A X = B in place of the n×columns B from `cholesky`'s factor. (potrs)
template <class T>
int cholesky_solve(bool upper, int n, int columns, const T* factor, T* b);

/// Which system a triangular matrix T stands for.
struct Triangle {
  bool upper;          ///< the upper triangle is read, else the lower
  bool transposed;     ///< solve with Tᵀ
  bool unit_diagonal;  ///< the diagonal is taken as ones and not read
};

/// Solves T X = B in place of the n×columns B. A zero on the diagonal divides, as in exact
/// substitution, so it gives infinities or NaN instead of an error. (trtrs)
template <class T>
void triangular_solve(Triangle shape, int n, int columns, const T* t, T* b);

/// Eigenvalues of a symmetric matrix in ascending order and, if `vectors`, orthonormal eigenvectors
/// in place of `a`. One triangle is read. Returns kNotFinite if that triangle has a NaN or an
/// infinity, k > 0 if it did not converge. (syevd)
template <class T>
int eigh(bool vectors, bool upper, int n, T* a, T* eigenvalues);

/// How much of the orthogonal factors `svd` computes.
enum class SvdVectors { None, Reduced, Full };

/// A = U diag(s) Vᵀ for m×n A (destroyed) with k = min(m, n) values in descending order. `u` is m×k
/// or m×m, `vt` is k×n or n×n; both are ignored for None. Returns kNotFinite for a NaN or an
/// infinity, k > 0 if it did not converge. (gesdd)
template <class T>
int svd(SvdVectors vectors, int m, int n, T* a, T* s, T* u, T* vt);

/// The minimum-norm solution of min ‖A X − B‖ by complete orthogonal factorisation, in place of the
/// first n rows of the max(m, n)×columns B; A is destroyed. Singular values below `rcond` times the
/// largest count as zero. (gelsy)
template <class T>
int least_squares(int m, int n, int columns, T* a, T* b, T rcond, int* rank);

}  // namespace pullback::lapack
