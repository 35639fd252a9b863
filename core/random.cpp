#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numbers>
#include <numeric>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/random.h>

namespace pullback {

namespace {

Generator& chosen(Generator* generator) {
  return generator ? *generator : default_generator();
}

/// x's elements as a dense tensor in the order in which they lie in memory.
Geometry in_memory_order(const Geometry& g) {
  std::vector<int> order(static_cast<std::size_t>(g.ndim));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&g](int a, int b) { return g.stride[a] > g.stride[b]; });
  Geometry sorted = g;
  for (int d = 0; d < g.ndim; ++d) {
    sorted.size[d] = g.size[order[static_cast<std::size_t>(d)]];
    sorted.stride[d] = g.stride[order[static_cast<std::size_t>(d)]];
  }
  return sorted;
}

/// Has `fill(elements, n)` set x's elements in memory order.
template <class Fill>
void fill_run(const Tensor& x, Fill fill) {
  const Geometry& g = x.get()->geometry;
  const Geometry order = in_memory_order(g);
  const bool dense = g.is_contiguous();
  Tensor y = dense ? x : empty_of(order, x.scalar_type());
  visit(x.scalar_type(),
        [&](auto zero) { fill(reinterpret_cast<decltype(zero)*>(y.get()->bytes()), g.numel()); });
  if (!dense) copy_into(alias_of(x, order), y);
}

/// Sets each element of x, in memory order, to what `draw` returns next.
template <class Draw>
void fill_in_order(const Tensor& x, Draw draw) {
  fill_run(x, [&](auto* to, std::int64_t n) {
    using T = std::remove_pointer_t<decltype(to)>;
    for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(draw());
  });
}

float uniform_of(Generator& generator, float) {
  return generator.uniform_float();
}
double uniform_of(Generator& generator, double) {
  return generator.uniform_double();
}

constexpr std::int64_t kWords = 2048;  ///< drawn at a time

/// n uniform values: low + width u.
void fill_uniform(float* x, std::int64_t n, float low, float width, Generator& generator) {
  std::uint32_t words[kWords];
  for (std::int64_t done = 0; done < n; done += kWords) {
    const std::int64_t count = std::min(kWords, n - done);
    generator.fill(words, count);
    simd().random.uniform_float(count, words, low, width, x + done);
  }
}

void fill_uniform(double* x, std::int64_t n, double low, double width, Generator& generator) {
  std::uint32_t words[kWords];
  for (std::int64_t done = 0; done < n; done += kWords / 2) {
    const std::int64_t count = std::min(kWords / 2, n - done);
    generator.fill(words, 2 * count);
    simd().random.uniform_double(count, words, low, width, x + done);
  }
}

void normal_groups(float* x, std::int64_t groups, float mean, float std) {
  simd().random.normal(groups, mean, std, x);
}

/// As the kernel does it, with the bits of libm's double functions.
void normal_groups(double* x, std::int64_t groups, double mean, double std) {
  for (; groups > 0; --groups, x += 16)
    for (int j = 0; j < 8; ++j) {
      const double u1 = 1 - x[j], u2 = x[j + 8];
      const double radius = std::sqrt(-2 * std::log(u1)), theta = 2 * std::numbers::pi * u2;
      x[j] = radius * std::cos(theta) * std + mean;
      x[j + 8] = radius * std::sin(theta) * std + mean;
    }
}

/// n ≥ 16 normals: groups of 16, of which the last overlaps the one before if n is no multiple.
template <class T>
void fill_normal(T* x, std::int64_t n, T mean, T std, Generator& generator) {
  fill_uniform(x, n, T(0), T(1), generator);
  normal_groups(x, n / 16, mean, std);
  if (n % 16 == 0) return;
  T* last = x + n - 16;
  fill_uniform(last, 16, T(0), T(1), generator);
  normal_groups(last, 1, mean, std);
}

void check_floating(const char* op, const Tensor& x) {
  check_defined(op, x);
  check<NotImplementedError>(is_floating_point(x.scalar_type()), op, ": not implemented for ",
                             x.scalar_type(), "; use a floating-point tensor");
}

