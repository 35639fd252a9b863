#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

#include <pullback/core/tensor.h>

/// Decompositions, equations and functions of matrices, named as in Python's `torch.linalg`.
/// Matrices are the last two dimensions, everything before them is a batch. float32 and float64
/// only. All are differentiable any number of times where the mathematics is; docs/derivatives.md
/// derives each formula. A matrix of the wrong shape or type throws RuntimeError; a factorisation
/// that fails throws LinAlgError and says which matrix of the batch.
namespace pullback::linalg {

/// X with A X = B, or X A = B if `left` is false. B is [*, n, k], or a vector [*, n]. Throws
/// LinAlgError if A is singular.
Tensor solve(const Tensor& a, const Tensor& b, bool left = true);
/// A⁻¹. Throws LinAlgError if A is singular.
Tensor inv(const Tensor& a);
/// det A, of shape [*]; 0 for a singular matrix, with the right gradient.
Tensor det(const Tensor& a);
/// Sign of det A, and log |det A|; 0 and −inf for a singular matrix.
std::tuple<Tensor, Tensor> slogdet(const Tensor& a);

/// X with A X = B (X A = B if `left` is false) for triangular A, of which one triangle is read; the
/// diagonal counts as ones if `unitriangular`. A zero on the diagonal gives infinities.
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left = true,
                        bool unitriangular = false);

/// L lower triangular with A = L Lᵀ (U with A = UᵀU if `upper`) for symmetric positive-definite A,
/// of which one triangle is read. Throws LinAlgError if A is not positive definite.
Tensor cholesky(const Tensor& a, bool upper = false);

/// Q with orthonormal columns and R upper triangular, A = Q R. `mode`: "reduced" (Q is m×min(m,
/// n)), "complete" (Q is m×m) or "r" (Q is empty).
std::tuple<Tensor, Tensor> qr(const Tensor& a, std::string_view mode = "reduced");
/// The first n columns of H₁ H₂ … H_k with Hᵢ = I − τᵢ vᵢ vᵢᵀ, where vᵢ is column i of the m×n A
/// below its diagonal, with a one on it.
Tensor householder_product(const Tensor& a, const Tensor& tau);
/// R on and above the diagonal, the reflections of Q = H₁ H₂ … below it, and their factors τ: what
/// householder_product takes. Not differentiable.
std::tuple<Tensor, Tensor> geqrf(const Tensor& a);

/// Eigenvalues (ascending) and orthonormal eigenvectors (columns) of symmetric A, of which the
/// triangle `uplo` ("L" or "U") is read. Throws LinAlgError for NaN. Gradients at equal eigenvalues
/// are infinite or NaN.
std::tuple<Tensor, Tensor> eigh(const Tensor& a, std::string_view uplo = "L");
/// The eigenvalues of `eigh`.
Tensor eigvalsh(const Tensor& a, std::string_view uplo = "L");

/// U, S (descending) and Vᵀ with A = U diag(S) Vᵀ; U and Vᵀ square if `full_matrices`. Throws
/// LinAlgError for NaN.
std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& a, bool full_matrices = true);
/// The singular values of `svd`.
Tensor svdvals(const Tensor& a);
/// Moore–Penrose inverse: singular values up to max(atol, rtol · largest) count as zero; rtol
/// defaults to max(m, n) eps (to 0 if atol > 0). `hermitian` takes A as symmetric.
Tensor pinv(const Tensor& a, std::optional<double> atol = {}, std::optional<double> rtol = {},
            bool hermitian = false);
/// Number of singular values above max(atol, rtol · largest), int64; defaults as for `pinv`.
Tensor matrix_rank(const Tensor& a, std::optional<double> atol = {},
                   std::optional<double> rtol = {}, bool hermitian = false);
/// The X of least ‖A X − B‖ (and of least norm among these), the squared residuals of its columns
/// (empty unless m > n and all ranks are n), and the ranks; values below rcond · largest count as
/// zero, by default max(m, n) eps. The fourth output is empty, as LAPACK's gelsy knows no singular
/// values.
std::tuple<Tensor, Tensor, Tensor, Tensor> lstsq(const Tensor& a, const Tensor& b,
                                                 std::optional<double> rcond = {});

/// P, L (unit lower) and U (upper) with A = P L U, for m×n A.
std::tuple<Tensor, Tensor, Tensor> lu(const Tensor& a);
/// L and U in one matrix, and LAPACK's 1-based int32 pivots. Throws LinAlgError if U has a zero on
/// its diagonal.
std::tuple<Tensor, Tensor> lu_factor(const Tensor& a);
/// X with A X = B (X A = B if `left` is false; Aᵀ in place of A if `adjoint`) from `lu_factor`'s
/// result.
Tensor lu_solve(const Tensor& packed, const Tensor& pivots, const Tensor& b, bool left = true,
                bool adjoint = false);

/// e^A = I + A + A²/2 + …
Tensor matrix_exp(const Tensor& a);
/// Aⁿ; the inverse's power for negative n.
Tensor matrix_power(const Tensor& a, std::int64_t n);
/// The product of two or more matrices in the cheapest order; the first and last may be vectors.
Tensor multi_dot(TensorList tensors);

/// a × b along a dimension of size 3; the others broadcast.
Tensor cross(const Tensor& a, const Tensor& b, std::int64_t dim = -1);

/// (Σ |x|^ord)^(1/ord) over `dim` (over all if empty): any real ord, ±inf for the largest and
/// smallest magnitude, 0 for the number of nonzeros.
Tensor vector_norm(const Tensor& x, const Scalar& ord = 2, IntArrayRef dim = {},
                   bool keepdim = false, std::optional<ScalarType> dtype = {});
