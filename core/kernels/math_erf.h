#pragma once

// float64's error function within 1.1 ulps, its complement within 3.2 and its inverse within 1.9,
// in plain arithmetic as in math_double.h; and float32's through float64, rounded once. The
// polynomials interpolate at Chebyshev's points.

#include <pullback/core/kernels/math_double.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

/// erf(a) / a - 1 with z = a², 0 <= a <= 1.
PULLBACK_INLINE double erf_ratio(double z) {
  double q = fma(5.9571761477489113e-11, z, -1.1372848856791674e-09);
  q = fma(q, z, 1.4659775274047436e-08);
  q = fma(q, z, -1.6350312701054695e-07);
  q = fma(q, z, 1.6461000484121368e-06);
  q = fma(q, z, -1.4925595266831182e-05);
  q = fma(q, z, 0.0001205533111164271);
  q = fma(q, z, -0.000854832698083379);
  q = fma(q, z, 0.0052239776248180145);
  q = fma(q, z, -0.026866170645076792);
  q = fma(q, z, 0.11283791670954879);
  q = fma(q, z, -0.37612638903183748);
  q = fma(q, z, 0.12837916709551259);
  return q;
}

/// (1 + 2a) e^(a²) erfc(a) for 1/2 <= a <= 27.3, a polynomial in t = (a - 4) / (a + 4) (Shepherd
/// and Laframboise 1981), whose first term is added last.
PULLBACK_INLINE double erfc_scaled(double a) {
  const double t = (a - 4.0) / (a + 4.0), t2 = t * t;
  double even = fma(-8.8913989355442204e-09, t2, 5.7926144825314968e-08);
  even = fma(even, t2, 3.1008792000247759e-07);
  even = fma(even, t2, -1.1231459677642308e-05);
  even = fma(even, t2, 0.000150625083645765);
  even = fma(even, t2, -0.00075777406267000245);
  even = fma(even, t2, -0.016197733950016176);
  even = fma(even, t2, -0.066330365820852458);
  even = fma(even, t2, -0.10103906603595367);
  even = fma(even, t2, 0.015379652102614244);
  even = fma(even, t2, -3.1405634614719383e-17);
  double odd = fma(7.426377402304186e-08, t2, -7.8210915683945641e-07);
  odd = fma(odd, t2, 5.6794375703783899e-06);
  odd = fma(odd, t2, -2.4386029828776703e-05);
  odd = fma(odd, t2, -0.00019926034899710369);
  odd = fma(odd, t2, 0.0050319706165032167);
  odd = fma(odd, t2, 0.037167515470124778);
  odd = fma(odd, t2, 0.093732835002270115);
  odd = fma(odd, t2, 0.068097054254587674);
  odd = fma(odd, t2, -0.13962111684056169);
  return fma(odd, t, even) + 1.2329951186255526;
}

/// e^(-a²) = (1 + rest) 2^n. The square of a, cut to 21 bits, is exact; what was cut joins the
/// reduced argument.
struct Gaussian {
  double rest;
  uint64_t n;
};
PULLBACK_INLINE Gaussian gaussian(double a) {
  const double cut = from_bits(bits(a) & 0xffffffff00000000);
  const DoubleExpParts parts = reduce_exp(-cut * cut);
  const double r = parts.r + (cut - a) * (cut + a);
  return {exp_tail(r) + r, parts.n};
}

/// erfc(a) for a >= 1/2.
PULLBACK_INLINE double erfc_tail(double a) {
  const double c = a > 27.3 ? 27.3 : a;
  const Gaussian g = gaussian(c);
  const double scaled = erfc_scaled(c) / fma(2.0, c, 1.0);
  return scale_by_power(fma(scaled, g.rest, scaled), g.n);
}

PULLBACK_INLINE double erf(double x) {
  const double a = fabs(x);
  const double near = fma(erf_ratio(a * a), a, a), far = 1.0 - erfc_tail(a < 0.5 ? 0.5 : a);
  return copysign(a < 1.0 ? near : far, x);
}

PULLBACK_INLINE double erfc(double x) {
  const double a = fabs(x);
  const double near = 1.0 - fma(erf_ratio(a * a), x, x), tail = erfc_tail(a < 0.5 ? 0.5 : a);
  const double far = x < 0.0 ? 2.0 - tail : tail;
  return a < 0.75 ? near : far;
}

