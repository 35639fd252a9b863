#pragma once

// float64 functions in plain arithmetic, which the vectoriser turns into SIMD code, within two
// ulps; and the float32 functions that are these, rounded.

#include <pullback/core/kernels/math_builtin.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr double kInfinity = __builtin_inf();
constexpr double kLn2High = 0x1.62e42feep-1,
                 kLn2Low = 0x1.a39ef35793c76p-33;  // 33 bits, and the rest
constexpr double kRounding = 0x1.8p52;             // added, it rounds to an integer in the low bits

PULLBACK_INLINE uint64_t bits(double x) {
  return __builtin_bit_cast(uint64_t, x);
}
PULLBACK_INLINE double from_bits(uint64_t x) {
  return __builtin_bit_cast(double, x);
}

/// e^r - 1 - r for |r| <= ln(2)/2: the series to r^13, whose rest is below 2^-57.
PULLBACK_INLINE double exp_tail(double r) {
  double p = fma(1.0 / 6227020800, r, 1.0 / 479001600);
  p = fma(p, r, 1.0 / 39916800);
  p = fma(p, r, 1.0 / 3628800);
  p = fma(p, r, 1.0 / 362880);
  p = fma(p, r, 1.0 / 40320);
  p = fma(p, r, 1.0 / 5040);
  p = fma(p, r, 1.0 / 720);
  p = fma(p, r, 1.0 / 120);
  p = fma(p, r, 1.0 / 24);
  p = fma(p, r, 1.0 / 6);
  p = fma(p, r, 0.5);
  return p * (r * r);
}

struct DoubleExpParts {
  double r;    ///< x - n ln 2
  uint64_t n;  ///< as a two's complement integer
};
PULLBACK_INLINE DoubleExpParts reduce_exp(double x) {
  const double shifted = fma(x, 1.44269504088896340736, kRounding);
  const double n = shifted - kRounding;
  return {fma(n, -kLn2Low, fma(n, -kLn2High, x)), bits(shifted) - bits(kRounding)};
}
/// 2^n for a normal result.
PULLBACK_INLINE double power_of_two(uint64_t n) {
  return from_bits((n + 1023) << 52);
}

/// x 2^n, in two factors, because n runs from -1081 to 1025; half of it without a signed shift,
/// which AVX2 has not.
PULLBACK_INLINE double scale_by_power(double x, uint64_t n) {
  const uint64_t half = ((n + 2048) >> 1) - 1024;
  return x * power_of_two(half) * power_of_two(n - half);
}

/// e^x; overflows to inf, underflows through the denormals to 0.
PULLBACK_INLINE double exp(double x) {
  x = x > 710.0 ? 710.0 : x;
  x = x < -746.0 ? -746.0 : x;
  const DoubleExpParts parts = reduce_exp(x);
  return scale_by_power((exp_tail(parts.r) + parts.r) + 1.0, parts.n);
}

/// e^x - 1 without cancellation near 0.
PULLBACK_INLINE double expm1(double x) {
  double c = x > 44.0 ? 44.0 : x;  // above, the 1 is lost
  c = c < -60.0 ? -60.0 : c;
  const DoubleExpParts parts = reduce_exp(c);
  const double scale = power_of_two(parts.n);
  const double small = fma(scale, exp_tail(parts.r) + parts.r, scale - 1.0);
  const double value = x > 44.0 ? exp(x) : small;
  return x == 0.0 ? x : value;
}

/// x = (1 + f) 2^n with 1 + f in [sqrt(1/2), sqrt(2)).
struct DoubleLogParts {
  double f, n;
};
/// Of a normal number.
PULLBACK_INLINE DoubleLogParts reduce_log_of_normal(double x) {
  constexpr uint64_t root = 0x3fe6a09e667f3bcd;  // of sqrt(1/2)
  const uint64_t offset = bits(x) - root;
  const uint64_t exponent = ((offset >> 52) ^ 0x800) - 0x800;
  return {from_bits((offset & 0x000fffffffffffff) + root) - 1.0,
          from_bits(bits(kRounding) + exponent) - kRounding};
}
PULLBACK_INLINE DoubleLogParts reduce_log(double x) {
  const bool tiny = x < 0x1p-1022;
  const DoubleLogParts parts = reduce_log_of_normal(tiny ? x * 0x1p54 : x);
  return {parts.f, tiny ? parts.n - 54.0 : parts.n};
}