Tensor random_between(const char* op, const Tensor& x, std::int64_t from, std::int64_t to,
                      Generator* generator) {
  check_defined(op, x);
  check(from < to, op, ": expects 'from' to be less than 'to', but got from=", from, " >= to=", to);
  return autograd::overwrite(op, "RandomBackward0", x, [&] {
    Generator& source = chosen(generator);
    const std::lock_guard lock(source.mutex());
    const std::uint64_t range = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
    fill_in_order(x, [&] {
      const std::uint64_t bits = range >= 1ULL << 28 ? source.random64() : source.random();
      return static_cast<std::int64_t>(bits % range + static_cast<std::uint64_t>(from));
    });
  });
}

/// Calls in place without recording, then applies the option that asks for a gradient.
template <class Fill>
Tensor filled(IntArrayRef sizes, const TensorOptions& options, Fill fill) {
  Tensor x = empty(sizes, TensorOptions(options.dtype()));
  fill(x);
  if (options.requires_grad()) x.requires_grad_();
  return x;
}

TensorOptions like(const Tensor& x, const TensorOptions& options) {
  return options.has_dtype() ? options : options.dtype(x.scalar_type());
}

}  // namespace

Tensor TensorBase::uniform_(double from, double to, Generator* generator) const {
  const Tensor x = target("uniform_");
  check_floating("uniform_", x);
  check(from <= to, "uniform_: expects to return a [from, to) range, but found from=", from,
        " > to=", to);
  return autograd::overwrite("uniform_", "UniformBackward0", x, [&] {
    Generator& source = chosen(generator);
    const std::lock_guard lock(source.mutex());
    fill_run(x, [&](auto* elements, std::int64_t n) {
      using T = std::remove_pointer_t<decltype(elements)>;
      if constexpr (std::is_floating_point_v<T>) {
        const auto low = static_cast<T>(from);
        fill_uniform(elements, n, low, static_cast<T>(to) - low, source);
      }
    });
  });
}

Tensor TensorBase::normal_(double mean, double std, Generator* generator) const {
  const Tensor x = target("normal_");
  check_floating("normal_", x);
  check(std >= 0, "normal_: expects std >= 0.0, but found std ", std);
  return autograd::overwrite("normal_", "NormalBackward0", x, [&] {
    Generator& source = chosen(generator);
    const std::lock_guard lock(source.mutex());
    if (x.numel() < 16 || !x.is_contiguous()) {
      fill_in_order(x, [&] { return source.normal() * std + mean; });
    } else if (x.scalar_type() == kFloat) {
      fill_normal(reinterpret_cast<float*>(x.get()->bytes()), x.numel(), static_cast<float>(mean),
                  static_cast<float>(std), source);
    } else {
      fill_normal(reinterpret_cast<double*>(x.get()->bytes()), x.numel(), mean, std, source);
    }
  });
}

Tensor TensorBase::random_(std::int64_t from, std::int64_t to, Generator* generator) const {
  return random_between("random_", target("random_"), from, to, generator);
}

Tensor TensorBase::random_(std::int64_t to, Generator* generator) const {
  return random_between("random_", target("random_"), 0, to, generator);
}

Tensor TensorBase::random_(Generator* generator) const {
  const Tensor x = target("random_");
  check_defined("random_", x);
  return autograd::overwrite("random_", "RandomBackward0", x, [&] {
    Generator& source = chosen(generator);
    const std::lock_guard lock(source.mutex());
    switch (x.scalar_type()) {
      case ScalarType::Float:
        return fill_in_order(x, [&] { return source.random() % ((1U << 24) + 1); });
      case ScalarType::Double:
        return fill_in_order(x, [&] { return source.random64() % ((1ULL << 53) + 1); });
      case ScalarType::Long:
        return fill_in_order(x, [&] { return source.random64() & ~(1ULL << 63); });
      case ScalarType::Int:
        return fill_in_order(x, [&] { return source.random() & 0x7fffffffU; });
      case ScalarType::Bool:
        return fill_in_order(x, [&] { return (source.random() & 1U) != 0; });
    }
  });
}

