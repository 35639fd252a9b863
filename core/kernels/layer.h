#pragma once

#include <cstdint>

#include <pullback/core/kernels/loop.h>

namespace pullback::kernels {

/// Does `layer_gradients` beat a pass over G for each gradient? It does where X, G and X̄ leave the
/// last-level cache, or with short rows a third of it; rows must be short enough for many to be in
/// the second-level cache at once.
bool one_pass_pays(std::int64_t rows, std::int64_t in, std::int64_t out, std::int64_t item_bytes);

/// The gradient of a layer's output, rows×out: g itself, or step(g, value, numbers…) where the
/// slope of an activation behind the layer is still to be taken.
template <class T>
struct OutputGradient {
  const T* g;
  Loop step = nullptr;
  const T* value = nullptr;
  T numbers[3] = {};
};

/// The gradients of Y = X Wᵀ + 1 bᵀ in one pass over G and X, where it pays: b̄ = Gᵀ 1, X̄ = G W,
/// W̄ = Gᵀ X. X is rows×in and W out×in, all dense; T is float or double. Without `grad_x`, which
/// alone asks for W, there are the other two.
template <class T>
void layer_gradients(std::int64_t rows, std::int64_t in, std::int64_t out,
                     const OutputGradient<T>& g, const T* x, const T* w, T* grad_bias, T* grad_x,
                     T* grad_w);

}  // namespace pullback::kernels
