#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// Integers wrap around, as unsigned arithmetic does.
template <class T>
PULLBACK_INLINE T negated(T x) {
  return static_cast<T>(0 - static_cast<typename UnsignedOf<T>::type>(x));
}
template <class T>
PULLBACK_INLINE T squared(T x) {
  const auto u = static_cast<typename UnsignedOf<T>::type>(x);
  return static_cast<T>(u * u);
}

}  // namespace

void fill_unary(Kernels& table) {
  unary<float, double>(table.neg, [](auto x) { return -x; });
  unary<int32_t, int64_t>(table.neg, [](auto x) { return negated(x); });
  unary<float, double>(table.abs, [](auto x) { return fabs(x); });
  unary<int32_t, int64_t>(table.abs, [](auto x) { return x < 0 ? negated(x) : x; });
  unary<int32_t, int64_t, float, double>(table.sign, [](auto x) {
    return static_cast<decltype(x)>((x > 0 ? 1 : 0) - (x < 0 ? 1 : 0));
  });
  unary<bool>(table.sign, [](auto x) { return x; });
  unary<float, double>(table.square, [](auto x) { return x * x; });
  unary<int32_t, int64_t>(table.square, [](auto x) { return squared(x); });
  unary<float, double>(table.cube, [](auto x) { return x * x * x; });
  unary<float, double>(table.reciprocal, [](auto x) { return 1 / x; });
  unary<float, double>(table.sqrt, [](auto x) { return sqrt(x); });
  unary<float, double>(table.rsqrt, [](auto x) { return 1 / sqrt(x); });
  unary<float, double>(table.floor, [](auto x) { return floor(x); });
  unary<float, double>(table.ceil, [](auto x) { return ceil(x); });
  unary<float, double>(table.round, [](auto x) { return rint(x); });
  unary<float, double>(table.trunc, [](auto x) { return trunc(x); });
  unary<float, double>(table.frac, [](auto x) { return x - trunc(x); });
  quaternary<float, double>(table.nan_to_num, [](auto x, auto nan, auto high, auto low) {
    constexpr auto inf = decltype(x)(kInf);
    auto y = x == inf ? high : x;
    y = x == -inf ? low : y;
    return x == x ? y : nan;
  });
}

}  // namespace pullback::kernels::PULLBACK_TIER
