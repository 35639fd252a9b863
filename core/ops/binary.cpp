#include <cmath>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/methods.h>
#include <pullback/core/ops/spent.h>

// Elementwise functions of two operands beyond the four of arithmetic.cpp.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

/// The type of an operation on two operands; throws for bool where the operation has no such
/// kernel.
template <class A, class B>
ScalarType common_type(const char* op, const A& a, const B& b) {
  if constexpr (std::is_same_v<A, Tensor>) check_defined(op, a);
  if constexpr (std::is_same_v<B, Tensor>) check_defined(op, b);
  return result_type(a, b);
}

Tensor same(const char* op, const Tensor& a, const Tensor& b, const Map& kernel) {
  const ScalarType type = common_type(op, a, b);
  return map(op, a, b, kernel, type, type, 1.0f);
}
Tensor same(const char* op, const Tensor& a, const Scalar& b, const Map& kernel) {
  const ScalarType type = common_type(op, a, b);
  return map(op, a, b, kernel, type, type, 1.0f);
}
Tensor in_float(const char* op, const Tensor& a, const Tensor& b, const Map& kernel) {
  const ScalarType type = float_type(common_type(op, a, b));
  return map(op, a, b, kernel, type, type, 2.0f);
}

/// As in_float where PyTorch does not make integers floating-point numbers: has no kernel for them.
Tensor of_floats(const char* op, const Tensor& a, const Tensor& b, const Map& kernel) {
  const ScalarType type = common_type(op, a, b);
  return map(op, a, b, kernel, type, type, 2.0f);
}

void check_divisor(const char* op, const Tensor& a, const Tensor& b, ScalarType type) {
  check(is_floating_point(type) || a.numel() == 0 || b.all().item<bool>(), op,
        ": ZeroDivisionError: an integer divisor is 0");
}
void check_divisor(const char* op, const Tensor& a, const Scalar& b, ScalarType type) {
  check(is_floating_point(type) || a.numel() == 0 || b.toLong() != 0, op,
        ": ZeroDivisionError: the integer divisor is 0");
}

Tensor zero_gradient(const Tensor& g) {
  return zeros_like(g);
}

}  // namespace

// ---- powers

namespace {

/// g·b·a^(b−1), and 0 where b = 0 whatever a is.
Tensor pow_gradient_of_base(const Tensor& g, const Tensor& a, const Tensor& b) {
  return where(b == 0, zeros_like(g), g * (b * pow(a, b - 1)));
}

/// g·y·log a, and 0 where a = 0 and b ≥ 0.
Tensor pow_gradient_of_exponent(const Tensor& g, const Tensor& a, const Tensor& b,
                                const Tensor& y) {
  const Tensor vanishes = logical_and(a == 0, b >= 0);
  return where(vanishes, zeros_like(g), g * (y * log(where(vanishes, ones_like(a), a))));
}

}  // namespace

Tensor pow(const Tensor& a, const Tensor& b) {
  return record("PowBackward1", same("pow", a, b, simd().pow),
                wrt(a, [a = saved(a),
                        b = saved(b)](const Tensor& g) { return pow_gradient_of_base(g, *a, *b); }),
                wrt(b, [a = saved(a), b = saved(b)](const Tensor& g, const Tensor& y) {
                  return pow_gradient_of_exponent(g, *a, *b, y);
                }));
}

Tensor pow(const Tensor& a, const Scalar& b) {
  const ScalarType type = common_type("pow", a, b);
  check(is_floating_point(type) || b.toLong() >= 0,
        "pow: Integers to negative integer powers are not allowed: ", b.toLong());
  // The common exponents need no general power, as in PyTorch.
  auto value = [&] {
    NoGradGuard no_grad;
    if (is_floating_point(type)) {
      const Tensor x = as_type(a.detach(), type);
      if (b.equal(1)) return x.clone();
      if (b.equal(2)) return x * x;
      if (b.equal(3)) return map("pow", x, simd().cube);
      if (b.equal(0.5)) return sqrt(x);
      if (b.equal(-1)) return reciprocal(x);
    }
    return same("pow", a, b, simd().pow);
  };
  return record("PowBackward0", value(), wrt(a, [a = saved(a), b](const Tensor& g) {
                  if (b.equal(0)) return zeros_like(g);
                  const Scalar less = b.isIntegral() && !b.equal(-0x1p63)
                                          ? Scalar(b.toLong() - 1)
                                          : Scalar(b.toDouble() - 1);
                  return product_over((less.equal(1) ? *a : pow(*a, less)) * b, g);
                }));
}

Tensor pow(const Scalar& a, const Tensor& b) {
  check_defined("pow", b);
  const ScalarType type = result_type(b, a);
  return record("PowBackward2", map("pow", a, b, simd().pow, type, type, 2.0f),
                wrt(b, [a, b = saved(b)](const Tensor& g, const Tensor& y) {
                  if (a.equal(0)) return where(*b >= 0, zeros_like(g), g * y * -INFINITY);
                  return g * (y * std::log(a.toDouble()));
                }));
}

