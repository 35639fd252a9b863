#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
PULLBACK_INLINE T shift_left(T a, T count) {
  constexpr T width = 8 * sizeof(T);
  const bool inside = count >= 0 && count < width;
  const auto word = static_cast<uint64_t>(a) << (inside ? count : T(0));
  return inside ? static_cast<T>(word) : T(0);
}
template <class T>
PULLBACK_INLINE T shift_right(T a, T count) {
  constexpr T last = 8 * sizeof(T) - 1;
  return a >> (count >= 0 && count < last ? count : last);
}

}  // namespace

void fill_logic(Kernels& table) {
  binary<bool, int32_t, int64_t>(table.bitwise_and,
                                 [](auto a, auto b) { return static_cast<decltype(a)>(a & b); });
  binary<bool, int32_t, int64_t>(table.bitwise_or,
                                 [](auto a, auto b) { return static_cast<decltype(a)>(a | b); });
  binary<bool, int32_t, int64_t>(table.bitwise_xor,
                                 [](auto a, auto b) { return static_cast<decltype(a)>(a ^ b); });
  unary<int32_t, int64_t>(table.bitwise_not, [](auto x) { return ~x; });
  unary<bool>(table.bitwise_not, [](auto x) { return !x; });
  binary<int32_t, int64_t>(table.bitwise_left_shift,
                           [](auto a, auto count) { return shift_left(a, count); });
  binary<int32_t, int64_t>(table.bitwise_right_shift,
                           [](auto a, auto count) { return shift_right(a, count); });
  relation<bool, int32_t, int64_t, float, double>(
      table.logical_and, [](auto a, auto b) { return (a != 0) & (b != 0); });
  relation<bool, int32_t, int64_t, float, double>(
      table.logical_or, [](auto a, auto b) { return (a != 0) | (b != 0); });
  relation<bool, int32_t, int64_t, float, double>(
      table.logical_xor, [](auto a, auto b) { return (a != 0) != (b != 0); });
  predicate<bool, int32_t, int64_t, float, double>(table.logical_not,
                                                   [](auto x) { return x == 0; });
  predicate<float, double>(table.isnan, [](auto x) { return x != x; });
  predicate<float, double>(table.isinf, [](auto x) { return fabs(x) == decltype(x)(kInf); });
  predicate<float, double>(table.isfinite, [](auto x) { return fabs(x) < decltype(x)(kInf); });
  predicate<float, double>(table.signbit, [](auto x) { return copysign(decltype(x)(1), x) < 0; });
  predicate<int32_t, int64_t>(table.signbit, [](auto x) { return x < 0; });
}

}  // namespace pullback::kernels::PULLBACK_TIER
