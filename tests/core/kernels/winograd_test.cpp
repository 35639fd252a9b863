#include "catch.h"

#include <cmath>
#include <random>
#include <vector>

#include <pullback/core/kernels/winograd.h>

#include "core/kernels/conv_reference.h"
#include "core/kernels/tiers.h"

using namespace pullback::kernels;

namespace {

std::vector<float> normal(std::int64_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> draw;
  std::vector<float> v(static_cast<std::size_t>(count));
  for (float& value : v) value = draw(engine);
  return v;
}

ConvShape shape(std::int64_t batch, std::int64_t in, std::int64_t out, std::int64_t height,
                std::int64_t width, std::int64_t padding) {
  ConvShape s;
  s.batch = batch, s.in_channels = in, s.out_channels = out;
  s.in_h = height, s.in_w = width, s.kernel_h = s.kernel_w = 3;
  s.padding_h = s.padding_w = padding;
  s.out_h = height + 2 * padding - 2, s.out_w = width + 2 * padding - 2;
  return s;
}

// ‖a − b‖ / ‖b‖ in units of float32's eps.
double error(const std::vector<float>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size) / 1.1920929e-7;
}

// The largest error over the tiers of y, gx and gw.
void compare(const ConvShape& s, double bound) {
  const std::int64_t ny = s.batch * s.out_channels * s.out_h * s.out_w;
  const auto x = normal(s.batch * s.in_channels * s.in_h * s.in_w, 1);
  const auto w = normal(s.out_channels * s.in_channels * 9, 2), g = normal(ny, 3);
  const auto bias = normal(s.out_channels, 4);
  std::vector<double> y_naive(g.size()), gx_naive(x.size()), gw_naive(w.size());
  for (std::int64_t i = 0; i < ny; ++i) y_naive[i] = bias[i / (s.out_h * s.out_w) % s.out_channels];
  conv_products(s, [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    y_naive[k] += double(x[i]) * w[j];
    gx_naive[i] += double(g[k]) * w[j];
    gw_naive[j] += double(g[k]) * x[i];
  });
  for (const Kernels* tier : all_tiers()) {
    std::vector<float> y(g.size(), -1), gx(x.size(), -1), gw(w.size(), -1);
    winograd_conv2d(*tier, s, x.data(), stored_weight(s, w.data()), bias.data(), y.data());
    winograd_conv2d(*tier, turned_shape(s), g.data(), turned_weight(s, w.data()), nullptr,
                    gx.data());
    winograd_conv2d_weight_grad(*tier, s, x.data(), g.data(), gw.data());
    INFO(tier->tier);
    CHECK(error(y, y_naive) < bound);
    CHECK(error(gx, gx_naive) < bound);
    CHECK(error(gw, gw_naive) < bound);
    direct_conv2d<float>(*tier, s, x.data(), stored_weight(s, w.data()), bias.data(), y.data());
    CHECK(error(y, y_naive) < 2.5);
  }
}

}  // namespace

TEST_CASE("Winograd's convolution and its gradients are the naive loops' but for rounding",
          "[conv]") {
  SECTION("whole tiles and vectors") {
    compare(shape(2, 32, 64, 8, 8, 1), 8);
  }
  SECTION("parts of tiles and vectors") {
    compare(shape(2, 17, 35, 7, 9, 1), 8);
  }
  SECTION("more channels than lie together") {
    compare(shape(1, 70, 33, 6, 5, 1), 10);
  }
  SECTION("no padding") {
    compare(shape(3, 5, 6, 10, 11, 0), 8);
  }
  SECTION("padding wider than the kernel reaches") {
    compare(shape(1, 4, 3, 4, 5, 3), 8);
  }
  SECTION("one output") {
    compare(shape(1, 16, 16, 3, 3, 0), 10);
  }
  SECTION("more tiles than a weight gradient keeps at a time") {
    compare(shape(5, 2, 3, 120, 120, 1), 40);
  }
}

TEST_CASE("strict convolutions are summed directly", "[conv]") {
  const ConvShape s = shape(2, 16, 16, 12, 12, 1);
  const auto x = normal(2 * 16 * 144, 1), w = normal(16 * 16 * 9, 2);
  std::vector<float> direct(x.size()), strict(x.size()), usual(x.size());
  direct_conv2d<float>(kernels(), s, x.data(), stored_weight(s, w.data()), nullptr, direct.data());
  const bool before = strict_convolutions();
  set_strict_convolutions(true);
  conv2d<float>(s, x.data(), w.data(), nullptr, strict.data());
  set_strict_convolutions(false);
  conv2d<float>(s, x.data(), w.data(), nullptr, usual.data());
  set_strict_convolutions(before);
  CHECK(strict == direct);
  CHECK(usual != direct);
}
