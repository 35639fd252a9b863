#include <pullback/core/kernels/conv_depthwise.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/conv_cut.h>
#include <pullback/core/kernels/conv_direct.h>

namespace pullback::kernels {
namespace {

using std::int64_t;
using Runs = std::vector<DepthwiseRun>;

constexpr int64_t kBandElements = 64 * 1024;  // turned, that stay in the second-level cache
constexpr int64_t kParts = 8;  // of the batch, whose weight gradients are added in order

struct Range {
  int64_t begin, end;
  int64_t size() const { return std::max<int64_t>(end - begin, 0); }
  Range within(int64_t first, int64_t last) const {
    return {std::max(begin, first), std::min(end, last)};
  }
};

// One dimension of a convolution from `in` positions to `out`.
struct Dimension {
  int64_t in, out, kernel, stride, padding, dilation;

  // Where output position i reads by tap q.
  int64_t input(int64_t i, int64_t q) const { return i * stride + q * dilation - padding; }
  // The taps of an output position, and the output positions of a tap, that lie inside.
  Range taps(int64_t i) const {
    return Range{ceil_div(std::max<int64_t>(-input(i, 0), 0), dilation),
                 ceil_div(std::max<int64_t>(in - input(i, 0), 0), dilation)}
        .within(0, kernel);
  }
  Range outputs(int64_t q) const {
    return Range{ceil_div(std::max<int64_t>(-input(0, q), 0), stride),
                 ceil_div(std::max<int64_t>(in - input(0, q), 0), stride)}
        .within(0, out);
  }
};
Dimension rows_of(const ConvShape& s) {
  return {s.in_h, s.out_h, s.kernel_h, s.stride_h, s.padding_h, s.dilation_h};
}
Dimension columns_of(const ConvShape& s) {
  return {s.in_w, s.out_w, s.kernel_w, s.stride_w, s.padding_w, s.dilation_w};
}

// Appends a position to the last run, or begins another one with it.
void append(Runs& runs, int64_t begin, const DepthwiseRun& one) {
  if (int64_t(runs.size()) > begin) {
    DepthwiseRun& run = runs.back();
    const int64_t next = run.from + run.count * run.from_step;
    if (run.tap == one.tap && run.taps == one.taps && next == one.from) {
      ++run.count;
      return;
    }
  }
  runs.push_back(one);
}

// Output positions [begin, end), written from 0 on.
Runs forward_runs(const Dimension& d, int64_t begin, int64_t end) {
  Runs runs;
  for (int64_t i = begin; i < end; ++i) {
    const Range taps = d.taps(i);
    append(runs, 0,
           {1, i - begin, 1, d.input(i, taps.begin), d.stride, taps.size(), taps.begin, 1,
            d.dilation});
  }
  return runs;
}

// Input positions [begin, end), written from 0 on. Tap q takes position i to output
// (i + padding − q·dilation)/stride where that is whole; positions a stride apart have the same.
Runs adjoint_runs(const Dimension& d, int64_t begin, int64_t end) {
  const int64_t common = std::gcd(d.stride, d.dilation);
  const int64_t tap_step = d.stride / common, back = d.dilation / common;
  Runs runs;
  for (int64_t phase = 0; phase < d.stride; ++phase) {
    const auto first_run = int64_t(runs.size());
    for (int64_t i = begin + phase; i < end; i += d.stride) {
      DepthwiseRun one{1, i - begin, d.stride, 0, 1, 0, 0, tap_step, -back};
      for (int64_t q = 0; q < d.kernel; ++q) {
        const int64_t at = i + d.padding - q * d.dilation;
        if (at < 0 || at % d.stride != 0 || at / d.stride >= d.out) continue;
        if (one.taps++ == 0) one.tap = q, one.from = at / d.stride;
      }
      append(runs, first_run, one);
    }
  }
  return runs;
}

// A band of rows to be written, and those to be read for it, from which `runs` count.
struct Band {
  Band(Runs of_rows, int64_t begin, int64_t end)
      : runs(std::move(of_rows)), first(begin), rows(end - begin) {
    int64_t low = INT64_MAX, high = 0;
    for (const DepthwiseRun& run : runs) {
      if (run.taps == 0) continue;
      const int64_t over_taps = (run.taps - 1) * run.tap_from;
      low = std::min(low, run.from + std::min<int64_t>(over_taps, 0));
      high = std::max(
          high, run.from + (run.count - 1) * run.from_step + std::max<int64_t>(over_taps, 0) + 1);
    }
    from = std::min(low, high), from_rows = high - from;
    for (DepthwiseRun& run : runs) run.from -= run.taps ? from : run.from;
  }
  Runs runs;
  int64_t first, rows, from, from_rows;
};

// Output rows at a time: each with a stride of input rows.
int64_t band_rows(const ConvShape& s, int64_t lanes) {
  return std::max<int64_t>(kBandElements / ((s.in_w * s.stride_h + s.out_w + 1) * lanes), 1);
}

// `extent` rows in bands of at most `rows`, whose runs are forward_runs or adjoint_runs.
std::vector<Band> bands_of(Runs (*runs)(const Dimension&, int64_t, int64_t), const Dimension& d,
                           int64_t extent, int64_t rows) {
  std::vector<Band> bands;
  for (int64_t i = 0; i < extent; i += rows) {
    const int64_t end = std::min(i + rows, extent);
    bands.emplace_back(runs(d, i, end), i, end);
  }
  return bands;
}

int64_t most_rows(const std::vector<Band>& bands, int64_t Band::*rows) {
  int64_t most = 0;
  for (const Band& band : bands) most = std::max(most, band.*rows);
  return most;
}

// Images of one channel a plane, of which a block of `lanes` neighbours is turned at a time.
template <class T>
struct Planes {
  T* data;
  int64_t channels, height, width;

