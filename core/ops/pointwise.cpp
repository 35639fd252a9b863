#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Elementwise functions of one operand.
namespace pullback {

using autograd::record;
using autograd::record_inplace;
using autograd::saved;
using autograd::wrt;

// y = tanh x:  x̄ = g·(1 − y²).
Tensor tanh(const Tensor& x) {
  return record("TanhBackward0", map_float("tanh", x, simd().tanh),
                wrt(x, [](const Tensor& g, const Tensor& y) { return g * (1 - y * y); }));
}

Tensor exp(const Tensor& x) {
  return record("ExpBackward0", map_float("exp", x, simd().exp),
                wrt(x, [](const Tensor& g, const Tensor& y) { return g * y; }));
}

Tensor exp_(const Tensor& self) {
  return record_inplace(
      "ExpBackward0", self,
      [&] { run_loop(loop_for("exp_", simd().exp, self.scalar_type()), self, {self}); },
      wrt(self, [](const Tensor& g, const Tensor& y) { return g * y; }));
}

Tensor reciprocal(const Tensor& x) {
  const ScalarType type = float_type(x.scalar_type());
  return record("ReciprocalBackward0", map("reciprocal", Scalar(1), x, simd().div, type, type),
                wrt(x, [](const Tensor& g, const Tensor& y) { return -g * (y * y); }));
}

Tensor TensorBase::tanh() const {
  return pullback::tanh(self(Tensor()));
}
Tensor TensorBase::exp() const {
  return pullback::exp(self(Tensor()));
}
Tensor TensorBase::exp_() const {
  return pullback::exp_(target("exp_"));
}

}  // namespace pullback
