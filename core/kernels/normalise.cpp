#include <pullback/core/kernels/normalise.h>

#include <algorithm>
#include <vector>

#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {
namespace {

constexpr int kLanes = 8;
constexpr std::int64_t kRowParts = 16;

std::int64_t per_chunk(std::int64_t elements_of_one) {
  return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(elements_of_one, 1));
}

// Σ f(i) in several accumulators: one would wait for each addition.
template <class F>
double sum_of(std::int64_t count, F f) {
  double lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += f(i + lane);
  for (int lane = 0; i < count; ++i, ++lane) lanes[lane] += f(i);
  for (int width = kLanes / 2; width; width /= 2)
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  return lanes[0];
}

// Σ over the members of one group of f(position in memory).
template <class F>
double sum_of_group(const Groups& s, std::int64_t group, F f) {
  double sum = 0;
  for (std::int64_t o = 0; o < s.outer; ++o) {
    const std::int64_t at = (o * s.groups + group) * s.inner;
    sum += s.inner == 1 ? f(at) : sum_of(s.inner, [&](std::int64_t i) { return f(at + i); });
  }
  return sum;
}

template <class F>
void for_groups(const Groups& s, F one) {
  parallel_for(s.groups, per_chunk(s.members()), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t group = begin; group < end; ++group) one(group);
  });
}

}  // namespace

template <class T>
void moments(const Groups& s, const T* x, double* mean, double* variance) {
  const double n = static_cast<double>(s.members());
  for_groups(s, [&](std::int64_t group) {
    const double m =
        sum_of_group(s, group, [&](std::int64_t i) { return static_cast<double>(x[i]); }) / n;
    mean[group] = m;
    variance[group] = sum_of_group(s, group,
                                   [&](std::int64_t i) {
                                     const double d = static_cast<double>(x[i]) - m;
                                     return d * d;
                                   }) /
                      n;
  });
}

template <class T>
void group_affine(const Groups& s, const T* x, const T* scale, const T* shift, T* y) {
  const std::int64_t blocks = s.outer * s.groups;
  parallel_for(blocks, per_chunk(s.inner), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const T a = scale[block % s.groups], b = shift[block % s.groups];
      const T* from = x + block * s.inner;
      T* to = y + block * s.inner;
      for (std::int64_t i = 0; i < s.inner; ++i) to[i] = a * from[i] + b;
    }
  });
}

template <class T>
void group_norm_grad(const Groups& s, bool moving, const T* g, const T* x, const T* mean,
                     const T* rstd, const T* weight, T* gx, T* gweight, T* gbias) {
  const double n = static_cast<double>(s.members());
  for_groups(s, [&](std::int64_t group) {
    const T m = mean[group], r = rstd[group];
    double total = 0, along = 0;  // Σ g and Σ g (x − m)
    if (moving || gweight || gbias) {
      total = sum_of_group(s, group, [&](std::int64_t i) { return static_cast<double>(g[i]); });
      along = sum_of_group(
          s, group, [&](std::int64_t i) { return static_cast<double>(g[i]) * double(x[i] - m); });
    }
    if (gweight) gweight[group] = static_cast<T>(along * double(r));
    if (gbias) gbias[group] = static_cast<T>(total);
    if (!gx) return;
    const T slope = (weight ? weight[group] : T(1)) * r;
    const T level = moving ? static_cast<T>(total / n) : T(0);
    const T tilt = moving ? static_cast<T>(along * double(r) * double(r) / n) : T(0);
    for (std::int64_t o = 0; o < s.outer; ++o) {
      const std::int64_t at = (o * s.groups + group) * s.inner;
      for (std::int64_t i = at; i < at + s.inner; ++i)
        gx[i] = (g[i] - level - (x[i] - m) * tilt) * slope;
    }
  });
}

template <class T>
void row_norm_affine_grad(std::int64_t rows, std::int64_t columns, const T* g, const T* x,
                          const T* mean, const T* rstd, T* gweight, T* gbias) {
  // Each part of the rows adds up on its own; the parts are added in order.
  const std::int64_t parts = std::clamp<std::int64_t>(
      rows * columns / 16384, 1, std::min(kRowParts, std::max<std::int64_t>(rows, 1)));
  std::vector<double> sums(static_cast<std::size_t>(2 * parts * columns));
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      double* along = sums.data() + 2 * part * columns;
      double* total = along + columns;
      for (std::int64_t row = part * rows / parts; row < (part + 1) * rows / parts; ++row) {
        const T m = mean[row], r = rstd[row];
        const T* from = g + row * columns;
        const T* at = x + row * columns;
        for (std::int64_t i = 0; i < columns; ++i) {
          along[i] += double(from[i]) * double((at[i] - m) * r);
          total[i] += double(from[i]);
        }
      }
    }
  });
  for (std::int64_t part = 1; part < parts; ++part)
    for (std::int64_t i = 0; i < 2 * columns; ++i) sums[i] += sums[2 * part * columns + i];
  for (std::int64_t i = 0; i < columns; ++i) {
    if (gweight) gweight[i] = static_cast<T>(sums[i]);
    if (gbias) gbias[i] = static_cast<T>(sums[columns + i]);
  }
}

#define PULLBACK_INSTANTIATE(T)                                                                   \
  template void moments<T>(const Groups&, const T*, double*, double*);                            \
  template void group_affine<T>(const Groups&, const T*, const T*, const T*, T*);                 \
  template void group_norm_grad<T>(const Groups&, bool, const T*, const T*, const T*, const T*,   \
                                   const T*, T*, T*, T*);                                         \
  template void row_norm_affine_grad<T>(std::int64_t, std::int64_t, const T*, const T*, const T*, \
                                        const T*, T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
