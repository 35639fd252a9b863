#include <pullback/core/kernels/pooling.h>

#include <algorithm>
#include <limits>

#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {
namespace {

// Planes that are worth a thread's while together.
std::int64_t planes_per_chunk(std::int64_t elements) {
  return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(elements, 1));
}

template <class F>
void for_planes(std::int64_t planes, std::int64_t elements, F one) {
  parallel_for(planes, planes_per_chunk(elements), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) one(p);
  });
}

template <class T>
T divide_by(std::int64_t divisor, const Window& row, const Window& column) {
  return static_cast<T>(divisor ? divisor : row.size * column.size);
}

}  // namespace

std::vector<Window> sliding_windows(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                    std::int64_t stride, std::int64_t padding,
                                    std::int64_t dilation, bool count_padding) {
  std::vector<Window> windows(static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t start = i * stride - padding, stop = start + (kernel - 1) * dilation + 1;
    const std::int64_t begin =
        start >= 0 ? start : start + (-start + dilation - 1) / dilation * dilation;
    const std::int64_t end = std::min(stop, in);
    const std::int64_t size = count_padding ? std::min(stop, in + padding) - start : end - begin;
    windows[static_cast<std::size_t>(i)] = {begin, end, dilation, size};
  }
  return windows;
}

std::vector<Window> adaptive_windows(std::int64_t in, std::int64_t out) {
  std::vector<Window> windows(static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t begin = i * in / out, end = ((i + 1) * in + out - 1) / out;
    windows[static_cast<std::size_t>(i)] = {begin, end, 1, end - begin};
  }
  return windows;
}

template <class T>
void max_pool(const PoolShape& s, const T* x, T* y, std::int64_t* indices) {
  for_planes(s.planes, s.in_plane(), [&](std::int64_t p) {
    const T* image = x + p * s.in_plane();
    std::int64_t out = p * s.out_plane();
    for (const Window& row : s.rows)
      for (const Window& column : s.columns) {
        T best = -std::numeric_limits<T>::infinity();
        std::int64_t at = row.begin * s.in_w + column.begin;
        for (std::int64_t i = row.begin; i < row.end; i += row.step)
          for (std::int64_t j = column.begin; j < column.end; j += column.step) {
            const T value = image[i * s.in_w + j];
            if (value > best || value != value) {
              best = value;
              at = i * s.in_w + j;
            }
          }
        y[out] = best;
        indices[out++] = at;
      }
  });
}

template <class T>
void pick(std::int64_t planes, std::int64_t in_plane, std::int64_t out_plane, const T* x,
          const std::int64_t* indices, T* picked) {
  for_planes(planes, in_plane, [&](std::int64_t p) {
    for (std::int64_t i = p * out_plane; i < (p + 1) * out_plane; ++i)
      picked[i] = x[p * in_plane + indices[i]];
  });
}

template <class T>
void unpick(std::int64_t planes, std::int64_t in_plane, std::int64_t out_plane, const T* g,
            const std::int64_t* indices, T* gx) {
  for_planes(planes, in_plane, [&](std::int64_t p) {
    T* image = gx + p * in_plane;
    std::fill_n(image, in_plane, T(0));
    for (std::int64_t i = p * out_plane; i < (p + 1) * out_plane; ++i) image[indices[i]] += g[i];
  });
}

template <class T>
void average_pool(const PoolShape& s, std::int64_t divisor, const T* x, T* y) {
  for_planes(s.planes, s.in_plane(), [&](std::int64_t p) {
    const T* image = x + p * s.in_plane();
    T* out = y + p * s.out_plane();
    for (const Window& row : s.rows)
      for (const Window& column : s.columns) {
        T sum = 0;
        for (std::int64_t i = row.begin; i < row.end; ++i)
          for (std::int64_t j = column.begin; j < column.end; ++j) sum += image[i * s.in_w + j];
        *out++ = sum / divide_by<T>(divisor, row, column);
      }
  });
}

template <class T>
void average_pool_grad(const PoolShape& s, std::int64_t divisor, const T* g, T* gx) {
  for_planes(s.planes, s.in_plane(), [&](std::int64_t p) {
    T* image = gx + p * s.in_plane();
    const T* from = g + p * s.out_plane();
    std::fill_n(image, s.in_plane(), T(0));
    for (const Window& row : s.rows)
      for (const Window& column : s.columns) {
        const T share = *from++ / divide_by<T>(divisor, row, column);
        for (std::int64_t i = row.begin; i < row.end; ++i)
          for (std::int64_t j = column.begin; j < column.end; ++j) image[i * s.in_w + j] += share;
      }
  });
}

#define PULLBACK_INSTANTIATE(T)                                                                    \
  template void max_pool<T>(const PoolShape&, const T*, T*, std::int64_t*);                        \
  template void pick<T>(std::int64_t, std::int64_t, std::int64_t, const T*, const std::int64_t*,   \
                        T*);                                                                       \
  template void unpick<T>(std::int64_t, std::int64_t, std::int64_t, const T*, const std::int64_t*, \
                          T*);                                                                     \
  template void average_pool<T>(const PoolShape&, std::int64_t, const T*, T*);                     \
  template void average_pool_grad<T>(const PoolShape&, std::int64_t, const T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
