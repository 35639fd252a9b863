#include <pullback/core/ops/spent.h>

namespace pullback {

Tensor product_over(Tensor&& g, const Tensor& x) {
  const bool fits =
      alike(g, x) || (g.get()->dtype == x.get()->dtype && is_expandable_to(x.sizes(), g.sizes()));
  if (GradMode::is_enabled() || !fits || !autograd::is_exclusive(g)) return g * x;
  run_loop(loop_for("mul", simd().mul, g.get()->dtype), g, {g, x});
  return std::move(g);
}

bool add_product(const Tensor* sum, const Tensor& g, const Tensor& x) {
  if (!sum || !alike(*sum, g) || !alike(g, x)) return false;
  run_loop(loop_for("mul", simd().add_product, g.get()->dtype), *sum, {*sum, g, x});
  ++autograd::gradient_counts().added;
  return true;
}

}  // namespace pullback
