#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Every activation function in place.
namespace pullback {

namespace {

template <class F>
Tensor in_place(const char* op, const Tensor& x, F f) {
  check_defined(op, x);
  return autograd::change_to(op, x, f);
}

}  // namespace

Tensor silu_(const Tensor& x) {
  return in_place("silu_", x, [](const Tensor& v) { return silu(v); });
}
Tensor mish_(const Tensor& x) {
  return in_place("mish_", x, [](const Tensor& v) { return mish(v); });
}
Tensor selu_(const Tensor& x) {
  return in_place("selu_", x, [](const Tensor& v) { return selu(v); });
}
Tensor relu6_(const Tensor& x) {
  return in_place("relu6_", x, [](const Tensor& v) { return relu6(v); });
}
Tensor hardsigmoid_(const Tensor& x) {
  return in_place("hardsigmoid_", x, [](const Tensor& v) { return hardsigmoid(v); });
}
Tensor hardswish_(const Tensor& x) {
  return in_place("hardswish_", x, [](const Tensor& v) { return hardswish(v); });
}
Tensor elu_(const Tensor& x, const Scalar& alpha) {
  return in_place("elu_", x, [&](const Tensor& v) { return elu(v, alpha); });
}
Tensor celu_(const Tensor& x, const Scalar& alpha) {
  return in_place("celu_", x, [&](const Tensor& v) { return celu(v, alpha); });
}
Tensor leaky_relu_(const Tensor& x, const Scalar& slope) {
  return in_place("leaky_relu_", x, [&](const Tensor& v) { return leaky_relu(v, slope); });
}
Tensor hardtanh_(const Tensor& x, const Scalar& min_val, const Scalar& max_val) {
  return in_place("hardtanh_", x, [&](const Tensor& v) { return hardtanh(v, min_val, max_val); });
}
Tensor threshold_(const Tensor& x, const Scalar& limit, const Scalar& replacement) {
  return in_place("threshold_", x,
                  [&](const Tensor& v) { return threshold(v, limit, replacement); });
}
Tensor rrelu_(const Tensor& x, const Scalar& lower, const Scalar& upper, bool training,
              Generator* generator) {
  return in_place("rrelu_", x,
                  [&](const Tensor& v) { return rrelu(v, lower, upper, training, generator); });
}

}  // namespace pullback
