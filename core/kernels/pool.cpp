#include <pullback/core/kernels/pool.h>

#include <algorithm>

namespace pullback::kernels {

int num_threads() noexcept { return 1; }
void set_num_threads(int) {}
void parallel_for(std::int64_t count, std::int64_t chunk, Body body, void* context) {
  for (std::int64_t i = 0; i < count; i += chunk) body(context, i, std::min(count, i + chunk));
}

}  // namespace pullback::kernels
