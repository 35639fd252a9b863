#include <pullback/core/kernels/tier.h>

namespace pullback::kernels::PULLBACK_TIER {

void fill_compare(Kernels& table) {
  relation<bool, int32_t, int64_t, float, double>(table.eq, [](auto a, auto b) { return a == b; });
  relation<bool, int32_t, int64_t, float, double>(table.ne, [](auto a, auto b) { return a != b; });
  relation<bool, int32_t, int64_t, float, double>(table.lt, [](auto a, auto b) { return a < b; });
  relation<bool, int32_t, int64_t, float, double>(table.le, [](auto a, auto b) { return a <= b; });
  relation<bool, int32_t, int64_t, float, double>(table.gt, [](auto a, auto b) { return a > b; });
  relation<bool, int32_t, int64_t, float, double>(table.ge, [](auto a, auto b) { return a >= b; });
}

}  // namespace pullback::kernels::PULLBACK_TIER