/// The inverse of erf for 0 <= a < 1 to 1e-8: a times a polynomial in w = -ln(1 - a²), or for large
/// w in its root, as in Giles 2012, "Approximating the erfinv function".
PULLBACK_INLINE double inverse_erf_start(double a, double w) {
  const bool outer = w > 7.5625;
  const double t = outer ? sqrt(w) - 4.375 : w - 3.75;
  const auto pick = [outer](double far, double near) { return outer ? far : near; };
  double p = pick(-5.6424981515414984e-08, -2.7080916159318998e-12);
  p = fma(p, t, pick(-8.3729232205285425e-08, -3.4243714369446825e-11));
  p = fma(p, t, pick(1.4154455694680048e-06, 5.7804958145262457e-10));
  p = fma(p, t, pick(-3.0330306390763921e-06, -4.9503798649698535e-12));
  p = fma(p, t, pick(2.3410017386552832e-06, -3.7027343127314079e-08));
  p = fma(p, t, pick(-3.5741413349583001e-06, 2.5486490798022428e-07));
  p = fma(p, t, pick(1.5576096977612177e-05, 1.1681096752244268e-07));
  p = fma(p, t, pick(-5.2635075395027393e-05, -1.6011825465497483e-05));
  p = fma(p, t, pick(1.7640588463007745e-04, 1.3862152171618820e-04));
  p = fma(p, t, pick(-5.1043949085444369e-04, -3.3262051306600537e-04));
  p = fma(p, t, pick(5.0347687948090855e-04, -7.0210554306131493e-03));
  p = fma(p, t, pick(1.0101294897506818e+00, 2.3191920870645699e-01));
  p = fma(p, t, pick(4.2184807092216650e+00, 1.8012427923605019e+00));
  return p * a;
}

/// The start y and one step of Halley's on erf, or where it keeps more digits, on erfc: with e =
/// erf(y) - a and the slope d = 2 e^(-y²) / sqrt(pi), it goes back by e / (d + y e).
PULLBACK_INLINE double inverse_erf(double x) {
  constexpr double two_over_root_pi = 1.12837916709551257390;
  const double a = fabs(x), start = inverse_erf_start(a, -log((1.0 - a) * (1.0 + a)));
  const Gaussian g = gaussian(start);
  const double scaled = erfc_scaled(start) / fma(2.0, start, 1.0), scale = power_of_two(g.n);
  const double below = fma(erf_ratio(start * start), start, start) - a;
  const double above = (1.0 - a) - fma(scaled, g.rest, scaled) * scale;
  const double excess = a < 0.7 ? below : above;
  const double slope = two_over_root_pi * scale * (1.0 + g.rest);
  const double y = start - excess / fma(start, excess, slope);
  return copysign(a == 1.0 ? kInfinity : y, x);
}

/// As for float64 with shorter polynomials, in z = x² and for e^(a²) erfc(a) (a + 2) in t = 1 / (a
/// + 2).
PULLBACK_INLINE float erfc(float x) {
  const double wide = x, z = wide * wide;
  double p = fma(9.31095268231848e-05, z, -0.0008327744075062804);
  p = fma(p, z, 0.005214735680555541);
  p = fma(p, z, -0.026864077977780062);
  p = fma(p, z, 0.11283767248370172);
  p = fma(p, z, -0.37612637644677);
  p = fma(p, z, 0.12837916690811632);
  const double near = 1.0 - fma(p, wide, wide);

  const double a = fabs(wide), c = a > 10.5 ? 10.5 : a, t = 1.0 / (c + 2.0);
  double q = fma(125.63159424775328, t, -330.8436157523407);
  q = fma(q, t, 348.0491174249909);
  q = fma(q, t, -173.38538771417868);
  q = fma(q, t, 38.17045588473667);
  q = fma(q, t, -8.94640524797361);
  q = fma(q, t, 3.8101264744353016);
  q = fma(q, t, 2.721239579083684);
  q = fma(q, t, 1.9803520041839409);
  q = fma(q, t, 1.1281899199857017);
  q = fma(q, t, 0.5641923677035879);
  const RoundedExp gaussian = exp_of(-c * c);
  const double scaled = q * t * gaussian.scale, tail = fma(scaled, gaussian.rest, scaled);
  const double far = x < 0.0f ? 2.0 - tail : tail;
  return static_cast<float>(a < 0.75 ? near : far);
}
PULLBACK_INLINE float inverse_erf(float x) {
  const double a = fabs(static_cast<double>(x));
  const double y = inverse_erf_start(a, -log_of((1.0 - a) * (1.0 + a)));
  return copysign(a == 1.0 ? kInf : static_cast<float>(y), x);
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
