#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/spent.h>

// add, sub, mul, div, neg and their operators.
namespace pullback {

using autograd::Needs;
using autograd::record;
using autograd::record_inplace;
using autograd::saved;
using autograd::Saved;
using autograd::saved_copy;
using autograd::saved_for;
using autograd::wrt;

namespace {

/// Does alpha·b equal b? Of booleans, any but zero does.
bool unscaled(const Scalar& alpha, ScalarType type) {
  return alpha.equal(1) || (type == ScalarType::Bool && !alpha.equal(0));
}

/// a + alpha·b in the promoted type.
Tensor sum_of(const char* op, const Tensor& a, const Tensor& b, const Scalar& alpha) {
  check_defined(op, a);
  check_defined(op, b);
  const ScalarType type = result_type(a, b);
  check_alpha(op, alpha, type);
  if (unscaled(alpha, type)) return map(op, a, b, simd().add, type, type);
  if (alpha.equal(-1) && type != ScalarType::Bool) return map(op, a, b, simd().sub, type, type);
  const Geometry shape = broadcast(op, a.get()->geometry.sizes(), b.get()->geometry.sizes());
  Loop loop = loop_for(op, simd().add_scaled, type);
  Tensor y = empty_of(shape, type);
  fill_result(loop, y, {as_type(a, type), as_type(b, type), Number(alpha, type)});
  return y;
}

Scalar product(const Scalar& a, const Scalar& b) {
  if (a.isIntegral() && b.isIntegral())  // as unsigned, which may wrap
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a.toLong()) *
                                     static_cast<std::uint64_t>(b.toLong()));
  return a.toDouble() * b.toDouble();
}

void check_no_bool_subtraction(const Tensor& a, ScalarType b) {
  const bool first = a.scalar_type() == ScalarType::Bool, second = b == ScalarType::Bool;
  check(!first || !second,
        "sub: Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` "
        "or `logical_xor()` operator instead");
  check(!first && !second,
        "sub: Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
        "trying to invert a mask, use the `~` or `logical_not()` operator instead");
}

/// Runs a binary kernel into self, converting as needed.
void change(const char* op, const Tensor& self, const Map& kernel, ScalarType type,
            const Tensor& b) {
  Loop loop = loop_for(op, kernel, type);
  if (self.scalar_type() == type) return run_loop(loop, self, {self, as_type(b, type)});
  copy_into(self, map(op, self, b, kernel, type, type));
}

void change(const char* op, const Tensor& self, const Map& kernel, ScalarType type,
            const Scalar& b) {
  Loop loop = loop_for(op, kernel, type);
  if (self.scalar_type() == type) return run_loop(loop, self, {self, Number(b, type)});
  copy_into(self, map(op, self, b, kernel, type, type));
}

/// What every in-place op of two operands checks: types and shapes.
void check_fits(const char* op, const Tensor& self, const Tensor& b, ScalarType result) {
  check_result_type(op, result, self.scalar_type());
  const Geometry shape = broadcast(op, self.sizes(), b.sizes());
  check(shape.sizes() == self.sizes(), op, ": output with shape ", self.sizes(),
        " doesn't match the broadcast shape ", shape.sizes());
}

constexpr auto passed_on = [](Tensor&& g) { return std::move(g); };

// y = a b:  ā = g b,  b̄ = g a. What can be added to a sum goes first, so that the other takes g's
// place.
std::pair<Tensor, Tensor> product_gradients(Tensor&& g, const Saved& a, const Saved& b,
                                            Needs needs) {
  const Tensor to_a = needs[0] ? *b : Tensor(), to_b = needs[1] ? *a : Tensor();
  const bool a_waits = to_a.defined() && !add_product(needs.sum(0), g, to_a);
  const bool b_waits = to_b.defined() && !add_product(needs.sum(1), g, to_b);
  Tensor for_a, for_b;
  if (a_waits) for_a = b_waits ? g * to_a : product_over(std::move(g), to_a);
  if (b_waits) for_b = product_over(std::move(g), to_b);
  return {std::move(for_a), std::move(for_b)};
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  return record(
      "AddBackward0", sum_of("add", a, b, alpha), wrt(a, passed_on),
      wrt(b, [alpha = alpha.toDouble()](Tensor&& g) { return scaled(std::move(g), alpha); }));
}

