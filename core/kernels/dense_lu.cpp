#include <pullback/core/kernels/dense_lu.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback::kernels {
namespace {

// Below this many multiplications and additions, right sides are not shared over the pool.
constexpr double kSharedWork = 2e6;
// Up to this many right sides are solved for one by one.
constexpr std::int64_t kOneByOne = 3;

}  // namespace

template <class T>
int dense_lu_factor(int n, T* a, int* pivots) {
  const std::int64_t stride = round_up(std::int64_t{n}, kLuPanel);
  const std::int64_t size = n * stride, panel = kLuPanel * stride;
  if (stride == n) {
    Buffer<T> columns(panel);
    return kernels().dense_lu.of<T>().factor(n, a, stride, pivots, columns.data());
  }
  Buffer<T> memory(size + panel);
  T* padded = memory.data();
  for (int i = 0; i < n; ++i) {
    std::copy(a + std::int64_t{i} * n, a + std::int64_t{i + 1} * n, padded + i * stride);
    std::fill(padded + i * stride + n, padded + (i + 1) * stride, T(0));
  }
  const int info = kernels().dense_lu.of<T>().factor(n, padded, stride, pivots, padded + size);
  for (int i = 0; i < n; ++i)
    std::copy(padded + i * stride, padded + i * stride + n, a + std::int64_t{i} * n);
  return info;
}

template <class T>
void dense_lu_solve(bool transposed, int n, std::int64_t columns, const T* lu, const int* pivots,
                    T* b, std::int64_t row, std::int64_t column) {
  if (n == 0 || columns == 0) return;
  // Row i of P B is row order[i] of B.
  Buffer<std::int32_t> memory(n);
  std::int32_t* order = memory.data();
  for (int i = 0; i < n; ++i) order[i] = i;
  for (int i = 0; i < n; ++i) std::swap(order[i], order[pivots[i] - 1]);
  const auto& lu_loops = kernels().dense_lu.of<T>();

  if (columns <= kOneByOne) {
    Buffer<T> x(n);
    T* values = x.data();
    for (std::int64_t c = 0; c < columns; ++c, b += column) {
      for (int i = 0; i < n; ++i) values[i] = b[(transposed ? i : order[i]) * row];
      lu_loops.substitute_one(transposed, n, lu, values);
      for (int i = 0; i < n; ++i) b[(transposed ? order[i] : i) * row] = values[i];
    }
    return;
  }

  const std::int64_t width = lu_loops.width, groups = ceil_div(columns, width);
  auto solve = [&](std::int64_t begin, std::int64_t end) {
    Buffer<T> panel(n * width);
    T* x = panel.data();
    for (std::int64_t g = begin; g < end; ++g) {
      const std::int64_t first = g * width, count = std::min(width, columns - first);
      T* from = b + first * column;
      for (int i = 0; i < n; ++i) {
        const T* source = from + (transposed ? i : order[i]) * row;
        T* target = x + i * width;
        if (column == 1)
          std::memcpy(target, source, count * sizeof(T));
        else
          for (std::int64_t c = 0; c < count; ++c) target[c] = source[c * column];
        std::fill(target + count, target + width, T(0));
      }
      lu_loops.substitute(transposed, n, static_cast<int>(count), lu, x);
      for (int i = 0; i < n; ++i) {
        T* target = from + (transposed ? order[i] : i) * row;
        const T* source = x + i * width;
        if (column == 1)
          std::memcpy(target, source, count * sizeof(T));
        else
          for (std::int64_t c = 0; c < count; ++c) target[c * column] = source[c];
      }
    }
  };
  const double work = 2.0 * n * n * static_cast<double>(columns);
  if (groups > 1 && work > kSharedWork) return parallel_for(groups, 1, solve);
  solve(0, groups);
}

#define PULLBACK_DENSE_LU(T)                                                                    \
  template int dense_lu_factor(int, T*, int*);                                                  \
  template void dense_lu_solve(bool, int, std::int64_t, const T*, const int*, T*, std::int64_t, \
                               std::int64_t);
PULLBACK_DENSE_LU(float)
PULLBACK_DENSE_LU(double)
#undef PULLBACK_DENSE_LU

}  // namespace pullback::kernels
