#include <pullback/linalg/linalg.h>

// Each function of `linalg` under the name that libtorch has for it.
namespace pullback {

Tensor linalg_solve(const Tensor& a, const Tensor& b, bool left) {
  return linalg::solve(a, b, left);
}
Tensor linalg_inv(const Tensor& a) {
  return linalg::inv(a);
}
Tensor linalg_det(const Tensor& a) {
  return linalg::det(a);
}
std::tuple<Tensor, Tensor> linalg_slogdet(const Tensor& a) {
  return linalg::slogdet(a);
}
Tensor linalg_solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left,
                               bool unitriangular) {
  return linalg::solve_triangular(a, b, upper, left, unitriangular);
}
Tensor linalg_cholesky(const Tensor& a, bool upper) {
  return linalg::cholesky(a, upper);
}
std::tuple<Tensor, Tensor> linalg_qr(const Tensor& a, std::string_view mode) {
  return linalg::qr(a, mode);
}
std::tuple<Tensor, Tensor> geqrf(const Tensor& a) {
  return linalg::geqrf(a);
}
Tensor linalg_householder_product(const Tensor& a, const Tensor& tau) {
  return linalg::householder_product(a, tau);
}
std::tuple<Tensor, Tensor> linalg_eigh(const Tensor& a, std::string_view uplo) {
  return linalg::eigh(a, uplo);
}
Tensor linalg_eigvalsh(const Tensor& a, std::string_view uplo) {
  return linalg::eigvalsh(a, uplo);
}
std::tuple<Tensor, Tensor, Tensor> linalg_svd(const Tensor& a, bool full_matrices) {
  return linalg::svd(a, full_matrices);
}
Tensor linalg_svdvals(const Tensor& a) {
  return linalg::svdvals(a);
}
Tensor linalg_pinv(const Tensor& a, std::optional<double> atol, std::optional<double> rtol,
                   bool hermitian) {
  return linalg::pinv(a, atol, rtol, hermitian);
}
Tensor linalg_matrix_rank(const Tensor& a, std::optional<double> atol, std::optional<double> rtol,
                          bool hermitian) {
  return linalg::matrix_rank(a, atol, rtol, hermitian);
}
std::tuple<Tensor, Tensor, Tensor, Tensor> linalg_lstsq(const Tensor& a, const Tensor& b,
                                                        std::optional<double> rcond) {
  return linalg::lstsq(a, b, rcond);
}
std::tuple<Tensor, Tensor, Tensor> linalg_lu(const Tensor& a) {
  return linalg::lu(a);
}
std::tuple<Tensor, Tensor> linalg_lu_factor(const Tensor& a) {
  return linalg::lu_factor(a);
}
Tensor linalg_lu_solve(const Tensor& packed, const Tensor& pivots, const Tensor& b, bool left,
                       bool adjoint) {
  return linalg::lu_solve(packed, pivots, b, left, adjoint);
}
Tensor linalg_matrix_exp(const Tensor& a) {
  return linalg::matrix_exp(a);
}
Tensor linalg_matrix_power(const Tensor& a, std::int64_t n) {
  return linalg::matrix_power(a, n);
}
Tensor linalg_multi_dot(TensorList tensors) {
  return linalg::multi_dot(tensors);
}
Tensor linalg_cross(const Tensor& a, const Tensor& b, std::int64_t dim) {
  return linalg::cross(a, b, dim);
}
Tensor linalg_vector_norm(const Tensor& x, const Scalar& ord, IntArrayRef dim, bool keepdim,
                          std::optional<ScalarType> dtype) {
  return linalg::vector_norm(x, ord, dim, keepdim, dtype);
}
Tensor linalg_matrix_norm(const Tensor& a, std::string_view ord, IntArrayRef dim, bool keepdim,
                          std::optional<ScalarType> dtype) {
  return linalg::matrix_norm(a, ord, dim, keepdim, dtype);
}
Tensor linalg_matrix_norm(const Tensor& a, const Scalar& ord, IntArrayRef dim, bool keepdim,
                          std::optional<ScalarType> dtype) {
  return linalg::matrix_norm(a, ord, dim, keepdim, dtype);
}
Tensor linalg_norm(const Tensor& x, std::optional<Scalar> ord, IntArrayRef dim, bool keepdim,
                   std::optional<ScalarType> dtype) {
  return linalg::norm(x, ord, dim, keepdim, dtype);
}
Tensor linalg_norm(const Tensor& x, std::string_view ord, IntArrayRef dim, bool keepdim,
                   std::optional<ScalarType> dtype) {
  return linalg::norm(x, ord, dim, keepdim, dtype);
}
Tensor linalg_cond(const Tensor& a, std::optional<Scalar> p) {
  return linalg::cond(a, p);
}
Tensor linalg_cond(const Tensor& a, std::string_view p) {
  return linalg::cond(a, p);
}

}  // namespace pullback
