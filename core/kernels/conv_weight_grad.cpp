#include <algorithm>
#include <numeric>
#include <vector>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/conv_cut.h>
#include <pullback/core/kernels/conv_direct.h>
#include <pullback/core/kernels/conv_image.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kParts = 8;           // of the batch; their sums are added in order
constexpr int64_t kPartSums = 1 << 20;  // and stay in a cache
constexpr int64_t kBandPixels = 256;    // whose vectors of cotangents stay in the first-level cache
constexpr int64_t kTogether = 160 * 1024;  // elements of images that stay in the second-level cache
constexpr int64_t kBandElements = 7 * 1024;  // pixels and cotangents that do

// What both ways share: the batch is cut into parts, a part's images into bands of output rows, and
// parts are summed in order.
struct Plan {
  Plan(const ConvShape& s, int64_t lanes)
      : lanes(lanes),
        in(s.in_channels / s.groups),
        out(s.out_channels / s.groups),
        taps(in * s.kernel_h * s.kernel_w),
        plane(s.out_h * s.out_w),
        parts(std::clamp<int64_t>(kPartSums / std::max<int64_t>(taps * s.out_channels, 1), 1,
                                  std::clamp<int64_t>(s.batch, 1, kParts))),
        by_pixels(1.5 * filled(out, lanes) < filled(s.out_w, lanes)),
        band(std::clamp<int64_t>(band_pixels() / std::max<int64_t>(s.out_w, 1), 1,
                                 std::max<int64_t>(s.out_h, 1))) {}

  int64_t band_pixels() const {
    return by_pixels ? kBandElements / std::max<int64_t>(in + out, 1) : kBandPixels;
  }

  // Calls f(item, first output row, rows) for the bands of a group's images in one part.
  template <class F>
  void for_bands(const ConvShape& s, int64_t part, int64_t group, F f) const {
    for (int64_t n = part * s.batch / parts; n < (part + 1) * s.batch / parts; ++n)
      for (int64_t row = 0; row < s.out_h; row += band)
        f(n * s.groups + group, row, std::min(band, s.out_h - row));
  }

  int64_t lanes, in, out, taps, plane, parts;
  // A vector of sums a weight is one more pass; it pays where vectors of channels would be half
  // empty.
  bool by_pixels;
  int64_t band;
};

template <class F>
void for_units(int64_t units, F run) {
  if (units == 1) return run(0, 1);
  parallel_for(units, 1, run);
}

template <class T>
void add_parts(int64_t parts, int64_t count, T* sums) {
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < count; ++i) sums[i] += sums[part * count + i];
}

// Kernel columns first, first + step, … whose taps read neighbouring places of a ConvImage.
struct TapRun {
  int64_t first, step, taps;
};

std::vector<TapRun> tap_runs(const ConvShape& s, int64_t most) {
  const int64_t common = std::gcd(s.stride_w, s.dilation_w), step = s.stride_w / common;
  if (s.dilation_w != common) most = 1;
  std::vector<TapRun> runs;
  for (int64_t q = 0; q < std::min(step, s.kernel_w); ++q) {
    const Cut cut(ceil_div(s.kernel_w - q, step), most);
    for (int64_t i = 0; i < cut.count; ++i)
      runs.push_back({q + cut.begin(i) * step, step, cut.size(i)});
  }
  return runs;
}

// The output channels of a group in blocks of whole vectors, of which the last may need one only.
struct Blocks {
  Blocks(int64_t out, int64_t lanes, int64_t vectors)
      : out(out), lanes(lanes), most(lanes * vectors), count(ceil_div(out, most)) {}
  int64_t first(int64_t block) const { return block * most; }
  int64_t channels(int64_t block) const { return std::min(most, out - first(block)); }
  int64_t width(int64_t block) const { return channels(block) <= lanes ? lanes : most; }
  int64_t out, lanes, most, count;
};

