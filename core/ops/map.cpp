#include <pullback/core/ops/map.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace pullback {

namespace {

constexpr std::int64_t kInlineWork =
    4096;  ///< elements below which a dense loop runs without a driver

template <class T>
void put(unsigned char* bytes, const Scalar& value) {
  const T converted = value.to<T>();
  std::memcpy(bytes, &converted, sizeof converted);
}

/// Runs the loop if every tensor is dense and of out's shape, so that one stride each describes it.
bool run_dense(Loop loop, const TensorImpl* out, std::int64_t n,
               std::initializer_list<Input> inputs, float cost) {
  char* data[kernels::kMaxOperands];
  std::int64_t strides[kernels::kMaxOperands];
  data[0] = out->bytes();
  strides[0] = static_cast<std::int64_t>(element_size(out->dtype));
  int count = 1;
  for (const Input& input : inputs) {
    if (input.tensor) {
      const TensorImpl* x = input.tensor->get();
      if (!x->geometry.is_contiguous_as(out->geometry)) return false;
      data[count] = x->bytes();
      strides[count] = static_cast<std::int64_t>(element_size(x->dtype));
    } else {
      data[count] = static_cast<char*>(input.number);
      strides[count] = 0;
    }
    ++count;
  }
  if (n <= kInlineWork) {
    loop(n, data, strides);
    return true;
  }
  kernels::Operand operands[kernels::kMaxOperands];
  for (int i = 0; i < count; ++i) operands[i] = {data[i], &strides[i]};
  kernels::for_each(loop, 1, &n, operands, count, cost);
  return true;
}

}  // namespace

Number::Number(const Scalar& value, ScalarType type) {
  visit(type, [&](auto zero) { put<decltype(zero)>(bytes_, value); });
}

namespace {

void run_strided(Loop loop, const TensorImpl* o, std::initializer_list<Input> inputs, float cost) {
  const Geometry& shape = o->geometry;
  const int count = 1 + static_cast<int>(inputs.size());
  std::int64_t strides[kernels::kMaxOperands][kMaxDims];
  kernels::Operand operands[kernels::kMaxOperands];
  auto place = [&](int k, const TensorImpl* x) {
    const auto bytes = static_cast<std::int64_t>(element_size(x->dtype));
    const int missing = shape.ndim - x->geometry.ndim;
    for (int d = 0; d < shape.ndim; ++d) {
      const bool repeats = d < missing || x->geometry.size[d - missing] == 1;
      strides[k][d] = repeats ? 0 : x->geometry.stride[d - missing] * bytes;
    }
    operands[k] = {x->bytes(), strides[k], bytes};
  };
  place(0, o);
  int k = 1;
  for (const Input& input : inputs) {
    if (input.tensor) {
      place(k, input.tensor->get());
    } else {
      std::memset(strides[k], 0, sizeof strides[k]);
      operands[k] = {input.number, strides[k]};
    }
    ++k;
  }
  kernels::for_each(loop, shape.ndim, shape.size, operands, count, cost);
}

/// Do the elements lie next to each other, in some order of the dimensions?
bool fills_memory(const Geometry& g) {
  const std::int64_t n = g.numel();
  for (std::int64_t extent = 1; extent < n;) {
    int d = 0;
    while (d < g.ndim && (g.stride[d] != extent || g.size[d] == 1)) ++d;
    if (d == g.ndim) return false;
    extent *= g.size[d];
  }
  return true;
}

/// Gives `out`, which is new, the strides of the inputs of its sizes, if these have the same and
/// leave no gaps.
void lie_as(TensorImpl* out, std::initializer_list<Input> inputs) {
  const Geometry* common = nullptr;
  for (const Input& input : inputs) {
    if (!input.tensor) continue;
    const Geometry& g = input.tensor->get()->geometry;
    if (!g.same_sizes(out->geometry)) {
      if (g.numel() > 1) return;
    } else if (!common) {
      common = &g;
    } else if (g.strides() != common->strides()) {
      return;
    }
  }
  if (common && fills_memory(*common))
    std::copy_n(common->stride, common->ndim, out->geometry.stride);
}

void run(Loop loop, TensorImpl* out, bool is_new, std::initializer_list<Input> inputs, float cost) {
  const std::int64_t n = out->geometry.numel();
  if (n == 0) return;
  if ((is_new || out->geometry.is_contiguous()) && run_dense(loop, out, n, inputs, cost)) return;
  if (is_new) lie_as(out, inputs);
  run_strided(loop, out, inputs, cost);
}

}  // namespace

void run_loop(Loop loop, const Tensor& out, std::initializer_list<Input> inputs, float cost) {
  run(loop, out.get(), /*is_new=*/false, inputs, cost);
}

void fill_result(Loop loop, const Tensor& out, std::initializer_list<Input> inputs, float cost) {
  run(loop, out.get(), /*is_new=*/true, inputs, cost);
}

Loop loop_for(const char* op, const Map& kernel, ScalarType type) {
  Loop loop = kernel[type];
  check<NotImplementedError>(loop != nullptr, op, ": not implemented for '", type,
                             "'; convert with .to(dtype)");
  return loop;
}

Tensor empty_of(const Geometry& sizes, ScalarType type) {
  return Tensor(make_tensor(sizes, type));
}

Tensor alias_of(const Tensor& x, const Geometry& geometry) {
  return Tensor(make_alias(x.get()->storage, geometry, x.get()->dtype));
}

