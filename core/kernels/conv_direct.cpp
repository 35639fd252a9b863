#include <pullback/core/kernels/conv_direct.h>

#include <algorithm>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/conv_cut.h>
#include <pullback/core/kernels/conv_image.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kImageElements = 96 * 1024;  // a band that stays in the second-level cache
constexpr int64_t kUnits = 16;                 // so that a few large images are shared too

// The kernel rows [begin, end) that reach the image from output rows first to last.
struct KernelRows {
  KernelRows(const ConvShape& s, int64_t first, int64_t last)
      : begin(std::clamp<int64_t>(
            ceil_div(std::max<int64_t>(s.padding_h - last * s.stride_h, 0), s.dilation_h), 0,
            s.kernel_h)),
        end(std::clamp<int64_t>(
            ceil_div(std::max<int64_t>(s.in_h + s.padding_h - first * s.stride_h, 0), s.dilation_h),
            begin, s.kernel_h)) {}
  int64_t count() const { return end - begin; }
  int64_t begin, end;
};

// What follows from the shape, for one image and group.
template <class T>
struct Plan {
  Plan(const ConvTiles<T>& tiles, const ConvShape& s)
      : in(s.in_channels / s.groups),
        out(s.out_channels / s.groups),
        taps(in * s.kernel_h * s.kernel_w),
        plane(s.out_h * s.out_w),
        by_channels(filled(out, tiles.lanes) > 1.1 * filled(s.out_w, tiles.lanes)),
        trims(worth_trimming(s)),
        blocks(ceil_div(out, by_channels ? tiles.vectors * tiles.lanes : tiles.rows)),
        parts(block_parts(s)),
        band(band_rows(s)),
        bands(ceil_div(s.out_h, band)),
        image(s, band, tiles.lanes, by_channels || s.out_w >= tiles.lanes) {}

  // Whether a good share of many products are with padding above and below the image.
  bool worth_trimming(const ConvShape& s) const {
    constexpr int64_t kManyTaps = 64;
    if (taps < kManyTaps) return false;
    int64_t within = 0;
    for (int64_t i = 0; i < s.out_h; ++i) within += KernelRows(s, i, i).count();
    return double(within) < 0.95 * double(s.out_h * s.kernel_h);
  }

  // Few images whose weights outweigh them are shared by output channels, so that each weight is
  // read once; others by rows.
  int64_t block_parts(const ConvShape& s) const {
    if (taps * out < in * s.in_h * s.in_w) return 1;
    return std::clamp<int64_t>(kUnits / (s.batch * s.groups), 1, blocks);
  }

  int64_t band_rows(const ConvShape& s) const {
    const int64_t row = std::max<int64_t>(in, 1) * s.stride_h * (s.out_w + s.kernel_w) * s.stride_w;
    const int64_t kept = kImageElements / row - s.dilation_h * (s.kernel_h - 1);
    const int64_t shared = ceil_div(s.out_h, ceil_div(kUnits, s.batch * s.groups * parts));
    return std::clamp<int64_t>(std::max(kept, int64_t(4)), 1, shared);
  }

  int64_t first_block(int64_t part) const { return part * blocks / parts; }

  int64_t in, out, taps, plane;
  bool by_channels;  // vectors lie along output channels, not along pixels
  bool trims;        // kernel rows that see padding only are left out
  int64_t blocks;    // tiles that the output channels are cut into
  int64_t parts;     // that these are shared in
  int64_t band, bands;
  ConvImage image;
};

// to[tap·wide + o] = the weight of output channel first + o, or 0 where o ≥ out, for one tap after
// another: kernel row, input channel, kernel column.
template <class T>
void pack(const ConvShape& s, const ConvWeight<T>& w, int64_t in, int64_t first, int64_t out,
          int64_t wide, T* to) {
  for (int64_t c = 0; c < in; ++c)
    for (int64_t o = 0; o < wide; ++o) {
      const T* from = w.data + (first + o) * w.out + c * w.in;
      for (int64_t p = 0; p < s.kernel_h; ++p)
        for (int64_t q = 0; q < s.kernel_w; ++q)
          to[((p * in + c) * s.kernel_w + q) * wide + o] =
              o < out ? from[p * w.row + q * w.column] : T(0);
    }
}

