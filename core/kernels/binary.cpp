#include <pullback/core/kernels/large.h>
#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

/// Integer arithmetic that wraps around, floating-point arithmetic as it is, bool as logic.
template <class T>
PULLBACK_INLINE T sum_of(T a, T b) {
  if constexpr (kBoolean<T>) {
    return a | b;
  } else if constexpr (kFloating<T>) {
    return a + b;
  } else {
    using U = typename UnsignedOf<T>::type;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  }
}
template <class T>
PULLBACK_INLINE T difference_of(T a, T b) {
  if constexpr (kFloating<T>) {
    return a - b;
  } else {
    using U = typename UnsignedOf<T>::type;
    return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
  }
}
template <class T>
PULLBACK_INLINE T product_of(T a, T b) {
  if constexpr (kBoolean<T>) {
    return a & b;
  } else if constexpr (kFloating<T>) {
    return a * b;
  } else {
    using U = typename UnsignedOf<T>::type;
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
  }
}

// Integer division by -1 is a negation, because the least integer has no quotient there.
template <class T>
PULLBACK_INLINE T quotient(T a, T b) {
  if (b == 0) return 0;
  return b == -1 ? difference_of(T(0), a) : a / b;
}
template <class T>
PULLBACK_INLINE T rest(T a, T b) {
  return b == 0 || b == -1 ? 0 : a % b;
}

/// The integer quotient and remainder towards minus infinity.
template <class T>
PULLBACK_INLINE T floor_quotient(T a, T b) {
  const T r = rest(a, b);
  return quotient(a, b) - both(r != 0, (r < 0) != (b < 0));
}
template <class T>
PULLBACK_INLINE T floor_rest(T a, T b) {
  const T r = rest(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/// a − b·trunc(a / b) by libm, and by arithmetic that is exact for near operands. For float32 that
/// is where the quotient has 28 bits, and b's 24; for float64, where a fused operation rounds the
/// rest alone: the quotient may be one too large, which shows in the sign.
struct AnyRest {
  template <class T>
  PULLBACK_INLINE T operator()(T a, T b) const {
    return fmod(a, b);
  }
};
struct NearRest {
  PULLBACK_INLINE float operator()(float a, float b) const {
    const double x = a, y = b;
    return copysign(static_cast<float>(x - trunc(x / y) * y), a);
  }
  PULLBACK_INLINE double operator()(double a, double b) const {
    const double x = fabs(a), y = fabs(b);
    const double r = fma(-trunc(x / y), y, x);
    return copysign(r < 0 ? r + y : r, a);
  }
};
PULLBACK_INLINE bool is_near(float a, float b) {
  return both(fabs(a) < 0x1p28f * fabs(b), fabs(b) < kInf);
}
PULLBACK_INLINE bool is_near(double a, double b) {
#ifdef __FMA__
  return both(fabs(a) < 0x1p52 * fabs(b), fabs(b) < kInfinity);
#else
  static_cast<void>(a), static_cast<void>(b);
  return false;
#endif
}

/// With the sign of b, as in Python.
template <class Rest>
struct Remainder {
  template <class T>
  PULLBACK_INLINE T operator()(T a, T b) const {
    const T r = Rest{}(a, b);
    return both(r != 0, (r < 0) != (b < 0)) ? r + b : r;
  }
};
/// ⌊a / b⌋ as in Python: exact where the quotient is near an integer, which floor(a / b) is not.
template <class Rest>
struct FloorQuotient {
  template <class T>
  PULLBACK_INLINE T operator()(T a, T b) const {
    const T r = Rest{}(a, b);
    T q = (a - r) / b;
    q = both(r != 0, (b < 0) != (r < 0)) ? q - 1 : q;
    const T whole = floor(q);
    T y = q - whole > T(0.5) ? whole + 1 : whole;
    y = q == 0 ? copysign(T(0), a / b) : y;
    return b == 0 ? a / b : y;
  }
};

/// Near where a block's quotients allow it, else by libm: NaN, infinities and 0 are not near.
template <template <class> class F, class T>
void by_rest(int64_t n, char* const* data, const int64_t* strides) {
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = n - begin < kBlock ? n - begin : kBlock;
    char* block[] = {data[0] + begin * strides[0], data[1] + begin * strides[1],
                     data[2] + begin * strides[2]};
    bool near = true;
    for (int64_t i = 0; i < count; ++i) {
      near &= is_near(*reinterpret_cast<const T*>(block[1] + i * strides[1]),
                      *reinterpret_cast<const T*>(block[2] + i * strides[2]));
    }
    near ? loop<F<NearRest>, T, T, T>(count, block, strides)
         : loop<F<AnyRest>, T, T, T>(count, block, strides);
  }
}
template <class Rest>
struct Itself : Rest {};
template <template <class> class F, class... T>
void rests(Map& map) {
  ((map.loops[kCode<T>] = by_rest<F, T>), ...);
}

template <class T>
PULLBACK_INLINE T integer_power(T base, T exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    if (base == -1) return exponent % 2 == 0 ? 1 : -1;
    return 0;
  }
  T result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = product_of(result, base);
    base = product_of(base, base);
  }
  return result;
}

// NaN wins. Not ||: with a branch the vectoriser gives up on clamp.
template <class T>
PULLBACK_INLINE T larger(T a, T b) {
  return ((a > b) | (a != a)) != 0 ? a : b;
}
template <class T>
PULLBACK_INLINE T smaller(T a, T b) {
  return ((a < b) | (a != a)) != 0 ? a : b;
}

