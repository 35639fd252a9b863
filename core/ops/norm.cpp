#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/normalisation.h>

// Normalisations with coefficients that are the same for all elements of a plane: a channel of an
// image, or that of a whole batch.
namespace pullback {

using kernels::Buffer;
using kernels::Groups;

namespace {

/// An affine map's planes, of which there are batch × channels; `each` in a row share their
/// statistics.
struct Planes {
  Groups groups;
  std::int64_t channels, each;

  /// Runs f(group, plane, channel), the latter two of the group's first plane, in order.
  template <class F>
  void for_groups(F f) const {
    for (std::int64_t group = 0, plane = 0, channel = 0; plane < groups.groups; ++group) {
      f(group, plane, channel);
      plane += each, channel += each;
      if (channel == channels) channel = 0;
    }
  }
};

// y = (w r) x + (b − m w r).
template <class T>
void affine(const Planes& planes, const T* x, const T* w, const T* b, const T* mean, const T* rstd,
            T* y) {
  Buffer<T> scale(planes.groups.groups), shift(planes.groups.groups);
  planes.for_groups([&](std::int64_t group, std::int64_t plane, std::int64_t channel) {
    const double m = mean[group], r = rstd[group];
    for (std::int64_t k = 0; k < planes.each; ++k) {
      const double factor = w ? r * w[channel + k] : r;
      scale[plane + k] = static_cast<T>(factor);
      shift[plane + k] = static_cast<T>((b ? b[channel + k] : 0) - m * factor);
    }
  });
  kernels::group_affine<T>(planes.groups, x, scale.data(), shift.data(), y);
}

// The gradients by the fused kernels, each into the tensor that is there for it. With sums over the
// planes, x̄ = r w g − r³ mean(h (x − m)) (x − m) − r mean(h).
template <class T>
void fused_grad(const Planes& planes, const T* g, const T* x, const T* w, const T* mean,
                const T* rstd, bool moving, T* gx, T* gw, T* gb) {
  const std::int64_t count = planes.groups.groups, channels = planes.channels;
  Buffer<T> a(count), b(count), c(count), means(planes.each > 1 ? count : 0);
  const T* m = planes.each > 1 ? means.data() : mean;
  if (planes.each > 1)
    planes.for_groups([&](std::int64_t group, std::int64_t plane, std::int64_t) {
      std::fill_n(&means[plane], planes.each, mean[group]);
    });
  const bool sums = moving || gw || gb;
  Buffer<double> total(count), along(count), of_weight(gw ? channels : 0),
      of_bias(gb ? channels : 0);
  if (sums) kernels::group_sums<T>(planes.groups, g, x, m, total.data(), along.data());
  if (gw) std::fill_n(of_weight.data(), channels, 0.0);
  if (gb) std::fill_n(of_bias.data(), channels, 0.0);
  const double part = 1 / static_cast<double>(planes.groups.members() * planes.each);
  planes.for_groups([&](std::int64_t group, std::int64_t plane, std::int64_t channel) {
    const double r = rstd[group];
    double level = 0, tilt = 0;
    for (std::int64_t k = 0; k < planes.each; ++k) {
      const double factor = w ? w[channel + k] : 1;
      a[plane + k] = static_cast<T>(factor * r);
      b[plane + k] = c[plane + k] = 0;
      if (!sums) continue;
      if (gw) of_weight[channel + k] += along[plane + k] * r;
      if (gb) of_bias[channel + k] += total[plane + k];
      level += factor * total[plane + k];
      tilt += factor * along[plane + k];
    }
    for (std::int64_t k = 0; moving && k < planes.each; ++k) {
      b[plane + k] = static_cast<T>(r * r * r * tilt * part);
      c[plane + k] = static_cast<T>(r * level * part);
    }
  });
  if (gw) std::copy_n(of_weight.data(), channels, gw);
  if (gb) std::copy_n(of_bias.data(), channels, gb);
  if (!gx) return;
  if (moving)
    kernels::group_grad<T>(planes.groups, g, x, a.data(), m, b.data(), c.data(), gx);
  else
    kernels::group_affine<T>(planes.groups, g, a.data(), b.data(), gx);
}

// The value and the rules; `in` is x, dense.
Tensor record_planes(const char* name, const Tensor& in, const Tensor& x, const Tensor& w,
                     const Tensor& b, const Tensor& mean, const Tensor& rstd,
                     const SharedNormLayout& layout, const Planes& planes, bool moving) {
  Tensor y = empty(in.sizes(), in.scalar_type());
  const Tensor scale = dense(w), shift = dense(b);
  visit_float(name, in.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    affine(planes, data<const T>(in), data<const T>(scale), data<const T>(shift),
           data<const T>(mean), data<const T>(rstd), data<T>(y));
  });
  return record_norm(
      name, std::move(y), x, w, b, mean, rstd, layout, moving,
      [=](const Tensor& g, const Tensor& from, const Tensor& m, const Tensor& r,
          const Tensor& scale, const Tensor& gx, const Tensor& gw, const Tensor& gb) {
        visit_float(name, from.scalar_type(), [&](auto zero) {
          using T = decltype(zero);
          fused_grad(planes, data<const T>(g), data<const T>(from), data<const T>(scale),
                     data<const T>(m), data<const T>(r), moving, data<T>(gx), data<T>(gw),
                     data<T>(gb));
        });
      });
}

void check_affine(const char* op, const Tensor& x, const Tensor& parameter, const char* name,
                  std::int64_t count) {
  if (!parameter.defined()) return;
  check(parameter.dim() == 1 && parameter.size(0) == count, op, ": ", name, " should contain ",
        count, " elements, but has size ", parameter.sizes());
  check(parameter.scalar_type() == x.scalar_type(), op, ": expected ", name, " to have type ",
        x.scalar_type(), " as the input, but got ", parameter.scalar_type());
}

// running ← (1 − momentum)·running + momentum·value.
void follow(const Tensor& running, double momentum, const kernels::Buffer<double>& values,
            double factor) {
  if (!running.defined()) return;
  visit_float("batch_norm", running.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    T* to = data<T>(running);
    const std::int64_t step = running.stride(0);
    for (std::int64_t i = 0, count = running.numel(); i < count; ++i) {
      T& value = to[i * step];
      value = static_cast<T>(momentum * values.data()[i] * factor + (1 - momentum) * double(value));
    }
  });
  autograd::mark_changed(running);
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var, bool training,
                  double momentum, double eps) {
  const char* op = "batch_norm";
  check_defined(op, x);
  check(x.dim() >= 2, op, ": expected an input of at least 2 dimensions, but got size ", x.sizes());
  check<NotImplementedError>(x.is_floating_point(), op, ": not implemented for '", x.scalar_type(),
                             "'");
  const std::int64_t channels = x.size(1);
  check_affine(op, x, weight, "weight", channels);
  check_affine(op, x, bias, "bias", channels);
  check_affine(op, x, running_mean, "running_mean", channels);
  check_affine(op, x, running_var, "running_var", channels);
  check(training || (running_mean.defined() && running_var.defined()), op,
        ": Expected running_mean and running_var to be defined when training=False");
  const std::int64_t batch = x.size(0);
  std::int64_t inner = 1;
  for (std::int64_t d = 2; d < x.dim(); ++d) inner *= x.size(d);
  check<ValueError>(!training || batch * inner != 1, op,
                    ": Expected more than 1 value per channel when training, got input size ",
                    x.sizes());
  const SharedNormLayout layout = std::make_shared<NormLayout>(NormLayout{
      {batch, channels, inner}, {batch, channels, inner}, {0, 2}, {1, channels, 1}, {0, 2}, eps});
  const Tensor in = dense(x);
  Tensor mean, rstd;
  if (training) {
    const NormStatistics s = norm_statistics(in, *layout);
    mean = s.mean, rstd = s.rstd;
    if (const double n = layout->members(); n > 0) {
      follow(running_mean, momentum, s.exact_mean, 1);
      follow(running_var, momentum, s.variance, n / (n - 1));
    }
  } else {
    mean = empty(layout->statistics(), x.scalar_type());
    copy_into(mean, alias_of(running_mean, running_mean.get()->geometry).view({1, channels, 1}));
    rstd = reciprocal_deviation(running_var, eps).view({1, channels, 1});
  }
  return record_planes("NativeBatchNormBackward0", in, x, weight, bias, mean, rstd, layout,
                       {layout->groups, channels, /*each=*/1}, training);
}

Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight,
                  const Tensor& bias, double eps) {
  const char* op = "group_norm";
  check_defined(op, x);
  check(x.dim() >= 2, op, ": Expected at least 2 dimensions for input tensor but received ",
        x.dim());
  const std::int64_t batch = x.size(0), channels = x.size(1);
  check(num_groups > 0 && channels % num_groups == 0, op,
        ": Expected number of channels in input to be divisible by num_groups, but got input of "
        "shape ",
        x.sizes(), " and num_groups=", num_groups);
  check_affine(op, x, weight, "weight", channels);
  check_affine(op, x, bias, "bias", channels);
  check_affine(op, x, weight, "weight", channels);
  check_affine(op, x, bias, "bias", channels);
  const std::int64_t each = channels / num_groups;
  std::int64_t inner = 1;
  for (std::int64_t d = 2; d < x.dim(); ++d) inner *= x.size(d);
  const SharedNormLayout layout =
      std::make_shared<NormLayout>(NormLayout{{1, batch * num_groups, each * inner},
                                              {batch, num_groups, each, inner},
                                              {2, 3},
                                              {1, num_groups, each, 1},
                                              {0, 3},
                                              eps});
  const Tensor in = dense(x);
  const NormStatistics s = norm_statistics(in, *layout);
  // Every channel of every image has coefficients of its own.
  return record_planes("NativeGroupNormBackward0", in, x, weight, bias, s.mean, s.rstd, layout,
                       {{1, batch * channels, inner}, channels, each}, /*moving=*/true);
}

Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const Tensor& running_mean, const Tensor& running_var, bool use_input_stats,
                     double momentum, double eps) {
  const char* op = "instance_norm";
  check_defined(op, x);
  check(x.dim() >= (use_input_stats ? 3 : 2), op, ": expected an input of at least ",
        use_input_stats ? 3 : 2, " dimensions, but got size ", x.sizes());
  check(use_input_stats || (running_mean.defined() && running_var.defined()), op,
        ": Expected running_mean and running_var to be defined when use_input_stats is false");
  check_affine(op, x, running_mean, "running_mean", x.size(1));
  check_affine(op, x, running_var, "running_var", x.size(1));
  std::int64_t positions = 1;
  for (std::int64_t d = 2; d < x.dim(); ++d) positions *= x.size(d);
  check<ValueError>(!use_input_stats || positions != 1, op,
                    ": Expected more than 1 spatial element when training, got input size ",
                    x.sizes());
  // Each channel of each image is a channel of its own of one image.
  Sizes flat = x.sizes().vec();
  flat[1] *= flat[0];
  flat[0] = 1;
  const auto repeated = [&](const Tensor& parameter) {
    if (!parameter.defined()) return parameter;
    return reshape(expand(parameter, {x.size(0), x.size(1)}), flat[1]);
  };
  const auto own = [&](const Tensor& running) {
    return running.defined() ? repeated(running.detach()).clone() : running;
  };
  const Tensor mean = own(running_mean), var = own(running_var);
  const Tensor y = batch_norm(reshape(x, flat), repeated(weight), repeated(bias), mean, var,
                              use_input_stats, momentum, eps);
  if (use_input_stats && x.size(0) > 0) {
    const NoGradGuard unrecorded;
    for (const auto& [running, each] : {std::pair(&running_mean, &mean), {&running_var, &var}})
      if (running->defined()) running->copy_(each->view({x.size(0), x.size(1)}).mean({0}));
  }
  return view(y, x.sizes());
}

Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return instance_norm(x, weight, bias, {}, {}, /*use_input_stats=*/true, 0, eps);
}

}  // namespace pullback