/// Norm of the matrices in two dimensions: "fro", "nuc" (sum of singular values).
Tensor matrix_norm(const Tensor& a, std::string_view ord = "fro", IntArrayRef dim = {-2, -1},
                   bool keepdim = false, std::optional<ScalarType> dtype = {});
/// ord 1, −1 (columns' absolute sums, largest and smallest), inf, −inf (rows'), 2, −2 (singular
/// values).
Tensor matrix_norm(const Tensor& a, const Scalar& ord, IntArrayRef dim = {-2, -1},
                   bool keepdim = false, std::optional<ScalarType> dtype = {});
/// Vector norm of all elements without `ord`; otherwise that of a vector or of a matrix, as x or
/// `dim` has one or two dimensions.
Tensor norm(const Tensor& x, std::optional<Scalar> ord = {}, IntArrayRef dim = {},
            bool keepdim = false, std::optional<ScalarType> dtype = {});
Tensor norm(const Tensor& x, std::string_view ord, IntArrayRef dim = {}, bool keepdim = false,
            std::optional<ScalarType> dtype = {});
/// Condition number ‖A‖ ‖A⁻¹‖ in the norm p (2 by default, then for any m×n A); inf for a singular
/// matrix.
Tensor cond(const Tensor& a, std::optional<Scalar> p = {});
Tensor cond(const Tensor& a, std::string_view p);

}  // namespace pullback::linalg

namespace pullback {

/// X with L Lᵀ X = B (UᵀU X = B if `upper`) from `linalg::cholesky`'s factor.
Tensor cholesky_solve(const Tensor& b, const Tensor& factor, bool upper = false);
/// log det A; NaN where the determinant is negative.
Tensor logdet(const Tensor& a);

/// `linalg::cross` along the first dimension of size 3 unless `dim` is given.
Tensor cross(const Tensor& a, const Tensor& b, std::optional<std::int64_t> dim = {});

Tensor det(const Tensor& a);
std::tuple<Tensor, Tensor> slogdet(const Tensor& a);
Tensor inverse(const Tensor& a);
Tensor matrix_exp(const Tensor& a);
Tensor matrix_power(const Tensor& a, std::int64_t n);
Tensor pinverse(const Tensor& a, double rcond = 1e-15);

// libtorch's spellings.
Tensor linalg_solve(const Tensor& a, const Tensor& b, bool left = true);
Tensor linalg_inv(const Tensor& a);
Tensor linalg_det(const Tensor& a);
std::tuple<Tensor, Tensor> linalg_slogdet(const Tensor& a);
Tensor linalg_solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left = true,
                               bool unitriangular = false);
Tensor linalg_cholesky(const Tensor& a, bool upper = false);
std::tuple<Tensor, Tensor> linalg_qr(const Tensor& a, std::string_view mode = "reduced");
std::tuple<Tensor, Tensor> geqrf(const Tensor& a);
Tensor linalg_householder_product(const Tensor& a, const Tensor& tau);
std::tuple<Tensor, Tensor> linalg_eigh(const Tensor& a, std::string_view uplo = "L");
Tensor linalg_eigvalsh(const Tensor& a, std::string_view uplo = "L");
std::tuple<Tensor, Tensor, Tensor> linalg_svd(const Tensor& a, bool full_matrices = true);
Tensor linalg_svdvals(const Tensor& a);
Tensor linalg_pinv(const Tensor& a, std::optional<double> atol = {},
                   std::optional<double> rtol = {}, bool hermitian = false);
Tensor linalg_matrix_rank(const Tensor& a, std::optional<double> atol = {},
                          std::optional<double> rtol = {}, bool hermitian = false);
std::tuple<Tensor, Tensor, Tensor, Tensor> linalg_lstsq(const Tensor& a, const Tensor& b,
                                                        std::optional<double> rcond = {});
std::tuple<Tensor, Tensor, Tensor> linalg_lu(const Tensor& a);
std::tuple<Tensor, Tensor> linalg_lu_factor(const Tensor& a);
Tensor linalg_lu_solve(const Tensor& packed, const Tensor& pivots, const Tensor& b,
                       bool left = true, bool adjoint = false);
Tensor linalg_matrix_exp(const Tensor& a);
Tensor linalg_matrix_power(const Tensor& a, std::int64_t n);
Tensor linalg_multi_dot(TensorList tensors);
Tensor linalg_cross(const Tensor& a, const Tensor& b, std::int64_t dim = -1);
Tensor linalg_vector_norm(const Tensor& x, const Scalar& ord = 2, IntArrayRef dim = {},
                          bool keepdim = false, std::optional<ScalarType> dtype = {});
Tensor linalg_matrix_norm(const Tensor& a, std::string_view ord = "fro", IntArrayRef dim = {-2, -1},
                          bool keepdim = false, std::optional<ScalarType> dtype = {});
Tensor linalg_matrix_norm(const Tensor& a, const Scalar& ord, IntArrayRef dim = {-2, -1},
                          bool keepdim = false, std::optional<ScalarType> dtype = {});
Tensor linalg_norm(const Tensor& x, std::optional<Scalar> ord = {}, IntArrayRef dim = {},
                   bool keepdim = false, std::optional<ScalarType> dtype = {});
Tensor linalg_norm(const Tensor& x, std::string_view ord, IntArrayRef dim = {},
                   bool keepdim = false, std::optional<ScalarType> dtype = {});
Tensor linalg_cond(const Tensor& a, std::optional<Scalar> p = {});
Tensor linalg_cond(const Tensor& a, std::string_view p);

}  // namespace pullback
