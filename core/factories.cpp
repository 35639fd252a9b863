#include <pullback/core/factories.h>

#include <charconv>
#include <cmath>

#include <pullback/core/ops/map.h>

namespace pullback {

namespace {

Tensor finish(Tensor x, const TensorOptions& options) {
  if (options.requires_grad()) x.requires_grad_();
  return x;
}

Tensor allocate(const char* op, IntArrayRef sizes, ScalarType type, const TensorOptions& options) {
  check_device(op, options.device());
  check(is_floating_point(type) || !options.requires_grad(), op,
        ": Only Tensors of floating point dtype can require gradients, not ", type);
  return empty_of(Geometry(sizes), type);
}

TensorOptions like(const Tensor& x, const TensorOptions& options) {
  return options.has_dtype() ? options : options.dtype(x.scalar_type());
}

ScalarType type_of(const Scalar& value) {
  return value.isFloatingPoint() ? default_dtype() : value.type();
}

Tensor filled(const char* op, IntArrayRef sizes, const Scalar& value, ScalarType type,
              const TensorOptions& options) {
  Tensor x = allocate(op, sizes, type, options);
  fill_into(x, value);
  return finish(std::move(x), options);
}

}  // namespace

Device::Device(const char* name) {
  check(name != nullptr, "Device: null for a name; use \"cpu\"");
  const std::string text = name;
  if (text == "cpu") {
    type_ = kCPU, index_ = -1;
  } else {
    check(text == "cuda" || text.rfind("cuda:", 0) == 0, "Device: unknown device '", text,
          "'; use \"cpu\"");
    type_ = kCUDA;
    index_ = -1;
    if (text.size() > 4) {
      const char* end = text.data() + text.size();
      const auto [rest, failure] = std::from_chars(text.data() + 5, end, index_);
      check(failure == std::errc() && rest == end && index_ >= 0,
            "Device: invalid device index in '", text, "'; use \"cpu\"");
    }
  }
}

void check_device(const char* op, Device device) {
  check(device.is_cpu(), op, ": this library computes on the CPU only; there is no CUDA device");
}

Tensor empty(IntArrayRef sizes, const TensorOptions& options) {
  // A bool in memory must be 0 or 1, so those are not left as they are.
  if (options.dtype() == ScalarType::Bool) return filled("empty", sizes, 0, kBool, options);
  return finish(allocate("empty", sizes, options.dtype(), options), options);
}
Tensor zeros(IntArrayRef sizes, const TensorOptions& options) {
  return filled("zeros", sizes, 0, options.dtype(), options);
}
Tensor ones(IntArrayRef sizes, const TensorOptions& options) {
  return filled("ones", sizes, 1, options.dtype(), options);
}
Tensor full(IntArrayRef sizes, const Scalar& value, const TensorOptions& options) {
  const ScalarType type = options.has_dtype() ? options.dtype() : type_of(value);
  check_convertible("full", value, type);
  return filled("full", sizes, value, type, options);
}
Tensor empty_like(const Tensor& x, const TensorOptions& options) {
  check_defined("empty_like", x);
  return empty(x.sizes(), like(x, options));
}
Tensor zeros_like(const Tensor& x, const TensorOptions& options) {
  check_defined("zeros_like", x);
  return lying_as(x, zeros(x.sizes(), like(x, options)));
}
Tensor ones_like(const Tensor& x, const TensorOptions& options) {
  check_defined("ones_like", x);
  return lying_as(x, ones(x.sizes(), like(x, options)));
}
Tensor full_like(const Tensor& x, const Scalar& value, const TensorOptions& options) {
  check_defined("full_like", x);
  return lying_as(x, full(x.sizes(), value, like(x, options)));
}
Tensor scalar_tensor(const Scalar& value, const TensorOptions& options) {
  return filled("scalar_tensor", IntArrayRef(), value, options.dtype(), options);
}

Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step,
              const TensorOptions& options) {
  const double first = start.toDouble(), last = end.toDouble(), by = step.toDouble();
  check(by < 0 || by > 0, "arange: step must be nonzero");
  check(std::isfinite(first) && std::isfinite(last), "arange: unsupported range: ", first, " -> ",
        last);
  check((by > 0) == (last >= first) || last == first,
        "arange: upper bound and lower bound inconsistent with step sign: ", first, " to ", last,
        " by ", by);
  const bool integers = start.isIntegral() && end.isIntegral() && step.isIntegral();
  const ScalarType type = options.has_dtype() ? options.dtype()
                          : integers          ? ScalarType::Long
                                              : default_dtype();
  check<NotImplementedError>(type != ScalarType::Bool, "arange: not implemented for 'Bool'");
  // int64 counts in integers, whatever was given.
  check(type != ScalarType::Long || step.toLong() != 0, "arange: step must be nonzero: ", by);
  std::int64_t n;
  if (integers || type == ScalarType::Long) {
    // Unsigned, since the distance between two integers may need 64 bits.
    const auto a = static_cast<std::uint64_t>(start.toLong());
    const auto b = static_cast<std::uint64_t>(end.toLong());
    const auto s = static_cast<std::uint64_t>(step.toLong());
    const std::uint64_t distance = by > 0 ? b - a : a - b, length = by > 0 ? s : -s;
    const std::uint64_t count = distance / length + (distance % length != 0);
    check(count < static_cast<std::uint64_t>(kMaxElements),
          "arange: invalid size, possible overflow: ", first, " to ", last, " by ", by);
    n = static_cast<std::int64_t>(count);
  } else {
    const double count = std::ceil((last - first) / by);
    check(count < static_cast<double>(kMaxElements),
          "arange: invalid size, possible overflow: ", first, " to ", last, " by ", by);
    n = static_cast<std::int64_t>(count);
  }
  Tensor x = allocate("arange", {n}, type, options);
  visit(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = x.data_ptr<T>();
    if constexpr (std::is_floating_point_v<T>) {
      for (std::int64_t i = 0; i < n; ++i)
        out[i] = static_cast<T>(first + by * static_cast<double>(i));
    } else {
      auto next = static_cast<std::uint64_t>(start.toLong());
      const auto more = static_cast<std::uint64_t>(step.toLong());
      for (std::int64_t i = 0; i < n; ++i, next += more) out[i] = static_cast<T>(next);
    }
  });
  return finish(std::move(x), options);
}
Tensor arange(const Scalar& start, const Scalar& end, const TensorOptions& options) {
  return arange(start, end, 1, options);
}
Tensor arange(const Scalar& end, const TensorOptions& options) {
  return arange(0, end, 1, options);
}

