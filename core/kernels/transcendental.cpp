#include <pullback/core/kernels/large.h>
#include <pullback/core/kernels/math.h>
#include <pullback/core/kernels/math_gamma.h>

// Declared here because <cmath> hides it in strict modes; unlike lgamma it writes no global sign.
extern "C" double lgamma_r(double, int*) noexcept;

namespace pullback::kernels::PULLBACK_TIER {
namespace {

PULLBACK_INLINE double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

/// sin, cos or tan. Arguments past the limit of the polynomial's reduction are left to libm,
/// one by one, so that an element does not depend on its neighbours.
template <class F>
struct Trigonometric {};
template <class F, class T>
struct ComputeOf<Trigonometric<F>, T, T> {
  static PULLBACK_INLINE bool beyond(T x) { return !(fabs(x) <= T(kTrigLimit)); }
  static void function(int64_t n, T* y, const T* x) {
    for (int64_t begin = 0; begin < n; begin += kBlock) {
      const int64_t count = n - begin < kBlock ? n - begin : kBlock;
      block(count, y + begin, x + begin);
    }
  }
  static PULLBACK_INLINE void block(int64_t n, T* y, const T* x) {
    int32_t any_beyond = 0;
    for (int64_t i = 0; i < n; ++i) any_beyond |= static_cast<int32_t>(beyond(x[i]));
    T kept[kBlock];  // y may be x
    if (any_beyond != 0) __builtin_memcpy(kept, x, static_cast<uint64_t>(n) * sizeof(T));
    PULLBACK_VECTOR
    for (int64_t i = 0; i < n; ++i) y[i] = F::polynomial(x[i]);
    if (any_beyond == 0) return;
    for (int64_t i = 0; i < n; ++i) {
      if (beyond(kept[i])) y[i] = F::library(kept[i]);
    }
  }
};
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
  static PULLBACK_INLINE float polynomial(float x) { return small_tan(x); }
  static PULLBACK_INLINE float library(float x) { return __builtin_tanf(x); }
};

void fill_trigonometric(Kernels& table) {
  unary<float, double>(table.sin, Trigonometric<Sin>{});
  unary<float, double>(table.cos, Trigonometric<Cos>{});
  unary<float>(table.tan, Trigonometric<Tan>{});
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
  unary<float, double>(table.erf, [](auto x) { return erf(x); });
  unary<float, double>(table.erfc, large([](auto x) { return erfc(x); }));
  unary<float, double>(table.erfinv, large([](auto x) { return inverse_erf(x); }));
  unary_large_float(table.lgamma, [](auto x) { return log_gamma(x); });
  unary<float, double>(table.digamma, large([](auto x) { return psi(x); }));
  unary<float, double>(table.trigamma, large([](auto x) { return trigamma(x); }));
}

}  // namespace pullback::kernels::PULLBACK_TIER
