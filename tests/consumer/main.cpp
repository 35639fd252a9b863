#include <pullback/pullback.h>

#include <cstdio>

int main() {
  const pullback::Tensor x = pullback::full({2, 3}, 1.5).requires_grad_();
  (x * x).sum().backward();
  std::printf("pullback %s: the gradient of x * x at 1.5 is %g\n", pullback::version(),
              x.grad().sum().item<double>() / 6);
}