namespace {

/// Counts from both ends, as PyTorch does, so that the last value is exactly `end`.
template <class T>
void fill_linspace(T* out, std::int64_t steps, const Scalar& start, const Scalar& end) {
  const T first = start.to<T>(), last = end.to<T>();
  if (steps == 1) {
    out[0] = first;
    return;
  }
  using Step = std::conditional_t<std::is_floating_point_v<T>, T, double>;
  const Step step =
      (static_cast<Step>(last) - static_cast<Step>(first)) / static_cast<Step>(steps - 1);
  for (std::int64_t i = 0; i < steps; ++i)
    out[i] = i < steps / 2 ? static_cast<T>(first + step * static_cast<Step>(i))
                           : static_cast<T>(last - step * static_cast<Step>(steps - 1 - i));
}

}  // namespace

Tensor linspace(const Scalar& start, const Scalar& end, std::int64_t steps,
                const TensorOptions& options) {
  check(steps >= 0, "linspace: number of steps must be non-negative: ", steps);
  check<NotImplementedError>(options.dtype() != ScalarType::Bool,
                             "linspace: not implemented for 'Bool'");
  Tensor x = allocate("linspace", {steps}, options.dtype(), options);
  if (steps > 0)
    visit(options.dtype(),
          [&](auto zero) { fill_linspace(x.data_ptr<decltype(zero)>(), steps, start, end); });
  return finish(std::move(x), options);
}

Tensor logspace(const Scalar& start, const Scalar& end, std::int64_t steps, double base,
                const TensorOptions& options) {
  check(steps >= 0, "logspace: number of steps must be non-negative: ", steps);
  check<NotImplementedError>(options.dtype() != ScalarType::Bool,
                             "logspace: not implemented for 'Bool'");
  // Integers start from and end at integers, as in linspace.
  const bool whole = is_integral(options.dtype());
  Tensor exponents = linspace(whole ? Scalar(start.toLong()) : start,
                              whole ? Scalar(end.toLong()) : end, steps, ScalarType::Double);
  double* e = exponents.data_ptr<double>();
  for (std::int64_t i = 0; i < steps; ++i) e[i] = std::pow(base, e[i]);
  return finish(exponents.to(options.dtype()), options);
}

