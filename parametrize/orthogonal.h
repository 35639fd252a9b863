#pragma once

#include <pullback/parametrize/parametrize.h>

namespace pullback::parametrize {

/// How a free matrix X becomes an orthogonal one; A = L − Lᵀ with L the lower triangle of X.
enum class OrthogonalMap {
  MatrixExp,  ///< exp(A)
  Cayley,     ///< (I − A/2)⁻¹ (I + A/2)
  Householder,  ///< H₁ H₂ …, reflections along the columns of L, times the signs of X's diagonal
};

/// Matrices with orthonormal columns, or rows if they are wide: QᵀQ = I or QQᵀ = I, over the last
/// two dimensions. With trivialization (Lezcano-Casado 2019) the value is B·map(X), where the
/// buffer `base`, B, is what was assigned last.
class OrthogonalImpl : public nn::Module {
 public:
  OrthogonalImpl(const Tensor& weight, OrthogonalMap map, bool use_trivialization = true);
  Tensor forward(const Tensor& x);
  /// An X of value Q, or of the nearest orthogonal factor of Q's QR decomposition. Throws
  /// ValueError for other sizes than the weight's, NotImplementedError for the exponential and the
  /// Cayley map without trivialization.
  Tensor right_inverse(const Tensor& q);

  nn::Attribute base;

 private:
  std::vector<std::int64_t> sizes_;
  OrthogonalMap map_;
  bool trivialize_;
};
PULLBACK_MODULE(Orthogonal);

/// Keeps a matrix, or a batch of them, orthogonal. `orthogonal_map` is "matrix_exp", "cayley" or
/// "householder"; without one, the exponential if the matrix is square, else Householder's
/// reflections. The value stays if it is orthogonal already. Throws ValueError.
nn::Module& orthogonal(nn::Module& module, const std::string& name = "weight",
                       const std::optional<std::string>& orthogonal_map = {},
                       bool use_trivialization = true);
template <PointsToModule P>
const P& orthogonal(const P& module, const std::string& name = "weight",
                    const std::optional<std::string>& orthogonal_map = {},
                    bool use_trivialization = true) {
  orthogonal(detail::module_of("orthogonal", module), name, orthogonal_map, use_trivialization);
  return module;
}

}  // namespace pullback::parametrize
