#include <pullback/core/kernels/conv_columns.h>

#include <algorithm>
#include <cstring>

#include <pullback/core/kernels/blas.h>
#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

// im2col with GEMM: the patches of a band of output rows become the columns of a matrix, which
// stays in cache between being written and being multiplied.
namespace pullback::kernels {
namespace {

constexpr std::int64_t kBandElements = 128 * 1024;
constexpr std::int64_t kWeightParts = 8;
constexpr double kChunkWork = 5e5;  // multiplications and additions worth handing to a thread

// What follows from the shape, for one image and group.
struct Plan {
  explicit Plan(const ConvShape& s)
      : in_channels(s.in_channels / s.groups),
        out_channels(s.out_channels / s.groups),
        in_plane(s.in_h * s.in_w),
        out_plane(s.out_h * s.out_w),
        patch(in_channels * s.kernel_h * s.kernel_w),
        pointwise(s.kernel_h == 1 && s.kernel_w == 1 && s.stride_h == 1 && s.stride_w == 1 &&
                  s.padding_h == 0 && s.padding_w == 0 && s.in_h == s.out_h && s.in_w == s.out_w),
        band(pointwise ? s.out_h
                       : std::clamp<std::int64_t>(
                             kBandElements / std::max<std::int64_t>(patch * s.out_w, 1), 1,
                             std::max<std::int64_t>(s.out_h, 1))),
        bands(s.out_h ? ceil_div(s.out_h, band) : 0),
        work(2.0 * double(out_channels) * double(patch) * double(out_plane)) {}

  std::int64_t chunk(double work_of_one) const {
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(kChunkWork / std::max(work_of_one, 1.0)));
  }

  std::int64_t in_channels, out_channels, in_plane, out_plane, patch;
  bool pointwise;            // the image already is the matrix of its patches
  std::int64_t band, bands;  // output rows at a time, and how often
  double work;
};

// Which output columns [first, last) a kernel column reads from inside the image.
struct Inside {
  std::int64_t first, last;
};

Inside inside(std::int64_t offset, std::int64_t stride, std::int64_t extent, std::int64_t out) {
  const std::int64_t first = offset >= 0 ? 0 : ceil_div(-offset, stride);
  const std::int64_t last = extent - offset <= 0 ? 0 : ceil_div(extent - offset, stride);
  return {std::min(first, out), std::clamp(last, std::min(first, out), out)};
}

// Calls row(patch row, output row within the band, image row, offset, inside) for every row of the
// patch matrix; the image row is null outside the image.
template <class T, class Row>
void for_patch_rows(const ConvShape& s, const Plan& plan, T* image, std::int64_t row_begin,
                    std::int64_t rows, Row row) {
  for (std::int64_t k = 0; k < plan.patch; ++k) {
    const std::int64_t q = k % s.kernel_w, p = k / s.kernel_w % s.kernel_h;
    T* plane = image + k / (s.kernel_w * s.kernel_h) * plan.in_plane;
    const std::int64_t offset = q * s.dilation_w - s.padding_w;
    const Inside columns = inside(offset, s.stride_w, s.in_w, s.out_w);
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t y = (row_begin + i) * s.stride_h + p * s.dilation_h - s.padding_h;
      row(k, i, y >= 0 && y < s.in_h ? plane + y * s.in_w : nullptr, offset, columns);
    }
  }
}

// columns[k, i·out_w + j] = the pixel that patch row k reads for output pixel (row_begin + i, j).
template <class T>
void image_to_columns(const ConvShape& s, const Plan& plan, const T* image, std::int64_t row_begin,
                      std::int64_t rows, T* columns) {
  for_patch_rows(
      s, plan, image, row_begin, rows,
      [&](std::int64_t k, std::int64_t i, const T* from, std::int64_t offset, Inside in) {
        T* to = columns + (k * rows + i) * s.out_w;
        if (!from) {
          std::fill(to, to + s.out_w, T(0));
          return;
        }
        std::fill(to, to + in.first, T(0));
        if (s.stride_w == 1) {
          if (in.last > in.first)
            std::memcpy(to + in.first, from + offset + in.first,
                        static_cast<std::size_t>(in.last - in.first) * sizeof(T));
        } else {
          for (std::int64_t j = in.first; j < in.last; ++j) to[j] = from[offset + j * s.stride_w];
        }
        std::fill(to + in.last, to + s.out_w, T(0));
      });
}