void copy_into(const Tensor& out, const Tensor& source) {
  run_loop(simd().cast(source.get()->dtype, out.get()->dtype), out, {source});
}

Tensor lying_as(const Tensor& x, Tensor y) {
  lie_as(y.get(), {x});
  return y;
}

Tensor copy_of(const Tensor& x, ScalarType type) {
  Tensor y = empty_of(x.get()->geometry, type);
  fill_result(simd().cast(x.get()->dtype, type), y, {x});
  return y;
}

Tensor copy_in_rows(const Tensor& x) {
  Tensor y = empty_of(x.get()->geometry, x.get()->dtype);
  copy_into(y, x);
  return y;
}

void fill_into(const Tensor& out, const Scalar& value) {
  const ScalarType type = out.get()->dtype;
  run_loop(simd().copy[type], out, {Number(value, type)});
}

const Tensor& as_type(const Tensor& x, ScalarType type, Tensor&& converted) {
  if (x.get()->dtype == type) return x;
  return converted = copy_of(x, type);
}

namespace {

int category(ScalarType type) {
  return is_floating_point(type) ? 2 : type == ScalarType::Bool ? 0 : 1;
}

ScalarType combine(ScalarType high, ScalarType low) {
  return category(low) > category(high) ? low : high;
}

}  // namespace

ScalarType result_type(const Tensor& a, const Tensor& b) {
  const ScalarType x = a.get()->dtype, y = b.get()->dtype;
  if (x == y) return x;
  const bool a_is_scalar = a.get()->geometry.ndim == 0, b_is_scalar = b.get()->geometry.ndim == 0;
  if (a_is_scalar == b_is_scalar) return promote_types(x, y);
  return a_is_scalar ? combine(y, x) : combine(x, y);
}

ScalarType result_type(const Tensor& a, const Tensor& b, const Tensor& c) {
  // Tensors with dimensions decide before those without.
  std::optional<ScalarType> high, low;
  for (const Tensor* x : {&a, &b, &c}) {
    std::optional<ScalarType>& type = x->dim() > 0 ? high : low;
    type = type ? promote_types(*type, x->scalar_type()) : x->scalar_type();
  }
  return high && low ? combine(*high, *low) : high ? *high : *low;
}

ScalarType result_type(const Tensor& a, const Scalar& b) {
  const ScalarType x = a.get()->dtype;
  if (category(b.type()) <= category(x)) return x;
  return b.isFloatingPoint() ? default_dtype() : b.type();
}

ScalarType float_type(ScalarType type) {
  return is_floating_point(type) ? type : default_dtype();
}

void check_convertible(const char* op, const Scalar& value, ScalarType type) {
  if (type == ScalarType::Bool || type == ScalarType::Double || type == value.type()) return;
  const bool fits = visit(type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, std::int32_t>) {
      if (!value.isFloatingPoint()) return std::in_range<T>(value.toLong());
    }
    const double v = value.toDouble();
    if constexpr (std::is_floating_point_v<T>)
      return !(std::abs(v) > std::numeric_limits<T>::max()) || std::isinf(v);
    else  // the first double beyond the largest integer is a power of two
      return v >= static_cast<double>(std::numeric_limits<T>::min()) &&
             v < -static_cast<double>(std::numeric_limits<T>::min());
  });
  check(fits, op, ": value cannot be converted to type ", type,
        " without overflow: ", value.toDouble());
}

void check_result_type(const char* op, ScalarType from, ScalarType to) {
  check(can_cast(from, to), op, ": result type ", from,
        " can't be cast to the desired output type ", to);
}

Tensor map(const char* op, const Tensor& x, const Map& kernel, float cost) {
  check_defined(op, x);
  const TensorImpl* impl = x.get();
  Loop loop = loop_for(op, kernel, impl->dtype);
  Tensor y = empty_of(impl->geometry, impl->dtype);
  fill_result(loop, y, {x}, cost);
  return y;
}

Tensor map_float(const char* op, const Tensor& x, const Map& kernel, float cost) {
  check_defined(op, x);
  return map(op, as_type(x, float_type(x.get()->dtype)), kernel, cost);
}

Tensor map(const char* op, const Tensor& a, const Tensor& b, const Map& kernel, ScalarType type,
           ScalarType out, float cost) {
  Loop loop = loop_for(op, kernel, type);
  const Geometry &ga = a.get()->geometry, &gb = b.get()->geometry;
  Tensor y =
      ga.same_sizes(gb) ? empty_of(ga, out) : empty_of(broadcast(op, ga.sizes(), gb.sizes()), out);
  fill_result(loop, y, {as_type(a, type), as_type(b, type)}, cost);
  return y;
}

Tensor map(const char* op, const Tensor& a, const Scalar& b, const Map& kernel, ScalarType type,
           ScalarType out, float cost) {
  Loop loop = loop_for(op, kernel, type);
  Tensor y = empty_of(a.get()->geometry, out);
  fill_result(loop, y, {as_type(a, type), Number(b, type)}, cost);
  return y;
}

Tensor map(const char* op, const Scalar& a, const Tensor& b, const Map& kernel, ScalarType type,
           ScalarType out, float cost) {
  Loop loop = loop_for(op, kernel, type);
  Tensor y = empty_of(b.get()->geometry, out);
  fill_result(loop, y, {Number(a, type), as_type(b, type)}, cost);
  return y;
}

}  // namespace pullback