/// One choice at a time, which the vectoriser takes; smaller(larger(x, low), high) it does not.
template <class T>
PULLBACK_INLINE T clamped(T x, T low, T high) {
  T y = x < low ? low : x;
  y = y > high ? high : y;
  y = low != low ? low : y;
  return high != high ? high : y;
}

/// The weight's half from which the exact end point is approached: lerp(a, b, 1) is b.
template <class T>
PULLBACK_INLINE T interpolate(T a, T b, T weight) {
  const T span = b - a;
  return fabs(weight) < T(0.5) ? fma(weight, span, a) : b - span * (T(1) - weight);
}

template <class T>
PULLBACK_INLINE T log_add(T a, T b) {
  const T top = a > b ? a : b;
  const T y = top + log1p_of_part(exp(-fabs(a - b)));
  return a == b && fabs(a) == T(kInf) ? a : y;
}

void fill_arithmetic(Kernels& table) {
  binary<bool, int32_t, int64_t, float, double>(table.add,
                                                [](auto a, auto b) { return sum_of(a, b); });
  binary<int32_t, int64_t, float, double>(table.sub,
                                          [](auto a, auto b) { return difference_of(a, b); });
  binary<bool, int32_t, int64_t, float, double>(table.mul,
                                                [](auto a, auto b) { return product_of(a, b); });
  binary<float, double>(table.div, [](auto a, auto b) { return a / b; });
  ternary<float, double>(table.add_scaled,
                         [](auto a, auto b, auto alpha) { return fma(alpha, b, a); });
  ternary<int32_t, int64_t>(
      table.add_scaled, [](auto a, auto b, auto alpha) { return sum_of(a, product_of(alpha, b)); });
  binary<int32_t, int64_t>(table.floor_divide, [](auto a, auto b) { return floor_quotient(a, b); });
  rests<FloorQuotient, float, double>(table.floor_divide);
  binary<float, double>(table.trunc_divide, [](auto a, auto b) { return trunc(a / b); });
  binary<int32_t, int64_t>(table.trunc_divide, [](auto a, auto b) { return quotient(a, b); });
  binary<int32_t, int64_t>(table.remainder, [](auto a, auto b) { return floor_rest(a, b); });
  rests<Remainder, float, double>(table.remainder);
  rests<Itself, float, double>(table.fmod);
  binary<int32_t, int64_t>(table.fmod, [](auto a, auto b) { return rest(a, b); });
  binary<float>(table.pow, large([](auto a, auto b) { return pow(a, b); }));
  binary<double>(table.pow, [](auto a, auto b) { return pow(a, b); });
  binary<int32_t, int64_t>(table.pow, [](auto a, auto b) { return integer_power(a, b); });
  binary<float, double>(table.atan2, [](auto a, auto b) { return atan2(a, b); });
  binary<float, double>(table.hypot, [](auto a, auto b) { return hypot(a, b); });
  binary<float, double>(table.copysign, [](auto a, auto b) { return copysign(a, b); });
  binary<float, double>(table.nextafter, [](auto a, auto b) { return nextafter(a, b); });
  binary<float, double>(table.xlogy, large([](auto a, auto b) {
                          const auto y = a * log(b);
                          return a == 0 && b == b ? decltype(a)(0) : y;
                        }));
  binary<float, double>(table.logaddexp, large([](auto a, auto b) { return log_add(a, b); }));
}

}  // namespace

void fill_binary(Kernels& table) {
  fill_arithmetic(table);
  binary<bool, int32_t, int64_t, float, double>(table.maximum,
                                                [](auto a, auto b) { return larger(a, b); });
  binary<bool, int32_t, int64_t, float, double>(table.minimum,
                                                [](auto a, auto b) { return smaller(a, b); });
  binary<bool, int32_t, int64_t, float, double>(
      table.fmax, [](auto a, auto b) { return ((a >= b) | (b != b)) != 0 ? a : b; });
  binary<bool, int32_t, int64_t, float, double>(
      table.fmin, [](auto a, auto b) { return ((a <= b) | (b != b)) != 0 ? a : b; });
  ternary<float, double>(table.lerp,
                         [](auto a, auto b, auto weight) { return interpolate(a, b, weight); });
  quaternary<float, double>(
      table.addcmul, [](auto x, auto a, auto b, auto value) { return fma(value * a, b, x); });
  quaternary<int32_t, int64_t>(table.addcmul, [](auto x, auto a, auto b, auto value) {
    return sum_of(x, product_of(product_of(value, a), b));
  });
  ternary<float, double>(table.add_product, [](auto sum, auto a, auto b) { return sum + a * b; });
  quaternary<float, double>(table.addcdiv,
                            [](auto x, auto a, auto b, auto value) { return x + value * a / b; });
  ternary<int32_t, int64_t, float, double>(
      table.clamp, [](auto x, auto low, auto high) { return clamped(x, low, high); });
  binary<int32_t, int64_t, float, double>(table.clamp_min,
                                          [](auto x, auto low) { return larger(x, low); });
  binary<int32_t, int64_t, float, double>(table.clamp_max,
                                          [](auto x, auto high) { return smaller(x, high); });
}

}  // namespace pullback::kernels::PULLBACK_TIER
