#include <algorithm>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/conv_cut.h>
#include <pullback/core/kernels/conv_direct.h>
#include <pullback/core/kernels/kernels.h>

// A row of gx is what the rows of g that reach it spread over it: g's pixels times the weights of
// the kernel rows between, in vectors along kernel columns and input channels, which are then added
// up where they overlap. No product is with padding or between the steps of a stride.
namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kBandElements = 16 * 1024;  // of gx, that stay in the second-level cache

// The kernel rows a, a + stride, … reach the same rows of gx. They are packed one such phase after
// the other.
struct Phases {
  explicit Phases(const ConvShape& s) : kernel(s.kernel_h), stride(s.stride_h) {}
  int64_t count() const { return std::min(kernel, stride); }
  int64_t rows(int64_t a) const { return a < kernel ? ceil_div(kernel - a, stride) : 0; }
  int64_t first(int64_t a) const {
    int64_t sum = 0;
    for (int64_t b = 0; b < a; ++b) sum += rows(b);
    return sum;
  }
  int64_t kernel, stride;
};

// What follows from the shape, for one image and group.
template <class T>
struct Plan {
  Plan(const ConvTiles<T>& tiles, const ConvShape& s)
      : in(s.in_channels / s.groups),
        out(s.out_channels / s.groups),
        columns(s.kernel_w * in),
        lanes(tiles.lanes),
        width(tiles.vectors * lanes),
        blocks(ceil_div(columns, width)),
        taps(s.kernel_h * out),
        pitch((ceil_div(columns, lanes) + 1) * lanes),
        band(std::clamp<int64_t>(kBandElements / std::max<int64_t>(s.in_w * in, 1), 1, s.in_h)),
        bands(ceil_div(s.in_h, band)) {}

  // The columns that a tile takes: whole vectors, of which the last tile may need one only.
  int64_t wide(int64_t block) const { return columns - block * width <= lanes ? lanes : width; }

  int64_t in, out;
  int64_t columns;               // kernel column and input channel
  int64_t lanes, width, blocks;  // the columns that a tile takes, and how many tiles that makes
  int64_t taps;                  // kernel row and output channel
  int64_t pitch;                 // from what one pixel spreads to the next
  int64_t band, bands;           // rows of gx at a time
};

// to[((block·kernel_h + row)·out + o)·width + column], rows sorted by phase; 0 beyond the columns.
template <class T>
void pack(const ConvShape& s, const Plan<T>& plan, int64_t block, const T* weight, T* to) {
  const int64_t kernel = s.kernel_h * s.kernel_w;
  const int64_t wide = plan.wide(block), used = std::min(wide, plan.columns - block * plan.width);
  for (int64_t a = 0; a < s.stride_h; ++a)
    for (int64_t p = a; p < s.kernel_h; p += s.stride_h)
      for (int64_t o = 0; o < plan.out; ++o, to += wide) {
        int64_t q = block * plan.width / plan.in, c = block * plan.width % plan.in;
        for (int64_t n = 0; n < used; ++n) {
          to[n] = weight[(o * plan.in + c) * kernel + p * s.kernel_w + q];
          if (++c == plan.in) c = 0, ++q;
        }
        std::fill(to + used, to + wide, T(0));
      }
}

}  // namespace

template <class T>
void spread_conv2d_input_grad(const Kernels& tier, const ConvShape& s, const T* g, const T* weight,
                              T* gx) {
  if (s.batch * s.in_channels * s.in_h * s.in_w == 0) return;
  const ConvTiles<T>& tiles = tier.conv.of<T>();
  const Plan<T> plan(tiles, s);
  const Phases phases(s);
  const int64_t plane = s.out_h * s.out_w, of_block = plan.taps * plan.width;
  Buffer<T> packed(s.groups * plan.blocks * of_block);
  for_conv_units(s.groups * plan.blocks, 8.0 * double(of_block), [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit)
      pack(s, plan, unit % plan.blocks, weight + unit / plan.blocks * plan.taps * plan.columns,
           packed.data() + unit * of_block);
  });
  Buffer<int64_t> offsets(plan.taps);
  for (int64_t t = 0; t < s.kernel_h; ++t)
    for (int64_t o = 0; o < plan.out; ++o) offsets[t * plan.out + o] = o * plane - t * s.out_w;

  const Cut cut(s.out_w, tiles.rows);
  const int64_t row = s.in_w * plan.in;
  const double work =
      2.0 * double(plan.band * plan.taps) / double(s.stride_h) * double(plan.columns * s.out_w);
  const int64_t units = s.batch * s.groups * plan.bands;
  for_conv_units(units, work, [&](int64_t begin, int64_t end) {
    Buffer<T> spreads(tiles.lanes + s.out_w * plan.pitch), sums(plan.band * row + tiles.lanes);
    std::fill_n(spreads.data(), tiles.lanes + s.out_w * plan.pitch, T(0));
    T* spread = spreads.data() + tiles.lanes;
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t item = unit / plan.bands, first = unit % plan.bands * plan.band;
      const int64_t rows = std::min(plan.band, s.in_h - first);
      const T* from = g + item * plan.out * plane;
      const T* weights = packed.data() + item % s.groups * plan.blocks * of_block;
      for (int64_t y = first; y < first + rows; ++y) {
        // Kernel row a + t·stride brings it row `last` − t of g.
        const int64_t a = (y + s.padding_h) % s.stride_h, last = (y + s.padding_h) / s.stride_h;
        const int64_t t = std::max<int64_t>(last - s.out_h + 1, 0);
        const int64_t count = std::max<int64_t>(std::min(phases.rows(a), last + 1) - t, 0);
        T* sum = sums.data() + (y - first) * row;
        if (count == 0) {  // between the steps of a stride
          std::fill_n(sum, row, T(0));
          continue;
        }
        const T* at = from + (last - t) * s.out_w;
        for (int64_t block = 0; block < plan.blocks; ++block) {
          const int64_t wide = plan.wide(block);
          for (int64_t piece = 0; piece < cut.count; ++piece) {
            const int64_t j = cut.begin(piece);
            tiles.along_channels(
                int(cut.size(piece)), int(wide / tiles.lanes), count * plan.out,
                weights + block * of_block + (phases.first(a) + t) * plan.out * wide,
                offsets.data(), at + j, nullptr, spread + j * plan.pitch + block * plan.width,
                plan.pitch);
          }
        }
        tiles.gather_spread(row, s.padding_w * plan.in, s.stride_w * plan.in, s.out_w, plan.columns,
                            spread, plan.pitch, sum);
      }
      tier.transpose<T>(rows * s.in_w, plan.in, sums.data(), plan.in,
                        gx + item * plan.in * s.in_h * s.in_w + first * s.in_w, s.in_h * s.in_w);
    }
  });
}

template void spread_conv2d_input_grad<float>(const Kernels&, const ConvShape&, const float*,
                                              const float*, float*);
template void spread_conv2d_input_grad<double>(const Kernels&, const ConvShape&, const double*,
                                               const double*, double*);

}  // namespace pullback::kernels
