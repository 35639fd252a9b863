#pragma once

#include <string_view>

#include <pullback/core/neural.h>
#include <pullback/nn/attribute.h>

namespace pullback {

enum class FanMode : std::uint8_t { FanIn, FanOut };
inline constexpr FanMode kFanIn = FanMode::FanIn, kFanOut = FanMode::FanOut;

enum class Nonlinearity : std::uint8_t { Linear, Sigmoid, Tanh, ReLU, LeakyReLU, SELU };
inline constexpr Nonlinearity kSigmoid = Nonlinearity::Sigmoid, kTanh = Nonlinearity::Tanh,
                              kReLU = Nonlinearity::ReLU, kLeakyReLU = Nonlinearity::LeakyReLU,
                              kSELU = Nonlinearity::SELU;

/// Initial values, written in place without recording. A parametrized attribute is given its values
/// by assignment: they are drawn into a copy, which goes through the right inverse. Each returns
/// the tensor that was written.
namespace nn::init {

/// The factor that keeps the variance of activations: 1, 5/3 for tanh, √2 for ReLU,
/// √(2/(1 + slope²)) for leaky ReLU, 3/4 for SELU.
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);
/// By Python's name: "relu", "leaky_relu", "conv2d" …. Throws ValueError for an unknown one.
double calculate_gain(std::string_view nonlinearity, double slope = 0.01);

Tensor constant_(const TensorBase& x, const Scalar& value);
Tensor ones_(const TensorBase& x);
Tensor zeros_(const TensorBase& x);
/// The identity. Throws ValueError unless x is a matrix.
Tensor eye_(const TensorBase& x);
/// A convolution's weight that passes its input on, in each of the groups.
Tensor dirac_(const TensorBase& x, std::int64_t groups = 1);
Tensor uniform_(const TensorBase& x, double low = 0, double high = 1);
Tensor normal_(const TensorBase& x, double mean = 0, double std = 1);
/// Normal values, those outside [a, b] drawn again.
Tensor trunc_normal_(const TensorBase& x, double mean = 0, double std = 1, double a = -2,
                     double b = 2);
/// Uniform within ±gain·√(6/(fan_in + fan_out)) (Glorot & Bengio 2010).
Tensor xavier_uniform_(const TensorBase& x, double gain = 1);
/// Normal with deviation gain·√(2/(fan_in + fan_out)).
Tensor xavier_normal_(const TensorBase& x, double gain = 1);
/// Uniform within ±gain·√(3/fan), the gain from the nonlinearity with slope a (He et al. 2015).
Tensor kaiming_uniform_(const TensorBase& x, double a = 0, FanMode mode = kFanIn,
                        Nonlinearity nonlinearity = kLeakyReLU);
/// Normal with deviation gain/√fan.
Tensor kaiming_normal_(const TensorBase& x, double a = 0, FanMode mode = kFanIn,
                       Nonlinearity nonlinearity = kLeakyReLU);
/// Orthonormal rows or columns, times gain: the Q of a normal matrix with R's signs made positive.
Tensor orthogonal_(const TensorBase& x, double gain = 1);
/// Normal values of deviation std, a fraction `sparsity` of each column set to zero.
Tensor sparse_(const TensorBase& x, double sparsity, double std = 0.01);

/// What linear and convolution layers start with: kaiming_uniform_ with a = √5 for the weight, and
/// the bias (if defined) uniform within ±1/√fan_in.
void reset_weight_and_bias(const TensorBase& weight, const TensorBase& bias);
/// Inputs and outputs of one unit of a weight: sizes[1] and sizes[0] times the size of the
/// receptive field, which the other sizes make. Throws ValueError for fewer than two dimensions.
std::pair<std::int64_t, std::int64_t> fan_in_and_out(IntArrayRef sizes);

}  // namespace nn::init
}  // namespace pullback
