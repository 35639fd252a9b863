#include <pullback/core/kernels/normalise.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kRowParts = 16;

int64_t per_chunk(int64_t elements_of_one) {
  return std::max<int64_t>(1, 16384 / std::max<int64_t>(elements_of_one, 1));
}

/// How groups are read. Planes, the elements that a group has in a row, are rows of their own;
/// short ones lie side by side as columns, which are summed over a part of the outer dimension.
struct Cut {
  bool columns;
  int64_t rows, width;  ///< of x: planes, or groups·inner columns
  int64_t height;       ///< rows of a part; of planes there is a part for each image
  int64_t parts, each;  ///< a group has parts·each sums

  explicit Cut(const Groups& s) : columns(s.inner < 64 && s.outer > 1) {
    rows = columns ? s.outer : s.outer * s.groups;
    width = columns ? s.groups * s.inner : s.inner;
    height =
        columns ? std::clamp<int64_t>(524288 / std::max<int64_t>(width, 1), 32, 256) : s.groups;
    parts = columns ? (s.outer + height - 1) / height : s.outer;
    each = columns ? s.inner : 1;
  }
  int64_t sums_of_part() const { return columns ? width : height; }
  int64_t sums() const { return parts * sums_of_part(); }
  int64_t rows_of_part(int64_t part) const { return std::min(height, rows - part * height); }
  /// Elements that a sum of a part adds.
  int64_t members(int64_t part) const { return columns ? rows_of_part(part) : width; }
};

/// An array of elements of a type, which holds as many doubles.
class Array {
  std::vector<double> memory_;
  ScalarType type_;

 public:
  Array(ScalarType type, int64_t count) : memory_(static_cast<std::size_t>(count)), type_(type) {}
  /// A number for each row, or for each column: those of the groups, repeated if columns share
  /// them.
  Array(ScalarType type, const Cut& cut, const double* of_groups)
      : Array(type, cut.sums_of_part()) {
    for (int64_t i = 0; i < cut.sums_of_part(); ++i) set(i, of_groups[i / cut.each]);
  }
  char* at(int64_t i) {
    return reinterpret_cast<char*>(memory_.data()) + i * static_cast<int64_t>(element_size(type_));
  }
  double operator[](int64_t i) const {
    if (type_ == ScalarType::Double) return memory_[static_cast<std::size_t>(i)];
    return reinterpret_cast<const float*>(memory_.data())[i];
  }
  void set(int64_t i, double value) {
    if (type_ == ScalarType::Double)
      memory_[static_cast<std::size_t>(i)] = value;
    else
      reinterpret_cast<float*>(memory_.data())[i] = static_cast<float>(value);
  }
};

using Run = std::function<void(int64_t row, int64_t count, int64_t coefficient)>;

/// Runs f for all rows, some at a time, none of them beyond a part; `coefficient` is the place of
/// their first one's among a part's.
void for_rows(const Cut& cut, const Run& f) {
  parallel_for(cut.rows, per_chunk(cut.width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin, count; row < end; row += count) {
      const int64_t of_part = row % cut.height;
      count = std::min(end - row, cut.height - of_part);
      f(row, count, cut.columns ? 0 : of_part);
    }
  });
}

/// Runs f for what one sum, or a part's row of sums, adds; `sum` is the place of the first one.
void for_sums(const Cut& cut, const Run& f) {
  if (!cut.columns)
    return for_rows(cut, [&](int64_t row, int64_t count, int64_t) { f(row, count, row); });
  parallel_for(cut.parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      f(part * cut.height, cut.rows_of_part(part), part * cut.width);
  });
}

/// Runs f(place of the sum, part, group) for all sums, in order.
template <class F>
void join(const Groups& s, const Cut& cut, F f) {
  int64_t i = 0;
  for (int64_t part = 0; part < cut.parts; ++part)
    for (int64_t group = 0; group < s.groups; ++group)
      for (int64_t k = 0; k < cut.each; ++k) f(i++, part, group);
}

char* writable(const char* data) {
  return const_cast<char*>(data);
}

}  // namespace

