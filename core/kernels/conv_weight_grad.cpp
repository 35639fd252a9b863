#include <algorithm>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/conv_direct.h>
#include <pullback/core/kernels/conv_image.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

// Vectors lie along the output channels: g is turned to one vector a pixel, and each tap's gradient
// is a vector of sums that stays in a register while the pixels of a band go by.
namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kParts = 8;         // of the batch; their sums are added in order
constexpr int64_t kBandPixels = 256;  // whose vectors stay in the first-level cache

}  // namespace

template <class T>
void direct_conv2d_weight_grad(const Kernels& tier, const ConvShape& s, const T* x, const T* g,
                               T* gw) {
  const int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups;
  const int64_t taps = in * s.kernel_h * s.kernel_w;
  if (out * taps == 0) return;
  const ConvTiles<T>& tiles = conv_tiles<T>(tier);
  const Transpose transpose = tier.transpose(conv_type<T>);
  const int64_t lanes = tiles.lanes, blocks = (out + lanes - 1) / lanes;
  const int64_t plane = s.out_h * s.out_w, one = taps * lanes;
  const int64_t parts = std::clamp<int64_t>(s.batch, 1, kParts);
  const int64_t band = std::clamp<int64_t>(kBandPixels / std::max<int64_t>(s.out_w, 1), 1,
                                           std::max<int64_t>(s.out_h, 1));
  const ConvImage image(s, band, 0, /*in_place=*/true);
  const int64_t tap_row = image.columns;
  Buffer<T> sums(parts * s.groups * blocks * one);

  auto run = [&](int64_t begin, int64_t end) {
    Buffer<T> copy(image.size), cotangents(band * s.out_w * lanes);
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t part = unit / (s.groups * blocks), group = unit / blocks % s.groups;
      const int64_t o = unit % blocks * lanes, wide = std::min(lanes, out - o);
      T* sum = sums.data() + unit * one;
      std::fill_n(sum, one, T(0));
      std::fill_n(cotangents.data(), band * s.out_w * lanes, T(0));
      for (int64_t n = part * s.batch / parts; n < (part + 1) * s.batch / parts; ++n) {
        const int64_t item = n * s.groups + group;
        for (int64_t row = 0; row < s.out_h; row += band) {
          const int64_t rows = std::min(band, s.out_h - row);
          const T* from = g + (item * out + o) * plane + row * s.out_w;
          transpose(wide, rows * s.out_w, reinterpret_cast<const char*>(from),
                    plane * int64_t(sizeof(T)), reinterpret_cast<char*>(cotangents.data()),
                    lanes * int64_t(sizeof(T)));
          const T* pixels = image.at(s, x + item * in * s.in_h * s.in_w, row, copy.data());
          for (int64_t c = 0; c < in; ++c)
            tiles.tap_grads(int(s.kernel_h), int(s.kernel_w), rows, s.out_w, cotangents.data(),
                            pixels + c * image.channel, image.columns, tap_row,
                            sum + c * s.kernel_h * s.kernel_w * lanes, s.kernel_w * lanes);
        }
      }
    }
  };
  const int64_t units = parts * s.groups * blocks;
  if (units == 1) {
    run(0, 1);
  } else {
    parallel_for(units, 1, run);
  }
  const int64_t all = s.groups * blocks * one;
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < all; ++i) sums[i] += sums[part * all + i];
  for (int64_t unit = 0; unit < s.groups * blocks; ++unit) {
    const int64_t o = unit % blocks * lanes;
    transpose(taps, std::min(lanes, out - o),
              reinterpret_cast<const char*>(sums.data() + unit * one), lanes * int64_t(sizeof(T)),
              reinterpret_cast<char*>(gw + (unit / blocks * out + o) * taps),
              taps * int64_t(sizeof(T)));
  }
}

template void direct_conv2d_weight_grad<float>(const Kernels&, const ConvShape&, const float*,
                                               const float*, float*);
template void direct_conv2d_weight_grad<double>(const Kernels&, const ConvShape&, const double*,
                                                const double*, double*);

}  // namespace pullback::kernels
