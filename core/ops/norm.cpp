#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/normalise.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/dense.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/ops/row_loop.h>

// Normalisation of groups of elements by their mean m and r = 1/√(variance + eps), then an affine
// map: y = w x̂ + b, x̂ = (x − m) r. With h = g w and means over a group of n elements
//   x̄ = r (h − mean(h) − x̂ mean(h x̂))   (Ioffe and Szegedy 2015, section 3),
// which fused kernels compute where nobody will differentiate it again.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;
using kernels::Groups;

namespace {

using Sizes = std::vector<std::int64_t>;

// How x is read: `view` has its elements, statistics run over its dimensions `over`, and the affine
// parameters broadcast to it as `affine`, their gradients summed over `affine_over`.
struct Layout {
  Groups groups;
  Sizes view, over, affine, affine_over;
  double eps;

  Sizes statistics() const {
    Sizes sizes = view;
    for (const std::int64_t d : over) sizes[static_cast<std::size_t>(d)] = 1;
    return sizes;
  }
  double members() const { return static_cast<double>(groups.members()); }
};
using SharedLayout = std::shared_ptr<const Layout>;

using Numbers = std::vector<double>;

// The elements of a dense x, or as many of another number if there is none.
Numbers numbers(const Tensor& x, std::int64_t count, double otherwise) {
  Numbers values(static_cast<std::size_t>(count), otherwise);
  if (!x.defined()) return values;
  visit_float("normalisation", x.scalar_type(),
              [&](auto zero) { std::copy_n(data<decltype(zero)>(x), count, values.begin()); });
  return values;
}

// Sets a dense x, if there is one.
void put(const Tensor& x, const Numbers& values) {
  if (!x.defined()) return;
  visit_float("normalisation", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < values.size(); ++i) data<T>(x)[i] = static_cast<T>(values[i]);
  });
}

struct Statistics {
  Tensor mean, rstd;
  Numbers exact_mean, variance;
};

Numbers reciprocal_deviation(Numbers variance, double eps) {
  for (double& value : variance) value = 1 / std::sqrt(value + eps);
  return variance;
}

Statistics measure(const Tensor& x, const Layout& layout) {
  visit_float("normalisation", x.scalar_type(), [](auto) {});
  const auto count = static_cast<std::size_t>(layout.groups.groups);
  Statistics s{empty(layout.statistics(), x.scalar_type()),
               empty(layout.statistics(), x.scalar_type()), Numbers(count), Numbers(count)};
  kernels::moments(layout.groups, x.scalar_type(), x.get()->bytes(), s.exact_mean.data(),
                   s.variance.data());
  put(s.mean, s.exact_mean);
  put(s.rstd, reciprocal_deviation(s.variance, layout.eps));
  return s;
}

// m and r as functions of x: dm = mean(dx), dr = −r³ mean((x − m) dx).
std::tuple<Tensor, Tensor> statistics(const Tensor& x, const SharedLayout& layout) {
  Statistics s = measure(dense(x), *layout);
  return record("NormStatisticsBackward0", std::tuple(s.mean, s.rstd),
                wrt(x, [x = saved(x), layout](const Tensors& g, const Tensors& y) {
                  const Tensor in = *x, &m = y[0], &r = y[1];
                  const double n = layout->members();
                  Tensor gx = g[0].defined() ? expand(g[0] / n, layout->view) : Tensor();
                  if (g[1].defined()) {
                    const Tensor along = (g[1] * r * r * r / -n) * (reshape(in, layout->view) - m);
                    gx = gx.defined() ? gx + along : along;
                  }
                  return gx.defined() ? reshape(gx, in.sizes()) : gx;
                }));
}

// The gradients in differentiable operations. The statistics move with x if `moving`.
std::tuple<Tensor, Tensor, Tensor> composed_grad(const Tensor& g, const Tensor& x, const Tensor& w,
                                                 const Tensor& mean, const Tensor& rstd,
                                                 const SharedLayout& layout, bool moving,
                                                 IntArrayRef weight_sizes, autograd::Needs needs) {
  Tensor m = mean, r = rstd;
  if (moving) std::tie(m, r) = statistics(x, layout);
  const double n = layout->members();
  const Tensor gs = reshape(g, layout->view);
  const Tensor scaled = (reshape(x, layout->view) - m) * r;
  Tensor gx, gw, gb;
  if (needs[0]) {
    const Tensor h = w.defined() ? gs * reshape(w, layout->affine) : gs;
    gx = moving ? r * (h - sum(h, layout->over, true) / n -
                       scaled * (sum(h * scaled, layout->over, true) / n))
                : h * r;
    gx = reshape(gx, x.sizes());
  }
  if (needs[1]) gw = reshape(sum(gs * scaled, layout->affine_over), weight_sizes);
  if (needs[2]) gb = reshape(sum(gs, layout->affine_over), weight_sizes);
  return {gx, gw, gb};
}

