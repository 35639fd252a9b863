#include <pullback/parametrize/skew.h>

#include <pullback/core/autograd/grad_mode.h>

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
  Skew space(lower);
  nn::ParamSlot* slot = module.find_slot(name);
  if (!slot || slot->computed() || !slot->defined())
    return register_parametrization(module, name, space);
  const NoGradGuard no_grad;
  const Tensor weight = slot->tensor(), before = weight.detach();
  weight.set_data(space->forward(before).clone());
  try {
    const AutoGradMode grad(true);
    return register_parametrization(module, name, space);
  } catch (...) {
    weight.set_data(before);
    throw;
  }
}

}  // namespace pullback::parametrize
