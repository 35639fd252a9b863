#pragma once

// a^b as e^(b ln a). float64 needs the logarithm to 2^-65, since its error grows by b ln a: it is
// computed as the sum of two numbers.

#include <pullback/core/kernels/math_double.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

/// high + low, where low is less than an ulp of high.
struct Pair {
  double high, low;
};

/// a b - p, where p is their rounded product. Without a fused operation, by halves of 26 bits
/// (Dekker 1971).
PULLBACK_INLINE double product_error(double a, double b, double p) {
#ifdef __FMA__
  return __builtin_fma(a, b, -p);
#else
  constexpr double split = 134217729;  // 2^27 + 1
  const double a_high = split * a - (split * a - a), a_low = a - a_high;
  const double b_high = split * b - (split * b - b), b_low = b - b_high;
  return ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low;
#endif
}

PULLBACK_INLINE Pair product(Pair a, Pair b) {
  const double p = a.high * b.high;
  return {p, product_error(a.high, b.high, p) + (a.high * b.low + a.low * b.high)};
}
/// For |a| >= |b|, or a = 0.
PULLBACK_INLINE Pair sum(double a, double b) {
  const double high = a + b;
  return {high, b - (high - a)};
}

/// ln a for a > 0: with f and s as in log, n ln 2 + 2s + 2s³/3 in pairs, the rest as a polynomial.
PULLBACK_INLINE Pair log_pair(double a) {
  constexpr Pair two_thirds{0x1.5555555555555p-1, 0x1.5555555555555p-55};
  const auto [f, n] = reduce_log(a);

  const Pair divisor = sum(2.0, f);
  const double quotient = f / divisor.high, whole = quotient * divisor.high;
  const double remainder = (f - whole) - product_error(quotient, divisor.high, whole);
  const Pair s{quotient, (remainder - quotient * divisor.low) / divisor.high};
  const Pair cube = product(s, product(s, s));
  const Pair second = product(two_thirds, cube);
  const double z = s.high * s.high;
  double p = fma(0.10762424419564801, z, 0.10456327269484514);
  p = fma(p, z, 0.11766813121034213);
  p = fma(p, z, 0.13333296534432942);
  p = fma(p, z, 0.15384615761170173);
  p = fma(p, z, 0.18181818179656925);
  p = fma(p, z, 0.2222222222222843);
  p = fma(p, z, 0.28571428571428564);
  p = fma(p, z, 0.40000000000000002);
  const double rest = fma(p, z * cube.high, fma(2.0, s.low, fma(n, kLn2Low, second.low)));

  const Pair two = sum(n * kLn2High, 2.0 * s.high);  // the product is exact
  const Pair three = sum(two.high, second.high);
  return sum(three.high, three.low + (two.low + rest));
}

/// The magnitude of a^b for a >= 0.
PULLBACK_INLINE double power(double a, double b) {
  constexpr double huge = 0x1p960;  // as good as infinite, and product_error does not overflow
  double bounded = b > huge ? huge : b;
  bounded = bounded < -huge ? -huge : bounded;
  const Pair ln = log_pair(a);
  double high = a == kInfinity ? kInfinity : ln.high;
  high = a == 0.0 ? -kInfinity : high;
  high = a == a ? high : a;
  const double y = bounded * high;
  const double low = product_error(bounded, ln.high, bounded * ln.high) + bounded * ln.low;
  const bool above = y > 710.0, below = y < -746.0;
  const double c = below ? -746.0 : above ? 710.0 : y;
  const DoubleExpParts parts = reduce_exp(c);
  const double r = parts.r + (either(above, below) ? 0.0 : low);
  return scale_by_power((exp_tail(r) + r) + 1.0, parts.n);
}

PULLBACK_INLINE float exp_rounded(double x) {
  double c = x > 90.0 ? 90.0 : x;  // beyond, inf and 0 in float32
  c = c < -105.0 ? -105.0 : c;
  const RoundedExp e = exp_of(c);
  return static_cast<float>(fma(e.scale, e.rest, e.scale));
}
PULLBACK_INLINE float power(float a, float b) {
  return exp_rounded(b * log_of(a));
}

/// a^b with C's special values.
template <class T>
PULLBACK_INLINE T pow(T a, T b) {
  const bool whole = trunc(b) == b;
  const bool odd = both(whole, trunc(T(0.5) * b) * 2 != b);
  T y = power(fabs(a), b);
  y = both(odd, copysign(T(1), a) < 0) ? -y : y;
  y = both(both(a < 0, a != -T(kInf)), !whole) ? T(kNan) : y;
  y = either(b == 0, a == 1) ? T(1) : y;
  return both(a == -1, fabs(b) == T(kInf)) ? T(1) : y;
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
