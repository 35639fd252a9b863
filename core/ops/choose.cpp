#include <limits>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Operations that choose between values: where, masked_fill, clamp.
namespace pullback {

using autograd::change_to;
using autograd::check_aligned;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

Tensor chosen(const Tensor& condition, const Tensor& a, const Tensor& b, ScalarType type) {
  check(condition.scalar_type() == ScalarType::Bool,
        "where: expected condition to be a boolean tensor, but got a tensor with dtype ",
        condition.scalar_type());
  const Geometry shape =
      broadcast("where", condition.sizes(), broadcast("where", a.sizes(), b.sizes()).sizes());
  Tensor y = empty_of(shape, type);
  fill_result(loop_for("where", simd().where, type), y,
              {condition, as_type(a, type), as_type(b, type)});
  return y;
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_defined("where", condition);
  check_defined("where", a);
  check_defined("where", b);
  return record("WhereBackward0", chosen(condition, a, b, result_type(a, b)),
                wrt(a, [c = saved(condition)](const Tensor& g) { return where(*c, g, 0); }),
                wrt(b, [c = saved(condition)](const Tensor& g) { return where(*c, 0, g); }));
}

namespace {

Tensor number(const Scalar& value, ScalarType type) {
  check_convertible("where", value, type);
  return scalar_tensor(value, type);
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, const Scalar& b) {
  check_defined("where", a);
  return where(condition, a, number(b, result_type(a, b)));
}
Tensor where(const Tensor& condition, const Scalar& a, const Tensor& b) {
  check_defined("where", b);
  return where(condition, number(a, result_type(b, a)), b);
}
Tensor where(const Tensor& condition, const Scalar& a, const Scalar& b) {
  auto type = [](const Scalar& s) { return s.isFloatingPoint() ? default_dtype() : s.type(); };
  const ScalarType common = promote_types(type(a), type(b));
  return where(condition, number(a, common), number(b, common));
}

namespace {

void check_mask(const char* op, const Tensor& x, const Tensor& mask) {
  check_defined(op, x);
  check_defined(op, mask);
  check(mask.scalar_type() == ScalarType::Bool, op,
        ": only supports boolean masks, but got mask with dtype ", mask.scalar_type());
}

}  // namespace

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Scalar& value) {
  check_mask("masked_fill", x, mask);
  check_convertible("masked_fill", value, x.scalar_type());
  return record("MaskedFillBackward0",
                chosen(mask, scalar_tensor(value, x.scalar_type()), x, x.scalar_type()),
                wrt(x, [m = saved(mask)](const Tensor& g) { return masked_fill(g, *m, 0); }));
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  check_mask("masked_fill", x, mask);
  check_defined("masked_fill", value);
  check(value.dim() == 0,
        "masked_fill: only supports a 0-dimensional value tensor, but got tensor with ",
        value.dim(), " dimension(s)");
  return record("MaskedFillBackward1", chosen(mask, value, x, x.scalar_type()),
                wrt(x, [m = saved(mask)](const Tensor& g) { return masked_fill(g, *m, 0); }),
                wrt(value, [m = saved(mask)](const Tensor& g) { return where(*m, g, 0).sum(); }));
}

Tensor nan_to_num(const Tensor& x, std::optional<double> nan, std::optional<double> posinf,
                  std::optional<double> neginf) {
  check_defined("nan_to_num", x);
  const ScalarType type = x.scalar_type();
  if (!is_floating_point(type)) return x.clone();
  const double largest = type == ScalarType::Float ? std::numeric_limits<float>::max()
                                                   : std::numeric_limits<double>::max();
  Tensor y = empty_of(x.get()->geometry, type);
  fill_result(simd().nan_to_num[type], y,
              {x, Number(nan.value_or(0), type), Number(posinf.value_or(largest), type),
               Number(neginf.value_or(-largest), type)});
  return record("NanToNumBackward0", y,
                wrt(x, [x = saved(x)](const Tensor& g) { return where(isfinite(*x), g, 0); }));
}

// ---- bounds

namespace {

Tensor clamped(const Map& kernel, ScalarType type, std::initializer_list<Input> in,
               const Geometry& shape) {
  Tensor y = empty_of(shape, type);
  fill_result(loop_for("clamp", kernel, type), y, in);
  return y;
}

}  // namespace

Tensor clamp_min(const Tensor& x, const Scalar& min) {
  check_defined("clamp_min", x);
  const ScalarType type = result_type(x, min);
  check_convertible("clamp_min", min, type);
  return record("ClampMinBackward0", map("clamp_min", x, min, simd().clamp_min, type, type),
                wrt(x, [x = saved(x), min](const Tensor& g) { return where(*x >= min, g, 0); }));
}

Tensor clamp_max(const Tensor& x, const Scalar& max) {
  check_defined("clamp_max", x);
  const ScalarType type = result_type(x, max);
  check_convertible("clamp_max", max, type);
  return record("ClampMaxBackward0", map("clamp_max", x, max, simd().clamp_max, type, type),
                wrt(x, [x = saved(x), max](const Tensor& g) { return where(*x <= max, g, 0); }));
}

Tensor clamp_min(const Tensor& x, const Tensor& min) {
  check_defined("clamp_min", x);
  check_defined("clamp_min", min);
  const ScalarType type = result_type(x, min);
  return record(
      "ClampMinBackward1", map("clamp_min", x, min, simd().maximum, type, type),
      wrt(x, [x = saved(x), m = saved(min)](const Tensor& g) { return where(*x >= *m, g, 0); }),
      wrt(min, [x = saved(x), m = saved(min)](const Tensor& g) { return where(*x < *m, g, 0); }));
}

Tensor clamp_max(const Tensor& x, const Tensor& max) {
  check_defined("clamp_max", x);
  check_defined("clamp_max", max);
  const ScalarType type = result_type(x, max);
  return record(
      "ClampMaxBackward1", map("clamp_max", x, max, simd().minimum, type, type),
      wrt(x, [x = saved(x), m = saved(max)](const Tensor& g) { return where(*x <= *m, g, 0); }),
      wrt(max, [x = saved(x), m = saved(max)](const Tensor& g) { return where(*x > *m, g, 0); }));
}

Tensor clamp(const Tensor& x, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  check_defined("clamp", x);
  check(min || max, "clamp: At least one of 'min' or 'max' must not be None");
  ScalarType type = x.scalar_type();
  if (min) type = promote_types(type, result_type(x, *min));
  if (max) type = promote_types(type, result_type(x, *max));
  if (min) check_convertible("clamp", *min, type);
  if (max) check_convertible("clamp", *max, type);
  const Tensor in = as_type(x, type);
  const Geometry& shape = x.get()->geometry;
  const Tensor y =
      !max   ? clamped(simd().clamp_min, type, {in, Number(*min, type)}, shape)
      : !min ? clamped(simd().clamp_max, type, {in, Number(*max, type)}, shape)
             : clamped(simd().clamp, type, {in, Number(*min, type), Number(*max, type)}, shape);
  return record("ClampBackward1", y, wrt(x, [x = saved(x), min, max](const Tensor& g) {
                  const Tensor v = *x;
                  const Tensor inside = !max   ? v >= *min
                                        : !min ? v <= *max
                                               : logical_and(v >= *min, v <= *max);
                  return where(inside, g, 0);
                }));
}

Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max) {
  check(min.defined() || max.defined(), "clamp: At least one of 'min' or 'max' must not be None");
  if (!max.defined()) return clamp_min(x, min);
  if (!min.defined()) return clamp_max(x, max);
  check_defined("clamp", x);
  const ScalarType type = result_type(x, min, max);
  const Geometry shape =
      broadcast("clamp", broadcast("clamp", x.sizes(), min.sizes()).sizes(), max.sizes());
  return record(
      "ClampBackward0",
      clamped(simd().clamp, type, {as_type(x, type), as_type(min, type), as_type(max, type)},
              shape),
      wrt(x, [x = saved(x), low = saved(min), high = saved(max)](
                 const Tensor& g) { return where(logical_and(*x >= *low, *x <= *high), g, 0); }),
      wrt(min, [x = saved(x), low = saved(min), high = saved(max)](
                   const Tensor& g) { return where(logical_and(*low < *high, *x < *low), g, 0); }),
      wrt(max, [x = saved(x), low = saved(min), high = saved(max)](const Tensor& g) {
        return where(logical_or(*x > *high, *high < *low), g, 0);
      }));
}

