#include <pullback/core/ops/spent.h>

namespace pullback {

Tensor product_over(Tensor&& g, const Tensor& x) {
  if (GradMode::is_enabled() || !alike(g, x)) return g * x;
  return run_over(loop_for("mul", simd().mul, g.get()->dtype), std::move(g), x, 0.5f);
}

bool add_product(const Tensor* sum, const Tensor& g, const Tensor& x) {
  if (!sum || !alike(*sum, g) || !alike(g, x)) return false;
  run_loop(loop_for("mul", simd().add_product, g.get()->dtype), *sum, {*sum, g, x});
  ++autograd::gradient_counts().added;
  return true;
}

}  // namespace pullback
