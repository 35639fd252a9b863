#include <pullback/nn/activation.h>

#include <pullback/core/factories.h>
#include <pullback/nn/functional/activation.h>
#include <pullback/nn/repr.h>

namespace pullback::nn {
namespace {

namespace F = functional;

// Ends a description: what comes before it, if anything, and a comma.
std::string ended(std::string text, bool inplace) {
  if (!inplace) return text;
  return text.empty() ? "inplace=True" : text + ", inplace=True";
}

std::string dim_of(std::int64_t dim) {
  return "dim=" + std::to_string(dim);
}

}  // namespace

Tensor HardsigmoidImpl::forward(const Tensor& x) {
  return hardsigmoid(x);
}
Tensor HardswishImpl::forward(const Tensor& x) {
  return hardswish(x);
}
Tensor LogSigmoidImpl::forward(const Tensor& x) {
  return logsigmoid(x);
}
Tensor MishImpl::forward(const Tensor& x) {
  return mish(x);
}
Tensor SiLUImpl::forward(const Tensor& x) {
  return silu(x);
}
Tensor SigmoidImpl::forward(const Tensor& x) {
  return sigmoid(x);
}
Tensor Softmax2dImpl::forward(const Tensor& x) {
  check<ValueError>(x.dim() == 3 || x.dim() == 4,
                    "Softmax2d: expected input to be 3D or 4D, got a ", x.dim(), "D input");
  return softmax(x, -3);
}
Tensor SoftsignImpl::forward(const Tensor& x) {
  return softsign(x);
}
Tensor TanhImpl::forward(const Tensor& x) {
  return tanh(x);
}
Tensor TanhshrinkImpl::forward(const Tensor& x) {
  return tanhshrink(x);
}

Tensor CELUImpl::forward(const Tensor& x) {
  return F::celu(x, options);
}
std::string CELUImpl::extra_repr() const {
  return ended("alpha=" + python_repr(options.alpha()), options.inplace());
}

Tensor ELUImpl::forward(const Tensor& x) {
  return F::elu(x, options);
}
std::string ELUImpl::extra_repr() const {
  return ended("alpha=" + python_repr(options.alpha()), options.inplace());
}

Tensor GELUImpl::forward(const Tensor& x) {
  return F::gelu(x, options);
}
std::string GELUImpl::extra_repr() const {
  return "approximate='" + options.approximate() + "'";
}

Tensor GLUImpl::forward(const Tensor& x) {
  return F::glu(x, options);
}
std::string GLUImpl::extra_repr() const {
  return dim_of(options.dim());
}

Tensor HardshrinkImpl::forward(const Tensor& x) {
  return F::hardshrink(x, options);
}
std::string HardshrinkImpl::extra_repr() const {
  return python_repr(options.lambda());
}

Tensor HardtanhImpl::forward(const Tensor& x) {
  return F::hardtanh(x, options);
}
std::string HardtanhImpl::extra_repr() const {
  return ended(
      "min_val=" + python_repr(options.min_val()) + ", max_val=" + python_repr(options.max_val()),
      options.inplace());
}

Tensor LeakyReLUImpl::forward(const Tensor& x) {
  return F::leaky_relu(x, options);
}
std::string LeakyReLUImpl::extra_repr() const {
  return ended("negative_slope=" + python_repr(options.negative_slope()), options.inplace());
}

Tensor LogSoftmaxImpl::forward(const Tensor& x) {
  return log_softmax(x, options.dim());
}
std::string LogSoftmaxImpl::extra_repr() const {
  return dim_of(options.dim());
}

Tensor RReLUImpl::forward(const Tensor& x) {
  return F::rrelu(x, F::RReLUFuncOptions(options.lower(), options.upper())
                         .training(is_training())
                         .inplace(options.inplace()));
}
std::string RReLUImpl::extra_repr() const {
  return ended("lower=" + python_repr(options.lower()) + ", upper=" + python_repr(options.upper()),
               options.inplace());
}

Tensor ReLUImpl::forward(const Tensor& x) {
  return F::relu(x, options);
}
std::string ReLUImpl::extra_repr() const {
  return ended("", options.inplace());
}

Tensor ReLU6Impl::forward(const Tensor& x) {
  return F::relu6(x, options);
}
std::string ReLU6Impl::extra_repr() const {
  return ended("", options.inplace());
}

Tensor SELUImpl::forward(const Tensor& x) {
  return F::selu(x, options);
}
std::string SELUImpl::extra_repr() const {
  return ended("", options.inplace());
}

Tensor SoftmaxImpl::forward(const Tensor& x) {
  return softmax(x, options.dim());
}
std::string SoftmaxImpl::extra_repr() const {
  return dim_of(options.dim());
}

Tensor SoftminImpl::forward(const Tensor& x) {
  return softmin(x, options.dim());
}
std::string SoftminImpl::extra_repr() const {
  return dim_of(options.dim());
}

Tensor SoftplusImpl::forward(const Tensor& x) {
  return F::softplus(x, options);
}
std::string SoftplusImpl::extra_repr() const {
  return "beta=" + python_repr(options.beta()) + ", threshold=" + python_repr(options.threshold());
}

Tensor SoftshrinkImpl::forward(const Tensor& x) {
  return F::softshrink(x, options);
}
std::string SoftshrinkImpl::extra_repr() const {
  return python_repr(options.lambda());
}

Tensor ThresholdImpl::forward(const Tensor& x) {
  return F::threshold(x, options);
}
std::string ThresholdImpl::extra_repr() const {
  return ended(
      "threshold=" + python_repr(options.threshold()) + ", value=" + python_repr(options.value()),
      options.inplace());
}

PReLUImpl::PReLUImpl(const PReLUOptions& options) : Configured(options) {
  reset();
}
void PReLUImpl::reset() {
  weight = register_parameter("weight", full({options.num_parameters()}, options.init(), kFloat));
}
Tensor PReLUImpl::forward(const Tensor& x) {
  return prelu(x, weight);
}
std::string PReLUImpl::extra_repr() const {
  return "num_parameters=" + std::to_string(options.num_parameters());
}

}  // namespace pullback::nn
