#include <pullback/nn/init.h>

#include <algorithm>
#include <cmath>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/random.h>
#include <pullback/linalg/linalg.h>

namespace pullback::nn::init {

namespace {

// Runs `fill` on x, or for a computed value on a copy that is then assigned.
template <class F>
Tensor initialise(const TensorBase& x, F fill) {
  const NoGradGuard no_grad;
  if (Slot* slot = Attribute::computed_slot(x)) {
    Tensor copy = slot->value().detach().clone();
    fill(copy);
    slot->assign(copy);
    return copy;
  }
  Tensor target(x);
  fill(target);
  return target;
}

void check_matrix(const char* op, IntArrayRef sizes) {
  check<ValueError>(sizes.size() == 2, op, ": only tensors with 2 dimensions are supported, not ",
                    sizes);
}

double phi(double x) {
  return (1 + std::erf(x / std::sqrt(2.0))) / 2;
}

}  // namespace

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::Tanh:
      return 5.0 / 3;
    case Nonlinearity::ReLU:
      return std::sqrt(2.0);
    case Nonlinearity::LeakyReLU:
      return std::sqrt(2.0 / (1 + slope * slope));
    case Nonlinearity::SELU:
      return 3.0 / 4;
    default:
      return 1;
  }
}

double calculate_gain(std::string_view name, double slope) {
  for (const auto plain : {"linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
                           "conv_transpose2d", "conv_transpose3d", "sigmoid"})
    if (name == plain) return 1;
  if (name == "tanh") return calculate_gain(kTanh);
  if (name == "relu") return calculate_gain(kReLU);
  if (name == "leaky_relu") return calculate_gain(kLeakyReLU, slope);
  check<ValueError>(name == "selu", "calculate_gain: Unsupported nonlinearity ", name);
  return calculate_gain(kSELU);
}

std::pair<std::int64_t, std::int64_t> fan_in_and_out(IntArrayRef sizes) {
  check<ValueError>(sizes.size() >= 2,
                    "init: Fan in and fan out can not be computed for tensor with fewer than 2 "
                    "dimensions: ",
                    sizes);
  std::int64_t field = 1;
  for (std::size_t d = 2; d < sizes.size(); ++d) field *= sizes[d];
  return {sizes[1] * field, sizes[0] * field};
}

Tensor constant_(const TensorBase& x, const Scalar& value) {
  return initialise(x, [&](const Tensor& t) { t.fill_(value); });
}
Tensor ones_(const TensorBase& x) {
  return constant_(x, 1);
}
Tensor zeros_(const TensorBase& x) {
  return constant_(x, 0);
}

Tensor eye_(const TensorBase& x) {
  check_matrix("eye_", x.sizes());
  return initialise(
      x, [](const Tensor& t) { t.copy_(eye(t.size(0), t.size(1), TensorOptions(t.dtype()))); });
}

Tensor dirac_(const TensorBase& x, std::int64_t groups) {
  const std::vector<std::int64_t> sizes = x.sizes().vec();
  check<ValueError>(sizes.size() >= 3 && sizes.size() <= 5,
                    "dirac_: only tensors with 3, 4, or 5 dimensions are supported, not ",
                    IntArrayRef(sizes));
  check<ValueError>(groups > 0 && sizes[0] % groups == 0,
                    "dirac_: dim 0 must be divisible by groups: ", sizes[0], " and ", groups);
  const std::int64_t outputs = sizes[0] / groups;
  return initialise(x, [&](const Tensor& t) {
    t.zero_();
    for (std::int64_t group = 0; group < groups; ++group)
      for (std::int64_t d = 0; d < std::min(outputs, sizes[1]); ++d) {
        Tensor element = t.select(0, group * outputs + d).select(0, d);
        for (std::size_t k = 2; k < sizes.size(); ++k) element = element.select(0, sizes[k] / 2);
        element.fill_(1);
      }
  });
}

Tensor uniform_(const TensorBase& x, double low, double high) {
  return initialise(x, [&](const Tensor& t) { t.uniform_(low, high); });
}
Tensor normal_(const TensorBase& x, double mean, double std) {
  return initialise(x, [&](const Tensor& t) { t.normal_(mean, std); });
}