/// ln ((1 + f) 2^n): with s = f / (2 + f),
/// ln (1 + f) = f - f²/2 + s (f²/2 + 2s²/3 + 2s⁴/5 + …), as in FreeBSD's e_log.c.
PULLBACK_INLINE double log_of_parts(double f, double n) {
  const double s = f / (2.0 + f), z = s * s;
  double p = fma(2.0 / 21, z, 2.0 / 19);
  p = fma(p, z, 2.0 / 17);
  p = fma(p, z, 2.0 / 15);
  p = fma(p, z, 2.0 / 13);
  p = fma(p, z, 2.0 / 11);
  p = fma(p, z, 2.0 / 9);
  p = fma(p, z, 2.0 / 7);
  p = fma(p, z, 2.0 / 5);
  p = fma(p, z, 2.0 / 3);
  const double half_square = 0.5 * f * f;
  const double tail = fma(s, fma(p, z, half_square), n * kLn2Low);
  return fma(n, kLn2High, f - (half_square - tail));
}
PULLBACK_INLINE double log(double x) {
  const auto [f, n] = reduce_log(x);
  double y = log_of_parts(f, n);
  y = x == kInfinity ? kInfinity : y;
  y = x == 0.0 ? -kInfinity : y;
  return x >= 0.0 ? y : __builtin_nan("");
}

/// ln(1 + x): the logarithm of the rounded sum, corrected for its rounding.
PULLBACK_INLINE double log1p(double x) {
  const double u = 1.0 + x;
  const double corrected = log(u) + (x - (u - 1.0)) / u;
  double y = u == kInfinity ? kInfinity : corrected;
  y = u == 0.0 ? -kInfinity : y;
  return u == 1.0 ? x : y;
}

PULLBACK_INLINE double tanh(double x) {
  const double t = expm1(-2.0 * fabs(x));
  return copysign(-t / (t + 2.0), x);
}

/// Up to here sin, cos and tan reduce their argument by three parts of pi/2; beyond, libm does.
constexpr double kTrigLimit = 262144;

/// sin(r + quadrant pi/2), |r| <= pi/4, by the series to r^17 and r^18.
PULLBACK_INLINE double sine_of_quadrant(double r, uint64_t quadrant) {
  const double z = r * r;
  double s = fma(1.0 / 355687428096000, z, -1.0 / 1307674368000);
  s = fma(s, z, 1.0 / 6227020800);
  s = fma(s, z, -1.0 / 39916800);
  s = fma(s, z, 1.0 / 362880);
  s = fma(s, z, -1.0 / 5040);
  s = fma(s, z, 1.0 / 120);
  s = fma(s, z, -1.0 / 6);
  s = fma(s * z, r, r);
  double c = fma(-1.0 / 6402373705728000, z, 1.0 / 20922789888000);
  c = fma(c, z, -1.0 / 87178291200);
  c = fma(c, z, 1.0 / 479001600);
  c = fma(c, z, -1.0 / 3628800);
  c = fma(c, z, 1.0 / 40320);
  c = fma(c, z, -1.0 / 720);
  c = fma(c, z, 1.0 / 24);
  c = 1.0 - (0.5 * z - c * (z * z));
  const double y = (quadrant & 1) != 0 ? c : s;
  return from_bits(bits(y) ^ ((quadrant & 2) << 62));
}

struct DoubleTrigParts {
  double r;
  uint64_t quadrant;
};
PULLBACK_INLINE DoubleTrigParts reduce_trig(double x) {
  const double shifted = fma(x, 0.63661977236758134308, kRounding);
  const double n = shifted - kRounding;
  const double r = fma(n, -6.07710050630396597660e-11, fma(n, -1.57079632673412561417, x));
  return {fma(n, -2.02226624879595063154e-21, r), bits(shifted)};
}
PULLBACK_INLINE double small_sin(double x) {
  const DoubleTrigParts parts = reduce_trig(x);
  const double y = sine_of_quadrant(parts.r, parts.quadrant);
  return x == 0.0 ? x : y;
}
PULLBACK_INLINE double small_cos(double x) {
  const DoubleTrigParts parts = reduce_trig(x);
  return sine_of_quadrant(parts.r, parts.quadrant + 1);
}

/// The arc tangent by its series, of |x| or 1/|x|, and beyond tan(pi/8) of the rest from pi/4.
PULLBACK_INLINE double atan(double x) {
  const double a = fabs(x);
  const bool above = a > 1.0;
  const double b = above ? 1.0 / a : a;
  const bool high = b > 0.41421356237309504880;
  const double t = high ? (b - 1.0) / (b + 1.0) : b;
  const double z = t * t;
  double p = -1.0 / 39;
  p = fma(p, z, 1.0 / 37);
  p = fma(p, z, -1.0 / 35);
  p = fma(p, z, 1.0 / 33);
  p = fma(p, z, -1.0 / 31);
  p = fma(p, z, 1.0 / 29);
  p = fma(p, z, -1.0 / 27);
  p = fma(p, z, 1.0 / 25);
  p = fma(p, z, -1.0 / 23);
  p = fma(p, z, 1.0 / 21);
  p = fma(p, z, -1.0 / 19);
  p = fma(p, z, 1.0 / 17);
  p = fma(p, z, -1.0 / 15);
  p = fma(p, z, 1.0 / 13);
  p = fma(p, z, -1.0 / 11);
  p = fma(p, z, 1.0 / 9);
  p = fma(p, z, -1.0 / 7);
  p = fma(p, z, 1.0 / 5);
  p = fma(p, z, -1.0 / 3);
  double y = fma(p * z, t, t);
  y = high ? 0.78539816339744830962 + y : y;
  y = above ? 1.57079632679489661923 - y : y;
  return copysign(y, x);
}

