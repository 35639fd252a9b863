#pragma once

#include <vector>

#include <pullback/core/tensor.h>

/// What training loops do with all parameters at once.
namespace pullback::nn::utils {

/// Scales the gradients so that together their norm is at most max_norm, by max_norm/(total +
/// 1e-6); returns the norm before. Throws RuntimeError for a norm that is not finite if asked to.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);
double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);
/// Keeps each gradient element within ±clip_value.
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);
void clip_grad_value_(const Tensor& parameter, double clip_value);
/// All elements, one parameter after the other.
Tensor parameters_to_vector(const std::vector<Tensor>& parameters);
/// Gives the elements of a vector back to the parameters. Throws ValueError when it has too few.
void vector_to_parameters(const Tensor& vector, const std::vector<Tensor>& parameters);

}  // namespace pullback::nn::utils
