#include <pullback/parametrize/symmetric.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/parametrize/constrain.h>

namespace pullback::parametrize {

namespace {

bool is_square(const Tensor& x) {
  return x.dim() >= 2 && x.size(-1) == x.size(-2);
}

}  // namespace

Tensor SymmetricImpl::forward(const Tensor& x) {
  check<ValueError>(is_square(x), "Symmetric: expected square matrices, but got ", x.sizes());
  return lower_ ? x.tril() + x.tril(-1).mT() : x.triu() + x.triu(1).mT();
}

Tensor SymmetricImpl::right_inverse(const Tensor& a) {
  check<InManifoldError>(in_manifold(a), "Symmetric: the tensor of shape ", a.sizes(),
                         " is not symmetric; parametrize::symmetric() starts from any matrix");
  return lower_ ? a.tril() : a.triu();
}

bool SymmetricImpl::in_manifold(const Tensor& a, double eps) {
  const NoGradGuard no_grad;
  return is_square(a) && allclose(a, a.mT(), 1e-5, eps);
}

std::string SymmetricImpl::extra_repr() const {
  return lower_ ? "" : "lower=False";
}

nn::Module& symmetric(nn::Module& module, const std::string& name, bool lower) {
  return constrain(module, name, Symmetric(lower));
}

}  // namespace pullback::parametrize