// ---- float32 functions through float64, rounded once

PULLBACK_INLINE float tan_of(float x) {
  const DoubleTrigParts parts = reduce_trig(static_cast<double>(x));
  const double s = sine_of_quadrant(parts.r, parts.quadrant);
  const float y = static_cast<float>(s / sine_of_quadrant(parts.r, parts.quadrant + 1));
  return x == 0.0f ? x : y;
}
PULLBACK_INLINE float atan(float x) {
  return static_cast<float>(atan(static_cast<double>(x)));
}
PULLBACK_INLINE float asin(float x) {
  const double a = x;
  return x == 0.0f ? x : static_cast<float>(atan(a / sqrt((1.0 - a) * (1.0 + a))));
}
PULLBACK_INLINE float acos(float x) {
  const double a = x;
  return static_cast<float>(2.0 * atan(sqrt((1.0 - a) / (1.0 + a))));
}
/// The angle of the point (x, y), with C's special values.
PULLBACK_INLINE float atan2(float y, float x) {
  const double a = fabs(static_cast<double>(y)), b = fabs(static_cast<double>(x));
  const double slope = a == 0.0 ? 0.0 : a == b ? 1.0 : a / b;
  const double angle = atan(b != b ? b : slope);
  const double turned = bits(x) >> 31 != 0 ? 3.14159265358979323846 - angle : angle;
  return copysign(static_cast<float>(turned), y);
}
PULLBACK_INLINE float hypot(float x, float y) {
  const double a = x, b = y;
  const float length = static_cast<float>(sqrt(a * a + b * b));
  return either(fabs(x) == kInf, fabs(y) == kInf) ? kInf : length;
}

/// ln x to 2e-13, as log but without its subnormal numbers, which float32's are not in float64.
PULLBACK_INLINE double log_of(float x) {
  const auto [f, n] = reduce_log_of_normal(x);
  const double s = f / (2.0 + f), z = s * s;
  double p = fma(0.19363884986633198, z, 0.22191337428065783);
  p = fma(p, z, 0.28571755535032944);
  p = fma(p, z, 0.39999998792441688);
  p = fma(p, z, 0.66666666667378682);
  double y = fma(n, 0.69314718055994531, s * fma(p, z, 2.0));
  y = x == kInf ? kInfinity : y;
  y = x == 0.0f ? -kInfinity : y;
  return x >= 0.0f ? y : __builtin_nan("");
}
PULLBACK_INLINE float log2(float x) {
  return static_cast<float>(log_of(x) * 1.44269504088896340736);
}
PULLBACK_INLINE float log10(float x) {
  return static_cast<float>(log_of(x) * 0.434294481903251827651);
}
PULLBACK_INLINE float sinh(float x) {
  const double t = expm1(static_cast<double>(x));
  const double y = 0.5 * (t + t / (t + 1.0));
  return x < -90.0f ? -kInf : x > 90.0f ? kInf : x == 0.0f ? x : static_cast<float>(y);
}
PULLBACK_INLINE float cosh(float x) {
  const double t = exp(fabs(static_cast<double>(x)));
  return static_cast<float>(0.5 * (t + 1.0 / t));
}
/// ln(|x| + sqrt(x² + 1)) with the sign of x.
PULLBACK_INLINE float asinh(float x) {
  const double a = fabs(static_cast<double>(x)), z = a * a;
  const double y = a == kInfinity ? a : log1p(a + z / (1.0 + sqrt(z + 1.0)));
  return copysign(static_cast<float>(y), x);
}
PULLBACK_INLINE float acosh(float x) {
  const double t = static_cast<double>(x) - 1.0;
  return static_cast<float>(log1p(t + sqrt(t < 0.0 ? t : t * (t + 2.0))));
}
PULLBACK_INLINE float atanh(float x) {
  const double a = fabs(static_cast<double>(x));
  return copysign(static_cast<float>(0.5 * log1p((a + a) / (1.0 - a))), x);
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