// ---- division with rounding and remainders

Tensor floor_divide(const Tensor& a, const Tensor& b) {
  check_divisor("floor_divide", a, b, common_type("floor_divide", a, b));
  return same("floor_divide", a, b, simd().floor_divide);
}
Tensor floor_divide(const Tensor& a, const Scalar& b) {
  check_divisor("floor_divide", a, b, common_type("floor_divide", a, b));
  return same("floor_divide", a, b, simd().floor_divide);
}

namespace {

template <class B>
Tensor rounded_quotient(const Tensor& a, const B& b, std::string_view mode) {
  check(mode == "trunc" || mode == "floor",
        "div: expected rounding_mode to be one of None, 'trunc', or 'floor' but found '", mode,
        "'");
  const ScalarType type = common_type("div", a, b);
  check_divisor("div", a, b, type);
  return same("div", a, b, mode == "floor" ? simd().floor_divide : simd().trunc_divide);
}

}  // namespace

Tensor div(const Tensor& a, const Tensor& b, std::optional<std::string_view> mode) {
  if (!mode) return div(a, b);
  return record("DivBackward2", rounded_quotient(a, b, *mode), wrt(a, zero_gradient),
                wrt(b, zero_gradient));
}
Tensor div(const Tensor& a, const Scalar& b, std::optional<std::string_view> mode) {
  if (!mode) return div(a, b);
  return record("DivBackward2", rounded_quotient(a, b, *mode), wrt(a, zero_gradient));
}

// a mod b = a − b·⌊a/b⌋ (remainder) or a − b·trunc(a/b) (fmod): linear between the jumps.
Tensor remainder(const Tensor& a, const Tensor& b) {
  check_divisor("remainder", a, b, common_type("remainder", a, b));
  return record(
      "RemainderBackward1", same("remainder", a, b, simd().remainder),
      wrt(a, [](const Tensor& g) { return g; }),
      wrt(b, [a = saved(a), b = saved(b)](const Tensor& g) { return -g * div(*a, *b, "floor"); }));
}
Tensor remainder(const Tensor& a, const Scalar& b) {
  check_divisor("remainder", a, b, common_type("remainder", a, b));
  return record("RemainderBackward0", same("remainder", a, b, simd().remainder),
                wrt(a, [](const Tensor& g) { return g; }));
}
Tensor fmod(const Tensor& a, const Tensor& b) {
  check_divisor("fmod", a, b, common_type("fmod", a, b));
  return record(
      "FmodBackward1", same("fmod", a, b, simd().fmod), wrt(a, [](const Tensor& g) { return g; }),
      wrt(b, [a = saved(a), b = saved(b)](const Tensor& g) { return -g * div(*a, *b, "trunc"); }));
}
Tensor fmod(const Tensor& a, const Scalar& b) {
  check_divisor("fmod", a, b, common_type("fmod", a, b));
  return record("FmodBackward0", same("fmod", a, b, simd().fmod),
                wrt(a, [](const Tensor& g) { return g; }));
}
Tensor operator%(const Tensor& a, const Tensor& b) {
  return remainder(a, b);
}
Tensor operator%(const Tensor& a, const Scalar& b) {
  return remainder(a, b);
}
Tensor operator%(const Scalar& a, const Tensor& b) {
  check_defined("remainder", b);
  return remainder(scalar_tensor(a, result_type(b, a)), b);
}

// ---- the larger and the smaller

namespace {

/// The gradient goes to the operand that is not beaten: half to each where they are equal, and all
/// to both beside a NaN, which beats nothing.
Tensor unbeaten(const Tensor& g, const Tensor& beaten, const Tensor& ties) {
  return where(ties, g * 0.5, g).masked_fill(beaten, 0);
}

Tensor extreme(const char* op, const char* node, const Map& kernel, const Tensor& a,
               const Tensor& b, Tensor (*beats)(const Tensor&, const Tensor&)) {
  return record(node, same(op, a, b, kernel),
                wrt(a, [beats, a = saved(a), b = saved(b)](
                           const Tensor& g) { return unbeaten(g, beats(*b, *a), *a == *b); }),
                wrt(b, [beats, a = saved(a), b = saved(b)](const Tensor& g) {
                  return unbeaten(g, beats(*a, *b), *a == *b);
                }));
}

Tensor extreme_number(const char* op, const char* node, const Map& kernel, const Tensor& a,
                      const Tensor& b, bool larger) {
  // The gradient goes to a unless b is strictly better or a is NaN.
  auto keeps_a = [larger](const Tensor& a, const Tensor& b) {
    return logical_or(larger ? a >= b : a <= b, isnan(b));
  };
  return record(
      node, same(op, a, b, kernel),
      wrt(a, [keeps_a, a = saved(a), b = saved(b)](
                 const Tensor& g) { return g.masked_fill(logical_not(keeps_a(*a, *b)), 0); }),
      wrt(b, [keeps_a, a = saved(a), b = saved(b)](const Tensor& g) {
        return g.masked_fill(keeps_a(*a, *b), 0);
      }));
}

}  // namespace