// Runs of pixels for a band of rows; the last of a row may overlap the one before. A run of a short
// row is written in whole vectors as long as they end within the band: the runs that follow, in
// order, put right what lies beyond the row.
Buffer<PixelRun> pixel_runs(const ConvShape& s, int64_t lanes, int64_t rows, int64_t columns) {
  Buffer<PixelRun> runs(rows * ceil_div(s.out_w, lanes));
  PixelRun* next = runs.data();
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < s.out_w; j += lanes) {
      const int64_t first = std::clamp<int64_t>(s.out_w - lanes, 0, j), to = i * s.out_w + first;
      const bool whole = to + lanes <= rows * s.out_w;
      *next++ = {i * columns + first, to, whole ? lanes : std::min(lanes, s.out_w - first)};
    }
  return runs;
}

template <class T>
void along_pixels(const ConvTiles<T>& tiles, const ConvShape& s, const Plan<T>& plan, const T* x,
                  const ConvWeight<T>& weight, const T* bias, T* y) {
  const Cut cut(plan.out, tiles.rows);
  Buffer<int64_t> offsets(plan.taps);
  plan.image.tap_offsets(s, offsets.data());
  Buffer<T> packed(plan.taps * s.out_channels);
  for_conv_units(
      s.groups * cut.count, 8.0 * double(plan.taps * tiles.rows), [&](int64_t begin, int64_t end) {
        for (int64_t unit = begin; unit < end; ++unit) {
          const int64_t group = unit / cut.count, block = unit % cut.count, o = cut.begin(block);
          pack(s, weight.of_group(group), plan.in, o, cut.size(block), cut.size(block),
               packed.data() + (group * plan.out + o) * plan.taps);
        }
      });
  const int64_t rest = s.out_h - (plan.bands - 1) * plan.band;  // rows of the last band
  const Buffer<PixelRun> full = pixel_runs(s, tiles.lanes, plan.band, plan.image.columns);
  const Buffer<PixelRun> short_of = pixel_runs(s, tiles.lanes, rest, plan.image.columns);

  const int64_t units = s.batch * s.groups * plan.bands * plan.parts;
  const int64_t kernel_row = plan.in * s.kernel_w;
  const double work =
      2.0 * double(plan.taps) * double(plan.out * plan.band * s.out_w) / double(plan.parts);
  for_conv_units(units, work, [&](int64_t begin, int64_t end) {
    Buffer<T> copy(plan.image.size);
    if (plan.bands == 1) std::fill_n(copy.data(), plan.image.size, T(0));
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t part = unit % plan.parts, item = unit / plan.parts / plan.bands;
      const int64_t row = unit / plan.parts % plan.bands * plan.band;
      const int64_t rows = std::min(plan.band, s.out_h - row), group = item % s.groups;
      const T* from = plan.image.at(tiles, s, x + item * plan.in * s.in_h * s.in_w, row,
                                    plan.bands == 1, copy.data());
      T* to = y + item * plan.out * plan.plane + row * s.out_w;
      const T* weights = packed.data() + group * plan.taps * plan.out;
      const PixelRun* runs = (rows == plan.band ? full : short_of).data();
      const int64_t in_row = ceil_div(s.out_w, tiles.lanes), count = rows * in_row;
      const int64_t together = plan.trims ? tiles.vectors : count;
      for (int64_t block = plan.first_block(part); block < plan.first_block(part + 1); ++block) {
        const int64_t o = cut.begin(block), high = cut.size(block);
        for (int64_t run = 0; run < count; run += together) {
          const int64_t last = std::min(run + together, count);
          const KernelRows kernel(s, row + run / in_row, row + (last - 1) / in_row);
          const int64_t skipped = kernel.begin * kernel_row;
          tiles.along_pixels(
              int(high), kernel.count() * kernel_row, weights + o * plan.taps + skipped * high,
              offsets.data() + skipped, from, last - run, runs + run,
              bias ? bias + group * plan.out + o : nullptr, to + o * plan.plane, plan.plane);
        }
      }
    }
  });
}

