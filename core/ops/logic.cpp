
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/methods.h>

// Bits and truth values.
namespace pullback {

// ---- bits

#define PULLBACK_BITWISE(op)                      \
  Tensor op(const Tensor& a, const Tensor& b) {   \
    check_defined(#op, a);                        \
    check_defined(#op, b);                        \
    const ScalarType type = result_type(a, b);    \
    return map(#op, a, b, simd().op, type, type); \
  }                                               \
  Tensor op(const Tensor& a, const Scalar& b) {   \
    check_defined(#op, a);                        \
    const ScalarType type = result_type(a, b);    \
    return map(#op, a, b, simd().op, type, type); \
  }                                               \
  PULLBACK_BINARY_METHODS(op)
PULLBACK_BITWISE(bitwise_and)
PULLBACK_BITWISE(bitwise_or)
PULLBACK_BITWISE(bitwise_xor)
PULLBACK_BITWISE(bitwise_left_shift)
PULLBACK_BITWISE(bitwise_right_shift)
#undef PULLBACK_BITWISE

Tensor operator&(const Tensor& a, const Tensor& b) {
  return bitwise_and(a, b);
}
Tensor operator&(const Tensor& a, const Scalar& b) {
  return bitwise_and(a, b);
}
Tensor operator&(const Scalar& a, const Tensor& b) {
  return bitwise_and(b, a);
}
Tensor operator|(const Tensor& a, const Tensor& b) {
  return bitwise_or(a, b);
}
Tensor operator|(const Tensor& a, const Scalar& b) {
  return bitwise_or(a, b);
}
Tensor operator|(const Scalar& a, const Tensor& b) {
  return bitwise_or(b, a);
}
Tensor operator^(const Tensor& a, const Tensor& b) {
  return bitwise_xor(a, b);
}
Tensor operator^(const Tensor& a, const Scalar& b) {
  return bitwise_xor(a, b);
}
Tensor operator^(const Scalar& a, const Tensor& b) {
  return bitwise_xor(b, a);
}

Tensor bitwise_not(const Tensor& x) {
  return map("bitwise_not", x, simd().bitwise_not);
}

// ---- truth

namespace {

Tensor truth(const char* op, const Tensor& x, const Map& kernel) {
  check_defined(op, x);
  Tensor y = empty_of(x.get()->geometry, ScalarType::Bool);
  fill_result(loop_for(op, kernel, x.scalar_type()), y, {x});
  return y;
}

Tensor truth(const char* op, const Tensor& a, const Tensor& b, const Map& kernel) {
  check_defined(op, a);
  check_defined(op, b);
  return map(op, a, b, kernel, promote_types(a.scalar_type(), b.scalar_type()), ScalarType::Bool);
}

/// Of floating-point numbers; constant for other types.
Tensor classify(const char* op, const Tensor& x, const Map& kernel, bool of_integers) {
  check_defined(op, x);
  if (is_floating_point(x.scalar_type())) return truth(op, x, kernel);
  return full(x.sizes(), of_integers, kBool);
}

}  // namespace

Tensor isnan(const Tensor& x) {
  return classify("isnan", x, simd().isnan, false);
}
Tensor isinf(const Tensor& x) {
  return classify("isinf", x, simd().isinf, false);
}
Tensor isfinite(const Tensor& x) {
  return classify("isfinite", x, simd().isfinite, true);
}
Tensor signbit(const Tensor& x) {
  check_defined("signbit", x);
  return x.scalar_type() == ScalarType::Bool ? zeros(x.sizes(), kBool)
                                             : truth("signbit", x, simd().signbit);
}
Tensor logical_not(const Tensor& x) {
  return truth("logical_not", x, simd().logical_not);
}
Tensor logical_and(const Tensor& a, const Tensor& b) {
  return truth("logical_and", a, b, simd().logical_and);
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return truth("logical_or", a, b, simd().logical_or);
}
Tensor logical_xor(const Tensor& a, const Tensor& b) {
  return truth("logical_xor", a, b, simd().logical_xor);
}

bool equal(const Tensor& a, const Tensor& b) {
  check_defined("equal", a);
  check_defined("equal", b);
  return a.sizes() == b.sizes() && (a == b).all().item<bool>();
}

Tensor isclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  check_defined("isclose", a);
  check_defined("isclose", b);
  check(a.scalar_type() == b.scalar_type(), "isclose: ", a.scalar_type(), " did not match ",
        b.scalar_type());
  check(rtol >= 0 && atol >= 0,
        "isclose: rtol and atol must be greater than or equal to zero, but got ", rtol, " and ",
        atol);
  NoGradGuard no_grad;
  Tensor close = a == b;
  if (equal_nan) close = logical_or(close, logical_and(isnan(a), isnan(b)));
  const ScalarType type = float_type(a.scalar_type());
  const Tensor x = as_type(a, type), y = as_type(b, type);
  const Tensor difference = abs(x - y);
  return logical_or(close, logical_and(isfinite(difference), difference <= abs(y) * rtol + atol));
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  return isclose(a, b, rtol, atol, equal_nan).all().item<bool>();
}

// ---- methods

Tensor TensorBase::isnan() const {
  return pullback::isnan(self(Tensor()));
}
Tensor TensorBase::isinf() const {
  return pullback::isinf(self(Tensor()));
}
Tensor TensorBase::isfinite() const {
  return pullback::isfinite(self(Tensor()));
}
Tensor TensorBase::signbit() const {
  return pullback::signbit(self(Tensor()));
}
Tensor TensorBase::logical_not() const {
  return pullback::logical_not(self(Tensor()));
}
Tensor TensorBase::logical_not_() const {
  Tensor x = target("logical_not_");
  return x.copy_(pullback::logical_not(x));
}
Tensor TensorBase::bitwise_not() const {
  return pullback::bitwise_not(self(Tensor()));
}
Tensor TensorBase::bitwise_not_() const {
  Tensor x = target("bitwise_not_");
  return x.copy_(pullback::bitwise_not(x));
}
Tensor TensorBase::operator~() const {
  return bitwise_not();
}
Tensor TensorBase::operator!() const {
  return logical_not();
}
Tensor TensorBase::logical_and(const Tensor& b) const {
  return pullback::logical_and(self(Tensor()), b);
}
Tensor TensorBase::logical_or(const Tensor& b) const {
  return pullback::logical_or(self(Tensor()), b);
}
Tensor TensorBase::logical_xor(const Tensor& b) const {
  return pullback::logical_xor(self(Tensor()), b);
}
const TensorBase& TensorBase::operator&=(const Tensor& b) const {
  bitwise_and_(b);
  return *this;
}
const TensorBase& TensorBase::operator|=(const Tensor& b) const {
  bitwise_or_(b);
  return *this;
}
bool TensorBase::equal(const Tensor& b) const {
  return pullback::equal(self(Tensor()), b);
}
bool TensorBase::allclose(const Tensor& b, double rtol, double atol, bool equal_nan) const {
  return pullback::allclose(self(Tensor()), b, rtol, atol, equal_nan);
}
Tensor TensorBase::isclose(const Tensor& b, double rtol, double atol, bool equal_nan) const {
  return pullback::isclose(self(Tensor()), b, rtol, atol, equal_nan);
}

}  // namespace pullback
