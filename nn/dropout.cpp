#include <pullback/nn/dropout.h>

#include <pullback/core/neural.h>
#include <pullback/nn/repr.h>

namespace pullback::nn {

DropoutImpl::DropoutImpl(const DropoutOptions& options) : options(options) {
  check<ValueError>(options.p() >= 0 && options.p() <= 1,
                    "Dropout: dropout probability has to be between 0 and 1, but got ",
                    options.p());
}

Tensor DropoutImpl::forward(const Tensor& x) {
  return options.inplace() ? dropout_(x, options.p(), is_training())
                           : dropout(x, options.p(), is_training());
}

Tensor Dropout2dImpl::forward(const Tensor& x) {
  return options.inplace() ? feature_dropout_(x, options.p(), is_training())
                           : feature_dropout(x, options.p(), is_training());
}

Tensor AlphaDropoutImpl::forward(const Tensor& x) {
  return options.inplace() ? alpha_dropout_(x, options.p(), is_training())
                           : alpha_dropout(x, options.p(), is_training());
}

Tensor FeatureAlphaDropoutImpl::forward(const Tensor& x) {
  return options.inplace() ? feature_alpha_dropout_(x, options.p(), is_training())
                           : feature_alpha_dropout(x, options.p(), is_training());
}

std::string DropoutImpl::extra_repr() const {
  return "p=" + python_repr(options.p()) + ", inplace=" + python_repr(options.inplace());
}

}  // namespace pullback::nn