Tensor trunc_normal_(const TensorBase& x, double mean, double std, double a, double b) {
  check<ValueError>(a < b, "trunc_normal_: the bounds are not in order: ", a, " and ", b);
  check<ValueError>(std::isfinite(mean) && std > 0 && std::isfinite(std),
                    "trunc_normal_: expects a finite mean and a positive std, but found ", mean,
                    " and ", std);
  // Every pass draws for all elements and keeps what is still missing, as PyTorch does: that
  // decides which numbers of the generator's sequence come out.
  return initialise(x, [&](const Tensor& t) {
    const Tensor candidate = empty_like(t);
    if (phi((b - mean) / std) - phi((a - mean) / std) > 0.3) {
      const Scalar low = full({}, a, t.dtype()).item(), high = full({}, b, t.dtype()).item();
      t.normal_(mean, std);
      for (;;) {
        const Tensor outside = logical_or(t<low, t> high);
        if (!outside.any().item<bool>()) return;
        t.copy_(where(outside, candidate.normal_(mean, std), t));
      }
    }
    // Little of the normal lies within the bounds: uniform candidates, accepted with the density
    // relative to its greatest value there.
    const double mode = std::clamp(mean, a, b), peak = (mode - mean) / std;
    // Beyond a few widths of the density's tail nearly no candidate would be accepted.
    const double width = std::min((b - a) / std, 1 / std::max(std::abs(peak), 1.0));
    check<ValueError>(width * std / (b - a) > 1e-6, "trunc_normal_: between ", a, " and ", b,
                      " lies nearly nothing of the normal distribution with mean ", mean,
                      " and std ", std, "; take narrower bounds");
    const Tensor chance = empty_like(t);
    Tensor pending = ones_like(t, kBool);
    do {
      candidate.uniform_(a, b);
      t.copy_(where(pending, candidate, t));
      candidate.sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(-0.5 * peak * peak);
      pending = logical_and(pending, chance.uniform_().log_() > candidate);
    } while (pending.any().item<bool>());
  });
}

Tensor xavier_uniform_(const TensorBase& x, double gain) {
  const auto [in, out] = fan_in_and_out(x.sizes());
  const double std = gain * std::sqrt(2.0 / static_cast<double>(in + out));
  const double bound = std::sqrt(3.0) * std;
  return uniform_(x, -bound, bound);
}

Tensor xavier_normal_(const TensorBase& x, double gain) {
  const auto [in, out] = fan_in_and_out(x.sizes());
  return normal_(x, 0, gain * std::sqrt(2.0 / static_cast<double>(in + out)));
}

namespace {

double kaiming_deviation(const TensorBase& x, double a, FanMode mode, Nonlinearity nonlinearity) {
  const auto [in, out] = fan_in_and_out(x.sizes());
  const double fan = static_cast<double>(mode == FanMode::FanIn ? in : out);
  return calculate_gain(nonlinearity, a) / std::sqrt(fan);
}

}  // namespace

Tensor kaiming_uniform_(const TensorBase& x, double a, FanMode mode, Nonlinearity nonlinearity) {
  if (x.numel() == 0) return Tensor(x);
  const double bound = std::sqrt(3.0) * kaiming_deviation(x, a, mode, nonlinearity);
  return uniform_(x, -bound, bound);
}

Tensor kaiming_normal_(const TensorBase& x, double a, FanMode mode, Nonlinearity nonlinearity) {
  if (x.numel() == 0) return Tensor(x);
  return normal_(x, 0, kaiming_deviation(x, a, mode, nonlinearity));
}

Tensor orthogonal_(const TensorBase& x, double gain) {
  check<ValueError>(x.dim() >= 2,
                    "orthogonal_: only tensors with 2 or more dimensions are supported, not ",
                    x.sizes());
  if (x.numel() == 0) return Tensor(x);
  return initialise(x, [&](const Tensor& t) {
    const std::int64_t rows = t.size(0), cols = t.numel() / rows;
    Tensor flat = empty({rows, cols}, TensorOptions(t.dtype()));
    flat.normal_(0, 1);
    if (rows < cols) flat = flat.t();
    auto [q, r] = linalg::qr(flat);
    q = q * r.diagonal().sign();
    if (rows < cols) q = q.t();
    t.copy_(q.reshape(t.sizes()));
    t.mul_(gain);
  });
}

Tensor sparse_(const TensorBase& x, double sparsity, double std) {
  check_matrix("sparse_", x.sizes());
  check<ValueError>(sparsity >= 0 && sparsity <= 1,
                    "sparse_: sparsity should be between 0 and 1, but is ", sparsity);
  return initialise(x, [&](const Tensor& t) {
    const std::int64_t rows = t.size(0);
    const auto zeros = static_cast<std::int64_t>(std::ceil(sparsity * static_cast<double>(rows)));
    t.normal_(0, std);
    for (std::int64_t column = 0; column < t.size(1); ++column) {
      const Tensor order = randperm(rows);
      const std::int64_t* row = order.data_ptr<std::int64_t>();
      for (std::int64_t i = 0; i < zeros; ++i) t.select(0, row[i]).select(0, column).fill_(0);
    }
  });
}

void reset_weight_and_bias(const TensorBase& weight, const TensorBase& bias) {
  kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const std::int64_t fan_in = fan_in_and_out(weight.sizes()).first;
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  uniform_(bias, -bound, bound);
}

}  // namespace pullback::nn::init
