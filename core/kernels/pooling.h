#pragma once

#include <cstdint>
#include <vector>

namespace pullback::kernels {

struct Kernels;

/// The input positions begin, begin + step, … < end that one output position sees along one
/// dimension; `size` is the window's extent as averages count it, which may include padding.
struct Window {
  std::int64_t begin, end, step, size;
};

/// `planes` images of in_h × in_w, dense, and the windows of each output row and column.
struct PoolShape {
  std::int64_t planes = 0, in_h = 0, in_w = 0;
  std::vector<Window> rows, columns;

  std::int64_t in_plane() const { return in_h * in_w; }
  std::int64_t out_plane() const { return static_cast<std::int64_t>(rows.size() * columns.size()); }
};

/// The windows of a sliding kernel of `kernel` positions `dilation` apart.
std::vector<Window> sliding_windows(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                    std::int64_t stride, std::int64_t padding,
                                    std::int64_t dilation, bool count_padding);
/// `out` windows that cover `in` positions: from ⌊i in / out⌋ to ⌈(i + 1) in / out⌉.
std::vector<Window> adaptive_windows(std::int64_t in, std::int64_t out);

// For float and double, in parallel over planes.

/// Largest value of each window and its flat position in the plane; a NaN wins, else the first of
/// equals.
template <class T>
void max_pool(const PoolShape& shape, const T* x, T* y, std::int64_t* indices);
template <class T>
void max_pool(const Kernels& tier, const PoolShape& shape, const T* x, T* y, std::int64_t* indices);

/// picked[p, i] = x[p, indices[p, i]]: the linear map that `max_pool` is around x.
template <class T>
void pick(std::int64_t planes, std::int64_t in_plane, std::int64_t out_plane, const T* x,
          const std::int64_t* indices, T* picked);
/// The adjoint of `pick`: overwrites gx with the sums of the g that were read from each place.
template <class T>
void unpick(std::int64_t planes, std::int64_t in_plane, std::int64_t out_plane, const T* g,
            const std::int64_t* indices, T* gx);

/// Sum of each window over its size, or over `divisor` unless that is 0.
template <class T>
void average_pool(const PoolShape& shape, std::int64_t divisor, const T* x, T* y);
/// The adjoint of `average_pool`: overwrites gx.
template <class T>
void average_pool_grad(const PoolShape& shape, std::int64_t divisor, const T* g, T* gx);

}  // namespace pullback::kernels
