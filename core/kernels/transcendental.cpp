#include <pullback/core/kernels/large.h>
#include <pullback/core/kernels/math.h>

// Declared here because <cmath> hides it in strict modes; unlike lgamma it writes no global sign.
extern "C" double lgamma_r(double, int*) noexcept;

namespace pullback::kernels::PULLBACK_TIER {
namespace {

PULLBACK_INLINE double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

/// psi(x): reflection below 0, recurrence up to 10, then the asymptotic series in 1/x^2
/// (Abramowitz and Stegun 1964, 6.3.7, 6.3.5, 6.3.18). A pole is inf at 0 and NaN below.
PULLBACK_NOINLINE double psi(double x) {
  constexpr double pi = 3.14159265358979323846;
  if (x == 0) return copysign(static_cast<double>(kInf), -x);
  double y = 0;
  if (x < 0) {
    if (x == floor(x)) return kNan;
    const double fraction = x - trunc(x);
    y = -pi / tan(pi * fraction);
    x = 1 - x;
  }
  for (; x < 10; x += 1) y -= 1 / x;
  const double z = 1 / (x * x);
  const double series =
      z * (1.0 / 12 - z * (1.0 / 120 -
                           z * (1.0 / 252 -
                                z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  const double tail = x == static_cast<double>(kInf) ? 0.0 : 0.5 / x + series;
  return y + log(x) - tail;
}

/// sin, cos or tan. Arguments past the limit of the polynomial's reduction are left to libm,
/// one by one, so that an element does not depend on its neighbours.
template <class F, class T>
void trig_loop(int64_t n, char* const* data, const int64_t* strides) {
  alignas(64) T x[kBlock];
  alignas(64) T y[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = n - begin < kBlock ? n - begin : kBlock;
    gather(x, data[1] + begin * strides[1], strides[1], count);
    int32_t beyond = 0;
    for (int64_t i = 0; i < count; ++i) {
      y[i] = F::polynomial(x[i]);
      beyond |= static_cast<int32_t>(!(fabs(x[i]) <= T(kTrigLimit)));
    }
    if (beyond != 0) {
      for (int64_t i = 0; i < count; ++i) {
        if (!(fabs(x[i]) <= T(kTrigLimit))) y[i] = F::library(x[i]);
      }
    }
    scatter(y, data[0] + begin * strides[0], strides[0], count);
  }
}
struct Sin {
  template <class T>
  static PULLBACK_INLINE T polynomial(T x) {
    return small_sin(x);
  }
  static PULLBACK_INLINE float library(float x) { return __builtin_sinf(x); }
  static PULLBACK_INLINE double library(double x) { return __builtin_sin(x); }
};
struct Cos {
  template <class T>
  static PULLBACK_INLINE T polynomial(T x) {
    return small_cos(x);
  }
  static PULLBACK_INLINE float library(float x) { return __builtin_cosf(x); }
  static PULLBACK_INLINE double library(double x) { return __builtin_cos(x); }
};
struct Tan {
  static PULLBACK_INLINE float polynomial(float x) { return tan_of(x); }
  static PULLBACK_INLINE float library(float x) { return __builtin_tanf(x); }
};

void fill_trigonometric(Kernels& table) {
  table.sin.loops[kCode<float>] = trig_loop<Sin, float>;
  table.cos.loops[kCode<float>] = trig_loop<Cos, float>;
  table.tan.loops[kCode<float>] = trig_loop<Tan, float>;
  table.sin.loops[kCode<double>] = trig_loop<Sin, double>;
  table.cos.loops[kCode<double>] = trig_loop<Cos, double>;
  unary<double>(table.tan, [](auto x) { return tan(x); });
  unary_large_float(table.asin, [](auto x) { return asin(x); });
  unary_large_float(table.acos, [](auto x) { return acos(x); });
  unary<float, double>(table.atan, large([](auto x) { return atan(x); }));
  unary_large_float(table.sinh, [](auto x) { return sinh(x); });
  unary_large_float(table.cosh, [](auto x) { return cosh(x); });
  unary<float, double>(table.tanh, [](auto x) { return tanh(x); });
  unary_large_float(table.asinh, [](auto x) { return asinh(x); });
  unary_large_float(table.acosh, [](auto x) { return acosh(x); });
  unary_large_float(table.atanh, [](auto x) { return atanh(x); });
}

}  // namespace

void fill_transcendental(Kernels& table) {
  fill_trigonometric(table);
  unary<float, double>(table.exp, [](auto x) { return exp(x); });
  unary<float, double>(table.exp2, [](auto x) { return exp2(x); });
  unary<float, double>(table.expm1, [](auto x) { return expm1(x); });
  unary<float, double>(table.log, [](auto x) { return log(x); });
  unary_large_float(table.log2, [](auto x) { return log2(x); });
  unary_large_float(table.log10, [](auto x) { return log10(x); });
  unary<float, double>(table.log1p, large([](auto x) { return log1p(x); }));
  unary<float, double>(table.logit, large([](auto x) { return log(x / (1 - x)); }));
  unary<float, double>(table.erf, [](auto x) { return erf(x); });
  unary<float, double>(table.erfc, large([](auto x) { return erfc(x); }));
  unary<float, double>(table.erfinv, large([](auto x) { return inverse_erf(x); }));
  unary<float, double>(table.lgamma, [](auto x) { return log_gamma(x); });
  unary<float, double>(table.digamma, [](auto x) { return psi(x); });
}

}  // namespace pullback::kernels::PULLBACK_TIER