Tensor add(const Tensor& a, const Scalar& b, const Scalar& alpha) {
  check_defined("add", a);
  const ScalarType type = result_type(a, b);
  check_alpha("add", alpha, type);
  return record("AddBackward0", map("add", a, product(alpha, b), simd().add, type, type),
                wrt(a, passed_on));
}

Tensor sub(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  check_defined("sub", a);
  check_defined("sub", b);
  check_no_bool_subtraction(a, b.scalar_type());
  check_alpha("sub", alpha, result_type(a, b));
  return record("SubBackward0", sum_of("sub", a, b, -alpha), wrt(a, passed_on),
                wrt(b, [alpha = alpha.toDouble()](const Tensor& g) { return scaled(g, -alpha); }));
}

Tensor sub(const Tensor& a, const Scalar& b, const Scalar& alpha) {
  check_defined("sub", a);
  check_no_bool_subtraction(a, b.type());
  const ScalarType type = result_type(a, b);
  check_alpha("sub", alpha, type);
  return record("SubBackward0", map("sub", a, product(alpha, b), simd().sub, type, type),
                wrt(a, passed_on));
}

Tensor rsub(const Tensor& a, const Scalar& b) {
  check_defined("rsub", a);
  check_no_bool_subtraction(a, b.type());
  const ScalarType type = result_type(a, b);
  return record("RsubBackward1", map("rsub", b, a, simd().sub, type, type),
                wrt(a, [](const Tensor& g) { return -g; }));
}

Tensor mul(const Tensor& a, const Tensor& b) {
  check_defined("mul", a);
  check_defined("mul", b);
  const ScalarType type = result_type(a, b);
  return record("MulBackward0", map("mul", a, b, simd().mul, type, type),
                wrt(a, b, [a = saved_for(b, a), b = saved_for(a, b)](Tensor&& g, Needs needs) {
                  return product_gradients(std::move(g), a, b, needs);
                }));
}

Tensor mul(const Tensor& a, const Scalar& b) {
  check_defined("mul", a);
  const ScalarType type = result_type(a, b);
  return record("MulBackward0", map("mul", a, b, simd().mul, type, type),
                wrt(a, [b](const Tensor& g) { return g * b; }));
}

// With y = a/b:  ā = g/b,  b̄ = −g·a/b² = −(g/b)·(a/b).
Tensor div(const Tensor& a, const Tensor& b) {
  check_defined("div", a);
  check_defined("div", b);
  const ScalarType type = float_type(result_type(a, b));
  return record("DivBackward0", map("div", a, b, simd().div, type, type),
                wrt(a, [b = saved(b)](const Tensor& g) { return g / *b; }),
                wrt(b, [a = saved(a), b = saved(b)](const Tensor& g) {
                  const Tensor divisor = *b;
                  return -g * ((*a / divisor) / divisor);
                }));
}

Tensor div(const Tensor& a, const Scalar& b) {
  check_defined("div", a);
  const ScalarType type = float_type(result_type(a, b));
  return record("DivBackward0", map("div", a, b, simd().div, type, type),
                wrt(a, [b](const Tensor& g) { return g / b; }));
}

Tensor neg(const Tensor& x) {
  check_defined("neg", x);
  check(x.scalar_type() != ScalarType::Bool,
        "neg: Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
        "invert a mask, use the `~` or `logical_not()` operator instead");
  return record("NegBackward0", map("neg", x, simd().neg),
                wrt(x, [](const Tensor& g) { return -g; }));
}

void add_to(const Tensor& sum, const Tensor& g) {
  change("add", sum, simd().add, sum.scalar_type(), g);
}

// ---- in place

