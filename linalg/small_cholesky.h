#pragma once

namespace pullback::linalg {

/// Up to this size plain loops beat a call of LAPACK.
inline constexpr int kSmallCholesky = 32;

/// `lapack::cholesky` in plain loops: L of a row-major matrix in place of its lower triangle; k > 0
/// when the leading minor of order k is not positive.
template <class T>
int small_cholesky(int n, T* a);

}  // namespace pullback::linalg
