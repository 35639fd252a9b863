#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Elementwise functions of three operands: lerp, addcmul, addcdiv.
namespace pullback {

using autograd::change_to;
using autograd::check_aligned;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

Tensor interpolated(const Tensor& a, const Tensor& b, Input weight, ScalarType type) {
  Tensor y = empty_of(broadcast("lerp", a.sizes(), b.sizes()), type);
  fill_result(loop_for("lerp", simd().lerp, type), y, {a, b, weight});
  return y;
}

void check_same_type(const char* op, const Tensor& a, const Tensor& b) {
  check_defined(op, a);
  check_defined(op, b);
  check(a.scalar_type() == b.scalar_type(), op, ": expected dtype ", a.scalar_type(),
        " for `end` but got dtype ", b.scalar_type());
}

}  // namespace

Tensor lerp(const Tensor& a, const Tensor& b, const Scalar& weight) {
  check_same_type("lerp", a, b);
  check_convertible("lerp", weight, a.scalar_type());
  return record("LerpBackward0",
                interpolated(a, b, Number(weight, a.scalar_type()), a.scalar_type()),
                wrt(a, [weight](const Tensor& g) { return g * (1 - weight.toDouble()); }),
                wrt(b, [weight](const Tensor& g) { return g * weight; }));
}

Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& weight) {
  check_same_type("lerp", a, b);
  check_defined("lerp", weight);
  if (weight.dim() > 0) check_same_type("lerp", a, weight);  // a 0-d weight is as a number
  const Geometry shape =
      broadcast("lerp", broadcast("lerp", a.sizes(), b.sizes()).sizes(), weight.sizes());
  Tensor y = empty_of(shape, a.scalar_type());
  fill_result(loop_for("lerp", simd().lerp, a.scalar_type()), y,
              {a, b, as_type(weight, a.scalar_type())});
  return record(
      "LerpBackward1", y, wrt(a, [w = saved(weight)](const Tensor& g) { return g * (1 - *w); }),
      wrt(b, [w = saved(weight)](const Tensor& g) { return g * *w; }),
      wrt(weight, [a = saved(a), b = saved(b)](const Tensor& g) { return g * (*b - *a); }));
}

namespace {

Tensor ternary(const char* op, const Map& kernel, const Tensor& x, const Tensor& a, const Tensor& b,
               const Scalar& value) {
  check_defined(op, x);
  check_defined(op, a);
  check_defined(op, b);
  const ScalarType type = result_type(x, a, b);
  check(!(value.isFloatingPoint() && is_integral(type)), op,
        ": For integral input tensors, argument value must not be a floating point number");
  check_convertible(op, value, type);
  const Geometry shape = broadcast(op, x.sizes(), broadcast(op, a.sizes(), b.sizes()).sizes());
  Tensor y = empty_of(shape, type);
  fill_result(loop_for(op, kernel, type), y,
              {as_type(x, type), as_type(a, type), as_type(b, type), Number(value, type)});
  return y;
}

}  // namespace

Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& value) {
  return record("AddcmulBackward0", ternary("addcmul", simd().addcmul, x, a, b, value),
                wrt(x, [](const Tensor& g) { return g; }),
                wrt(a, [b = saved(b), value](const Tensor& g) { return g * (*b * value); }),
                wrt(b, [a = saved(a), value](const Tensor& g) { return g * (*a * value); }));
}

Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& value) {
  check_defined("addcdiv", a);
  check_defined("addcdiv", b);
  check(is_floating_point(a.scalar_type()) || is_floating_point(b.scalar_type()),
        "addcdiv: Integer division with addcdiv is no longer supported; use x + value * (a / b)");
  return record("AddcdivBackward0", ternary("addcdiv", simd().addcdiv, x, a, b, value),
                wrt(x, [](const Tensor& g) { return g; }),
                wrt(a, [b = saved(b), value](const Tensor& g) { return g * value / *b; }),
                wrt(b, [a = saved(a), b = saved(b), value](const Tensor& g) {
                  return -g * ((*a * value) / (*b * *b));
                }));
}

// ---- methods

Tensor TensorBase::lerp(const Tensor& end, const Scalar& weight) const {
  return pullback::lerp(self(Tensor()), end, weight);
}
Tensor TensorBase::lerp(const Tensor& end, const Tensor& weight) const {
  return pullback::lerp(self(Tensor()), end, weight);
}
Tensor TensorBase::lerp_(const Tensor& end, const Scalar& weight) const {
  const Tensor self = target("lerp_");
  check_aligned("lerp_", self, {end});
  return change_to("lerp_", self, [&](const Tensor& x) { return pullback::lerp(x, end, weight); });
}
Tensor TensorBase::lerp_(const Tensor& end, const Tensor& weight) const {
  const Tensor self = target("lerp_");
  check_aligned("lerp_", self, {end, weight});
  return change_to("lerp_", self, [&](const Tensor& x) { return pullback::lerp(x, end, weight); });
}
Tensor TensorBase::addcmul(const Tensor& a, const Tensor& b, const Scalar& value) const {
  return pullback::addcmul(self(Tensor()), a, b, value);
}
Tensor TensorBase::addcmul_(const Tensor& a, const Tensor& b, const Scalar& value) const {
  const Tensor self = target("addcmul_");
  check_aligned("addcmul_", self, {a, b});
  return change_to("addcmul_", self,
                   [&](const Tensor& x) { return pullback::addcmul(x, a, b, value); });
}
Tensor TensorBase::addcdiv(const Tensor& a, const Tensor& b, const Scalar& value) const {
  return pullback::addcdiv(self(Tensor()), a, b, value);
}
Tensor TensorBase::addcdiv_(const Tensor& a, const Tensor& b, const Scalar& value) const {
  const Tensor self = target("addcdiv_");
  check_aligned("addcdiv_", self, {a, b});
  return change_to("addcdiv_", self,
                   [&](const Tensor& x) { return pullback::addcdiv(x, a, b, value); });
}

}  // namespace pullback
