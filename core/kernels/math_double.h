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

/// (e^r - 1 - r) / r^2 for |r| <= ln(2)/2, fitted to the least maximal error of e^r, 2^-63.
PULLBACK_INLINE double exp_quotient(double r) {
  double p = fma(2.0924704688158568e-09, r, 2.510956823611156e-08);
  p = fma(p, r, 2.755724198013885e-07);
  p = fma(p, r, 2.755724276142424e-06);
  p = fma(p, r, 2.4801587361271513e-05);
  p = fma(p, r, 0.00019841269887415947);
  p = fma(p, r, 0.001388888888886672);
  p = fma(p, r, 0.008333333333321237);
  p = fma(p, r, 0.0416666666666667);
  p = fma(p, r, 0.16666666666666677);
  return fma(p, r, 0.5);
}
/// e^r - 1 - r.
PULLBACK_INLINE double exp_tail(double r) {
  return exp_quotient(r) * (r * r);
}
/// e^r.
PULLBACK_INLINE double exp_of_rest(double r) {
  return fma(fma(exp_quotient(r), r, 1.0), r, 1.0);
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
  return scale_by_power(exp_of_rest(parts.r), parts.n);
}

/// 2^x, as exp but for the reduction, which is exact.
PULLBACK_INLINE double exp2(double x) {
  x = x > 1025.0 ? 1025.0 : x;
  x = x < -1077.0 ? -1077.0 : x;
  const double shifted = x + kRounding;
  const double r = (x - (shifted - kRounding)) * 0.69314718055994530942;
  return scale_by_power(exp_of_rest(r), bits(shifted) - bits(kRounding));
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

/// The sine and cosine of r for x = r + quadrant pi/2, |r| <= pi/4, to 5e-12.
struct Sines {
  double sine, cosine;
  uint64_t quadrant;
};
PULLBACK_INLINE Sines sines_of(float x) {
  const auto [r, quadrant] = reduce_trig(static_cast<double>(x));
  const double z = r * r;
  double s = fma(2.7183117442122738e-06, z, -0.0001983933500979706);
  s = fma(s, z, 0.008333329387021327);
  s = fma(s, z, -0.16666666641640582);
  double c = fma(-2.721019689149842e-07, z, 2.4799519537954305e-05);
  c = fma(c, z, -0.0013888883751778706);
  c = fma(c, z, 0.0416666666228123);
  c = fma(c, z, -0.5);
  return {r * fma(s, z, 1.0), fma(c, z, 1.0), quadrant};
}
PULLBACK_INLINE float turned(Sines r, uint64_t quadrant) {
  const double y = (quadrant & 1) != 0 ? r.cosine : r.sine;
  return static_cast<float>(from_bits(bits(y) ^ ((quadrant & 2) << 62)));
}
PULLBACK_INLINE float small_sin(float x) {
  const Sines r = sines_of(x);
  return turned(r, r.quadrant);
}
PULLBACK_INLINE float small_cos(float x) {
  const Sines r = sines_of(x);
  return turned(r, r.quadrant + 1);
}
PULLBACK_INLINE float small_tan(float x) {
  const auto [sine, cosine, quadrant] = sines_of(x);
  const bool odd = (quadrant & 1) != 0;
  return static_cast<float>((odd ? -cosine : sine) / (odd ? sine : cosine));
}

/// The angle of the point (x, y) with x, y >= 0, not both 0: the arc tangent of the smaller
/// coordinate by the larger, and beyond tan(pi/8) of the rest from pi/4.
PULLBACK_INLINE double angle_of(double y, double x) {
  const bool steep = y > x;
  const double a = steep ? x : y, b = steep ? y : x;
  const bool high = a > 0.41421356237309504880 * b;
  const double t = (high ? a - b : a) / (high ? a + b : b), z = t * t;
  double p = fma(0.047483327015375956, z, -0.08478468795541894);
  p = fma(p, z, 0.1104511193771916);
  p = fma(p, z, -0.1428204422479226);
  p = fma(p, z, 0.19999905288722086);
  p = fma(p, z, -0.3333333251616681);
  double angle = fma(p * z, t, t);
  angle = high ? 0.78539816339744830962 + angle : angle;
  return steep ? 1.57079632679489661923 - angle : angle;
}
PULLBACK_INLINE float atan(float x) {
  return copysign(static_cast<float>(angle_of(fabs(static_cast<double>(x)), 1.0)), x);
}
PULLBACK_INLINE float asin(float x) {
  const double a = fabs(static_cast<double>(x));
  return copysign(static_cast<float>(angle_of(a, sqrt((1.0 - a) * (1.0 + a)))), x);
}
PULLBACK_INLINE float acos(float x) {
  const double a = fabs(static_cast<double>(x));
  const double angle = angle_of(sqrt((1.0 - a) * (1.0 + a)), a);
  return static_cast<float>(x < 0.0f ? 3.14159265358979323846 - angle : angle);
}
/// The angle of the point (x, y), with C's special values. The bounds keep the quotients of zeros
/// and of infinities numbers.
PULLBACK_INLINE float atan2(float y, float x) {
  double a = fabs(static_cast<double>(y)), b = fabs(static_cast<double>(x));
  a = a > 1e200 ? 1e200 : a;
  b = b > 1e200 ? 1e200 : b;
  b = b < 1e-200 ? 1e-200 : b;
  const double angle = angle_of(a, b);
  const double turned = bits(x) >> 31 != 0 ? 3.14159265358979323846 - angle : angle;
  return copysign(static_cast<float>(turned), y);
}
PULLBACK_INLINE float hypot(float x, float y) {
  const double a = x, b = y;
  const float length = static_cast<float>(sqrt(a * a + b * b));
  return either(fabs(x) == kInf, fabs(y) == kInf) ? kInf : length;
}

/// ln x of a positive number to 2e-13, as log but without its subnormal numbers, which float32's
/// are not in float64.
PULLBACK_INLINE double log_of_normal(double x) {
  const auto [f, n] = reduce_log_of_normal(x);
  const double s = f / (2.0 + f), z = s * s;
  double p = fma(0.19363884986633198, z, 0.22191337428065783);
  p = fma(p, z, 0.28571755535032944);
  p = fma(p, z, 0.39999998792441688);
  p = fma(p, z, 0.66666666667378682);
  return fma(n, 0.69314718055994531, s * fma(p, z, 2.0));
}
PULLBACK_INLINE double log_of(double x) {
  double y = log_of_normal(x);
  y = x == kInfinity ? kInfinity : y;
  y = x == 0.0 ? -kInfinity : y;
  return x >= 0.0 ? y : __builtin_nan("");
}
PULLBACK_INLINE float log2(float x) {
  return static_cast<float>(log_of(x) * 1.44269504088896340736);
}
PULLBACK_INLINE float log10(float x) {
  return static_cast<float>(log_of(x) * 0.434294481903251827651);
}

/// e^x = (1 + rest) scale, to 1e-10.
struct RoundedExp {
  double rest, scale;
};
/// For -1000 < x < 1000.
PULLBACK_INLINE RoundedExp exp_of(double x) {
  const double shifted = fma(x, 1.44269504088896340736, kRounding);
  const double r = fma(shifted - kRounding, -0.69314718055994531, x);
  double p = fma(0.00019899285576, r, 0.0013941118895837001);
  p = fma(p, r, 0.0083332984698005902);
  p = fma(p, r, 0.041666352771112213);
  p = fma(p, r, 0.16666666719028936);
  p = fma(p, r, 0.50000000471460571);
  p = fma(p, r, 1.0);
  return {p * r, power_of_two(bits(shifted) - bits(kRounding))};
}
/// e^|x| for a result that is infinite from 90 on.
PULLBACK_INLINE RoundedExp exp_of_magnitude(float x) {
  const double a = fabs(static_cast<double>(x));
  return exp_of(a > 90.0 ? 90.0 : a);
}
PULLBACK_INLINE float sinh(float x) {
  const RoundedExp e = exp_of_magnitude(x);
  const double t = fma(e.scale, e.rest, e.scale - 1.0);  // e^|x| - 1
  return copysign(static_cast<float>(0.5 * (t + t / (t + 1.0))), x);
}
PULLBACK_INLINE float cosh(float x) {
  const RoundedExp e = exp_of_magnitude(x);
  const double t = fma(e.scale, e.rest, e.scale);
  return static_cast<float>(0.5 * (t + 1.0 / t));
}
/// ln(|x| + sqrt(x² + 1)), or where that cancels, the series.
PULLBACK_INLINE float asinh(float x) {
  const double a = fabs(static_cast<double>(x)), z = a * a;
  const double far = log_of(a + sqrt(z + 1.0));
  return copysign(static_cast<float>(a < 0x1p-10 ? fma(z * (-1.0 / 6), a, a) : far), x);
}
PULLBACK_INLINE float acosh(float x) {
  const double a = x, t = a - 1.0;
  return static_cast<float>(log_of(a + sqrt(t < 0.0 ? t : t * (a + 1.0))));
}
/// Half the logarithm of (1 + |x|) / (1 - |x|), or where that cancels, the series.
PULLBACK_INLINE float atanh(float x) {
  const double a = fabs(static_cast<double>(x));
  const double far = 0.5 * log_of((1.0 + a) / (1.0 - a));
  return copysign(static_cast<float>(a < 0x1p-10 ? fma(a * a * (1.0 / 3), a, a) : far), x);
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
