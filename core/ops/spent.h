#pragma once

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/ops/map.h>

/// What a rule does with a gradient that it was given for good (`Tensor&& g`, record.h): where
/// nothing is recorded and nobody else holds its memory, the result takes its place.
namespace pullback {

/// Have they one shape and type?
inline bool alike(const Tensor& a, const Tensor& b) {
  return a.get()->dtype == b.get()->dtype && a.get()->geometry.same_sizes(b.get()->geometry);
}

/// The loop's f(g, x, numbers…) of x's shape and type, in g's memory where it may be; g is moved
/// from only then.
template <class... N>
Tensor run_over(Loop loop, Tensor&& g, const Tensor& x, float cost, const N&... numbers) {
  if (!GradMode::is_enabled() && alike(g, x) && autograd::is_exclusive(g)) {
    run_loop(loop, g, {g, x, numbers...}, cost);
    return std::move(g);
  }
  const ScalarType type = x.get()->dtype;
  Tensor y = empty_of(x.get()->geometry, type);
  fill_result(loop, y, {as_type(g, type), x, numbers...}, cost);
  return y;
}

/// g·x, in g's memory where it may be and x broadcasts to it.
Tensor product_over(Tensor&& g, const Tensor& x);

/// sum += g·x for three tensors of one shape and type, if there is such a sum: then the product is
/// never in memory. The bits are those of a product that is added afterwards, as where the sum has
/// another layout or somebody looks at the product.
bool add_product(const Tensor* sum, const Tensor& g, const Tensor& x);

}  // namespace pullback