Tensor eye(std::int64_t n, std::int64_t m, const TensorOptions& options) {
  check(n >= 0 && m >= 0, "eye: n and m must be greater or equal to 0, got ", n, " and ", m);
  TensorOptions plain = options.requires_grad(false);
  Tensor x = zeros({n, m}, plain);
  Geometry diagonal = x.get()->geometry;
  diagonal.ndim = 1;
  diagonal.size[0] = std::min(n, m);
  diagonal.stride[0] = m + 1;
  fill_into(alias_of(x, diagonal), 1);
  return finish(std::move(x), options);
}
Tensor eye(std::int64_t n, const TensorOptions& options) {
  return eye(n, n, options);
}

Tensor from_blob(void* data, IntArrayRef sizes, std::function<void(void*)> deleter,
                 const TensorOptions& options) {
  check(data != nullptr || Geometry(sizes).numel() == 0, "from_blob: null data for sizes ", sizes);
  check_device("from_blob", options.device());
  return finish(Tensor(make_from_blob(data, Geometry(sizes), options.dtype(), std::move(deleter))),
                options);
}
Tensor from_blob(void* data, IntArrayRef sizes, const TensorOptions& options) {
  return from_blob(data, sizes, std::function<void(void*)>(), options);
}
Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides, const TensorOptions& options) {
  check(sizes.size() == strides.size(), "from_blob: sizes ", sizes, " and strides ", strides,
        " differ in length");
  Geometry g(sizes);
  check(data != nullptr || g.numel() == 0, "from_blob: null data for sizes ", sizes);
  check_device("from_blob", options.device());
  std::int64_t extent = 0;
  for (int d = 0; d < g.ndim; ++d) {
    check(strides[d] >= 0 && strides[d] < kMaxElements &&
              !__builtin_mul_overflow(sizes[d], strides[d], &extent) && extent < kMaxElements,
          "from_blob: strides must be non-negative and within memory, got ", strides, " for sizes ",
          sizes);
    g.stride[d] = strides[d];
  }
  return finish(Tensor(make_from_blob(data, g, options.dtype(), {})), options);
}

// ---- tensor({{…}, {…}})

namespace {

std::vector<std::int64_t> shape_of(const TensorData& data) {
  std::vector<std::int64_t> sizes;
  for (const TensorData* level = &data; !level->is_scalar(); level = &level->list().front()) {
    sizes.push_back(static_cast<std::int64_t>(level->list().size()));
    if (level->list().empty()) break;
  }
  return sizes;
}

/// Checks that every part has the shape of the first, and finds the type that holds all numbers.
void inspect(const TensorData& data, IntArrayRef sizes, std::size_t depth,
             std::optional<ScalarType>& type) {
  if (data.is_scalar()) {
    check<ValueError>(depth == sizes.size(), "tensor: expected a sequence at dim ", depth,
                      ", got a number");
    const ScalarType own = type_of(data.scalar());
    type = type ? promote_types(*type, own) : own;
    return;
  }
  const auto length = static_cast<std::int64_t>(data.list().size());
  check<ValueError>(depth < sizes.size(), "tensor: expected a number at dim ", depth,
                    ", got a sequence of length ", length);
  check<ValueError>(sizes[depth] == length, "tensor: expected sequence of length ", sizes[depth],
                    " at dim ", depth, " (got ", length, ")");
  for (const TensorData& item : data.list()) inspect(item, sizes, depth + 1, type);
}

template <class T>
void store(const TensorData& data, T*& out) {
  if (data.is_scalar()) {
    *out++ = data.scalar().to<T>();
  } else {
    for (const TensorData& item : data.list()) store(item, out);
  }
}

}  // namespace

TensorData::TensorData(std::initializer_list<TensorData> list) : list_(list) {}

void TensorData::add(const Scalar& value) {
  TensorData item({});
  item.scalar_ = value;
  item.is_scalar_ = true;
  list_.push_back(std::move(item));
}

Tensor tensor(const TensorData& data, const TensorOptions& options) {
  const std::vector<std::int64_t> sizes = shape_of(data);
  std::optional<ScalarType> found;
  inspect(data, sizes, 0, found);
  const ScalarType type = options.has_dtype() ? options.dtype() : found.value_or(default_dtype());
  Tensor x = allocate("tensor", sizes, type, options);
  visit(type, [&](auto zero) {
    auto* out = static_cast<decltype(zero)*>(x.data_ptr());
    store(data, out);
  });
  return finish(std::move(x), options);
}

Tensor tensor(std::initializer_list<TensorData> data, const TensorOptions& options) {
  return tensor(TensorData(data), options);
}

}  // namespace pullback
