#include <pullback/nn/utils.h>

#include <cmath>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/ops.h>

namespace pullback::nn::utils {

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  const NoGradGuard no_grad;
  std::vector<Tensor> norms;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) norms.push_back(p.grad().norm(norm_type).to(kFloat64));
  if (norms.empty()) return 0;
  const double total = stack(norms).norm(norm_type).item<double>();
  check(!error_if_nonfinite || std::isfinite(total), "clip_grad_norm_: The total norm of order ",
        norm_type, " for gradients from `parameters` is non-finite, so it cannot be clipped");
  const double scale = max_norm / (total + 1e-6);
  if (!(scale >= 1))  // a norm that is NaN makes every gradient NaN
    for (const Tensor& p : parameters)
      if (p.grad().defined()) p.grad().mul_(scale);
  return total;
}

double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  return clip_grad_norm_(std::vector{parameter}, max_norm, norm_type, error_if_nonfinite);
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  const NoGradGuard no_grad;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) p.grad().clamp_(Scalar(-clip_value), Scalar(clip_value));
}

void clip_grad_value_(const Tensor& parameter, double clip_value) {
  clip_grad_value_(std::vector{parameter}, clip_value);
}

Tensor parameters_to_vector(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> flat;
  for (const Tensor& p : parameters) flat.push_back(p.reshape({-1}));
  return cat(flat);
}

void vector_to_parameters(const Tensor& vector, const std::vector<Tensor>& parameters) {
  std::int64_t total = 0;
  for (const Tensor& p : parameters) total += p.numel();
  check<ValueError>(vector.dim() == 1 && vector.numel() >= total,
                    "vector_to_parameters: a vector of ", vector.numel(),
                    " elements is too short for parameters of ", total);
  const NoGradGuard no_grad;
  std::int64_t at = 0;
  for (const Tensor& p : parameters) {
    p.copy_(vector.narrow(0, at, p.numel()).view_as(p));
    at += p.numel();
  }
}

}  // namespace pullback::nn::utils
