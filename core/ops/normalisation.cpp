#include <pullback/core/ops/normalisation.h>

#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;
using kernels::Buffer;

namespace {

/// r = 1/√(variance + eps), in double and then rounded.
template <class T, class V>
void set_reciprocal_deviation(const V* variance, std::int64_t count, double eps, T* r) {
  Buffer<double> values(count);
  for (std::int64_t i = 0; i < count; ++i) values[i] = static_cast<double>(variance[i]) + eps;
  char* data[] = {reinterpret_cast<char*>(values.data()), reinterpret_cast<char*>(values.data())};
  const std::int64_t strides[] = {sizeof(double), sizeof(double)};
  simd().rsqrt[ScalarType::Double](count, data, strides);
  for (std::int64_t i = 0; i < count; ++i) r[i] = static_cast<T>(values[i]);
}

// m and r as functions of x: dm = mean(dx), dr = −r³ mean((x − m) dx).
std::tuple<Tensor, Tensor> statistics(const Tensor& x, const SharedNormLayout& layout) {
  const NormStatistics s = norm_statistics(dense(x), *layout);
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
                                                 const SharedNormLayout& layout, bool moving,
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

}  // namespace

NormStatistics norm_statistics(const Tensor& x, const NormLayout& layout) {
  const std::int64_t count = layout.groups.groups;
  NormStatistics s{{}, {}, Buffer<double>(count), Buffer<double>(count)};
  visit_float("normalisation", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    s.mean = empty(layout.statistics(), x.scalar_type());
    s.rstd = empty(layout.statistics(), x.scalar_type());
    kernels::moments<T>(layout.groups, data<T>(x), s.exact_mean.data(), s.variance.data());
    for (std::int64_t i = 0; i < count; ++i) data<T>(s.mean)[i] = static_cast<T>(s.exact_mean[i]);
    set_reciprocal_deviation(s.variance.data(), count, layout.eps, data<T>(s.rstd));
  });
  return s;
}

Tensor reciprocal_deviation(const Tensor& variance, double eps) {
  const Tensor in = dense(variance), r = empty(variance.sizes(), variance.scalar_type());
  visit_float("normalisation", in.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    set_reciprocal_deviation(data<T>(in), in.numel(), eps, data<T>(r));
  });
  return r;
}

Tensor record_norm(const char* name, Tensor y, const Tensor& x, const Tensor& w, const Tensor& b,
                   const Tensor& mean, const Tensor& rstd, const SharedNormLayout& layout,
                   bool moving, FusedNormGrad fused) {
  const Sizes weight_sizes = w.defined()   ? w.sizes().vec()
                             : b.defined() ? b.sizes().vec()
                                           : Sizes{};
  return record(
      name, std::move(y),
      wrt(x, w, b,
          [x = saved(x), w = saved(w), mean = saved(mean), rstd = saved(rstd), layout, moving,
           weight_sizes, fused = std::move(fused)](const Tensor& g, autograd::Needs needs) {
            const Tensor weight = w.defined() ? *w : Tensor();
            if (GradMode::is_enabled())
              return composed_grad(g, *x, weight, *mean, *rstd, layout, moving, weight_sizes,
                                   needs);
            const Tensor in = *x;
            Tensor gx, gw, gb;
            if (needs[0]) gx = empty(in.sizes(), in.scalar_type());
            if (needs[1]) gw = empty(weight_sizes, in.scalar_type());
            if (needs[2]) gb = empty(weight_sizes, in.scalar_type());
            fused(dense(g), dense(in), *mean, *rstd, dense(weight), gx, gw, gb);
            return std::tuple(gx, gw, gb);
          }));
}

}  // namespace pullback
