#pragma once

#include <pullback/core/kernels/conv_direct.h>

namespace pullback::kernels {

// 3×3 convolutions of float32 with stride 1, dilation 1 and one group by Winograd's F(4×4, 3×3): a
// quarter of the multiplications, and about four times the rounding error of direct sums. A NaN or
// an infinity spreads to the 4×4 outputs of the tiles that read it.

/// `conv2d`; with `turned_weight` and `turned_shape`, `conv2d_input_grad`.
void winograd_conv2d(const Kernels& tier, const ConvShape& shape, const float* x,
                     const ConvWeight<float>& weight, const float* bias, float* y);

/// `conv2d_weight_grad`.
void winograd_conv2d_weight_grad(const Kernels& tier, const ConvShape& shape, const float* x,
                                 const float* g, float* gw);

}  // namespace pullback::kernels