template <class T>
void along_channels(const Kernels& tier, const ConvShape& s, const Plan<T>& plan, const T* x,
                    const ConvWeight<T>& weight, const T* bias, T* y) {
  const ConvTiles<T>& tiles = tier.conv.of<T>();
  const int64_t lanes = tiles.lanes, width = tiles.vectors * lanes;
  const int64_t padded = ceil_div(plan.out, lanes) * lanes;
  const int64_t blocks = plan.blocks;
  Buffer<int64_t> offsets(plan.taps);
  plan.image.tap_offsets(s, offsets.data());
  const int64_t of_group = (plan.taps + 1) * (blocks * width);
  Buffer<T> packed(s.groups * of_group);  // the weights and, behind them, the biases
  for_conv_units(
      s.groups * blocks, 8.0 * double(plan.taps * width), [&](int64_t begin, int64_t end) {
        for (int64_t unit = begin; unit < end; ++unit) {
          const int64_t group = unit / blocks, o = unit % blocks * width, rest = plan.out - o;
          T* weights = packed.data() + group * of_group;
          pack(s, weight.of_group(group), plan.in, o, rest, rest <= lanes ? lanes : width,
               weights + o * plan.taps);
          T* biases = weights + plan.taps * blocks * width + o;
          std::fill_n(biases, width, T(0));
          if (bias) std::copy_n(bias + group * plan.out + o, std::min(rest, width), biases);
        }
      });
  const Cut cut(s.out_w, tiles.rows);
  const int64_t units = s.batch * s.groups * plan.bands * plan.parts;
  const int64_t kernel_row = plan.in * s.kernel_w;
  const double work =
      2.0 * double(plan.taps) * double(padded * plan.band * s.out_w) / double(plan.parts);
  for_conv_units(units, work, [&](int64_t begin, int64_t end) {
    Buffer<T> copy(plan.image.size), sums(plan.band * s.out_w * width);
    if (plan.bands == 1) std::fill_n(copy.data(), plan.image.size, T(0));
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t part = unit % plan.parts, item = unit / plan.parts / plan.bands;
      const int64_t row = unit / plan.parts % plan.bands * plan.band;
      const int64_t rows = std::min(plan.band, s.out_h - row), group = item % s.groups;
      const T* from = plan.image.at(tiles, s, x + item * plan.in * s.in_h * s.in_w, row,
                                    plan.bands == 1, copy.data());
      const T* weights = packed.data() + group * of_group;
      const T* biases = weights + plan.taps * blocks * width;
      for (int64_t block = plan.first_block(part); block < plan.first_block(part + 1); ++block) {
        const int64_t o = block * width;
        const int64_t wide = plan.out - o <= lanes ? lanes : width;
        for (int64_t i = 0; i < rows; ++i) {
          const KernelRows kernel(s, row + i, row + i);
          const int64_t skipped = kernel.begin * kernel_row;
          for (int64_t piece = 0; piece < cut.count; ++piece) {
            const int64_t j = cut.begin(piece);
            tiles.along_channels(int(cut.size(piece)), int(wide / lanes),
                                 kernel.count() * kernel_row,
                                 weights + o * plan.taps + skipped * wide, offsets.data() + skipped,
                                 from + i * plan.image.columns + j, biases + o,
                                 sums.data() + (i * s.out_w + j) * wide, wide);
          }
        }
        T* to = y + (item * plan.out + o) * plan.plane + row * s.out_w;
        tier.transpose<T>(rows * s.out_w, std::min(wide, plan.out - o), sums.data(), wide, to,
                          plan.plane);
      }
    }
  });
}

}  // namespace

template <class T>
ConvWeight<T> stored_weight(const ConvShape& s, const T* weight) {
  const int64_t kernel = s.kernel_h * s.kernel_w, in = s.in_channels / s.groups;
  return {weight, in * kernel, kernel, s.kernel_w, 1, s.out_channels / s.groups * in * kernel};
}

template <class T>
ConvWeight<T> turned_weight(const ConvShape& s, const T* weight) {
  const ConvWeight<T> w = stored_weight(s, weight);
  return {weight + s.kernel_h * s.kernel_w - 1, w.in, w.out, -w.row, -w.column, w.group};
}

ConvShape turned_shape(const ConvShape& s) {
  ConvShape t = s;
  t.in_channels = s.out_channels, t.out_channels = s.in_channels;
  t.in_h = s.out_h, t.in_w = s.out_w, t.out_h = s.in_h, t.out_w = s.in_w;
  t.padding_h = s.dilation_h * (s.kernel_h - 1) - s.padding_h;
  t.padding_w = s.dilation_w * (s.kernel_w - 1) - s.padding_w;
  return t;
}

template <class T>
void direct_conv2d(const Kernels& tier, const ConvShape& s, const T* x, const ConvWeight<T>& weight,
                   const T* bias, T* y) {
  if (s.batch * s.out_channels * s.out_h * s.out_w == 0) return;
  const ConvTiles<T>& tiles = tier.conv.of<T>();
  const Plan<T> plan(tiles, s);
  if (plan.by_channels) return along_channels(tier, s, plan, x, weight, bias, y);
  along_pixels(tiles, s, plan, x, weight, bias, y);
}

#define PULLBACK_INSTANTIATE(T)                                                                    \
  template ConvWeight<T> stored_weight<T>(const ConvShape&, const T*);                             \
  template ConvWeight<T> turned_weight<T>(const ConvShape&, const T*);                             \
  template void direct_conv2d<T>(const Kernels&, const ConvShape&, const T*, const ConvWeight<T>&, \
                                 const T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
