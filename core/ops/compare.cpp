#include <pullback/core/ops/map.h>

// Comparisons; their results carry no gradient.
namespace pullback {

#define PULLBACK_COMPARE(op, symbol)                                       \
  Tensor op(const Tensor& a, const Tensor& b) {                            \
    check_defined(#op, a);                                                 \
    check_defined(#op, b);                                                 \
    return map(#op, a, b, simd().op, result_type(a, b), ScalarType::Bool); \
  }                                                                        \
  Tensor op(const Tensor& a, const Scalar& b) {                            \
    check_defined(#op, a);                                                 \
    return map(#op, a, b, simd().op, result_type(a, b), ScalarType::Bool); \
  }                                                                        \
  Tensor operator symbol(const Tensor& a, const Tensor& b) {               \
    return op(a, b);                                                       \
  }                                                                        \
  Tensor operator symbol(const Tensor& a, const Scalar& b) {               \
    return op(a, b);                                                       \
  }                                                                        \
  Tensor TensorBase::op(const Tensor& b) const {                           \
    return pullback::op(self(Tensor()), b);                                \
  }                                                                        \
  Tensor TensorBase::op(const Scalar& b) const {                           \
    return pullback::op(self(Tensor()), b);                                \
  }                                                                        \
  Tensor TensorBase::op##_(const Tensor& b) const {                        \
    return copy_(pullback::op(target(#op "_"), b));                        \
  }                                                                        \
  Tensor TensorBase::op##_(const Scalar& b) const {                        \
    return copy_(pullback::op(target(#op "_"), b));                        \
  }
PULLBACK_COMPARE(eq, ==)
PULLBACK_COMPARE(ne, !=)
PULLBACK_COMPARE(lt, <)
PULLBACK_COMPARE(le, <=)
PULLBACK_COMPARE(gt, >)
PULLBACK_COMPARE(ge, >=)
#undef PULLBACK_COMPARE

Tensor operator==(const Scalar& a, const Tensor& b) {
  return eq(b, a);
}
Tensor operator!=(const Scalar& a, const Tensor& b) {
  return ne(b, a);
}
Tensor operator<(const Scalar& a, const Tensor& b) {
  return gt(b, a);
}
Tensor operator<=(const Scalar& a, const Tensor& b) {
  return ge(b, a);
}
Tensor operator>(const Scalar& a, const Tensor& b) {
  return lt(b, a);
}
Tensor operator>=(const Scalar& a, const Tensor& b) {
  return le(b, a);
}

}  // namespace pullback
