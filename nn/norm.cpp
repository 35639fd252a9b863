#include <pullback/nn/norm.h>

#include <pullback/core/factories.h>
#include <pullback/core/neural.h>
#include <pullback/nn/init.h>
#include <pullback/nn/repr.h>

namespace pullback::nn {
namespace {

void register_affine(Module& module, Attribute& weight, Attribute& bias, IntArrayRef sizes,
                     bool with_weight, bool with_bias) {
  weight = with_weight ? module.register_parameter("weight", empty(sizes))
                       : module.register_parameter("weight", Tensor(), /*requires_grad=*/false);
  bias = with_bias ? module.register_parameter("bias", empty(sizes))
                   : module.register_parameter("bias", Tensor(), /*requires_grad=*/false);
}

void reset_affine(const Attribute& weight, const Attribute& bias) {
  if (weight.defined()) init::ones_(weight);
  if (bias.defined()) init::zeros_(bias);
}

// 1e-05, as Python writes a small number.
std::string described(double eps) {
  return ", eps=" + python_repr(eps);
}

}  // namespace

BatchNormNd::BatchNormNd(const BatchNormOptions& options) : options(options) {
  reset();
}

void BatchNormNd::reset() {
  const std::int64_t n = options.num_features();
  register_affine(*this, weight, bias, n, options.affine(), options.affine());
  const bool track = options.track_running_stats();
  running_mean = register_buffer("running_mean", track ? zeros({n}) : Tensor());
  running_var = register_buffer("running_var", track ? ones({n}) : Tensor());
  num_batches_tracked = register_buffer("num_batches_tracked", track ? zeros({}, kLong) : Tensor());
  reset_affine(weight, bias);
}

void BatchNormNd::reset_running_stats() {
  if (!options.track_running_stats()) return;
  running_mean.zero_();
  running_var.fill_(1);
  num_batches_tracked.zero_();
}

void BatchNormNd::reset_parameters() {
  reset_running_stats();
  reset_affine(weight, bias);
}

Tensor BatchNormNd::forward(const Tensor& x) {
  check_input(x);
  const bool tracked = running_mean.defined() && running_var.defined();
  double momentum = options.momentum().value_or(0);
  const bool counts = is_training() && tracked && num_batches_tracked.defined();
  if (counts && !options.momentum())
    momentum = 1 / static_cast<double>(num_batches_tracked.item<std::int64_t>() + 1);
  Tensor y = batch_norm(x, weight, bias, running_mean, running_var, is_training() || !tracked,
                        momentum, options.eps());
  if (counts) num_batches_tracked.add_(1);
  return y;
}

std::string BatchNormNd::extra_repr() const {
  return std::to_string(options.num_features()) + described(options.eps()) +
         ", momentum=" + (options.momentum() ? python_repr(*options.momentum()) : "None") +
         ", affine=" + python_repr(options.affine()) + ", bias=" + python_repr(options.affine()) +
         ", track_running_stats=" + python_repr(options.track_running_stats());
}

void BatchNorm1dImpl::check_input(const Tensor& x) const {
  check<ValueError>(x.dim() == 2 || x.dim() == 3, "BatchNorm1d: expected 2D or 3D input (got ",
                    x.dim(), "D input)");
}

void BatchNorm2dImpl::check_input(const Tensor& x) const {
  check<ValueError>(x.dim() == 4, "BatchNorm2d: expected 4D input (got ", x.dim(), "D input)");
}

Tensor InstanceNormNd::forward(const Tensor& x) {
  check_input(x);
  const bool single = x.dim() == dims_ + 1;
  const bool own = is_training() || !running_mean.defined();
  const Tensor y = instance_norm(single ? x.unsqueeze(0) : x, weight, bias, running_mean,
                                 running_var, own, options.momentum().value_or(0), options.eps());
  return single ? y.squeeze(0) : y;
}

void InstanceNormNd::check_input(const Tensor& x) const {
  check<ValueError>(x.dim() == dims_ + 1 || x.dim() == dims_ + 2, "InstanceNorm", dims_,
                    "d: expected ", dims_ + 1, "D or ", dims_ + 2, "D input (got ", x.dim(),
                    "D input)");
  const std::int64_t channels = x.size(-1 - dims_);
  check<ValueError>(!options.affine() || channels == options.num_features(), "InstanceNorm", dims_,
                    "d: expected input's size at the channel dimension to match num_features (",
                    options.num_features(), "), but got: ", channels);
}

LayerNormImpl::LayerNormImpl(LayerNormOptions options) : options(std::move(options)) {
  reset();
}

void LayerNormImpl::reset() {
  const bool affine = options.elementwise_affine();
  register_affine(*this, weight, bias, options.normalized_shape(), affine,
                  affine && options.bias());
  reset_parameters();
}

void LayerNormImpl::reset_parameters() {
  reset_affine(weight, bias);
}

Tensor LayerNormImpl::forward(const Tensor& x) {
  return layer_norm(x, options.normalized_shape(), weight, bias, options.eps());
}

std::string LayerNormImpl::extra_repr() const {
  return python_repr(IntArrayRef(options.normalized_shape())) + described(options.eps()) +
         ", elementwise_affine=" + python_repr(options.elementwise_affine()) +
         ", bias=" + python_repr(options.elementwise_affine() && options.bias());
}

GroupNormImpl::GroupNormImpl(const GroupNormOptions& options) : options(options) {
  reset();
}

void GroupNormImpl::reset() {
  check<ValueError>(options.num_groups() > 0 && options.num_channels() % options.num_groups() == 0,
                    "GroupNorm: num_channels (", options.num_channels(),
                    ") must be divisible by num_groups (", options.num_groups(), ")");
  register_affine(*this, weight, bias, options.num_channels(), options.affine(), options.affine());
  reset_parameters();
}

void GroupNormImpl::reset_parameters() {
  reset_affine(weight, bias);
}

Tensor GroupNormImpl::forward(const Tensor& x) {
  return group_norm(x, options.num_groups(), weight, bias, options.eps());
}

std::string GroupNormImpl::extra_repr() const {
  return std::to_string(options.num_groups()) + ", " + std::to_string(options.num_channels()) +
         described(options.eps()) + ", affine=" + python_repr(options.affine()) +
         ", bias=" + python_repr(options.affine());
}

}  // namespace pullback::nn
