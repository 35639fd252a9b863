#pragma once

// Scalar functions that the vectoriser turns into SIMD code, in plain arithmetic: those of float32
// here, of float64 in math_double.h, math_erf.h and math_pow.h; what is rare, and what needs more
// than float64 inside, is libm's.

#include <pullback/core/kernels/math_erf.h>
#include <pullback/core/kernels/math_pow.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

/// e^r - 1 - r for |r| <= ln(2)/2.
PULLBACK_INLINE float exp_tail(float r) {
  float p = fma(1.9875691500e-4f, r, 1.3981999507e-3f);
  p = fma(p, r, 8.3334519073e-3f);
  p = fma(p, r, 4.1665795894e-2f);
  p = fma(p, r, 1.6666665459e-1f);
  p = fma(p, r, 5.0000001201e-1f);
  return p * (r * r);
}

struct ExpParts {
  float r;     ///< x - n ln 2
  uint32_t n;  ///< as a two's complement integer
};
PULLBACK_INLINE ExpParts reduce_exp(float x) {
  // Adding 1.5 * 2^23 rounds to an integer in the low bits: no SSE4.1 rounding, no float to int
  // cast.
  constexpr float magic = 12582912.0f;
  const float shifted = fma(x, 1.44269504088896341f, magic);
  const float n = shifted - magic;
  float r = fma(n, -0.693359375f, x);
  r = fma(n, 2.12194440e-4f, r);
  return {r, bits(shifted) - bits(magic)};
}

/// e^x; overflows to inf, underflows through the denormals to 0 (reduction of Cody and Waite,
/// 1980).
PULLBACK_INLINE float exp(float x) {
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  const ExpParts parts = reduce_exp(x);
  const float p = (exp_tail(parts.r) + parts.r) + 1.0f;
  // 2^n in two factors, because n runs from -150 to 128.
  const int32_t n = static_cast<int32_t>(parts.n);
  const int32_t half = n >> 1;
  return p * from_bits(static_cast<uint32_t>(half + 127) << 23) *
         from_bits(static_cast<uint32_t>(n - half + 127) << 23);
}

/// 2^x, as exp but for the reduction, which is exact, and a polynomial fitted to 2^r.
PULLBACK_INLINE float exp2(float x) {
  constexpr float magic = 12582912.0f;
  x = x > 129.0f ? 129.0f : x;
  x = x < -151.0f ? -151.0f : x;
  const float shifted = x + magic;
  const float r = x - (shifted - magic);
  float p = fma(1.544497663e-04f, r, 1.340125844e-03f);
  p = fma(p, r, 9.618098226e-03f);
  p = fma(p, r, 5.550325131e-02f);
  p = fma(p, r, 2.402265073e-01f);
  p = fma(p, r, 6.931472077e-01f);
  p = fma(p, r, 1.0f);
  const int32_t n = static_cast<int32_t>(bits(shifted) - bits(magic));
  const int32_t half = n >> 1;
  return p * from_bits(static_cast<uint32_t>(half + 127) << 23) *
         from_bits(static_cast<uint32_t>(n - half + 127) << 23);
}

/// e^x for -87 <= x <= 88, where one factor 2^n is enough. Of no number it makes any: adding n to
/// the bits of a NaN carries into its sign and exponent.
PULLBACK_INLINE float exp_normal(float x) {
  const ExpParts parts = reduce_exp(x);
  const float p = (exp_tail(parts.r) + parts.r) + 1.0f;
  return from_bits(bits(p) + (parts.n << 23));
}

/// e^x for x <= 0, where a denormal result may be 0: for sums that hold a 1.
PULLBACK_INLINE float exp_below(float x) {
  const float c = x < -87.0f ? -87.0f : x;
  const float rest = x < -87.0f ? 0.0f : x;
  return x >= -87.0f ? exp_normal(c) : rest;
}
PULLBACK_INLINE double exp_below(double x) {
  return exp(x);
}

/// e^x - 1 without cancellation near 0.
PULLBACK_INLINE float expm1(float x) {
  float c = x > 89.0f ? 89.0f : x;
  c = c < -30.0f ? -30.0f : c;
  const ExpParts parts = reduce_exp(c);
  const int32_t n = static_cast<int32_t>(parts.n);
  const int32_t bounded = n > 30 ? 30 : n;
  const float scale = from_bits(static_cast<uint32_t>(bounded + 127) << 23);
  const float small = fma(scale, exp_tail(parts.r) + parts.r, scale - 1.0f);
  const float value = n > 25 ? exp(c) : small;
  return x == 0.0f ? x : value;
}

