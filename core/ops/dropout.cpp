#include <cmath>
#include <utility>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>

namespace pullback {
namespace {

// Nothing to drop, then nothing to do.
bool drops(const Tensor& x, double p, bool train) {
  check(x.defined(), "dropout: expected a tensor but got an undefined one");
  check<ValueError>(p >= 0 && p <= 1,
                    "dropout: dropout probability has to be between 0 and 1, but got ", p);
  return p > 0 && train && x.numel() > 0;
}

// 1/(1 − p) for what stays, 0 for what goes.
Tensor factors(const Tensor& noise, double p) {
  if (p == 1) return zeros({}, noise.scalar_type());
  const NoGradGuard unrecorded;
  return noise.bernoulli_(1 - p).div_(1 - p);
}

// Room for a number a channel, which broadcasts over the channel.
Tensor channels(const Tensor& x) {
  check(x.dim() >= 2,
        "feature_dropout: Feature dropout requires at least 2 dimensions in the input",
        ", but got size ", x.sizes());
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(x.dim()), 1);
  sizes[0] = x.size(0), sizes[1] = x.size(1);
  return empty(sizes, x.scalar_type());
}

// Factors and what to add, so that mean 0 and variance 1 stay when elements become −α, the limit of
// selu (Klambauer et al. 2017, section 3).
std::pair<Tensor, Tensor> alpha_factors(const Tensor& noise, double p) {
  if (p == 1) return {zeros({}, noise.scalar_type()), zeros({}, noise.scalar_type())};
  const NoGradGuard unrecorded;
  constexpr double kAlpha = 1.7580993408473766;
  const double scale = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  noise.bernoulli_(1 - p);
  return {noise * scale, (noise - 1) * (kAlpha * scale) + kAlpha * scale * p};
}

Tensor alpha_dropped(const Tensor& x, const Tensor& noise, double p) {
  const auto [factor, shift] = alpha_factors(noise, p);
  return x * factor + shift;
}

Tensor alpha_dropped_(const Tensor& x, const Tensor& noise, double p) {
  const auto [factor, shift] = alpha_factors(noise, p);
  return x.mul_(factor).add_(shift);
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? x * factors(empty_like(x), p) : x;
}

Tensor dropout_(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? x.mul_(factors(empty_like(x), p)) : x;
}

Tensor feature_dropout(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? x * factors(channels(x), p) : x;
}

Tensor feature_dropout_(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? x.mul_(factors(channels(x), p)) : x;
}

Tensor alpha_dropout(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? alpha_dropped(x, empty_like(x), p) : x;
}

Tensor alpha_dropout_(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? alpha_dropped_(x, empty_like(x), p) : x;
}

Tensor feature_alpha_dropout(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? alpha_dropped(x, channels(x), p) : x;
}

Tensor feature_alpha_dropout_(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? alpha_dropped_(x, channels(x), p) : x;
}

}  // namespace pullback