  T* at(int64_t item, int64_t channel, int64_t row) const {
    return data + ((item * channels + channel) * height + row) * width;
  }
};

template <class T>
struct Turn {
  const Kernels& tier;
  int64_t lanes;

  void to_vectors(const Planes<const T>& planes, int64_t item, int64_t channel, int64_t row,
                  int64_t rows, T* to) const {
    const int64_t count = std::min(lanes, planes.channels - channel);
    tier.transpose(count, rows * planes.width, planes.at(item, channel, row),
                   planes.height * planes.width, to, lanes);
  }
  void to_planes(const T* from, const Planes<T>& planes, int64_t item, int64_t channel, int64_t row,
                 int64_t rows) const {
    const int64_t count = std::min(lanes, planes.channels - channel);
    tier.transpose(rows * planes.width, count, from, lanes, planes.at(item, channel, row),
                   planes.height * planes.width);
  }
};

// Space for turned pixels; lanes without a channel hold zeros.
template <class T>
Buffer<T> zeros(int64_t count) {
  Buffer<T> buffer(count);
  std::fill_n(buffer.data(), count, T(0));
  return buffer;
}

// Both directions: `bands` of rows of `to` and the `columns` of each of its rows as sums over
// `from`.
template <class T>
void sum_up(const Kernels& tier, const ConvShape& s, const std::vector<Band>& bands,
            const Runs& columns, const Planes<const T>& from, const T* weight, const T* bias,
            const Planes<T>& to) {
  const DepthwiseTiles<T>& tiles = tier.depthwise.of<T>();
  const Turn<T> turn{tier, tiles.lanes};
  const int64_t lanes = tiles.lanes, kernel = s.kernel_h * s.kernel_w;
  const int64_t blocks = ceil_div(s.groups, lanes);
  Buffer<T> weights = zeros<T>(blocks * kernel * lanes), biases = zeros<T>(blocks * lanes);
  for (int64_t block = 0; block < blocks; ++block)
    turn.to_vectors({weight, s.groups, s.kernel_h, s.kernel_w}, 0, block * lanes, 0, s.kernel_h,
                    weights.data() + block * kernel * lanes);
  if (bias) std::copy_n(bias, s.groups, biases.data());

  const auto count = int64_t(bands.size());
  const double work = double(lanes * bands.front().rows * to.width) * double(kernel + 8);
  for_conv_units(s.batch * blocks * count, work, [&](int64_t begin, int64_t end) {
    Buffer<T> turned = zeros<T>(most_rows(bands, &Band::from_rows) * from.width * lanes);
    Buffer<T> sums(most_rows(bands, &Band::rows) * to.width * lanes);
    for (int64_t unit = begin; unit < end; ++unit) {
      const Band& band = bands[std::size_t(unit % count)];
      const int64_t item = unit / count / blocks, block = unit / count % blocks;
      turn.to_vectors(from, item, block * lanes, band.from, band.from_rows, turned.data());
      tiles.sums({band.runs.data(), band.runs.data() + band.runs.size()},
                 {columns.data(), columns.data() + columns.size()}, biases.data() + block * lanes,
                 weights.data() + block * kernel * lanes, s.kernel_w, turned.data(), from.width,
                 sums.data(), to.width);
      turn.to_planes(sums.data(), to, item, block * lanes, band.first, band.rows);
    }
  });
}

}  // namespace

template <class T>
bool is_depthwise(const Kernels& tier, const ConvShape& s) {
  const int64_t lanes = tier.depthwise.of<T>().lanes;
  return s.groups == s.in_channels && s.groups == s.out_channels && 2 * s.groups > lanes &&
         (s.in_w * s.kernel_h + s.out_w) * lanes <= kBandElements;
}

template <class T>
void depthwise_conv2d(const Kernels& tier, const ConvShape& s, const T* x, const T* weight,
                      const T* bias, T* y) {
  if (s.batch * s.groups * s.out_h * s.out_w == 0) return;
  const int64_t rows = band_rows(s, tier.depthwise.of<T>().lanes);
  sum_up<T>(tier, s, bands_of(forward_runs, rows_of(s), s.out_h, rows),
            forward_runs(columns_of(s), 0, s.out_w), {x, s.groups, s.in_h, s.in_w}, weight, bias,
            {y, s.groups, s.out_h, s.out_w});
}

template <class T>
void depthwise_conv2d_input_grad(const Kernels& tier, const ConvShape& s, const T* g,
                                 const T* weight, T* gx) {
  if (s.batch * s.groups * s.in_h * s.in_w == 0) return;
  const int64_t rows = band_rows(s, tier.depthwise.of<T>().lanes) * s.stride_h;
  sum_up<T>(tier, s, bands_of(adjoint_runs, rows_of(s), s.in_h, rows),
            adjoint_runs(columns_of(s), 0, s.in_w), {g, s.groups, s.out_h, s.out_w}, weight,
            nullptr, {gx, s.groups, s.in_h, s.in_w});
}

template <class T>
void depthwise_conv2d_weight_grad(const Kernels& tier, const ConvShape& s, const T* x, const T* g,
                                  T* gw) {
  const DepthwiseTiles<T>& tiles = tier.depthwise.of<T>();
  const Turn<T> turn{tier, tiles.lanes};
  const Planes<const T> images{x, s.groups, s.in_h, s.in_w};
  const Planes<const T> cotangents{g, s.groups, s.out_h, s.out_w};
  const int64_t lanes = tiles.lanes, kernel = s.kernel_h * s.kernel_w;
  const int64_t blocks = ceil_div(s.groups, lanes), all = blocks * kernel * lanes;
  const int64_t parts = std::clamp<int64_t>(s.batch, 1, kParts);
  const Dimension rows = rows_of(s), columns = columns_of(s);
  const std::vector<Band> bands = bands_of(forward_runs, rows, s.out_h, band_rows(s, lanes));
  std::vector<Range> inside;
  for (int64_t q = 0; q < s.kernel_w; ++q) inside.push_back(columns.outputs(q));
  Buffer<T> sums = zeros<T>(parts * all);
  const double work =
      double(s.batch) / double(parts) * double(lanes * s.out_h * s.out_w) * double(kernel + 8);
  for_conv_units(parts * blocks, work, [&](int64_t begin, int64_t end) {
    Buffer<T> turned_x = zeros<T>(most_rows(bands, &Band::from_rows) * s.in_w * lanes);
    Buffer<T> turned_g = zeros<T>(most_rows(bands, &Band::rows) * s.out_w * lanes);
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t part = unit / blocks, block = unit % blocks;
      T* sum = sums.data() + part * all + block * kernel * lanes;
      for (int64_t n = part * s.batch / parts; n < (part + 1) * s.batch / parts; ++n)
        for (const Band& band : bands) {
          turn.to_vectors(images, n, block * lanes, band.from, band.from_rows, turned_x.data());
          turn.to_vectors(cotangents, n, block * lanes, band.first, band.rows, turned_g.data());
          for (int64_t p = 0; p < s.kernel_h; ++p) {
            const Range i = rows.outputs(p).within(band.first, band.first + band.rows);
            for (int64_t q = 0; q < s.kernel_w; ++q) {
              const Range j = inside[std::size_t(q)];
              if (i.size() * j.size() == 0) continue;
              tiles.products(
                  i.size(), j.size(),
                  turned_g.data() + ((i.begin - band.first) * s.out_w + j.begin) * lanes, s.out_w,
                  turned_x.data() +
                      ((rows.input(i.begin, p) - band.from) * s.in_w + columns.input(j.begin, q)) *
                          lanes,
                  s.stride_h * s.in_w, s.stride_w, sum + (p * s.kernel_w + q) * lanes);
            }
          }
        }
    }
  });
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < all; ++i) sums[i] += sums[part * all + i];
  for (int64_t block = 0; block < blocks; ++block)
    turn.to_planes(sums.data() + block * kernel * lanes, {gw, s.groups, s.kernel_h, s.kernel_w}, 0,
                   block * lanes, 0, s.kernel_h);
}

#define PULLBACK_INSTANTIATE(T)                                                             \
  template bool is_depthwise<T>(const Kernels&, const ConvShape&);                          \
  template void depthwise_conv2d<T>(const Kernels&, const ConvShape&, const T*, const T*,   \
                                    const T*, T*);                                          \
  template void depthwise_conv2d_input_grad<T>(const Kernels&, const ConvShape&, const T*,  \
                                               const T*, T*);                               \
  template void depthwise_conv2d_weight_grad<T>(const Kernels&, const ConvShape&, const T*, \
                                                const T*, T*);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
