// An operation that Pullback does not have, made outside of it: log cosh x, the loss that is
// quadratic for small errors and linear for large ones. docs/adding_an_operation.md walks through.
#include <pullback/core/autograd/record.h>
#include <pullback/pullback.h>

#include <iostream>
#include <numbers>

using namespace pullback;

// [value]
/// log cosh x = |x| + log(1 + e^(-2|x|)) - log 2, which does not overflow as cosh does.
Tensor log_cosh_value(const Tensor& x) {
  const NoGradGuard unrecorded;  // the rule below is its derivative, not that of these steps
  const Tensor a = x.abs();
  return a + (-2 * a).exp().log1p() - std::numbers::ln2;
}
// [/value]

// [record]
/// log cosh x, elementwise, in x's shape; its derivative is tanh x.
Tensor log_cosh(const Tensor& x) {
  return autograd::record(
      "LogCoshBackward0", log_cosh_value(x),
      autograd::wrt(x, [x = autograd::saved(x)](const Tensor& g) { return g * x->tanh(); }));
}
// [/record]

// [two-inputs]
/// log cosh(a - b); a and b broadcast.
Tensor log_cosh_error(const Tensor& a, const Tensor& b) {
  return autograd::record(
      "LogCoshErrorBackward0", log_cosh_value(a.detach() - b.detach()),
      autograd::wrt(a, b, [a = autograd::saved(a), b = autograd::saved(b)](const Tensor& g) {
        const Tensor slope = g * (*a - *b).tanh();
        return std::pair{slope, -slope};
      }));
}
// [/two-inputs]

int main() {
  std::cout << std::boolalpha;
  // [use]
  const Tensor x = tensor({-1000.0, -1.0, 0.0, 1.0, 1000.0}).requires_grad_();
  const Tensor y = log_cosh(x);
  std::cout << y << "\n";

  const Tensor slope = autograd::grad({y.sum()}, {x}, {}, /*retain_graph=*/true,
                                      /*create_graph=*/true)[0];
  std::cout << slope << "\n";
  std::cout << autograd::grad({slope.sum()}, {x})[0] << "\n";
  // [/use]

  // [check]
  manual_seed(0);
  const Tensor a = randn({3, 1}, kDouble).requires_grad_();
  const Tensor b = randn({2}, kDouble).requires_grad_();
  const auto error = [](const std::vector<Tensor>& in) { return log_cosh_error(in[0], in[1]); };
  std::cout << autograd::gradcheck(log_cosh, {a}) << " " << autograd::gradgradcheck(log_cosh, {a})
            << " " << autograd::gradcheck(error, {a, b}) << " "
            << autograd::gradgradcheck(error, {a, b}) << "\n";
  // [/check]
}
