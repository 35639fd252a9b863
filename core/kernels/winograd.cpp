#include <pullback/core/kernels/winograd.h>

#include <algorithm>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kTile = WinogradTiles::kTile, kInput = WinogradTiles::kInput;
constexpr int64_t kPlaces = WinogradTiles::kPlaces, kTaps = 9;
constexpr int64_t kChunk = WinogradTiles::kChunk;
// Transformed inputs of a block of tiles that stay in the second-level cache.
constexpr int64_t kBlockElements = 110 * 1024;
// Transformed inputs and cotangents that a weight gradient keeps at a time: beyond the second-level
// cache, but only just.
constexpr int64_t kKeptElements = 640 * 1024;
constexpr int64_t kTogether = 64;  // tiles that one product of a weight gradient sums over
constexpr int64_t kPixels = 256;   // that are turned to vectors along channels at a time
// Places a power of two apart would share a cache set.
constexpr int64_t kApart = 16;

// to[p·stride + c] = from[c·plane + p], in vectors along channels.
void turn(const Kernels& tier, int64_t images, int64_t channels, int64_t plane, const float* from,
          float* to, int64_t stride) {
  const int64_t blocks = ceil_div(plane, kPixels);
  parallel_for(images * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / blocks, p = unit % blocks * kPixels;
      tier.transpose(channels, std::min(kPixels, plane - p), from + n * channels * plane + p, plane,
                     to + (n * plane + p) * stride, stride);
    }
  });
}

// And back.
void turn_back(const Kernels& tier, int64_t images, int64_t channels, int64_t plane,
               const float* from, int64_t stride, float* to) {
  const int64_t blocks = ceil_div(plane, kPixels);
  parallel_for(images * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / blocks, p = unit % blocks * kPixels;
      tier.transpose(std::min(kPixels, plane - p), channels, from + (n * plane + p) * stride,
                     stride, to + n * channels * plane + p, plane);
    }
  });
}

// An image's pixels in vectors along channels; `outside` stands for all beyond its edges.
struct Pixels {
  float* data;
  int64_t height, width, stride;
  float* outside;

  // Addresses of size×size pixels of image n from (row, column) on.
  void window(int64_t n, int64_t row, int64_t column, int64_t size, float** to) const {
    for (int64_t i = row; i < row + size; ++i)
      for (int64_t j = column; j < column + size; ++j) {
        const bool inside = i >= 0 && i < height && j >= 0 && j < width;
        *to++ = inside ? data + ((n * height + i) * width + j) * stride : outside;
      }
  }
};

// The tiles of a batch of outputs, counted through all images.
struct Grid {
  explicit Grid(const ConvShape& s)
      : rows(ceil_div(s.out_h, kTile)),
        columns(ceil_div(s.out_w, kTile)),
        count(s.batch * rows * columns),
        padding_h(s.padding_h),
        padding_w(s.padding_w) {}
  void inputs(const Pixels& x, int64_t tile, float** to) const {
    x.window(tile / (rows * columns), tile / columns % rows * kTile - padding_h,
             tile % columns * kTile - padding_w, kInput, to);
  }
  void outputs(const Pixels& y, int64_t tile, float** to) const {
    y.window(tile / (rows * columns), tile / columns % rows * kTile, tile % columns * kTile, kTile,
             to);
  }
  int64_t rows, columns, count, padding_h, padding_w;
};

// G w Gᵀ of all filters: place, block of `width` output channels, input channel, output channel.
void transform_filters(const WinogradTiles& tiles, int64_t in, int64_t out,
                       const ConvWeight<float>& w, float* places, int64_t stride) {
  const int64_t width = tiles.width, blocks = ceil_div(out, width);
  const int64_t step = std::max<int64_t>(1, 2048 / width);
  const int64_t steps = ceil_div(in, step);
  parallel_for(blocks * steps, 1, [&](int64_t begin, int64_t end) {
    Buffer<float> gathered(kTaps * width);
    const float* taps[kTaps];
    for (int64_t t = 0; t < kTaps; ++t) taps[t] = gathered.data() + t * width;
    std::fill_n(gathered.data(), kTaps * width, 0.0f);
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t block = unit / steps, first = unit % steps * step;
      const int64_t wide = std::min(width, out - block * width);
      for (int64_t c = first; c < std::min(first + step, in); ++c) {
        for (int64_t o = 0; o < wide; ++o) {
          const float* from = w.data + (block * width + o) * w.out + c * w.in;
          for (int64_t t = 0; t < kTaps; ++t)
            gathered[t * width + o] = from[t / 3 * w.row + t % 3 * w.column];
        }
        tiles.filter(width, taps, 0, places + (block * in + c) * width, stride);
      }
      std::fill_n(gathered.data(), kTaps * width, 0.0f);
    }
  });
}

}  // namespace