// ---- methods

Tensor TensorBase::where(const Tensor& condition, const Tensor& other) const {
  return pullback::where(condition, self(Tensor()), other);
}
Tensor TensorBase::where(const Tensor& condition, const Scalar& other) const {
  return pullback::where(condition, self(Tensor()), other);
}
Tensor TensorBase::masked_fill(const Tensor& mask, const Scalar& value) const {
  return pullback::masked_fill(self(Tensor()), mask, value);
}
Tensor TensorBase::masked_fill(const Tensor& mask, const Tensor& value) const {
  return pullback::masked_fill(self(Tensor()), mask, value);
}
Tensor TensorBase::masked_fill_(const Tensor& mask, const Scalar& value) const {
  const Tensor self = target("masked_fill_");
  check_aligned("masked_fill_", self, {mask});
  return change_to("masked_fill_", self,
                   [&](const Tensor& x) { return pullback::masked_fill(x, mask, value); });
}
Tensor TensorBase::masked_fill_(const Tensor& mask, const Tensor& value) const {
  const Tensor self = target("masked_fill_");
  check_aligned("masked_fill_", self, {mask});
  return change_to("masked_fill_", self,
                   [&](const Tensor& x) { return pullback::masked_fill(x, mask, value); });
}
Tensor TensorBase::nan_to_num(std::optional<double> nan, std::optional<double> posinf,
                              std::optional<double> neginf) const {
  return pullback::nan_to_num(self(Tensor()), nan, posinf, neginf);
}
Tensor TensorBase::nan_to_num_(std::optional<double> nan, std::optional<double> posinf,
                               std::optional<double> neginf) const {
  return change_to("nan_to_num_", target("nan_to_num_"),
                   [&](const Tensor& x) { return pullback::nan_to_num(x, nan, posinf, neginf); });
}
Tensor TensorBase::clamp(const std::optional<Scalar>& min, const std::optional<Scalar>& max) const {
  return pullback::clamp(self(Tensor()), min, max);
}
Tensor TensorBase::clamp(const Tensor& min, const Tensor& max) const {
  return pullback::clamp(self(Tensor()), min, max);
}
Tensor TensorBase::clamp_(const std::optional<Scalar>& min,
                          const std::optional<Scalar>& max) const {
  return change_to("clamp_", target("clamp_"),
                   [&](const Tensor& x) { return pullback::clamp(x, min, max); });
}
Tensor TensorBase::clamp_min(const Scalar& min) const {
  return pullback::clamp_min(self(Tensor()), min);
}
Tensor TensorBase::clamp_min(const Tensor& min) const {
  return pullback::clamp_min(self(Tensor()), min);
}
Tensor TensorBase::clamp_min_(const Scalar& min) const {
  return change_to("clamp_min_", target("clamp_min_"),
                   [&](const Tensor& x) { return pullback::clamp_min(x, min); });
}
Tensor TensorBase::clamp_max(const Scalar& max) const {
  return pullback::clamp_max(self(Tensor()), max);
}
Tensor TensorBase::clamp_max(const Tensor& max) const {
  return pullback::clamp_max(self(Tensor()), max);
}
Tensor TensorBase::clamp_max_(const Scalar& max) const {
  return change_to("clamp_max_", target("clamp_max_"),
                   [&](const Tensor& x) { return pullback::clamp_max(x, max); });
}

}  // namespace pullback
