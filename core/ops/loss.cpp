#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/dense.h>
#include <pullback/core/ops/map.h>

// Losses between a prediction x and a target y of its shape.
namespace pullback {

using autograd::Needs;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

Tensor reduced(const Tensor& values, Reduction reduction) {
  if (reduction == Reduction::None) return values;
  if (reduction == Reduction::Sum) return sum(values);
  check(reduction == Reduction::Mean, "loss: batchmean is a reduction of kl_div only");
  return mean(values);
}

// One node for an elementwise loss and its reduction. `slope(g, x, y)` is g times the derivative in
// x and `target_slope(g, x, y)` that in y; where gradients are recorded, both are made of
// differentiable operations.
template <class Value, class Slope, class TargetSlope>
Tensor elementwise(const char* name, const Tensor& x, const Tensor& y, Reduction reduction,
                   Value value, Slope slope, TargetSlope target_slope) {
  Tensor loss;
  double count = 1;
  {
    const NoGradGuard unrecorded;
    const Tensor values = value(x, y);
    count = static_cast<double>(values.numel());
    loss = reduced(values, reduction);
  }
  return record(name, std::move(loss),
                wrt(x, y,
                    [x = saved(x), y = saved(y), reduction, count, slope, target_slope](
                        const Tensor& g, Needs needs) {
                      const Tensor a = *x, b = *y;
                      const Tensor each = reduction == Reduction::Mean ? g / count : g;
                      return std::pair(needs[0] ? slope(each, a, b) : Tensor(),
                                       needs[1] ? target_slope(each, a, b) : Tensor());
                    }));
}

// x − y, also where one of them is boolean, which `-` refuses.
Tensor difference(const Tensor& x, const Tensor& y) {
  return add(x, y, -1);
}

// A loss by one kernel, where nothing is recorded.
template <class... N>
Tensor fused(const char* op, const Map& kernel, ScalarType type, const Tensor& x, const Tensor& y,
             N... numbers) {
  Tensor out = empty_of(broadcast(op, x.sizes(), y.sizes()), type);
  fill_result(loop_for(op, kernel, type), out,
              {as_type(x, type), as_type(y, type), Number(numbers, type)...}, 1.0f);
  return out;
}

// The same for its gradient.
template <class... N>
Tensor fused_gradient(const char* op, const Map& kernel, ScalarType type, const Tensor& g,
                      const Tensor& x, const Tensor& y, N... numbers) {
  Tensor out = empty_of(broadcast(op, x.sizes(), y.sizes()), type);
  fill_result(loop_for(op, kernel, type), out,
              {as_type(g, type), as_type(x, type), as_type(y, type), Number(numbers, type)...},
              1.0f);
  return out;
}

// t without its history: a part of a loss that nobody differentiates.
Tensor constant(const Tensor& t) {
  return t.defined() ? t.detach() : t;
}

void check_pair(const char* op, const Tensor& x, const Tensor& y) {
  check_defined(op, x);
  check_defined(op, y);
}

void check_same_size(const char* op, const Tensor& x, const Tensor& y) {
  check_pair(op, x, y);
  check<ValueError>(x.sizes() == y.sizes(), op, ": Target size (", y.sizes(),
                    ") must be the same as input size (", x.sizes(), ")");
}

}  // namespace

Tensor mse_loss(const Tensor& x, const Tensor& y, Reduction reduction) {
  const char* op = "mse_loss";
  check_pair(op, x, y);
  // As PyTorch, which broadcasts first: one of no dimensions counts like the other.
  const ScalarType type = promote_types(x.scalar_type(), y.scalar_type());
  return elementwise(
      "MseLossBackward0", x, y, reduction,
      [=](const Tensor& a, const Tensor& b) { return fused(op, simd().mse_loss, type, a, b); },
      [=](const Tensor& g, const Tensor& a, const Tensor& b) {
        if (GradMode::is_enabled()) return g * (2 * (a - b));
        return fused_gradient(op, simd().mse_loss_backward, type, g, a, b);
      },
      [=](const Tensor& g, const Tensor& a, const Tensor& b) {
        if (GradMode::is_enabled()) return g * (2 * (b - a));
        return fused_gradient(op, simd().mse_loss_backward, type, g, b, a);
      });
}

Tensor l1_loss(const Tensor& x, const Tensor& y, Reduction reduction) {
  check_pair("l1_loss", x, y);
  return reduced(abs(x - y), reduction);
}