template <class Fused>
Tensor record_norm(const char* name, Tensor y, const Tensor& x, const Tensor& w, const Tensor& b,
                   const Tensor& mean, const Tensor& rstd, const SharedLayout& layout, bool moving,
                   Fused fused) {
  const Sizes weight_sizes = w.defined()   ? w.sizes().vec()
                             : b.defined() ? b.sizes().vec()
                                           : Sizes{};
  return record(name, std::move(y),
                wrt(x, w, b,
                    [x = saved(x), w = saved(w), mean = saved(mean), rstd = saved(rstd), layout,
                     moving, weight_sizes, fused](const Tensor& g, autograd::Needs needs) {
                      const Tensor weight = w.defined() ? *w : Tensor();
                      if (GradMode::is_enabled())
                        return composed_grad(g, *x, weight, *mean, *rstd, layout, moving,
                                             weight_sizes, needs);
                      const Tensor in = *x;
                      Tensor gx, gw, gb;
                      if (needs[0]) gx = empty(in.sizes(), in.scalar_type());
                      if (needs[1]) gw = empty(weight_sizes, in.scalar_type());
                      if (needs[2]) gb = empty(weight_sizes, in.scalar_type());
                      fused(dense(g), dense(in), *mean, *rstd, dense(weight), gx, gw, gb);
                      return std::tuple(gx, gw, gb);
                    }));
}

// y = (w r) x + (b − m w r), the coefficients one for each of batch × channels planes, of which
// `each` in a row share their statistics.
Tensor affine(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& mean,
              const Tensor& rstd, std::int64_t channels, std::int64_t each, const Groups& planes) {
  const Numbers ws = numbers(w, channels, 1), bs = numbers(b, channels, 0),
                ms = numbers(mean, planes.groups / each, 0),
                rs = numbers(rstd, planes.groups / each, 0);
  Numbers scale(static_cast<std::size_t>(planes.groups)), shift(scale.size());
  for (std::size_t i = 0; i < scale.size(); ++i) {
    const std::size_t channel = i % static_cast<std::size_t>(channels),
                      group = i / static_cast<std::size_t>(each);
    scale[i] = rs[group] * ws[channel];
    shift[i] = bs[channel] - ms[group] * scale[i];
  }
  Tensor y = empty(x.sizes(), x.scalar_type());
  kernels::group_affine(planes, x.scalar_type(), x.get()->bytes(), scale.data(), shift.data(),
                        y.get()->bytes());
  return y;
}

// The gradients by the fused kernels, each into the tensor that is there for it. With sums over the
// planes, x̄ = r w g − r³ mean(h (x − m)) (x − m) − r mean(h).
void fused_grad(const Tensor& g, const Tensor& x, const Tensor& w, const Tensor& mean,
                const Tensor& rstd, std::int64_t channels, std::int64_t each, const Groups& planes,
                bool moving, const Tensor& gx, const Tensor& gw, const Tensor& gb) {
  const std::int64_t groups = planes.groups / each;
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const Numbers ws = numbers(w, channels, 1), rs = numbers(rstd, groups, 0),
                ms = numbers(mean, groups, 0);
  Numbers total(size(planes.groups)), along = total, a = total, b = total, c = total, m = total;
  for (std::size_t i = 0; i < a.size(); ++i) {
    m[i] = ms[i / size(each)];
    a[i] = ws[i % size(channels)] * rs[i / size(each)];
  }
  const ScalarType type = x.scalar_type();
  if (moving || gw.defined() || gb.defined())
    kernels::group_sums(planes, type, g.get()->bytes(), x.get()->bytes(), m.data(), total.data(),
                        along.data());
  Numbers of_weight(size(channels)), of_bias = of_weight, level(size(groups)), tilt = level;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t channel = i % size(channels), group = i / size(each);
    of_weight[channel] += along[i] * rs[group];
    of_bias[channel] += total[i];
    level[group] += ws[channel] * total[i];
    tilt[group] += ws[channel] * along[i];
  }
  put(gw, of_weight);
  put(gb, of_bias);
  if (!gx.defined()) return;
  if (!moving) {
    kernels::group_affine(planes, type, g.get()->bytes(), a.data(), b.data(), gx.get()->bytes());
    return;
  }
  const auto n = static_cast<double>(planes.members() * each);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t group = i / size(each);
    const double r = rs[group];
    b[i] = r * r * r * tilt[group] / n;
    c[i] = r * level[group] / n;
  }
  kernels::group_grad(planes, type, g.get()->bytes(), x.get()->bytes(), a.data(), m.data(),
                      b.data(), c.data(), gx.get()->bytes());
}

