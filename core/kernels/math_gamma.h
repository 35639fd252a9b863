#pragma once

// The derivatives of the gamma function's logarithm in float64, and float32's logarithm, in plain
// arithmetic as in math_double.h. The polynomials in 1/x² are Stirling's series, fitted to the
// least maximal error from where they are used; below, the recurrence takes x there, all steps of
// it as one quotient. Negative x are reflected at 1/2.

#include <pullback/core/kernels/math_double.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// πx = r + quadrant π/2, |r| <= π/4, for |x| < 2^50; beyond are integers only.
PULLBACK_INLINE DoubleTrigParts reduce_half_turns(double x) {
  const double shifted = fma(2.0, x, kRounding);
  return {kPi * fma(-0.5, shifted - kRounding, x), bits(shifted)};
}

/// 0, -1, -2, …, and -inf.
PULLBACK_INLINE bool is_gamma_pole(double x) {
  return both(x <= 0.0, x == floor(x));
}

/// ψ(x) = ln y - 1/2y - P(1/y²)/y² - Σ 1/(x + k), k = 0…3, where y = x + 4; from 4 on y is x. The
/// sum is (2x + 3)(1/u + 1/(u + 2)) with u = x(x + 3). The pole at 0 is infinite; those below,
/// which are approached from both sides, are no number.
PULLBACK_INLINE double psi(double x) {
  const double a = x < 0.0 ? 1.0 - x : x;
  const double y = a < 4.0 ? a + 4.0 : a;
  const double inverse = 1.0 / y, z = inverse * inverse;
  double p = fma(0.46553557618569996, z, -0.23734516131492536);
  p = fma(p, z, 0.07174699618825733);
  p = fma(p, z, -0.02065577323664022);
  p = fma(p, z, 0.007565062142409534);
  p = fma(p, z, -0.004166504134083931);
  p = fma(p, z, 0.003968252548886239);
  p = fma(p, z, -0.008333333327201348);
  p = fma(p, z, 0.08333333333332417);
  const double far = log(y) - fma(p, z, 0.5 * inverse);
  const double u = a * (a + 3.0);
  const double sum = 2.0 * fma(2.0, a, 3.0) * (u + 1.0) / (u * (u + 2.0));
  const double value = a < 4.0 ? far - sum : far;

  const DoubleTrigParts turns = reduce_half_turns(x);
  const double sine = sine_of_quadrant(turns.r, turns.quadrant);
  const double reflected = value - kPi * sine_of_quadrant(turns.r, turns.quadrant + 1) / sine;
  const double below = is_gamma_pole(x) ? __builtin_nan("") : reflected;
  return x < 0.0 ? below : value;
}

/// ψ′(x) = 1/y + 1/2y² + P(1/y²)/y³ + Σ 1/(x + k)², with y, u and k as in ψ. The sum is
/// (2u + 9)/u² + (2u + 5)/(u + 2)².
PULLBACK_INLINE double trigamma(double x) {
  const double a = x < 0.0 ? 1.0 - x : x;
  const double y = a < 4.0 ? a + 4.0 : a;
  const double inverse = 1.0 / y, z = inverse * inverse;
  double p = fma(7.061272017096501, z, -3.451817630872552);
  p = fma(p, z, 0.9669212298790396);
  p = fma(p, z, -0.2456884702885726);
  p = fma(p, z, 0.07557753247710726);
  p = fma(p, z, -0.03333061480576914);
  p = fma(p, z, 0.023809500183432402);
  p = fma(p, z, -0.03333333323166319);
  p = fma(p, z, 0.16666666666651522);
  const double far = fma(inverse, fma(p, z, 0.5 * inverse), inverse);
  const double u = a * (a + 3.0), v = u + 2.0, root = u * v;
  const double sum = (fma(2.0, u, 9.0) * (v * v) + fma(2.0, u, 5.0) * (u * u)) / (root * root);
  const double value = a < 4.0 ? far + sum : far;

  const DoubleTrigParts turns = reduce_half_turns(x);
  const double ratio = kPi / sine_of_quadrant(turns.r, turns.quadrant);
  const double below = is_gamma_pole(x) ? kInfinity : ratio * ratio - value;
  return x < 0.0 ? below : value;
}
PULLBACK_INLINE float psi(float x) {
  return static_cast<float>(psi(static_cast<double>(x)));
}
PULLBACK_INLINE float trigamma(float x) {
  return static_cast<float>(trigamma(static_cast<double>(x)));
}

/// ln |Γ(y)| for y >= 1 to 1e-10: (y - 1)(y - 2) times a polynomial between and near the roots,
/// beyond them Stirling's series, written so that of infinity it is infinity.
PULLBACK_INLINE double log_gamma_above(double y) {
  const double d = y - 1.0;
  double p = fma(-4.301226576354078e-05, d, 0.0004959589844471098);
  p = fma(p, d, -0.002635055347748116);
  p = fma(p, d, 0.008634566575832227);
  p = fma(p, d, -0.019830037888594935);
  p = fma(p, d, 0.034730892465339884);
  p = fma(p, d, -0.04995030920457994);
  p = fma(p, d, 0.06350554362532031);
  p = fma(p, d, -0.07648692179989185);
  p = fma(p, d, 0.09209661432812159);
  p = fma(p, d, -0.11513166245925072);
  p = fma(p, d, 0.15543344371883533);
  p = fma(p, d, -0.24525135045765833);
  p = fma(p, d, 0.5772156648352401);
  const double near = p * fma(d, d, -d);  // of 1 it is +0
  const double inverse = 1.0 / y, z = inverse * inverse;
  double q = fma(0.00040103311349006687, z, -0.0005399070444021945);
  q = fma(q, z, 0.0007902281530281666);
  q = fma(q, z, -0.0027776875063849522);
  q = fma(q, z, 0.08333333265770376);
  const double far = fma(y - 0.5, log_of_normal(y) - 1.0, fma(q, inverse, 0.41893853320467274178));
  return y < 2.5 ? near : far;
}

/// ln |Γ(x)|: below 1 it is ln Γ(x + 1) - ln x, below 0 -ln Γ(1 - x) - ln |sin(πx)/π|.
PULLBACK_INLINE float log_gamma(float x) {
  const double wide = x, a = fabs(wide);
  const double above = log_gamma_above(wide < 1.0 ? a + 1.0 : a);
  const double r = wide - rint(wide), z = r * r;
  double sine = fma(-0.002235226644959603, z, 0.026116206995339467);
  sine = fma(sine, z, -0.19074762305340412);
  sine = fma(sine, z, 0.8117421708100313);
  sine = fma(sine, z, -1.6449340611408376);
  sine = fma(sine, z, 0.99999999997886);
  const double factor = log_of_normal(x < 0.0f ? sine * fabs(r) : a);
  const double value = (x < 0.0f ? -above : above) - (x < 1.0f ? factor : 0.0);
  return is_gamma_pole(wide) ? kInf : static_cast<float>(value);
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