namespace {

Tensor add_in_place(const char* op, const char* name, const Tensor& self, const Tensor& b,
                    const Scalar& alpha) {
  check_defined(op, self);
  check_defined(op, b);
  check_fits(op, self, b, result_type(self, b));
  check_alpha(op, alpha, result_type(self, b));
  return record_inplace(
      op, name, self,
      [&] {
        const ScalarType type = result_type(self, b);
        if (unscaled(alpha, type)) return change(op, self, simd().add, type, b);
        if (self.scalar_type() != type) return copy_into(self, sum_of(op, self, b, alpha));
        run_loop(loop_for(op, simd().add_scaled, type), self,
                 {self, as_type(b, type), Number(alpha, type)});
      },
      wrt(self, [](const Tensor& g) { return g; }),
      wrt(b, [alpha = alpha.toDouble()](const Tensor& g) { return scaled(g, alpha); }));
}

Tensor change_by_number(const char* op, const char* name, const Tensor& self, const Map& kernel,
                        const Scalar& b) {
  check_defined(op, self);
  const ScalarType type = result_type(self, b);
  check_result_type(op, type, self.scalar_type());
  return record_inplace(
      op, name, self, [&] { change(op, self, kernel, type, b); },
      wrt(self, [](const Tensor& g) { return g; }));
}

}  // namespace

Tensor TensorBase::add_(const Tensor& other, const Scalar& alpha) const {
  Tensor hold;
  return add_in_place("add_", "AddBackward0", target("add_", std::move(hold)), other, alpha);
}
Tensor TensorBase::add_(const Scalar& other, const Scalar& alpha) const {
  Tensor hold;
  const Tensor& self = target("add_", std::move(hold));
  check_alpha("add_", alpha, result_type(self, other));
  return change_by_number("add_", "AddBackward0", self, simd().add, product(alpha, other));
}
Tensor TensorBase::sub_(const Tensor& other, const Scalar& alpha) const {
  Tensor hold;
  const Tensor& self = target("sub_", std::move(hold));
  check_defined("sub_", other);
  check_no_bool_subtraction(self, other.scalar_type());
  check_alpha("sub_", alpha, result_type(self, other));
  return add_in_place("sub_", "SubBackward0", self, other, -alpha);
}
Tensor TensorBase::sub_(const Scalar& other, const Scalar& alpha) const {
  Tensor hold;
  const Tensor& self = target("sub_", std::move(hold));
  check_no_bool_subtraction(self, other.type());
  check_alpha("sub_", alpha, result_type(self, other));
  return change_by_number("sub_", "SubBackward0", self, simd().sub, product(alpha, other));
}

Tensor TensorBase::mul_(const Tensor& other) const {
  Tensor hold;
  const Tensor& self = target("mul_", std::move(hold));
  check_defined("mul_", other);
  const ScalarType type = result_type(self, other);
  check_fits("mul_", self, other, type);
  return record_inplace(
      "mul_", "MulBackward0", self, [&] { change("mul_", self, simd().mul, type, other); },
      wrt(self, [b = saved(other)](const Tensor& g) { return g * *b; }),
      wrt(other, [a = saved_copy(self)](const Tensor& g) { return g * *a; }));
}
Tensor TensorBase::mul_(const Scalar& other) const {
  Tensor hold;
  const Tensor& self = target("mul_", std::move(hold));
  const ScalarType type = result_type(self, other);
  check_result_type("mul_", type, self.scalar_type());
  return record_inplace(
      "mul_", "MulBackward0", self, [&] { change("mul_", self, simd().mul, type, other); },
      wrt(self, [other](const Tensor& g) { return g * other; }));
}
Tensor TensorBase::div_(const Tensor& other) const {
  Tensor hold;
  const Tensor& self = target("div_", std::move(hold));
  check_defined("div_", other);
  const ScalarType type = float_type(result_type(self, other));
  check_fits("div_", self, other, type);
  return record_inplace(
      "div_", "DivBackward0", self, [&] { change("div_", self, simd().div, type, other); },
      wrt(self, [b = saved(other)](const Tensor& g) { return g / *b; }),
      wrt(other, [a = saved_copy(self), b = saved(other)](const Tensor& g) {
        const Tensor divisor = *b;
        return -g * ((*a / divisor) / divisor);
      }));
}
Tensor TensorBase::div_(const Scalar& other) const {
  Tensor hold;
  const Tensor& self = target("div_", std::move(hold));
  const ScalarType type = float_type(result_type(self, other));
  check_result_type("div_", type, self.scalar_type());
  return record_inplace(
      "div_", "DivBackward0", self, [&] { change("div_", self, simd().div, type, other); },
      wrt(self, [other](const Tensor& g) { return g / other; }));
}
Tensor TensorBase::neg_() const {
  Tensor hold;
  const Tensor& self = target("neg_", std::move(hold));
  check(self.scalar_type() != ScalarType::Bool,
        "neg_: Negation on a bool tensor is not supported; use `~`");
  return record_inplace(
      "neg_", "NegBackward0", self,
      [&] { run_loop(loop_for("neg_", simd().neg, self.scalar_type()), self, {self}); },
      wrt(self, [](const Tensor& g) { return -g; }));
}
Tensor neg_(const Tensor& x) {
  check_defined("neg_", x);
  return x.neg_();
}