// The value and the rules where all elements of a plane have the same coefficients; `in` is x,
// dense.
Tensor record_planes(const char* name, const Tensor& in, const Tensor& x, const Tensor& w,
                     const Tensor& b, const Tensor& mean, const Tensor& rstd,
                     const SharedLayout& layout, const Groups& planes, std::int64_t channels,
                     std::int64_t each, bool moving) {
  return record_norm(
      name, affine(in, dense(w), dense(b), mean, rstd, channels, each, planes), x, w, b, mean, rstd,
      layout, moving,
      [=](const Tensor& g, const Tensor& from, const Tensor& m, const Tensor& r,
          const Tensor& scale, const Tensor& gx, const Tensor& gw, const Tensor& gb) {
        fused_grad(g, from, scale, m, r, channels, each, planes, moving, gx, gw, gb);
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
void follow(const Tensor& running, double momentum, const std::vector<double>& values,
            double factor) {
  if (!running.defined()) return;
  visit_float("batch_norm", running.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    T* to = data<T>(running);
    const std::int64_t step = running.stride(0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      T& value = to[static_cast<std::int64_t>(i) * step];
      value = static_cast<T>(momentum * values[i] * factor + (1 - momentum) * double(value));
    }
  });
  autograd::mark_changed(running);
}

// Of columns what the kernels of rows do.

void layer_norm_columns(const Columns& c, const Strip* operands, double eps) {
  const Strip &y = operands[0], &mean = operands[1], &rstd = operands[2], &x = operands[3],
              &weight = operands[4], &bias = operands[5];
  const auto n = static_cast<double>(c.rows());
  c.sum(x, mean.data);
  c.map_row(simd().div, mean.data, n);
  c.map(simd().sub, y, {x, mean});
  c.sum(simd().mul, y, y, rstd.data);
  c.map_row(simd().div, rstd.data, n);
  c.map_row(simd().add, rstd.data, eps);
  c.map_row(simd().rsqrt, rstd.data);
  c.map(simd().mul, y, {y, rstd});
  if (weight.data) c.map(simd().mul, y, {y, weight});
  if (bias.data) c.map(simd().add, y, {y, bias});
}

void layer_norm_backward_columns(const Columns& c, const Strip* operands, double) {
  const Strip &gx = operands[0], &g = operands[1], &x = operands[2], &mean = operands[3],
              &rstd = operands[4], &weight = operands[5];
  if (weight.data) c.map(simd().mul, gx, {g, weight});
  const Strip& h = weight.data ? gx : g;
  Columns::Row level = c.row(), tilt = c.row();
  c.run(simd().norm_sums_columns, {level.data(), tilt.data(), h.data, x.data, mean.data});
  for (char* row : {level.data(), tilt.data(), tilt.data(), tilt.data()})
    c.map_row(simd().mul, row, rstd);
  for (char* row : {level.data(), tilt.data()})
    c.map_row(simd().div, row, static_cast<double>(c.rows()));
  c.run(simd().norm_grad_columns,
        {gx.data, h.data, x.data, rstd.data, mean.data, tilt.data(), level.data()});
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
  check<ValueError>(!training || batch * inner > 1, op,
                    ": Expected more than 1 value per channel when training, got input size ",
                    x.sizes());
  const SharedLayout layout = std::make_shared<Layout>(Layout{
      {batch, channels, inner}, {batch, channels, inner}, {0, 2}, {1, channels, 1}, {0, 2}, eps});
  const Tensor in = dense(x);
  Tensor mean, rstd;
  if (training) {
    const Statistics s = measure(in, *layout);
    mean = s.mean, rstd = s.rstd;
    const double n = layout->members();
    follow(running_mean, momentum, s.exact_mean, 1);
    follow(running_var, momentum, s.variance, n / (n - 1));
  } else {
    mean = empty(layout->statistics(), x.scalar_type());
    copy_into(mean, alias_of(running_mean, running_mean.get()->geometry).view({1, channels, 1}));
    rstd = empty(layout->statistics(), x.scalar_type());
    put(rstd, reciprocal_deviation(numbers(dense(running_var), channels, 0), eps));
  }
  return record_planes("NativeBatchNormBackward0", in, x, weight, bias, mean, rstd, layout,
                       layout->groups, channels, /*each=*/1, training);
}

Tensor layer_norm(const Tensor& x, IntArrayRef normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps) {
  const char* op = "layer_norm";
  check_defined(op, x);
  check<NotImplementedError>(x.is_floating_point(), op, ": not implemented for '", x.scalar_type(),
                             "'; convert with .to(dtype)");
  const std::size_t dims = normalized_shape.size(), all = static_cast<std::size_t>(x.dim());
  check(dims > 0, op,
        ": Expected normalized_shape to be at least 1-dimensional, i.e., containing "
        "at least one element, but got ",
        normalized_shape);
  check(dims <= all && x.sizes().slice(all - dims, dims) == normalized_shape, op,
        ": Given normalized_shape=", normalized_shape,
        ", expected input to end in these sizes, but got input of size ", x.sizes());
  for (const Tensor* parameter : {&weight, &bias})
    check(
        !parameter->defined() ||
            (parameter->sizes() == normalized_shape && parameter->scalar_type() == x.scalar_type()),
        op, ": Expected weight and bias to be of same shape as normalized_shape=", normalized_shape,
        " and of the input's type");
  std::int64_t columns = 1, rows = 1;
  for (std::size_t d = 0; d < all; ++d) (d < all - dims ? rows : columns) *= x.sizes()[d];
  const SharedLayout layout = std::make_shared<Layout>(
      Layout{{1, rows, columns}, {rows, columns}, {1}, {1, columns}, {0}, eps});
  const Tensor in = dense(x), w = dense(weight), b = dense(bias);
  const ScalarType type = x.scalar_type();
  Tensor y = empty(x.sizes(), type);
  const Tensor mean = empty(layout->statistics(), type), rstd = empty(layout->statistics(), type);
  for_rows(
      {simd().layer_norm, layer_norm_columns}, type, rows, columns, /*inner=*/1,
      {{&y}, {&mean, Each::Row}, {&rstd, Each::Row}, {&in}, {&w, Each::Column}, {&b, Each::Column}},
      eps);
  return record_norm(
      "NativeLayerNormBackward0", std::move(y), x, weight, bias, mean, rstd, layout, true,
      [rows, columns](const Tensor& g, const Tensor& from, const Tensor& m, const Tensor& r,
                      const Tensor& scale, const Tensor& gx, const Tensor& gw, const Tensor& gb) {
        if (gx.defined())
          for_rows(
              {simd().layer_norm_backward, layer_norm_backward_columns}, from.scalar_type(), rows,
              columns, /*inner=*/1,
              {{&gx}, {&g}, {&from}, {&m, Each::Row}, {&r, Each::Row}, {&scale, Each::Column}});
        if (!gw.defined() && !gb.defined()) return;
        visit_float("layer_norm", from.scalar_type(), [&](auto zero) {
          using T = decltype(zero);
          kernels::row_norm_affine_grad<T>(rows, columns, data<T>(g), data<T>(from), data<T>(m),
                                           data<T>(r), data<T>(gw), data<T>(gb));
        });
      });
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
  const std::int64_t each = channels / num_groups;
  std::int64_t inner = 1;
  for (std::int64_t d = 2; d < x.dim(); ++d) inner *= x.size(d);
  const SharedLayout layout = std::make_shared<Layout>(Layout{{1, batch * num_groups, each * inner},
                                                              {batch, num_groups, each, inner},
                                                              {2, 3},
                                                              {1, num_groups, each, 1},
                                                              {0, 3},
                                                              eps});
  const Tensor in = dense(x);
  const Statistics s = measure(in, *layout);
  // Every channel of every image has coefficients of its own.
  return record_planes("NativeGroupNormBackward0", in, x, weight, bias, s.mean, s.rstd, layout,
                       {1, batch * channels, inner}, channels, each, /*moving=*/true);
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

Tensor normalize(const Tensor& x, double p, std::int64_t dim, double eps) {
  check_defined("normalize", x);
  return x / clamp_min(x.norm(Scalar(p), {dim}, /*keepdim=*/true), eps);
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, std::int64_t dim, double eps) {
  check_defined("cosine_similarity", a);
  check_defined("cosine_similarity", b);
  const std::vector<Tensor> pair = broadcast_tensors({a, b});
  return sum(normalize(pair[0], 2, dim, eps) * normalize(pair[1], 2, dim, eps), {dim});
}

}  // namespace pullback
