#include <pullback/core/kernels/normalise.h>

#include <algorithm>
#include <vector>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kRowParts = 16;

template <class T>
constexpr ScalarType kType = sizeof(T) == sizeof(float) ? ScalarType::Float : ScalarType::Double;

int64_t per_chunk(int64_t elements_of_one) {
  return std::max<int64_t>(1, 16384 / std::max<int64_t>(elements_of_one, 1));
}

/// Rows of elements that one call of a kernel takes.
struct Run {
  int64_t row, count, width;
  int64_t coefficient;  ///< the place of its first one's among a part's
};

/// How groups are read. Planes, the elements that a group has in a row, are rows of their own;
/// short ones lie side by side as columns, which are summed over a part of the outer dimension.
/// Few columns are repeated until they fill vectors: a row is then several of x, and the last ones
/// of x, which fill none, are a part of their own.
struct Cut {
  bool columns;
  int64_t groups, inner;
  int64_t rows, width;  ///< planes, or repeated groups·inner columns
  int64_t rest = 0;     ///< the last rows of x
  int64_t height;       ///< rows of a part; of planes there is a part for each image
  int64_t parts;

  explicit Cut(const Groups& s)
      : columns(s.inner < 64 && s.outer > 1), groups(s.groups), inner(s.inner) {
    if (!columns) {
      rows = s.outer * groups, width = inner, height = groups, parts = s.outer;
      return;
    }
    constexpr int64_t kWidth = 512, kHeight = 16, kElements = 524288;
    const int64_t some = std::max<int64_t>(line(), 1);
    const int64_t repeats = std::max<int64_t>(1, std::min(kWidth / some, s.outer / kHeight));
    rows = s.outer / repeats, rest = s.outer % repeats, width = repeats * line();
    height = std::clamp<int64_t>(kElements / (repeats * some), 32, 256);
    parts = ceil_div(rows, height) + (rest > 0);
  }
  int64_t line() const { return groups * inner; }
  int64_t sums_of_part() const { return columns ? width : height; }
  int64_t sums() const { return parts * sums_of_part(); }

  Run part(int64_t i) const {
    const int64_t row = i * height;
    if (row >= rows) return {rows, rest, line(), 0};
    return {row, std::min(height, rows - row), width, 0};
  }
  /// Runs f(run) over all rows.
  template <class F>
  void for_rows(F f) const {
    parallel_for(rows, per_chunk(width), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin, count; row < end; row += count) {
        const int64_t of_part = columns ? 0 : row % height;
        count = columns ? end - row : std::min(end - row, height - of_part);
        f(Run{row, count, width, of_part});
      }
    });
    if (rest > 0) f(Run{rows, rest, line(), 0});
  }
  /// Runs f(run, place of its first sum) over what sums add, or a part's row of sums.
  template <class F>
  void for_sums(F f) const {
    if (!columns) return for_rows([&](const Run& run) { f(run, run.row); });
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(part(i), i * width);
    });
  }
  /// Runs f(place of the sum, elements that it adds, group) for all sums, in order.
  template <class F>
  void join(F f) const {
    const int64_t each = columns ? inner : 1;
    for (int64_t i = 0; i < parts; ++i) {
      const Run run = part(i);
      const int64_t first = i * sums_of_part(), end = first + (columns ? run.width : height);
      for (int64_t at = first; at < end;)
        for (int64_t group = 0; group < groups; ++group)
          for (int64_t k = 0; k < each; ++k) f(at++, columns ? run.count : width, group);
    }
  }
};

/// A number for each row of a part, or for each column: those of the groups, repeated where columns
/// share them.
template <class T>
class Coefficients {
  Buffer<T> memory_;
  const T* data_;

 public:
  Coefficients(const Cut& cut, const T* of_groups)
      : memory_(cut.sums_of_part() > cut.groups ? cut.width : 0), data_(of_groups) {
    if (cut.sums_of_part() <= cut.groups) return;
    data_ = memory_.data();
    for (int64_t i = 0; i < cut.width;)
      for (int64_t group = 0; group < cut.groups; ++group)
        for (int64_t k = 0; k < cut.inner; ++k) memory_[i++] = of_groups[group];
  }
  char* at(int64_t i) const { return reinterpret_cast<char*>(const_cast<T*>(data_ + i)); }
};

template <class T>
char* bytes(const T* data) {
  return reinterpret_cast<char*>(const_cast<T*>(data));
}

}  // namespace

