#include <pullback/core/kernels/openblas.h>

// Weak, because a BLAS that is not OpenBLAS has no such functions.
extern "C" {
__attribute__((weak)) int openblas_get_parallel(void);
__attribute__((weak)) void openblas_set_num_threads(int count);
}

namespace pullback::kernels {

OpenBlasTurn::OpenBlasTurn() {
  static const bool serial = [] {
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    return openblas_get_parallel && openblas_get_parallel() == 0;
  }();
  static std::mutex mutex;
  if (serial) lock_ = std::unique_lock(mutex);
}

}  // namespace pullback::kernels
