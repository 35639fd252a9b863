#include <pullback/parametrize/orthogonal.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>
#include <pullback/parametrize/constrain.h>

namespace pullback::parametrize {

namespace {

/// 1 or −1 by the sign of each element, 1 at 0.
Tensor signs(const Tensor& x) {
  return where(x < 0, full({}, -1, x.scalar_type()), full({}, 1, x.scalar_type()));
}

Tensor diagonal_of(const Tensor& x) {
  return x.diagonal(0, -2, -1);
}

bool is_orthogonal(const Tensor& q) {
  return allclose(q.mT().matmul(q), eye(q.size(-1), q.scalar_type()), 1e-5,
                  10 * static_cast<double>(q.size(-2)) * linalg::epsilon(q.scalar_type()));
}

/// The Q of A = QR whose R has a diagonal that is not negative.
Tensor nearest_factor(const Tensor& a) {
  const auto [q, r] = linalg::qr(a);
  return q * signs(diagonal_of(r)).unsqueeze(-2);
}

/// The reflections of x's columns, H₁ H₂ … Hₖ, and the signs on x's diagonal.
Tensor product_of_reflections(const Tensor& x) {
  const Tensor below = x.tril(-1), tau = 2 / (1 + below.square().sum({-2}));
  return linalg::householder_product(below, tau) * signs(diagonal_of(x.detach())).unsqueeze(-2);
}

/// The first columns of the map of the skew-symmetric matrix below x's diagonal.
Tensor from_skew(OrthogonalMap map, const Tensor& x) {
  const std::int64_t n = x.size(-2), k = x.size(-1);
  Tensor lower = x.tril();
  if (n != k) {
    auto sizes = x.sizes().vec();
    sizes.back() = n - k;
    lower = cat({lower, zeros(sizes, x.scalar_type())}, -1);
  }
  const Tensor a = lower - lower.mT(), identity = eye(n, x.scalar_type());
  const Tensor q = map == OrthogonalMap::MatrixExp
                       ? linalg::matrix_exp(a)
                       : linalg::solve(add(identity, a, -0.5), add(identity, a, 0.5));
  return n == k ? q : q.narrow(-1, 0, k);
}

}  // namespace

OrthogonalImpl::OrthogonalImpl(const Tensor& weight, OrthogonalMap map, bool use_trivialization)
    : Module("_Orthogonal"),
      sizes_(weight.sizes().vec()),
      map_(map),
      trivialize_(use_trivialization) {
  if (trivialize_) base = register_buffer("base", Tensor());
}

Tensor OrthogonalImpl::forward(const Tensor& given) {
  const bool wide = given.size(-2) < given.size(-1);
  const Tensor x = wide ? given.mT() : given;
  Tensor q = map_ == OrthogonalMap::Householder ? product_of_reflections(x) : from_skew(map_, x);
  // Nothing was assigned yet where another parametrization comes first: then the base is I.
  if (trivialize_ && base.defined()) q = matmul(base, q);
  return wide ? q.mT() : q;
}

Tensor OrthogonalImpl::right_inverse(const Tensor& given) {
  check<ValueError>(given.sizes() == IntArrayRef(sizes_),
                    "orthogonal: Expected a matrix or batch of matrices of shape ",
                    IntArrayRef(sizes_), ". Got a tensor of shape ", given.sizes(), ".");
  const NoGradGuard no_grad;
  const bool wide = given.size(-2) < given.size(-1);
  const Tensor q = wide ? given.detach().mT() : given.detach();
  const std::int64_t n = q.size(-2), k = q.size(-1);
  if (!trivialize_) {
    check<NotImplementedError>(
        map_ == OrthogonalMap::Householder,
        "orthogonal: It is not possible to assign to the matrix exponential or the Cayley "
        "parametrizations when use_trivialization=False.");
    const auto [reflectors, tau] = linalg::geqrf(q);
    // A reflection that LAPACK leaves out has τ = 0, where ours turns one sign.
    const Tensor diagonal = signs(diagonal_of(reflectors));
    diagonal_of(reflectors).copy_(where(tau == 0, -diagonal, diagonal));
    return wide ? reflectors.mT() : reflectors;
  }
  if (n == k) {
    attr("base") = is_orthogonal(q) ? q.clone() : nearest_factor(q);
  } else {
    auto sizes = q.sizes().vec();
    sizes.back() = n - k;
    attr("base") = nearest_factor(cat({q, randn(sizes, q.scalar_type())}, -1));
  }
  // Every map takes −I to I: the two through A = 0, the reflections by the signs.
  Tensor original = zeros_like(given);
  diagonal_of(original).fill_(-1);
  return original;
}

nn::Module& orthogonal(nn::Module& module, const std::string& name,
                       const std::optional<std::string>& orthogonal_map, bool use_trivialization) {
  const Tensor weight = value_to_constrain("orthogonal", module, name);
  check<ValueError>(weight.dim() >= 2,
                    "orthogonal: Expected a matrix or batch of matrices. Got a tensor of ",
                    weight.dim(), " dimensions.");
  const bool square = weight.size(-2) == weight.size(-1);
  const std::string map = orthogonal_map.value_or(square ? "matrix_exp" : "householder");
  check<ValueError>(map == "matrix_exp" || map == "cayley" || map == "householder",
                    "orthogonal: orthogonal_map has to be one of \"matrix_exp\", \"cayley\", "
                    "\"householder\". Got: ",
                    map);
  return register_parametrization(module, name,
                                  Orthogonal(weight,
                                             map == "matrix_exp" ? OrthogonalMap::MatrixExp
                                             : map == "cayley"   ? OrthogonalMap::Cayley
                                                                 : OrthogonalMap::Householder,
                                             use_trivialization),
                                  /*unsafe=*/true);
}

}  // namespace pullback::parametrize