namespace {

// Of z = |x − y|: curve·z² up to the bend and slope·(z − bend/2) beyond it, where slope =
// 2·curve·bend.
Tensor huber(const char* op, const char* name, const Tensor& x, const Tensor& y,
             Reduction reduction, double bend, double curve, double slope) {
  const ScalarType type = result_type(x, y);
  const auto gradient = [=](const Tensor& g, const Tensor& a, const Tensor& b) {
    if (GradMode::is_enabled()) return g * clamp(difference(a, b) * (2 * curve), -slope, slope);
    return fused_gradient(op, simd().huber_loss_backward, type, g, a, b, curve, slope);
  };
  return elementwise(
      name, x, y, reduction,
      [=](const Tensor& a, const Tensor& b) {
        return fused(op, simd().huber_loss, type, a, b, bend, curve, slope);
      },
      gradient,
      [=](const Tensor& g, const Tensor& a, const Tensor& b) { return gradient(g, b, a); });
}

}  // namespace

Tensor smooth_l1_loss(const Tensor& x, const Tensor& y, Reduction reduction, double beta) {
  check_pair("smooth_l1_loss", x, y);
  check(beta >= 0,
        "smooth_l1_loss: smooth_l1_loss does not support negative values for beta: ", beta);
  if (beta == 0) return l1_loss(x, y, reduction);
  return huber("smooth_l1_loss", "SmoothL1LossBackward0", x, y, reduction, beta, 0.5 / beta, 1);
}

Tensor huber_loss(const Tensor& x, const Tensor& y, Reduction reduction, double delta) {
  check_pair("huber_loss", x, y);
  check(delta > 0,
        "huber_loss: huber_loss does not support non-positive values for delta: ", delta);
  check_convertible("huber_loss", delta, x.scalar_type());
  return huber("huber_loss", "HuberLossBackward0", x, y, reduction, delta, 0.5, delta);
}

Tensor soft_margin_loss(const Tensor& x, const Tensor& y, Reduction reduction) {
  check_pair("soft_margin_loss", x, y);
  return elementwise(
      "SoftMarginLossBackward0", x, constant(y), reduction,
      [](const Tensor& a, const Tensor& b) { return -logsigmoid(a * b); },
      [](const Tensor& g, const Tensor& a, const Tensor& b) { return g * (-b * sigmoid(-a * b)); },
      [](const Tensor&, const Tensor&, const Tensor&) { return Tensor(); });
}

Tensor kl_div(const Tensor& x, const Tensor& y, Reduction reduction, bool log_target) {
  check_pair("kl_div", x, y);
  const Tensor values = log_target ? exp(y) * (y - x) : xlogy(y, y) - y * x;
  if (reduction != Reduction::BatchMean) return reduced(values, reduction);
  if (x.dim() == 0) return sum(values);
  return sum(values) / static_cast<double>(x.size(0));
}

// −w (y log x + (1 − y) log(1 − x)), the logarithms no less than −100:  x̄ = g w (x − y) / (x (1 −
// x)).
Tensor binary_cross_entropy(const Tensor& x, const Tensor& y, const Tensor& weight,
                            Reduction reduction) {
  const char* op = "binary_cross_entropy";
  check_pair(op, x, y);
  check<ValueError>(x.sizes() == y.sizes(), op, ": Using a target size (", y.sizes(),
                    ") that is different to the input size (", x.sizes(),
                    ") is deprecated. Please ensure they have the same size.");
  visit_float(op, x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const Tensor in = dense(x);
    for (std::int64_t i = 0; i < in.numel(); ++i)
      check(data<T>(in)[i] >= 0 && data<T>(in)[i] <= 1, op,
            ": all elements of input should be between 0 and 1, but one is ",
            double(data<T>(in)[i]));
  });
  const auto weighted = [w = constant(weight)](Tensor v) { return w.defined() ? v * w : v; };
  const ScalarType type = result_type(x, y);
  return elementwise(
      "BinaryCrossEntropyBackward0", x, y, reduction,
      [weighted](const Tensor& a, const Tensor& b) {
        return weighted((b - 1) * clamp_min(log1p(-a), -100) - b * clamp_min(log(a), -100));
      },
      [=, is_weighted = weight.defined()](const Tensor& g, const Tensor& a, const Tensor& b) {
        if (!is_weighted && !GradMode::is_enabled())
          return fused_gradient(op, simd().bce_backward, type, g, a, b);
        return g * weighted((a - b) / clamp_min(a * (1 - a), 1e-12));
      },
      [weighted](const Tensor& g, const Tensor& a, const Tensor&) {
        return g * weighted(log1p(-a) - log(a));
      });
}

