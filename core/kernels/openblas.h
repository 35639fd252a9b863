#pragma once

#include <mutex>

namespace pullback::kernels {

/// Held around each call into BLAS or LAPACK. The first one sets OpenBLAS to one thread. Where the
/// serial build is loaded, whose results are wrong when two threads are inside it, callers wait for
/// each other.
class OpenBlasTurn {
 public:
  OpenBlasTurn();

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace pullback::kernels