// ---- methods and operators

Tensor TensorBase::neg() const {
  return pullback::neg(self(Tensor()));
}
Tensor TensorBase::operator-() const {
  return pullback::neg(self(Tensor()));
}
Tensor TensorBase::add(const Tensor& other, const Scalar& alpha) const {
  return pullback::add(self(Tensor()), other, alpha);
}
Tensor TensorBase::add(const Scalar& other, const Scalar& alpha) const {
  return pullback::add(self(Tensor()), other, alpha);
}
Tensor TensorBase::sub(const Tensor& other, const Scalar& alpha) const {
  return pullback::sub(self(Tensor()), other, alpha);
}
Tensor TensorBase::sub(const Scalar& other, const Scalar& alpha) const {
  return pullback::sub(self(Tensor()), other, alpha);
}
Tensor TensorBase::mul(const Tensor& other) const {
  return pullback::mul(self(Tensor()), other);
}
Tensor TensorBase::mul(const Scalar& other) const {
  return pullback::mul(self(Tensor()), other);
}
Tensor TensorBase::div(const Tensor& other) const {
  return pullback::div(self(Tensor()), other);
}
Tensor TensorBase::div(const Scalar& other) const {
  return pullback::div(self(Tensor()), other);
}

Tensor operator+(const Tensor& a, const Tensor& b) {
  return add(a, b);
}
Tensor operator+(const Tensor& a, const Scalar& b) {
  return add(a, b);
}
Tensor operator+(const Scalar& a, const Tensor& b) {
  return add(b, a);
}
Tensor operator-(const Tensor& a, const Tensor& b) {
  return sub(a, b);
}
Tensor operator-(const Tensor& a, const Scalar& b) {
  return sub(a, b);
}
Tensor operator-(const Scalar& a, const Tensor& b) {
  return rsub(b, a);
}
Tensor operator*(const Tensor& a, const Tensor& b) {
  return mul(a, b);
}
Tensor operator*(const Tensor& a, const Scalar& b) {
  return mul(a, b);
}
Tensor operator*(const Scalar& a, const Tensor& b) {
  return mul(b, a);
}
Tensor operator/(const Tensor& a, const Tensor& b) {
  return div(a, b);
}
Tensor operator/(const Tensor& a, const Scalar& b) {
  return div(a, b);
}
Tensor operator/(const Scalar& a, const Tensor& b) {
  const Tensor y = reciprocal(b);
  if (y.requires_grad()) return y * a;  // else in y's own memory
  return a.equal(1) ? y : y.mul_(a);
}

#define PULLBACK_ASSIGN(op, method)                                  \
  const TensorBase& TensorBase::operator op(const Tensor& b) const { \
    method(b);                                                       \
    return *this;                                                    \
  }                                                                  \
  const TensorBase& TensorBase::operator op(const Scalar& b) const { \
    method(b);                                                       \
    return *this;                                                    \
  }
PULLBACK_ASSIGN(+=, add_)
PULLBACK_ASSIGN(-=, sub_)
PULLBACK_ASSIGN(*=, mul_)
PULLBACK_ASSIGN(/=, div_)
#undef PULLBACK_ASSIGN

}  // namespace pullback