// The adjoint: adds every column back to the pixel that it was read from.
template <class T>
void columns_to_image(const ConvShape& s, const Plan& plan, const T* columns,
                      std::int64_t row_begin, std::int64_t rows, T* image) {
  for_patch_rows(s, plan, image, row_begin, rows,
                 [&](std::int64_t k, std::int64_t i, T* to, std::int64_t offset, Inside in) {
                   if (!to) return;
                   const T* from = columns + (k * rows + i) * s.out_w;
                   to += offset;
                   if (s.stride_w == 1) {
                     for (std::int64_t j = in.first; j < in.last; ++j) to[j] += from[j];
                   } else {
                     for (std::int64_t j = in.first; j < in.last; ++j)
                       to[j * s.stride_w] += from[j];
                   }
                 });
}

}  // namespace

template <class T>
void columns_conv2d_input_grad(const ConvShape& s, const T* g, const T* weight, T* gx) {
  const Plan plan(s);
  const std::int64_t units = s.batch * s.groups;
  auto run = [&](std::int64_t begin, std::int64_t end) {
    Buffer<T> columns(plan.pointwise ? 0 : plan.patch * plan.band * s.out_w);
    for (std::int64_t item = begin; item < end; ++item) {
      const T* w = weight + item % s.groups * plan.out_channels * plan.patch;
      const T* from = g + item * plan.out_channels * plan.out_plane;
      T* image = gx + item * plan.in_channels * plan.in_plane;
      if (plan.pointwise) {
        gemm<T>(true, false, plan.patch, plan.out_plane, plan.out_channels, T(1), w, plan.patch,
                from, plan.out_plane, T(0), image, plan.out_plane);
        continue;
      }
      std::fill_n(image, plan.in_channels * plan.in_plane, T(0));
      for (std::int64_t row = 0; row < s.out_h; row += plan.band) {
        const std::int64_t rows = std::min(plan.band, s.out_h - row), width = rows * s.out_w;
        gemm<T>(true, false, plan.patch, width, plan.out_channels, T(1), w, plan.patch,
                from + row * s.out_w, plan.out_plane, T(0), columns.data(), width);
        columns_to_image(s, plan, columns.data(), row, rows, image);
      }
    }
  };
  if (units == 1) return run(0, 1);
  if (units > 0) parallel_for(units, plan.chunk(plan.work), run);
}

template <class T>
void columns_conv2d_weight_grad(const ConvShape& s, const T* x, const T* g, T* gw) {
  const Plan plan(s);
  const std::int64_t parts = std::clamp<std::int64_t>(s.batch, 1, kWeightParts);
  const std::int64_t one = plan.out_channels * plan.patch, all = one * s.groups;
  Buffer<T> rest((parts - 1) * all);
  auto run = [&](std::int64_t begin, std::int64_t end) {
    Buffer<T> columns(plan.pointwise ? 0 : plan.patch * plan.band * s.out_w);
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t part = unit / s.groups, group = unit % s.groups;
      T* sum = (part ? rest.data() + (part - 1) * all : gw) + group * one;
      std::fill_n(sum, one, T(0));
      for (std::int64_t n = part * s.batch / parts; n < (part + 1) * s.batch / parts; ++n) {
        const std::int64_t item = n * s.groups + group;
        const T* image = x + item * plan.in_channels * plan.in_plane;
        const T* from = g + item * plan.out_channels * plan.out_plane;
        for (std::int64_t row = 0; row < s.out_h; row += plan.band) {
          const std::int64_t rows = std::min(plan.band, s.out_h - row), width = rows * s.out_w;
          if (!plan.pointwise) image_to_columns(s, plan, image, row, rows, columns.data());
          gemm<T>(false, true, plan.out_channels, plan.patch, width, T(1), from + row * s.out_w,
                  plan.out_plane, plan.pointwise ? image : columns.data(), width, T(1), sum,
                  plan.patch);
        }
      }
    }
  };
  const std::int64_t units = parts * s.groups;
  const double work_of_part = plan.work * double(s.batch) / double(parts);
  if (units == 1) {
    run(0, 1);
  } else {
    parallel_for(units, plan.chunk(work_of_part), run);
  }
  for (std::int64_t part = 1; part < parts; ++part)
    for (std::int64_t i = 0; i < all; ++i) gw[i] += rest.data()[(part - 1) * all + i];
}

#define PULLBACK_INSTANTIATE(T)                                                         \
  template void columns_conv2d_input_grad<T>(const ConvShape&, const T*, const T*, T*); \
  template void columns_conv2d_weight_grad<T>(const ConvShape&, const T*, const T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