Tensor TensorBase::bernoulli_(double p, Generator* generator) const {
  const Tensor x = target("bernoulli_");
  check_defined("bernoulli_", x);
  check(0 <= p && p <= 1, "bernoulli_: expects p to be in [0, 1], but got p=", p);
  return autograd::overwrite("bernoulli_", "BernoulliBackward1", x, [&] {
    Generator& source = chosen(generator);
    const std::lock_guard lock(source.mutex());
    fill_in_order(x, [&] { return source.uniform_double() < p; });
  });
}

Tensor TensorBase::bernoulli_(const Tensor& p, Generator* generator) const {
  const Tensor x = target("bernoulli_");
  check_defined("bernoulli_", x);
  check_floating("bernoulli_: p", p);
  const Tensor chances = p.detach().expand(x.sizes()).contiguous();
  Tensor draws = empty_of(x.get()->geometry, kBool);
  visit(chances.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      const T* chance = reinterpret_cast<const T*>(chances.get()->bytes());
      for (std::int64_t i = 0; i < x.numel(); ++i)
        check(0 <= chance[i] && chance[i] <= 1,
              "bernoulli_: expects p to be in [0, 1], but got p=", static_cast<double>(chance[i]));
      Generator& source = chosen(generator);
      const std::lock_guard lock(source.mutex());
      fill_in_order(draws, [&] { return uniform_of(source, T()) < *chance++; });
    }
  });
  return autograd::overwrite("bernoulli_", "BernoulliBackward2", x, [&] { copy_into(x, draws); });
}

Tensor TensorBase::exponential_(double lambda, Generator* generator) const {
  const Tensor x = target("exponential_");
  check_floating("exponential_", x);
  check(lambda > 0, "exponential_: expects lambda > 0.0, but found lambda=", lambda);
  return autograd::overwrite("exponential_", "ExponentialBackward0", x, [&] {
    Generator& source = chosen(generator);
    const std::lock_guard lock(source.mutex());
    fill_in_order(x, [&] { return -1 / lambda * std::log1p(-source.uniform_double()); });
  });
}

Tensor rand(IntArrayRef sizes, Generator* generator, const TensorOptions& options) {
  return filled(sizes, options, [&](const Tensor& x) { x.uniform_(0, 1, generator); });
}

Tensor rand(IntArrayRef sizes, const TensorOptions& options) {
  return rand(sizes, nullptr, options);
}

Tensor rand_like(const Tensor& x, const TensorOptions& options) {
  return rand(x.sizes(), like(x, options));
}

Tensor randn(IntArrayRef sizes, Generator* generator, const TensorOptions& options) {
  return filled(sizes, options, [&](const Tensor& x) { x.normal_(0, 1, generator); });
}

Tensor randn(IntArrayRef sizes, const TensorOptions& options) {
  return randn(sizes, nullptr, options);
}

Tensor randn_like(const Tensor& x, const TensorOptions& options) {
  return randn(x.sizes(), like(x, options));
}

Tensor randint(std::int64_t low, std::int64_t high, IntArrayRef sizes,
               const TensorOptions& options) {
  const TensorOptions typed = options.has_dtype() ? options : options.dtype(kLong);
  return filled(sizes, typed,
                [&](const Tensor& x) { random_between("randint", x, low, high, nullptr); });
}

Tensor randint(std::int64_t high, IntArrayRef sizes, const TensorOptions& options) {
  return randint(0, high, sizes, options);
}

Tensor randint_like(const Tensor& x, std::int64_t low, std::int64_t high) {
  return randint(low, high, x.sizes(), x.scalar_type());
}