/// ln ((1 + f) 2^n) for 1 + f in [sqrt(1/2), sqrt(2)) (Cephes' minimax polynomial).
PULLBACK_INLINE float log_of_parts(float f, float n) {
  const float z = f * f;
  float p = fma(7.0376836292e-2f, f, -1.1514610310e-1f);
  p = fma(p, f, 1.1676998740e-1f);
  p = fma(p, f, -1.2420140846e-1f);
  p = fma(p, f, 1.4249322787e-1f);
  p = fma(p, f, -1.6668057665e-1f);
  p = fma(p, f, 2.0000714765e-1f);
  p = fma(p, f, -2.4999993993e-1f);
  p = fma(p, f, 3.3333331174e-1f);
  p = p * (f * z);
  p = fma(n, -2.12194440e-4f, p);
  p = fma(-0.5f, z, p);
  return fma(n, 0.693359375f, f + p);
}
PULLBACK_INLINE float log(float x) {
  const bool tiny = x < 1.17549435e-38f;
  const float scaled = tiny ? x * 8388608.0f : x;
  const uint32_t offset = bits(scaled) - 0x3f3504f3u;
  const int32_t e = static_cast<int32_t>(offset) >> 23;
  const float f = from_bits((offset & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float y = log_of_parts(f, static_cast<float>(tiny ? e - 23 : e));
  y = x == kInf ? kInf : y;
  y = x == 0.0f ? -kInf : y;
  return x >= 0.0f ? y : kNan;
}

/// ln(1 + x) for 0 <= x <= 1.
template <class T>
PULLBACK_INLINE T log1p_of_part(T x) {
  const bool high = x > T(0.41421356237309504880);
  return log_of_parts(high ? fma(T(0.5), x, T(-0.5)) : x, high ? T(1) : T(0));
}
/// ln(1 + e^x) without overflow.
template <class T>
PULLBACK_INLINE T log1p_exp(T x) {
  return (x > 0 ? x : T(0)) + log1p_of_part(exp(-fabs(x)));
}

/// ln(1 + x): the logarithm of the rounded sum, corrected for its rounding.
PULLBACK_INLINE float log1p(float x) {
  const float u = 1.0f + x;
  const float corrected = log(u) + (x - (u - 1.0f)) / u;
  float y = u == kInf ? kInf : corrected;
  y = u == 0.0f ? -kInf : y;
  return u == 1.0f ? x : y;
}

/// x + x^3 P(x^2) near 0, 1 - 1 / (h + 1/2) elsewhere, where h = e^(2|x|) / 2 = 2^(n + r) / 2 by a
/// polynomial for 2^r / 2 fitted to the least relative error.
PULLBACK_INLINE float tanh(float x) {
  const float z = x * x;
  float p = fma(-5.70498872745e-3f, z, 2.06390887954e-2f);
  p = fma(p, z, -5.37397155531e-2f);
  p = fma(p, z, 1.33314422036e-1f);
  p = fma(p, z, -3.33332819422e-1f);
  const float a = fabs(x);
  const float small = fma(p * z, a, a);
  constexpr float magic = 12582912.0f, two_by_log2 = 2.88539008177792681f;
  const float c = a > 10.0f ? 10.0f : a;
  const float shifted = fma(c, two_by_log2, magic);
  const float r = fma(c, two_by_log2, magic - shifted);
  float h = fma(7.676680980e-5f, r, 6.699436926e-4f);
  h = fma(h, r, 4.809218459e-3f);
  h = fma(h, r, 2.775166184e-2f);
  h = fma(h, r, 1.201132387e-1f);
  h = fma(h, r, 3.465735912e-1f);
  h = fma(h, r, 0.5f);
  h = from_bits(bits(h) + (bits(shifted) << 23));  // magic's own bits go over the edge
  const float large = 1.0f - 1.0f / (h + 0.5f);
  return copysign(a >= 0.625f ? large : small, x);  // of a NaN only `small` is one
}

/// e^x 2^kShift, which must be a normal number; of no number it makes any. Its polynomial is
/// tanh's, for 2^r / 2.
template <int kShift>
PULLBACK_INLINE float scaled_exp(float x) {
  constexpr float magic = 12582912.0f;  // added, it rounds to an integer in the low bits
  constexpr float high = 1.44269504f, low = 1.92596299e-8f;  // of 1 / ln 2
  const float shifted = fma(x, high, magic);
  const float r = fma(x, low, fma(x, high, magic - shifted));
  float h = fma(7.676680980e-5f, r, 6.699436926e-4f);
  h = fma(h, r, 4.809218459e-3f);
  h = fma(h, r, 2.775166184e-2f);
  h = fma(h, r, 1.201132387e-1f);
  h = fma(h, r, 3.465735912e-1f);
  h = fma(h, r, 0.5f);
  return from_bits(bits(h) + ((bits(shifted) + static_cast<uint32_t>(kShift + 1)) << 23));
}

/// x + x Q(x^2) below 0.92, 1 - exp(-x - x R(x)) up to 4, with Q and R fitted to the least maximal
/// error of the result (tests compare them with libm).
PULLBACK_INLINE float erf(float x) {
  const float a = fabs(x);
  const float z = a * a;
  float q = fma(-5.949248788e-4f, z, 4.985059267e-3f);
  q = fma(q, z, -2.676112197e-2f);
  q = fma(q, z, 1.128166626e-1f);
  q = fma(q, z, -3.761247960e-1f);
  q = fma(q, z, 1.283791475e-1f);
  const float small = fma(q, a, a);
  const float t = a > 4.0f ? 4.0f : a;
  float r = fma(1.123134605e-5f, t, -3.228041967e-4f);
  r = fma(r, t, 3.642460158e-3f);
  r = fma(r, t, -2.376206477e-2f);
  r = fma(r, t, 1.062368792e-1f);
  r = fma(r, t, 6.351513159e-1f);
  r = fma(r, t, 1.286484903e-1f);
  const float large = 1.0f - exp_normal(-fma(r, t, t));
  return copysign(a >= 0.92f ? large : small, x);  // as in tanh
}

/// Below, normal_tail is taken for 0.
template <class T>
constexpr T kNormalEnd = T(-38.6);
template <>
constexpr float kNormalEnd<float> = -5.6568542f;

/// The normal distribution's cumulative function (1 + erf(s / sqrt 2)) / 2 for kNormalEnd <= s <=
/// 0, as 2^(s Q(s)) / 2, where Q and the polynomial for 2^r / 2 are fitted to the least maximal
/// error of the result. Without the cancellation of 1 + erf. Their terms are added in pairs: a
/// chain from the last to the first would wait for each.
PULLBACK_INLINE float normal_tail(float s) {
  constexpr float magic = 12582912.0f;
  const float s2 = s * s, s4 = s2 * s2;
  const float low =
      fma(fma(6.932914723e-3f, s, 5.243734270e-2f), s2, fma(-4.592206478e-1f, s, 1.151104331f));
  const float middle = fma(fma(-1.203000375e-5f, s, -8.147822518e-5f), s2,
                           fma(-2.928652975e-4f, s, -1.910061292e-5f));
  const float high = fma(-3.408483451e-8f, s, -9.760533430e-7f);
  const float q = fma(fma(high, s4, middle), s4, low);
  const float shifted = fma(q, s, magic);
  const float r = fma(q, s, magic - shifted), r2 = r * r;
  const float p = fma(
      fma(fma(6.634761230e-4f, r, 4.835645668e-3f), r2, fma(2.775355428e-2f, r, 1.201112345e-1f)),
      r2, fma(3.465735018e-1f, r, 0.5f));
  return from_bits(bits(p) + (bits(shifted) << 23));  // magic's own bits go over the edge
}
PULLBACK_INLINE double normal_tail(double s) {
  return 0.5 * erfc(s * -0.70710678118654752440);
}
template <class T>
PULLBACK_INLINE T normal_cdf(T x) {
  const T s = -fabs(x);
  const T tail = normal_tail(s < kNormalEnd<T> ? kNormalEnd<T> : s);
  const T lower = s < kNormalEnd<T> ? T(0) : tail;
  return x < 0 ? lower : 1 - lower;
}

PULLBACK_INLINE float sigmoid(float x) {
  // Both sides of 1 / (1 + e^-x) are scaled: e^-x is finite where the result is a denormal number.
  constexpr float unit = 0x1p-24f;
  float c = x > 40.0f ? 40.0f : x;
  c = c < -104.5f ? -104.5f : c;
  return fma(c, 0.0f, unit) / (scaled_exp<-24>(-c) + unit);  // c * 0 is NaN where x is
}
PULLBACK_INLINE double sigmoid(double x) {
  constexpr double unit = 0x1p-64;
  double c = x > 40.0 ? 40.0 : x;
  c = c < -746.0 ? -746.0 : c;
  const DoubleExpParts parts = reduce_exp(-c);
  const uint64_t power = (parts.n - 64) << 52;
  return fma(c, 0.0, unit) / (from_bits(bits(exp_of_rest(parts.r)) + power) + unit);
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
