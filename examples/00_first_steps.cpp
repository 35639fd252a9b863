// Fits a line to noisy points by gradient descent: tensors, the tape, a step.
// [program]
#include <pullback/pullback.h>

#include <cstdio>

int main() {
  using namespace pullback;
  manual_seed(0);
  const Tensor x = randn({100, 2});
  const Tensor y = x.matmul(tensor({2.0, -1.0})) + 0.1 * randn({100});

  const Tensor w = zeros({2}).requires_grad_();
  for (int step = 0; step < 100; ++step) {
    const Tensor loss = (x.matmul(w) - y).pow(2).mean();
    loss.backward();
    const NoGradGuard no_grad;
    w.sub_(0.1 * w.grad());
    w.grad().zero_();
  }
  std::printf("w = %.2f, %.2f\n", w[0].item<double>(), w[1].item<double>());
}
// [/program]
