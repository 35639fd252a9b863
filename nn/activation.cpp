#include <pullback/nn/activation.h>

#include <pullback/nn/repr.h>

namespace pullback::nn {

Tensor ReLUImpl::forward(const Tensor& x) {
  return options.inplace() ? x.relu_() : relu(x);
}
std::string ReLUImpl::extra_repr() const {
  return options.inplace() ? "inplace=True" : "";
}

Tensor ReLU6Impl::forward(const Tensor& x) {
  return relu6(x);
}
Tensor TanhImpl::forward(const Tensor& x) {
  return tanh(x);
}
Tensor SigmoidImpl::forward(const Tensor& x) {
  return sigmoid(x);
}
Tensor LogSigmoidImpl::forward(const Tensor& x) {
  return logsigmoid(x);
}
Tensor SiLUImpl::forward(const Tensor& x) {
  return silu(x);
}
Tensor MishImpl::forward(const Tensor& x) {
  return mish(x);
}
Tensor SELUImpl::forward(const Tensor& x) {
  return selu(x);
}
Tensor SoftsignImpl::forward(const Tensor& x) {
  return softsign(x);
}
Tensor TanhshrinkImpl::forward(const Tensor& x) {
  return x - tanh(x);
}

Tensor GELUImpl::forward(const Tensor& x) {
  return gelu(x, options.approximate());
}
std::string GELUImpl::extra_repr() const {
  return "approximate='" + options.approximate() + "'";
}

Tensor SoftmaxImpl::forward(const Tensor& x) {
  return softmax(x, options.dim());
}
std::string SoftmaxImpl::extra_repr() const {
  return "dim=" + std::to_string(options.dim());
}

Tensor LogSoftmaxImpl::forward(const Tensor& x) {
  return log_softmax(x, options.dim());
}
std::string LogSoftmaxImpl::extra_repr() const {
  return "dim=" + std::to_string(options.dim());
}

Tensor ELUImpl::forward(const Tensor& x) {
  return elu(x, options.alpha());
}
std::string ELUImpl::extra_repr() const {
  return "alpha=" + python_repr(options.alpha());
}

Tensor LeakyReLUImpl::forward(const Tensor& x) {
  return leaky_relu(x, options.negative_slope());
}
std::string LeakyReLUImpl::extra_repr() const {
  return "negative_slope=" + python_repr(options.negative_slope());
}

Tensor SoftplusImpl::forward(const Tensor& x) {
  return softplus(x, options.beta(), options.threshold());
}
std::string SoftplusImpl::extra_repr() const {
  return "beta=" + python_repr(options.beta()) + ", threshold=" + python_repr(options.threshold());
}

Tensor HardtanhImpl::forward(const Tensor& x) {
  return hardtanh(x, options.min_val(), options.max_val());
}
std::string HardtanhImpl::extra_repr() const {
  return "min_val=" + python_repr(options.min_val()) +
         ", max_val=" + python_repr(options.max_val());
}

}  // namespace pullback::nn
