#include "catch.h"

#include <vector>

#include <pullback/pullback.h>

using namespace pullback;

namespace {

// y, its gradients by x, w and the bias, and the gradients of ‖these‖² by x, w and g.
std::vector<Tensor> to_order_two(const Tensor& x32, const Tensor& w32, const Tensor& b32,
                                 const Tensor& g32, ScalarType type) {
  const auto leaf = [&](const Tensor& t) { return t.to(type).requires_grad_(); };
  const Tensor x = leaf(x32), w = leaf(w32), b = leaf(b32), g = leaf(g32);
  const Tensor y = conv2d(x, w, b, 1, 1);
  const auto first = autograd::grad({y}, {x, w, b}, {g}, /*retain_graph=*/true,
                                    /*create_graph=*/true);
  Tensor size = zeros({}, type);
  for (const Tensor& gradient : first) size = size + gradient.pow(2).sum();
  const auto second = autograd::grad({size}, {x, w, g});
  std::vector<Tensor> all = {y, first[0], first[1], first[2], second[0], second[1], second[2]};
  for (Tensor& t : all) t = t.detach().to(kDouble);
  return all;
}

}  // namespace

TEST_CASE("a float32 convolution has float64's values and gradients to order 2 but for rounding",
          "[conv]") {
  manual_seed(1);
  const bool strict = GENERATE(false, true), before = strict_convolutions();
  const Tensor x = randn({3, 17, 9, 10}), w = randn({20, 17, 3, 3}), b = randn({20});
  const Tensor g = randn({3, 20, 9, 10});
  set_strict_convolutions(strict);
  const auto single = to_order_two(x, w, b, g, kFloat);
  set_strict_convolutions(before);
  const auto reference = to_order_two(x, w, b, g, kDouble);
  for (std::size_t i = 0; i < single.size(); ++i) {
    CAPTURE(strict, i);
    const double error = ((single[i] - reference[i]).norm() / reference[i].norm()).item<double>();
    CHECK(error < (strict ? 1e-6 : 4e-6));
  }
}

TEST_CASE("the weight of a transposed convolution has the gradient of what output_padding adds",
          "[conv]") {
  manual_seed(2);
  const std::int64_t extra = GENERATE(0, 1, 2);
  const Tensor x = randn({2, 3, 4, 5}, kDouble);
  const Tensor w = randn({3, 2, 1, 1}, kDouble).requires_grad_();
  const Tensor y = conv_transpose2d(x, w, {}, 1, 0, extra, 1, /*dilation=*/3);
  const Tensor g = randn(y.sizes(), kDouble);
  y.backward(g);
  const Tensor read = g.narrow(2, 0, 4).narrow(3, 0, 5);
  CHECK(allclose(w.grad(), einsum("nchw,nohw->co", {x, read}).view({3, 2, 1, 1})));
}
