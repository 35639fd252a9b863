#pragma once

// What the processor and libm compute, under names without std::, whose inline overloads would be
// shared between tiers.

#include <pullback/core/kernels/tier.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr float kInf = __builtin_inff();
constexpr float kNan = __builtin_nanf("");

// a * b + c, fused where the tier has the instruction (a libm call would be far slower); elsewhere
// float32's product is exact too, for numbers that are everywhere the same.
#ifdef __FMA__
PULLBACK_INLINE float fma(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
PULLBACK_INLINE double fma(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}
#else
PULLBACK_INLINE float fma(float a, float b, float c) {
  return static_cast<float>(static_cast<double>(a) * b + c);
}
PULLBACK_INLINE double fma(double a, double b, double c) {
  return a * b + c;
}
#endif

/// The type in which integers of type T wrap around.
template <class T>
struct UnsignedOf;
template <>
struct UnsignedOf<int32_t> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<int64_t> {
  using type = uint64_t;
};

// Conditions joined without a branch, at which the vectoriser gives up.
PULLBACK_INLINE bool both(int a, int b) {
  return (a & b) != 0;
}
PULLBACK_INLINE bool either(int a, int b) {
  return (a | b) != 0;
}

PULLBACK_INLINE uint32_t bits(float x) {
  return __builtin_bit_cast(uint32_t, x);
}
PULLBACK_INLINE float from_bits(uint32_t x) {
  return __builtin_bit_cast(float, x);
}

#define PULLBACK_BUILTIN1(name)           \
  PULLBACK_INLINE float name(float x) {   \
    return __builtin_##name##f(x);        \
  }                                       \
  PULLBACK_INLINE double name(double x) { \
    return __builtin_##name(x);           \
  }
#define PULLBACK_BUILTIN2(name)                     \
  PULLBACK_INLINE float name(float x, float y) {    \
    return __builtin_##name##f(x, y);               \
  }                                                 \
  PULLBACK_INLINE double name(double x, double y) { \
    return __builtin_##name(x, y);                  \
  }
PULLBACK_BUILTIN1(fabs)
PULLBACK_BUILTIN1(sqrt)
PULLBACK_BUILTIN1(floor)
PULLBACK_BUILTIN1(ceil)
PULLBACK_BUILTIN1(trunc)
PULLBACK_BUILTIN1(rint)
PULLBACK_BUILTIN2(fmod)
PULLBACK_BUILTIN2(copysign)
PULLBACK_BUILTIN2(nextafter)
#define PULLBACK_BUILTIN_DOUBLE(name)     \
  PULLBACK_INLINE double name(double x) { \
    return __builtin_##name(x);           \
  }
#define PULLBACK_BUILTIN_DOUBLE2(name)              \
  PULLBACK_INLINE double name(double x, double y) { \
    return __builtin_##name(x, y);                  \
  }
PULLBACK_BUILTIN_DOUBLE(log2)
PULLBACK_BUILTIN_DOUBLE(log10)
PULLBACK_BUILTIN_DOUBLE(tan)
PULLBACK_BUILTIN_DOUBLE(asin)
PULLBACK_BUILTIN_DOUBLE(acos)
PULLBACK_BUILTIN_DOUBLE(sinh)
PULLBACK_BUILTIN_DOUBLE(cosh)
PULLBACK_BUILTIN_DOUBLE(asinh)
PULLBACK_BUILTIN_DOUBLE(acosh)
PULLBACK_BUILTIN_DOUBLE(atanh)
PULLBACK_BUILTIN_DOUBLE2(atan2)
PULLBACK_BUILTIN_DOUBLE2(hypot)
#undef PULLBACK_BUILTIN_DOUBLE2
#undef PULLBACK_BUILTIN_DOUBLE
#undef PULLBACK_BUILTIN1
#undef PULLBACK_BUILTIN2

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
