// A user's first program: x² + 1 and its gradient. Timed from the start of the process, and as work
// for the compiler.
#ifdef PEER_LIBTORCH
#include <torch/torch.h>
namespace peer = torch;
#else
#include <pullback/pullback.h>
namespace peer = pullback;
#endif

#include <cstdio>
#include <fstream>
#include <string>

/// The kernel's record of the most memory that was resident at once.
static void print_peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM", 0) == 0) std::puts(line.c_str());
  }
}

int main() {
  const peer::Tensor x = peer::full({}, 3.0).requires_grad_();
  const peer::Tensor y = x * x + 1;
  y.backward();
  std::printf("%g\n", x.grad().item<double>());
  print_peak_memory();
}
