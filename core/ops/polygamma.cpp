#include <cmath>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

/// The Hurwitz zeta function Σₖ 1/(q + k)ˢ for s > 1, by ten terms and an Euler–Maclaurin remainder
/// (Johansson 2015, "Rigorous high-precision computation of the Hurwitz zeta function", section 2).
double hurwitz_zeta(double s, double q) {
  if (q <= 0) {
    if (q == std::floor(q)) return INFINITY;
    if (s != std::floor(s)) return NAN;
  }
  constexpr int kTerms = 10;
  double sum = 0;
  for (int k = 0; k < kTerms || q + k <= 10; ++k) {
    sum += std::pow(q + k, -s);
    if (k + 1 >= kTerms && q + k + 1 > 10) {
      q += k + 1;
      break;
    }
  }
  sum += std::pow(q, 1 - s) / (s - 1) + 0.5 * std::pow(q, -s);
  // B₂ⱼ/(2j)!
  constexpr double coefficients[] = {1.0 / 12,          -1.0 / 720,
                                     1.0 / 30240,       -1.0 / 1209600,
                                     1.0 / 47900160,    -691.0 / 1307674368000.0,
                                     1.0 / 74724249600, -3617.0 / 10670622842880000.0};
  double rising = s, power = std::pow(q, -s - 1);
  for (int j = 0; j < 8; ++j) {
    sum += coefficients[j] * rising * power;
    rising *= (s + 2 * j + 1) * (s + 2 * j + 2);
    power /= q * q;
  }
  return sum;
}

Tensor by_zeta(std::int64_t n, const Tensor& x) {
  const ScalarType type = float_type(x.scalar_type());
  Tensor y = empty_of(x.get()->geometry, type);
  copy_into(y, x);
  visit(type, [&](auto zero) {
    using T = decltype(zero);
    auto* v = reinterpret_cast<T*>(y.get()->bytes());
    const auto order = static_cast<double>(n);
    const double scale = (n % 2 ? 1 : -1) * std::tgamma(order + 1);
    for (std::int64_t i = 0, count = y.numel(); i < count; ++i)
      v[i] = static_cast<T>(scale * hurwitz_zeta(order + 1, static_cast<double>(v[i])));
  });
  return y;
}

}  // namespace

// ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x); its derivative is the next one.
Tensor polygamma(std::int64_t n, const Tensor& x) {
  check_defined("polygamma", x);
  check(n >= 0, "polygamma: does not support negative n: ", n);
  check(n < kMaxElements, "polygamma: n is too large: ", n);
  if (n == 0) return digamma(x);
  return record("PolygammaBackward0",
                n == 1 ? map_float("polygamma", x, simd().trigamma) : by_zeta(n, x),
                wrt(x, [n, x = saved(x)](const Tensor& g) { return g * polygamma(n + 1, *x); }));
}

}  // namespace pullback