// Parts are joined by the squares of what their means differ from that of all (Chan, Golub, LeVeque
// 1983, section 2).
template <class T>
void moments(const Groups& s, const T* x, double* mean, double* variance) {
  const Cut cut(s);
  constexpr int64_t size = sizeof(T);
  Buffer<T> sums(cut.sums()), squares(cut.sums());
  const Reduction sum = kernels().sum[kType<T>], deviation = kernels().deviation[kType<T>];
  cut.for_sums([&](const Run& run, int64_t at) {
    const char* from = bytes(x + run.row * cut.width);
    const int64_t step = run.width * size;
    char *total = bytes(sums.data() + at), *square = bytes(squares.data() + at);
    if (!cut.columns) {
      sum(run.count, run.width, from, step, size, total, size);
      deviation(run.count, run.width, from, step, size, square, size);
      return;
    }
    constexpr int64_t kCached = 512;  // columns whose part of the rows stays in the caches
    for (int64_t first = 0; first < run.width; first += kCached) {
      const int64_t columns = std::min(kCached, run.width - first), at = first * size;
      sum(columns, run.count, from + at, size, step, total + at, size);
      deviation(columns, run.count, from + at, size, step, square + at, size);
    }
  });
  const auto n = static_cast<double>(std::max<int64_t>(s.members(), 1));
  if (cut.sums() == s.groups) {
    for (int64_t group = 0; group < s.groups; ++group) {
      mean[group] = static_cast<double>(sums[group]) / n;
      variance[group] = static_cast<double>(squares[group]) / n;
    }
    return;
  }
  std::fill_n(mean, s.groups, 0.0);
  std::fill_n(variance, s.groups, 0.0);
  cut.join([&](int64_t i, int64_t, int64_t group) { mean[group] += static_cast<double>(sums[i]); });
  for (int64_t group = 0; group < s.groups; ++group) mean[group] /= n;
  cut.join([&](int64_t i, int64_t count, int64_t group) {
    const double members = static_cast<double>(count);
    const double apart = static_cast<double>(sums[i]) / members - mean[group];
    variance[group] += static_cast<double>(squares[i]) + members * apart * apart;
  });
  for (int64_t group = 0; group < s.groups; ++group) variance[group] /= n;
}

template <class T>
void group_affine(const Groups& s, const T* x, const T* scale, const T* shift, T* y) {
  const Cut cut(s);
  const Coefficients<T> scales(cut, scale), shifts(cut, shift);
  const T one = 1;
  constexpr int64_t size = sizeof(T);
  const int64_t step = cut.columns ? size : 0;
  const int64_t strides[] = {size, step, size, step, 0};
  cut.for_rows([&](const Run& run) {
    for (int64_t j = 0; j < run.count; ++j) {
      const int64_t at = run.row * cut.width + j * run.width,
                    of = cut.columns ? 0 : run.coefficient + j;
      char* data[] = {bytes(y + at), shifts.at(of), bytes(x + at), scales.at(of), bytes(&one)};
      kernels().addcmul[kType<T>](run.width, data, strides);
    }
  });
}

template <class T>
void group_sums(const Groups& s, const T* g, const T* x, const T* mean, double* total,
                double* along) {
  const Cut cut(s);
  const Rows& kernel = cut.columns ? kernels().norm_sums_columns : kernels().norm_sums;
  const Coefficients<T> means(cut, mean);
  Buffer<T> totals(cut.sums()), alongs(cut.sums());
  cut.for_sums([&](const Run& run, int64_t sum) {
    const int64_t at = run.row * cut.width;
    char* data[] = {bytes(&totals[sum]), bytes(&alongs[sum]), bytes(g + at), bytes(x + at),
                    means.at(run.coefficient)};
    kernel[kType<T>](run.count, run.width, data, 0);
  });
  if (cut.sums() == s.groups) {
    std::copy_n(totals.data(), s.groups, total);
    std::copy_n(alongs.data(), s.groups, along);
    return;
  }
  std::fill_n(total, s.groups, 0.0);
  std::fill_n(along, s.groups, 0.0);
  cut.join([&](int64_t i, int64_t, int64_t group) {
    total[group] += static_cast<double>(totals[i]);
    along[group] += static_cast<double>(alongs[i]);
  });
}

template <class T>
void group_grad(const Groups& s, const T* g, const T* x, const T* a, const T* mean, const T* b,
                const T* c, T* gx) {
  const Cut cut(s);
  const Coefficients<T> as(cut, a), means(cut, mean), bs(cut, b), cs(cut, c);
  const Rows& kernel = cut.columns ? kernels().norm_grad_columns : kernels().norm_grad;
  cut.for_rows([&](const Run& run) {
    const int64_t at = run.row * cut.width, of = run.coefficient;
    char* data[] = {bytes(gx + at), bytes(g + at), bytes(x + at), as.at(of),
                    means.at(of),   bs.at(of),     cs.at(of)};
    kernel[kType<T>](run.count, run.width, data, 0);
  });
}

template <class T>
void row_norm_affine_grad(std::int64_t rows, std::int64_t columns, const T* g, const T* x,
                          const T* mean, const T* rstd, T* gweight, T* gbias) {
  // Each part of the rows adds up on its own; the parts are added in order.
  const std::int64_t parts = std::clamp<std::int64_t>(
      rows * columns / 16384, 1, std::min(kRowParts, std::max<std::int64_t>(rows, 1)));
  constexpr std::int64_t kHeight = 256;  // whose sums are added up in the type itself
  std::vector<double> sums(static_cast<std::size_t>(2 * parts * columns));
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    Buffer<T> some(2 * columns);
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t last = (part + 1) * rows / parts;
      for (std::int64_t row = part * rows / parts; row < last; row += kHeight) {
        char* data[] = {bytes(&some[columns]),    bytes(&some[0]),   bytes(g + row * columns),
                        bytes(x + row * columns), bytes(mean + row), bytes(rstd + row)};
        kernels().norm_affine_sums[kType<T>](std::min(kHeight, last - row), columns, data, 0);
        double* to = sums.data() + 2 * part * columns;
        for (std::int64_t i = 0; i < 2 * columns; ++i) to[i] += static_cast<double>(some[i]);
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
  template void group_sums<T>(const Groups&, const T*, const T*, const T*, double*, double*);     \
  template void group_grad<T>(const Groups&, const T*, const T*, const T*, const T*, const T*,    \
                              const T*, T*);                                                      \
  template void row_norm_affine_grad<T>(std::int64_t, std::int64_t, const T*, const T*, const T*, \
                                        const T*, T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
