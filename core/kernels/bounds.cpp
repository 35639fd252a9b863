#include <pullback/core/kernels/tier.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

bool any_outside(int64_t n, const int64_t* index, int64_t length) {
  uint64_t signs = 0;  // the top bit: that an index or its distance to the last one was negative
  for (int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<uint64_t>(index[i]);
    signs |= at | (static_cast<uint64_t>(length - 1) - at);
  }
  return signs >> 63 != 0;
}

}  // namespace

void fill_bounds(Kernels& table) {
  table.any_outside = any_outside;
}

}  // namespace pullback::kernels::PULLBACK_TIER
