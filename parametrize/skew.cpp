#include <pullback/parametrize/skew.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/parametrize/constrain.h>

namespace pullback::parametrize {

namespace {

bool is_square(const Tensor& x) {
  return x.dim() >= 2 && x.size(-1) == x.size(-2);
}

}  // namespace

Tensor SkewImpl::forward(const Tensor& x) {
  check<ValueError>(is_square(x), "Skew: expected square matrices, but got ", x.sizes());
  const Tensor triangle = lower_ ? x.tril(-1) : x.triu(1);
  return triangle - triangle.mT();
}

Tensor SkewImpl::right_inverse(const Tensor& a) {
  check<InManifoldError>(in_manifold(a), "Skew: the tensor of shape ", a.sizes(),
                         " is not skew-symmetric; parametrize::skew() starts from any matrix");
  return lower_ ? a.tril(-1) : a.triu(1);
}

bool SkewImpl::in_manifold(const Tensor& a, double eps) {
  const NoGradGuard no_grad;
  return is_square(a) && allclose(a, -a.mT(), 1e-5, eps);
}

std::string SkewImpl::extra_repr() const {
  return lower_ ? "" : "lower=False";
}

nn::Module& skew(nn::Module& module, const std::string& name, bool lower) {
  return constrain(module, name, Skew(lower));
}

}  // namespace pullback::parametrize
