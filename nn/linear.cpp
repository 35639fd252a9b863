#include <pullback/nn/linear.h>

#include <cmath>

#include <pullback/nn/init.h>
#include <pullback/nn/repr.h>

namespace pullback::nn {

LinearImpl::LinearImpl(const LinearOptions& options) : options(options) {
  reset();
}

void LinearImpl::reset() {
  const auto in = options.in_features(), out = options.out_features();
  weight = register_parameter("weight", empty({out, in}));
  bias = options.bias() ? register_parameter("bias", empty({out}))
                        : register_parameter("bias", Tensor(), /*requires_grad=*/false);
  reset_parameters();
}

void LinearImpl::reset_parameters() {
  init::reset_weight_and_bias(weight, bias);
}

Tensor LinearImpl::forward(const Tensor& x) {
  return linear(x, weight, bias);
}

std::string LinearImpl::extra_repr() const {
  return "in_features=" + std::to_string(options.in_features()) +
         ", out_features=" + std::to_string(options.out_features()) +
         ", bias=" + python_repr(options.bias());
}

BilinearImpl::BilinearImpl(const BilinearOptions& options) : options(options) {
  weight = register_parameter(
      "weight", empty({options.out_features(), options.in1_features(), options.in2_features()}));
  bias = options.bias() ? register_parameter("bias", empty({options.out_features()}))
                        : register_parameter("bias", Tensor(), /*requires_grad=*/false);
  reset_parameters();
}

void BilinearImpl::reset_parameters() {
  const double bound = 1 / std::sqrt(static_cast<double>(options.in1_features()));
  init::uniform_(weight, -bound, bound);
  if (bias.defined()) init::uniform_(bias, -bound, bound);
}

Tensor BilinearImpl::forward(const Tensor& a, const Tensor& b) {
  const Tensor w = weight;
  // (a W) has the shape [..., 1, out, in2]; b joins it as [..., in2, 1].
  Tensor aw = matmul(a, w.permute({1, 0, 2}).reshape({w.size(1), w.size(0) * w.size(2)}));
  Tensor y = matmul(aw.unflatten(-1, {w.size(0), w.size(2)}), b.unsqueeze(-1)).squeeze(-1);
  return bias.defined() ? y + bias : y;
}

std::string BilinearImpl::extra_repr() const {
  return "in1_features=" + std::to_string(options.in1_features()) +
         ", in2_features=" + std::to_string(options.in2_features()) +
         ", out_features=" + std::to_string(options.out_features()) +
         ", bias=" + python_repr(options.bias());
}

Tensor FlattenImpl::forward(const Tensor& x) {
  return x.flatten(options.start_dim(), options.end_dim());
}

std::string FlattenImpl::extra_repr() const {
  return "start_dim=" + std::to_string(options.start_dim()) +
         ", end_dim=" + std::to_string(options.end_dim());
}

Tensor UnflattenImpl::forward(const Tensor& x) {
  return x.unflatten(options.dim(), options.sizes());
}

std::string UnflattenImpl::extra_repr() const {
  return "dim=" + std::to_string(options.dim()) +
         ", unflattened_size=" + python_repr(IntArrayRef(options.sizes()));
}

}  // namespace pullback::nn
