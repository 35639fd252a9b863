#include <pullback/core/threads.h>

#include <pullback/core/error.h>
#include <pullback/core/kernels/pool.h>

namespace pullback {

int num_threads() noexcept {
  return kernels::num_threads();
}

void set_num_threads(int count) {
  check<ValueError>(count > 0 && count <= kernels::kMostThreads,
                    "set_num_threads: expects a positive number of threads up to ",
                    kernels::kMostThreads, ", got ", count);
  kernels::set_num_threads(count);
}

}  // namespace pullback
