#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

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

/// Integer arithmetic that wraps around; floating-point arithmetic as it is; bool as logic.
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

}  // namespace

void fill_binary(Kernels& table) {
  binary<bool, int32_t, int64_t, float, double>(table.add,
                                                [](auto a, auto b) { return sum_of(a, b); });
  binary<int32_t, int64_t, float, double>(table.sub,
                                          [](auto a, auto b) { return difference_of(a, b); });
  binary<bool, int32_t, int64_t, float, double>(table.mul,
                                                [](auto a, auto b) { return product_of(a, b); });
  binary<float, double>(table.div, [](auto a, auto b) { return a / b; });
}

}  // namespace pullback::kernels::PULLBACK_TIER
