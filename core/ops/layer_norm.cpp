#include <memory>
#include <utility>

#include <pullback/core/neural.h>
#include <pullback/core/ops/normalisation.h>
#include <pullback/core/ops/row_loop.h>

namespace pullback {

namespace {

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
  const SharedNormLayout layout = std::make_shared<NormLayout>(
      NormLayout{{1, rows, columns}, {rows, columns}, {1}, {1, columns}, {0}, eps});
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

}  // namespace pullback
