#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {

void fill_unary(Kernels& table) {
  unary<float, double>(table.neg, [](auto x) { return -x; });
  unary<int32_t>(table.neg,
                 [](auto x) { return static_cast<int32_t>(0u - static_cast<uint32_t>(x)); });
  unary<int64_t>(table.neg, [](auto x) {
    return static_cast<int64_t>(uint64_t{0} - static_cast<uint64_t>(x));
  });
  unary<float, double>(table.exp, [](auto x) { return exp(x); });
  unary<float, double>(table.tanh, [](auto x) { return tanh(x); });
}

}  // namespace pullback::kernels::PULLBACK_TIER