// The sums of a run of kernel columns lie together: input channel, kernel row, tap. Writes those of
// some output channels, that are `width` apart, to their weights.
template <class T>
void write_weights(const Kernels& tier, const ConvShape& s, const std::vector<TapRun>& runs,
                   const T* sums, int64_t width, int64_t channels, T* gw) {
  const int64_t tap_rows = s.in_channels / s.groups * s.kernel_h, taps = tap_rows * s.kernel_w;
  const bool sorted = runs.size() == 1;
  Buffer<T> turned(sorted ? 0 : channels * taps);
  tier.transpose(taps, channels, sums, width, sorted ? gw : turned.data(), taps);
  if (sorted) return;
  const T* from = turned.data();
  for (int64_t o = 0; o < channels; ++o, gw += taps)
    for (const TapRun& run : runs)
      for (int64_t r = 0; r < tap_rows; ++r)
        for (int64_t t = 0; t < run.taps; ++t)
          gw[r * s.kernel_w + run.first + t * run.step] = *from++;
}

// g is turned to vectors of output channels for each pixel.
template <class T>
void along_channels(const Kernels& tier, const ConvShape& s, const Plan& plan, const T* x,
                    const T* g, T* gw) {
  const ConvGradTiles<T>& tiles = tier.conv_grad.of<T>();
  const Blocks blocks(plan.out, plan.lanes, tiles.vectors);
  const int64_t one = plan.taps * blocks.most, of_group = blocks.count * one;
  // A large batch is shared by images, so that each is padded once for all blocks of channels.
  const int64_t shares = std::clamp<int64_t>(kParts / (plan.parts * s.groups), 1, blocks.count);
  const int64_t tap_rows = plan.in * s.kernel_h, x_item = plan.in * s.in_h * s.in_w;
  const ConvImage image(s, plan.band, 0, /*in_place=*/true);
  const int64_t x_image = image.in_place ? s.groups * x_item : image.size;
  // Images that share a pass over the sums.
  const int64_t pixels = plan.band * s.out_w;
  const int64_t together =
      std::clamp<int64_t>(std::min(kBandPixels / std::max<int64_t>(pixels, 1),
                                   kTogether / std::max<int64_t>(image.size, 1)),
                          1, std::max<int64_t>(s.batch, 1));
  const std::vector<TapRun> runs = tap_runs(s, ConvGradTiles<T>::kMostTaps);
  Buffer<int64_t> offsets(int64_t(runs.size()) * tap_rows);
  int64_t* offset = offsets.data();
  for (const TapRun& run : runs)
    for (int64_t r = 0; r < tap_rows; ++r)
      *offset++ = image.tap_offset(s, r / s.kernel_h, r % s.kernel_h, run.first);

  Buffer<T> sums(plan.parts * s.groups * of_group);
  for_units(plan.parts * s.groups * shares, [&](int64_t begin, int64_t end) {
    Buffer<T> copies(together * image.size), cotangents(together * pixels * blocks.most);
    std::fill_n(copies.data(), together * image.size, T(0));
    std::fill_n(cotangents.data(), together * pixels * blocks.most, T(0));
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t share = unit % shares, group = unit / shares % s.groups;
      const int64_t first = share * blocks.count / shares;
      const int64_t last = (share + 1) * blocks.count / shares;
      T* sum = sums.data() + unit / shares * of_group;
      std::fill_n(sum + first * one, (last - first) * one, T(0));
      const auto add = [&](int64_t n, int64_t images, int64_t row) {
        const int64_t rows = std::min(plan.band, s.out_h - row);
        const T* at = nullptr;
        for (int64_t i = images - 1; i >= 0; --i)
          at = image.at(tier.conv.of<T>(), s, x + ((n + i) * s.groups + group) * x_item, row,
                        plan.band == s.out_h, copies.data() + i * image.size);
        for (int64_t block = first; block < last; ++block) {
          const int64_t width = blocks.width(block);
          for (int64_t i = 0; i < images; ++i) {
            const int64_t channel = ((n + i) * s.groups + group) * plan.out + blocks.first(block);
            tier.transpose(blocks.channels(block), rows * s.out_w,
                           g + channel * plan.plane + row * s.out_w, plan.plane,
                           cotangents.data() + i * rows * s.out_w * width, width);
          }
          T* to = sum + block * one;
          const int64_t* places = offsets.data();
          for (const TapRun& run : runs) {
            tiles.along_channels(int(width / plan.lanes), int(run.taps), tap_rows, places, images,
                                 rows, s.out_w, cotangents.data(), at, x_image, image.columns, to);
            to += tap_rows * run.taps * width, places += tap_rows;
          }
        }
      };
      const int64_t part = unit / (shares * s.groups);
      const int64_t end_image = (part + 1) * s.batch / plan.parts;
      for (int64_t n = part * s.batch / plan.parts; n < end_image; n += together)
        for (int64_t row = 0; row < s.out_h; row += plan.band)
          add(n, std::min(together, end_image - n), row);
    }
  });
  add_parts(plan.parts, s.groups * of_group, sums.data());
  for (int64_t unit = 0; unit < s.groups * blocks.count; ++unit) {
    const int64_t block = unit % blocks.count;
    const int64_t o = unit / blocks.count * plan.out + blocks.first(block);
    write_weights(tier, s, runs, sums.data() + unit * one, blocks.width(block),
                  blocks.channels(block), gw + o * plan.taps);
  }
}