Tensor randperm(std::int64_t n, Generator* generator, const TensorOptions& options) {
  check(n >= 0, "randperm: n must be non-negative, got ", n);
  check(n < std::numeric_limits<std::uint32_t>::max() / 20, "randperm: n is too large: ", n);
  const TensorOptions typed = options.has_dtype() ? options : options.dtype(kLong);
  Tensor order = empty({n}, kLong);
  auto* x = order.data_ptr<std::int64_t>();
  std::iota(x, x + n, 0);
  Generator& source = chosen(generator);
  const std::lock_guard lock(source.mutex());
  for (std::int64_t i = 0; i < n - 1; ++i)
    std::swap(x[i], x[i + static_cast<std::int64_t>(source.random() % (n - i))]);
  return as_type(order, typed.dtype());
}

Tensor randperm(std::int64_t n, const TensorOptions& options) {
  return randperm(n, nullptr, options);
}

Tensor normal(double mean, double std, IntArrayRef sizes, Generator* generator,
              const TensorOptions& options) {
  return filled(sizes, options, [&](const Tensor& x) { x.normal_(mean, std, generator); });
}

Tensor bernoulli(const Tensor& p, Generator* generator) {
  check_floating("bernoulli", p);
  return empty(p.sizes(), p.scalar_type()).bernoulli_(p, generator);
}

Tensor bernoulli(const Tensor& x, double p, Generator* generator) {
  check_defined("bernoulli", x);
  return empty(x.sizes(), x.scalar_type()).bernoulli_(p, generator);
}

namespace {

/// Indices of the largest p / q for exponential q: the way to draw without putting back.
void draw_distinct(const double* p, std::int64_t n, std::int64_t samples, std::int64_t* to,
                   Generator& source) {
  std::vector<double> keys(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i)
    keys[static_cast<std::size_t>(i)] = p[i] / -std::log1p(-source.uniform_double());
  std::vector<std::int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + samples, order.end(),
                    [&keys](std::int64_t a, std::int64_t b) {
                      return keys[static_cast<std::size_t>(a)] > keys[static_cast<std::size_t>(b)];
                    });
  std::copy(order.begin(), order.begin() + samples, to);
}

}  // namespace

Tensor multinomial(const Tensor& x, std::int64_t samples, bool replacement, Generator* generator) {
  check_floating("multinomial", x);
  check(x.dim() == 1 || x.dim() == 2, "multinomial: prob_dist must be 1 or 2 dim, got ", x.sizes());
  const std::int64_t n = x.size(-1), rows = x.dim() == 2 ? x.size(0) : 1;
  check(samples > 0, "multinomial: cannot sample n_sample <= 0 samples: ", samples);
  check(replacement || samples <= n,
        "multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement: ",
        samples, " of ", n);
  const Tensor chances = x.detach().to(kDouble).contiguous();
  const auto* p = chances.data_ptr<double>();
  for (std::int64_t r = 0; r < rows; ++r) {
    double total = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double value = p[r * n + i];
      check(std::isfinite(value) && value >= 0,
            "multinomial: probability tensor contains either `inf`, `nan` or element < 0");
      total += value;
    }
    check(total > 0, "multinomial: invalid multinomial distribution (sum of probabilities <= 0)");
  }
  Tensor y = x.dim() == 2 ? empty({rows, samples}, kLong) : empty({samples}, kLong);
  auto* to = y.data_ptr<std::int64_t>();
  Generator& source = chosen(generator);
  const std::lock_guard lock(source.mutex());
  for (std::int64_t r = 0; r < rows; ++r, p += n, to += samples) {
    if (!replacement || samples == 1) {
      draw_distinct(p, n, samples, to, source);
      continue;
    }
    std::vector<double> sums(static_cast<std::size_t>(n));
    std::partial_sum(p, p + n, sums.begin());
    const double total = sums.back();
    for (double& sum : sums) sum /= total;
    for (std::int64_t s = 0; s < samples; ++s)
      to[s] = std::min<std::int64_t>(
          n - 1,
          std::lower_bound(sums.begin(), sums.end(), source.uniform_double()) - sums.begin());
  }
  return y;
}

Tensor TensorBase::multinomial(std::int64_t samples, bool replacement, Generator* generator) const {
  return pullback::multinomial(self(Tensor()), samples, replacement, generator);
}

}  // namespace pullback
