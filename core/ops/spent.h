#pragma once

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/ops/map.h>

/// What a rule does with a gradient that it was given for good (`Tensor&& g`, record.h): where
/// nothing is recorded and nobody else holds its memory, the result takes its place.
namespace pullback {

/// g if its elements may be overwritten by those of a result like x, else a new tensor like x. For
/// a g that the caller owns.
inline Tensor place_over(const Tensor& g, const Tensor& x) {
  const TensorImpl *old = g.get(), *like = x.get();
  const bool free = !GradMode::is_enabled() && old->dtype == like->dtype &&
                    old->geometry.same_sizes(like->geometry) && autograd::is_exclusive(g);
  return free ? g : empty_of(like->geometry, like->dtype);
}

/// g·x, in g's memory where it may be.
Tensor product_over(Tensor&& g, const Tensor& x);

/// sum += g·x for three tensors of one shape and type, if there is such a sum: then the product is
/// never in memory.
bool add_product(const Tensor* sum, const Tensor& g, const Tensor& x);

}  // namespace pullback