// Every weight has a vector of sums.
template <class T>
void along_pixels(const Kernels& tier, const ConvShape& s, const Plan& plan, const T* x, const T* g,
                  T* gw) {
  const ConvGradTiles<T>& tiles = tier.conv_grad.of<T>();
  const int64_t lanes = plan.lanes, g_row = ceil_div(s.out_w, lanes) * lanes;
  const int64_t g_plane = plan.band * g_row, one = plan.out * plan.taps * lanes;
  const ConvImage image(s, plan.band, lanes, /*in_place=*/false);
  Buffer<int64_t> offsets(plan.taps);
  for (int64_t c = 0, k = 0; c < plan.in; ++c)
    for (int64_t p = 0; p < s.kernel_h; ++p)
      for (int64_t q = 0; q < s.kernel_w; ++q) offsets[k++] = image.tap_offset(s, c, p, q);
  const Cut rows_cut(plan.out, tiles.rows), taps_cut(plan.taps, tiles.taps);
  Buffer<T> sums(plan.parts * s.groups * one);
  for_units(plan.parts * s.groups, [&](int64_t begin, int64_t end) {
    Buffer<T> copy(image.size), cotangents(plan.out * g_plane);
    std::fill_n(copy.data(), image.size, T(0));
    std::fill_n(cotangents.data(), plan.out * g_plane, T(0));
    for (int64_t unit = begin; unit < end; ++unit) {
      T* sum = sums.data() + unit * one;
      std::fill_n(sum, one, T(0));
      const auto add = [&](int64_t item, int64_t row, int64_t rows) {
        const T* at = image.at(tier.conv.of<T>(), s, x + item * plan.in * s.in_h * s.in_w, row,
                               plan.band == s.out_h, copy.data());
        for (int64_t o = 0; o < plan.out; ++o)
          for (int64_t i = 0; i < rows; ++i)
            std::copy_n(g + (item * plan.out + o) * plan.plane + (row + i) * s.out_w, s.out_w,
                        cotangents.data() + o * g_plane + i * g_row);
        for (int64_t block = 0; block < rows_cut.count; ++block)
          for (int64_t piece = 0; piece < taps_cut.count; ++piece) {
            const int64_t o = rows_cut.begin(block), k = taps_cut.begin(piece);
            tiles.along_pixels(int(rows_cut.size(block)), int(taps_cut.size(piece)), rows, s.out_w,
                               cotangents.data() + o * g_plane, g_plane, g_row, at, image.columns,
                               offsets.data() + k, sum + (o * plan.taps + k) * lanes, plan.taps);
          }
      };
      plan.for_bands(s, unit / s.groups, unit % s.groups, add);
    }
  });
  add_parts(plan.parts, s.groups * one, sums.data());
  for (int64_t i = 0; i < s.groups * plan.out * plan.taps; ++i) {
    T total = 0;
    for (int64_t lane = 0; lane < lanes; ++lane) total += sums[i * lanes + lane];
    gw[i] = total;
  }
}

}  // namespace

template <class T>
void direct_conv2d_weight_grad(const Kernels& tier, const ConvShape& s, const T* x, const T* g,
                               T* gw) {
  const Plan plan(s, tier.conv_grad.of<T>().lanes);
  if (plan.out * plan.taps == 0) return;
  if (plan.by_pixels) return along_pixels(tier, s, plan, x, g, gw);
  along_channels(tier, s, plan, x, g, gw);
}

template void direct_conv2d_weight_grad<float>(const Kernels&, const ConvShape&, const float*,
                                               const float*, float*);
template void direct_conv2d_weight_grad<double>(const Kernels&, const ConvShape&, const double*,
                                                const double*, double*);

}  // namespace pullback::kernels