// (1 − y) x − (1 + (p − 1) y) log σ(x), weighted:  x̄ = g w ((p y + 1 − y) σ(x) − p y).
Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& y, const Tensor& weight,
                                        const Tensor& pos_weight, Reduction reduction) {
  const char* op = "binary_cross_entropy_with_logits";
  check_same_size(op, x, y);
  const auto weighted = [w = constant(weight)](Tensor v) { return w.defined() ? v * w : v; };
  const ScalarType type = result_type(x, y);
  return elementwise(
      "BinaryCrossEntropyWithLogitsBackward0", x, y, reduction,
      [=, p = constant(pos_weight)](const Tensor& a, const Tensor& b) {
        if (!p.defined()) return weighted(fused(op, simd().bce_with_logits, type, a, b));
        return weighted((1 - b) * a - (p * b + 1 - b) * logsigmoid(a));
      },
      [=, is_weighted = weight.defined(), p = constant(pos_weight)](
          const Tensor& g, const Tensor& a, const Tensor& b) {
        if (!is_weighted && !p.defined() && !GradMode::is_enabled())
          return fused_gradient(op, simd().bce_with_logits_backward, type, g, a, b);
        if (!p.defined()) return g * weighted(sigmoid(a) - b);
        const Tensor positive = p * b;
        return g * weighted((positive + 1 - b) * sigmoid(a) - positive);
      },
      [=, p = constant(pos_weight)](const Tensor& g, const Tensor& a, const Tensor&) {
        return g * weighted(p.defined() ? logsigmoid(-a) - p * logsigmoid(a) : -a);
      });
}

Tensor cosine_embedding_loss(const Tensor& x1, const Tensor& x2, const Tensor& y, double margin,
                             Reduction reduction) {
  const char* op = "cosine_embedding_loss";
  check_defined(op, x1);
  check_defined(op, x2);
  check_defined(op, y);
  check(x1.dim() == y.dim() + 1 && (y.dim() == 0 || y.dim() == 1), op,
        ": 0D target tensor expects 1D input tensors and 1D target 2D ones, but found sizes ",
        x1.sizes(), ", ", x2.sizes(), " and ", y.sizes());
  constexpr double kTiny = 1e-12;
  const Tensor lengths = sqrt((sum(x1 * x1, -1) + kTiny) * (sum(x2 * x2, -1) + kTiny));
  const Tensor cosine = sum(x1 * x2, -1) / lengths;
  const Tensor zero = zeros_like(cosine);
  return reduced(
      where(y == 1, 1 - cosine, zero) + where(y == -1, clamp_min(cosine - margin, 0), zero),
      reduction);
}

Tensor margin_ranking_loss(const Tensor& x1, const Tensor& x2, const Tensor& y, double margin,
                           Reduction reduction) {
  check_pair("margin_ranking_loss", x1, x2);
  check_defined("margin_ranking_loss", y);
  return reduced(clamp_min(-y * (x1 - x2) + margin, 0), reduction);
}

Tensor pairwise_distance(const Tensor& a, const Tensor& b, double p, double eps, bool keepdim) {
  check_pair("pairwise_distance", a, b);
  return (a - b + eps).norm(Scalar(p), {-1}, keepdim);
}

Tensor hinge_embedding_loss(const Tensor& x, const Tensor& y, double margin, Reduction reduction) {
  check_pair("hinge_embedding_loss", x, y);
  const Tensor zero = zeros_like(x);
  const Tensor missing = clamp_min(margin - x, 0).to(x.scalar_type());
  return reduced(where(y != 1, missing, zero) + where(y != -1, x, zero), reduction);
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           double margin, double p, double eps, bool swap, Reduction reduction) {
  const char* op = "triplet_margin_loss";
  check_pair(op, anchor, positive);
  check_defined(op, negative);
  check(anchor.dim() == positive.dim() && anchor.dim() == negative.dim(), op,
        ": The anchor, positive, and negative tensors are expected to have the same number of "
        "dimensions, but got: ",
        anchor.dim(), "D, ", positive.dim(), "D and ", negative.dim(), "D");
  check<ValueError>(margin > 0, op, ": expected margin to be greater than 0, but got ", margin);
  const Tensor near = pairwise_distance(anchor, positive, p, eps);
  Tensor far = pairwise_distance(anchor, negative, p, eps);
  if (swap) far = minimum(far, pairwise_distance(positive, negative, p, eps));
  return reduced(clamp_min(margin + near - far, 0), reduction);
}