void winograd_conv2d(const Kernels& tier, const ConvShape& s, const float* x,
                     const ConvWeight<float>& weight, const float* bias, float* y) {
  const WinogradTiles& tiles = tier.winograd;
  const Grid grid(s);
  const int64_t in = s.in_channels, out = s.out_channels, width = tiles.width;
  if (grid.count * out == 0) return;
  const int64_t in_stride = round_up(in, tiles.lanes), out_stride = round_up(out, width);
  const int64_t blocks = out_stride / width, chunks = ceil_div(in, kChunk);

  const int64_t filter_place = out_stride * in + kApart;
  Buffer<float> filters(kPlaces * filter_place);
  transform_filters(tiles, in, out, weight, filters.data(), filter_place);
  Buffer<float> turned_x(s.batch * s.in_h * s.in_w * in_stride), zeros(in_stride);
  turn(tier, s.batch, in, s.in_h * s.in_w, x, turned_x.data(), in_stride);
  std::fill_n(zeros.data(), in_stride, 0.0f);
  Buffer<float> turned_y(s.batch * s.out_h * s.out_w * out_stride), biases(out_stride);
  std::fill_n(biases.data(), out_stride, 0.0f);
  if (bias) std::copy_n(bias, out, biases.data());

  const int64_t most =
      std::clamp<int64_t>(kBlockElements / (kPlaces * chunks * kChunk), 2 * tiles.rows, 128);
  const int64_t units = ceil_div(grid.count, most);
  parallel_for(units, 1, [&](int64_t begin, int64_t end) {
    const int64_t chunk = most * kChunk, input_place = chunks * chunk + kApart;
    const int64_t sum_place = most * width + kApart;
    Buffer<float> inputs(kPlaces * input_place), sums(kPlaces * sum_place), unused(out_stride);
    const Pixels from{turned_x.data(), s.in_h, s.in_w, in_stride, zeros.data()};
    const Pixels to{turned_y.data(), s.out_h, s.out_w, out_stride, unused.data()};
    float* window[kPlaces];
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t first = unit * grid.count / units;
      const int64_t count = (unit + 1) * grid.count / units - first;
      for (int64_t t = 0; t < count; ++t) {
        grid.inputs(from, first + t, window);
        for (int64_t c = 0; c < in; c += kChunk)
          tiles.input(std::min(kChunk, in_stride - c), window, c,
                      inputs.data() + c / kChunk * chunk + t * kChunk, input_place);
      }
      for (int64_t block = 0; block < blocks; ++block) {
        for (int64_t place = 0; place < kPlaces; ++place)
          tiles.product(count, in, inputs.data() + place * input_place, chunk,
                        filters.data() + place * filter_place + block * in * width,
                        sums.data() + place * sum_place);
        for (int64_t t = 0; t < count; ++t) {
          grid.outputs(to, first + t, window);
          tiles.output(width, sums.data() + t * width, sum_place, biases.data() + block * width,
                       window, block * width);
        }
      }
    }
  });
  turn_back(tier, s.batch, out, s.out_h * s.out_w, turned_y.data(), out_stride, y);
}

void winograd_conv2d_weight_grad(const Kernels& tier, const ConvShape& s, const float* x,
                                 const float* g, float* gw) {
  const WinogradTiles& tiles = tier.winograd;
  const Grid grid(s);
  const int64_t in = s.in_channels, out = s.out_channels, width = tiles.width;
  const int64_t in_stride = round_up(in, width), out_stride = round_up(out, width);
  Buffer<float> turned_x(s.batch * s.in_h * s.in_w * in_stride),
      zeros(std::max(in_stride, out_stride));
  Buffer<float> turned_g(s.batch * s.out_h * s.out_w * out_stride);
  turn(tier, s.batch, in, s.in_h * s.in_w, x, turned_x.data(), in_stride);
  turn(tier, s.batch, out, s.out_h * s.out_w, g, turned_g.data(), out_stride);
  std::fill_n(zeros.data(), std::max(in_stride, out_stride), 0.0f);
  const Pixels pixels{turned_x.data(), s.in_h, s.in_w, in_stride, zeros.data()};
  const Pixels cotangents{turned_g.data(), s.out_h, s.out_w, out_stride, zeros.data()};

  const int64_t sum_place = out_stride * in_stride + kApart;
  Buffer<float> sums(kPlaces * sum_place);
  std::fill_n(sums.data(), kPlaces * sum_place, 0.0f);
  const int64_t most = kKeptElements / (kPlaces * (in_stride + out_stride) * kTogether) * kTogether;
  const int64_t kept = std::min(std::max(most, kTogether), grid.count);
  const int64_t x_place = kept * in_stride + kApart, g_place = kept * out_stride + kApart;
  Buffer<float> places_x(kPlaces * x_place), places_g(kPlaces * g_place);
  const int64_t panels = out_stride / width;
  for (int64_t first = 0; first < grid.count; first += kept) {
    const int64_t count = std::min(kept, grid.count - first);
    parallel_for(count, 8, [&](int64_t begin, int64_t end) {
      float* window[kPlaces];
      for (int64_t t = begin; t < end; ++t) {
        grid.inputs(pixels, first + t, window);
        for (int64_t c = 0; c < in_stride; c += width)
          tiles.input(width, window, c, places_x.data() + (c * kept + t * width), x_place);
        grid.outputs(cotangents, first + t, window);
        for (int64_t o = 0; o < out_stride; o += width)
          tiles.cotangent(width, window, o, places_g.data() + (o * kept + t * width), g_place);
      }
    });
    parallel_for(kPlaces * panels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t place = unit / panels, o = unit % panels * width;
        const int64_t rows = std::min(width, out - o);
        for (int64_t t = 0; t < count; t += kTogether)
          for (int64_t c = 0; c < in_stride; c += width)
            tiles.outer_product(rows, std::min(kTogether, count - t),
                                places_g.data() + place * g_place + o * kept + t * width,
                                places_x.data() + place * x_place + c * kept + t * width,
                                sums.data() + place * sum_place + o * in_stride + c, in_stride);
      }
    });
  }
  parallel_for(out, 8, [&](int64_t begin, int64_t end) {
    Buffer<float> gradients(kTaps * in_stride);
    float* taps[kTaps];
    for (int64_t t = 0; t < kTaps; ++t) taps[t] = gradients.data() + t * in_stride;
    for (int64_t o = begin; o < end; ++o) {
      tiles.filter_grad(in_stride, sums.data() + o * in_stride, sum_place, nullptr, taps, 0);
      tier.transpose<float>(kTaps, in, gradients.data(), in_stride, gw + o * in * kTaps, kTaps);
    }
  });
}

}  // namespace pullback::kernels
