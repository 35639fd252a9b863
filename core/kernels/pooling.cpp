#include <pullback/core/kernels/pooling.h>

#include <algorithm>
#include <limits>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

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

// The windows [first, last) that have as many taps as any and start `stride` after one another.
struct Alike {
  std::size_t first = 0, last = 0;
  std::int64_t taps = 0, stride = 1;
};

Alike alike(const std::vector<Window>& windows) {
  const auto taps = [](const Window& w) {
    return w.end > w.begin ? ceil_div(w.end - w.begin, w.step) : 0;
  };
  Alike found;
  for (const Window& w : windows) found.taps = std::max(found.taps, taps(w));
  if (found.taps == 0) return found;
  while (taps(windows[found.first]) < found.taps) ++found.first;
  found.last = found.first + 1;
  if (found.last < windows.size())
    found.stride = windows[found.last].begin - windows[found.first].begin;
  while (found.last < windows.size() && taps(windows[found.last]) == found.taps &&
         windows[found.last].begin - windows[found.last - 1].begin == found.stride)
    ++found.last;
  return found;
}

// The largest of one window, and its place in the image.
template <class T>
void largest(const PoolShape& s, const T* image, const Window& row, const Window& column, T& best,
             std::int64_t& at) {
  best = -std::numeric_limits<T>::infinity();
  at = row.begin * s.in_w + column.begin;
  for (std::int64_t i = row.begin; i < row.end; i += row.step)
    for (std::int64_t j = column.begin; j < column.end; j += column.step) {
      const T value = image[i * s.in_w + j];
      if (value > best || value != value) {
        best = value;
        at = i * s.in_w + j;
      }
    }
}

}  // namespace

std::vector<Window> sliding_windows(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                    std::int64_t stride, std::int64_t padding,
                                    std::int64_t dilation, bool count_padding) {
  std::vector<Window> windows(static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t start = i * stride - padding, stop = start + (kernel - 1) * dilation + 1;
    const std::int64_t begin = start >= 0 ? start : start + round_up(-start, dilation);
    const std::int64_t end = std::min(stop, in);
    const std::int64_t size = count_padding ? std::min(stop, in + padding) - start : end - begin;
    windows[static_cast<std::size_t>(i)] = {begin, end, dilation, size};
  }
  return windows;
}

std::vector<Window> adaptive_windows(std::int64_t in, std::int64_t out) {
  std::vector<Window> windows(static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t begin = i * in / out, end = ceil_div((i + 1) * in, out);
    windows[static_cast<std::size_t>(i)] = {begin, end, 1, end - begin};
  }
  return windows;
}

template <class T>
void max_pool(const Kernels& tier, const PoolShape& s, const T* x, T* y, std::int64_t* indices) {
  const Alike columns = alike(s.columns), rows = alike(s.rows);
  const bool fits = s.in_plane() <= std::numeric_limits<std::int32_t>::max();
  const auto alike_columns = static_cast<std::int64_t>(columns.last - columns.first);
  const auto alike_rows =
      fits && alike_columns > 1 ? static_cast<std::int64_t>(rows.last - rows.first) : 0;
  MaxPoolWindows windows{};
  if (alike_rows > 0) {
    windows = {rows.taps,
               s.rows[rows.first].step * s.in_w,
               columns.taps,
               s.columns[columns.first].step,
               columns.stride,
               rows.stride * s.in_w,
               static_cast<std::int64_t>(s.columns.size())};
  }
  for_planes(s.planes, s.in_plane(), [&](std::int64_t p) {
    const T* image = x + p * s.in_plane();
    const std::int64_t out = p * s.out_plane();
    if (alike_rows > 0) {
      const std::int64_t place = s.rows[rows.first].begin * s.in_w + s.columns[columns.first].begin;
      const std::int64_t first = static_cast<std::int64_t>(rows.first) * windows.y_row +
                                 static_cast<std::int64_t>(columns.first);
      tier.max_pool.of<T>().rows(alike_rows, alike_columns, windows, image + place,
                                 (s.planes - p) * s.in_plane() - place, place, y + out + first,
                                 indices + out + first, s.out_plane() - first);
    }
    for (std::size_t i = 0; i < s.rows.size(); ++i) {
      const bool done = alike_rows > 0 && i >= rows.first && i < rows.last;
      for (std::size_t j = 0; j < s.columns.size(); ++j) {
        if (done && j == columns.first) j = columns.last;
        if (j == s.columns.size()) break;
        const auto at = out + static_cast<std::int64_t>(i * s.columns.size() + j);
        largest(s, image, s.rows[i], s.columns[j], y[at], indices[at]);
      }
    }
  });
}

template <class T>
void max_pool(const PoolShape& s, const T* x, T* y, std::int64_t* indices) {
  max_pool(kernels(), s, x, y, indices);
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
  template void max_pool<T>(const Kernels&, const PoolShape&, const T*, T*, std::int64_t*);        \
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