Tensor multi_margin_loss(const Tensor& x, const Tensor& y, const Scalar& p, const Scalar& margin,
                         const Tensor& weight, Reduction reduction) {
  const char* op = "multi_margin_loss";
  check_pair(op, x, y);
  const double power = p.toDouble();
  check(power == 1 || power == 2, op, ": only p == 1 and p == 2 supported, but got ", power);
  check(
      (x.dim() == 1 || x.dim() == 2) && x.size(-1) > 0, op,
      ": Expected non-empty vector or matrix with optional 0-dim batch size, but got: ", x.sizes());
  const std::int64_t classes = x.size(-1), batch = x.dim() == 2 ? x.size(0) : 1;
  check(y.dim() <= 1 && y.numel() == batch, op, ": inconsistent target size, expected ", batch,
        " but got ", y.sizes());
  check(!weight.defined() || (weight.dim() == 1 && weight.numel() == classes), op,
        ": inconsistent weight size, expected ", classes, " but got ",
        weight.defined() ? weight.numel() : 0);
  const Tensor rows = x.reshape({batch, classes}), target = y.reshape({batch, 1});
  Tensor excess = clamp_min(rows + (margin - rows.gather(1, target)), 0);
  if (power == 2) excess = excess * excess;
  if (weight.defined())
    excess = excess * constant(weight).index_select(0, y.reshape(batch)).unsqueeze(1);
  const Tensor each = sum(scatter(excess, 1, target, 0), {1}) / classes;
  return reduced(x.dim() == 1 && y.dim() == 0 ? each.squeeze(0) : each, reduction);
}

Tensor multilabel_soft_margin_loss(const Tensor& x, const Tensor& y, const Tensor& weight,
                                   Reduction reduction) {
  check_same_size("multilabel_soft_margin_loss", x, y);
  Tensor each = -(y * logsigmoid(x) + (1 - y) * logsigmoid(-x));
  if (weight.defined()) each = each * weight;
  return reduced(x.dim() > 0 ? mean(each, {-1}) : each, reduction);
}

Tensor poisson_nll_loss(const Tensor& x, const Tensor& y, bool log_input, bool full, double eps,
                        Reduction reduction) {
  check_pair("poisson_nll_loss", x, y);
  Tensor each = log_input ? exp(x) - y * x : x - y * log(x + eps);
  if (full) {
    const Tensor stirling = y * log(y) - y + 0.5 * log(2 * std::numbers::pi * y);
    each = each + stirling.masked_fill(y <= 1, 0);
  }
  return reduced(each, reduction);
}

Tensor gaussian_nll_loss(const Tensor& x, const Tensor& y, const Tensor& variance, bool full,
                         double eps, Reduction reduction) {
  const char* op = "gaussian_nll_loss";
  check_pair(op, x, y);
  check_defined(op, variance);
  Tensor v = variance.clone();
  if (x.dim() == v.dim() + 1 && v.sizes() == x.sizes().slice(0, variance.sizes().size()))
    v = v.unsqueeze(-1);
  std::int64_t other = 0;  // of the sizes of v that are not x's: it may repeat along one dimension
  for (std::int64_t d = 0; v.dim() == x.dim() && d < x.dim(); ++d)
    if (v.size(d) != x.size(d)) other += v.size(d);
  check<ValueError>(v.dim() == x.dim() && other <= 1, op,
                    ": var is of incorrect size: ", variance.sizes(), " for an input of size ",
                    x.sizes());
  check<ValueError>(!(variance < 0).any().item<bool>(), op, ": var has negative entry/entries");
  {
    const NoGradGuard unrecorded;
    v.clamp_min_(eps);
  }
  const Tensor d = x - y;
  Tensor each = 0.5 * (log(v) + d * d / v);
  if (full) each = each + 0.5 * std::log(2 * std::numbers::pi);
  return reduced(each, reduction);
}

}  // namespace pullback