Tensor maximum(const Tensor& a, const Tensor& b) {
  return extreme("maximum", "MaximumBackward0", simd().maximum, a, b,
                 [](const Tensor& x, const Tensor& y) { return x > y; });
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  return extreme("minimum", "MinimumBackward0", simd().minimum, a, b,
                 [](const Tensor& x, const Tensor& y) { return x < y; });
}
Tensor fmax(const Tensor& a, const Tensor& b) {
  return extreme_number("fmax", "FmaxBackward0", simd().fmax, a, b, true);
}
Tensor fmin(const Tensor& a, const Tensor& b) {
  return extreme_number("fmin", "FminBackward0", simd().fmin, a, b, false);
}

// ---- geometry of the plane and logarithms

// y = atan2(a, b):  ā = g·b/(a² + b²),  b̄ = −g·a/(a² + b²).
Tensor atan2(const Tensor& a, const Tensor& b) {
  return record("Atan2Backward0", in_float("atan2", a, b, simd().atan2),
                wrt(a, b, [a = saved(a), b = saved(b)](const Tensor& g) {
                  const Tensor x = *a, y = *b;
                  const Tensor scale = g / (x * x + y * y);
                  return std::pair{scale * y, -scale * x};
                }));
}

// [hypot]
Tensor hypot(const Tensor& a, const Tensor& b) {
  return record("HypotBackward0", of_floats("hypot", a, b, simd().hypot),
                wrt(a, [a = saved(a)](const Tensor& g, const Tensor& y) { return g * (*a / y); }),
                wrt(b, [b = saved(b)](const Tensor& g, const Tensor& y) { return g * (*b / y); }));
}
// [/hypot]

// ∂/∂a log(eᵃ + eᵇ) = σ(a − b).
Tensor logaddexp(const Tensor& a, const Tensor& b) {
  // Added with −1, since either operand may be a boolean, from which nothing is subtracted.
  return record("LogaddexpBackward0", of_floats("logaddexp", a, b, simd().logaddexp),
                wrt(a, [a = saved(a),
                        b = saved(b)](const Tensor& g) { return g / (exp(add(*b, *a, -1)) + 1); }),
                wrt(b, [a = saved(a), b = saved(b)](const Tensor& g) {
                  return g / (exp(add(*a, *b, -1)) + 1);
                }));
}

Tensor copysign(const Tensor& a, const Tensor& b) {
  return record("CopysignBackward0", in_float("copysign", a, b, simd().copysign),
                wrt(a,
                    [a = saved(a)](const Tensor& g, const Tensor& y) {
                      const Tensor x = *a;
                      return where(x == 0, zeros_like(g), g * (y / where(x == 0, ones_like(x), x)));
                    }),
                wrt(b, zero_gradient));
}

Tensor xlogy(const Tensor& a, const Tensor& b) {
  return record("XlogyBackward0", in_float("xlogy", a, b, simd().xlogy),
                wrt(a,
                    [a = saved(a), b = saved(b)](const Tensor& g) {
                      const Tensor drops = logical_and(*a == 0, *b <= 0);
                      return xlogy(g, where(drops, ones_like(*b), *b));
                    }),
                wrt(b, [a = saved(a), b = saved(b)](const Tensor& g) { return g * *a / *b; }));
}

// ---- methods

PULLBACK_BINARY_METHODS(pow)
PULLBACK_BINARY_METHODS(floor_divide)
PULLBACK_BINARY_METHODS(remainder)
PULLBACK_BINARY_METHODS(fmod)

#define PULLBACK_METHOD(op)                      \
  Tensor TensorBase::op(const Tensor& b) const { \
    return pullback::op(self(Tensor()), b);      \
  }
PULLBACK_METHOD(maximum)
PULLBACK_METHOD(minimum)
PULLBACK_METHOD(fmax)
PULLBACK_METHOD(fmin)
PULLBACK_METHOD(atan2)
PULLBACK_METHOD(hypot)
PULLBACK_METHOD(logaddexp)
PULLBACK_METHOD(copysign)
#undef PULLBACK_METHOD

Tensor TensorBase::div(const Tensor& b, std::optional<std::string_view> mode) const {
  return pullback::div(self(Tensor()), b, mode);
}
Tensor TensorBase::div(const Scalar& b, std::optional<std::string_view> mode) const {
  return pullback::div(self(Tensor()), b, mode);
}

}  // namespace pullback