// Parts are joined by the squares of what their means differ from that of all (Chan, Golub, LeVeque
// 1983, section 2).
void moments(const Groups& s, ScalarType type, const char* x, double* mean, double* variance) {
  const Cut cut(s);
  const auto size = static_cast<int64_t>(element_size(type));
  const int64_t step = cut.width * size;
  Array sums(type, cut.sums()), squares = sums;
  const Reduction sum = kernels().sum[type], deviation = kernels().deviation[type];
  for_sums(cut, [&](int64_t row, int64_t count, int64_t at) {
    const char* from = x + row * step;
    if (!cut.columns) {
      sum(count, cut.width, from, step, size, sums.at(at), size);
      deviation(count, cut.width, from, step, size, squares.at(at), size);
      return;
    }
    constexpr int64_t kCached = 512;  // columns whose part of the rows stays in the caches
    for (int64_t first = 0; first < cut.width; first += kCached) {
      const int64_t columns = std::min(kCached, cut.width - first);
      sum(columns, count, from + first * size, size, step, sums.at(at + first), size);
      deviation(columns, count, from + first * size, size, step, squares.at(at + first), size);
    }
  });
  const auto n = static_cast<double>(std::max<int64_t>(s.members(), 1));
  std::fill_n(mean, s.groups, 0.0);
  std::fill_n(variance, s.groups, 0.0);
  join(s, cut, [&](int64_t i, int64_t, int64_t group) { mean[group] += sums[i]; });
  for (int64_t group = 0; group < s.groups; ++group) mean[group] /= n;
  join(s, cut, [&](int64_t i, int64_t part, int64_t group) {
    const double members = static_cast<double>(cut.members(part));
    const double apart = sums[i] / members - mean[group];
    variance[group] += squares[i] + members * apart * apart;
  });
  for (int64_t group = 0; group < s.groups; ++group) variance[group] /= n;
}

void group_affine(const Groups& s, ScalarType type, const char* x, const double* scale,
                  const double* shift, char* y) {
  const Cut cut(s);
  Array scales(type, cut, scale), shifts(type, cut, shift), one(type, 1);
  one.set(0, 1);
  const auto size = static_cast<int64_t>(element_size(type));
  const int64_t step = cut.columns ? size : 0;
  const int64_t strides[] = {size, step, size, step, 0};
  for_rows(cut, [&](int64_t row, int64_t count, int64_t first) {
    for (int64_t j = 0; j < count; ++j) {
      const int64_t at = (row + j) * cut.width * size, of = cut.columns ? 0 : first + j;
      char* data[] = {y + at, shifts.at(of), writable(x + at), scales.at(of), one.at(0)};
      kernels().addcmul[type](cut.width, data, strides);
    }
  });
}

void group_sums(const Groups& s, ScalarType type, const char* g, const char* x, const double* mean,
                double* total, double* along) {
  const Cut cut(s);
  const Rows& kernel = cut.columns ? kernels().norm_sums_columns : kernels().norm_sums;
  const auto size = static_cast<int64_t>(element_size(type));
  Array means(type, cut, mean), totals(type, cut.sums()), alongs = totals;
  for_sums(cut, [&](int64_t row, int64_t count, int64_t sum) {
    const int64_t from = row * cut.width * size;
    char* data[] = {totals.at(sum), alongs.at(sum), writable(g + from), writable(x + from),
                    means.at(cut.columns ? 0 : row % cut.height)};
    kernel[type](count, cut.width, data, 0);
  });
  std::fill_n(total, s.groups, 0.0);
  std::fill_n(along, s.groups, 0.0);
  join(s, cut, [&](int64_t i, int64_t, int64_t group) {
    total[group] += totals[i];
    along[group] += alongs[i];
  });
}

void group_grad(const Groups& s, ScalarType type, const char* g, const char* x, const double* a,
                const double* mean, const double* b, const double* c, char* gx) {
  const Cut cut(s);
  Array as(type, cut, a), means(type, cut, mean), bs(type, cut, b), cs(type, cut, c);
  const Rows& kernel = cut.columns ? kernels().norm_grad_columns : kernels().norm_grad;
  const auto size = static_cast<int64_t>(element_size(type));
  for_rows(cut, [&](int64_t row, int64_t count, int64_t of) {
    const int64_t at = row * cut.width * size;
    char* data[] = {gx + at,      writable(g + at), writable(x + at), as.at(of),
                    means.at(of), bs.at(of),        cs.at(of)};
    kernel[type](count, cut.width, data, 0);
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
  template void row_norm_affine_grad<T>(std::int64_t, std::int64_t, const T*, const T*, const T*, \
                                        const T*, T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
