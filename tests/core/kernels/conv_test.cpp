#include "catch.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <pullback/core/kernels/conv.h>
#include <pullback/core/kernels/conv_columns.h>
#include <pullback/core/kernels/conv_depthwise.h>
#include <pullback/core/kernels/conv_direct.h>
#include <pullback/core/kernels/pool.h>

#include "core/kernels/conv_reference.h"
#include "core/kernels/small_integers.h"
#include "core/kernels/tiers.h"

using namespace pullback::kernels;

namespace {

ConvShape shape(std::int64_t batch, std::int64_t groups, std::int64_t in, std::int64_t out,
                std::int64_t height, std::int64_t width, std::int64_t kernel_h,
                std::int64_t kernel_w, std::int64_t stride, std::int64_t padding,
                std::int64_t dilation) {
  ConvShape s;
  s.batch = batch, s.groups = groups, s.in_channels = in, s.out_channels = out;
  s.in_h = height, s.in_w = width, s.kernel_h = kernel_h, s.kernel_w = kernel_w;
  s.stride_h = stride, s.stride_w = stride + 1, s.padding_h = padding, s.padding_w = padding;
  s.dilation_h = s.dilation_w = dilation;
  s.out_h = (height + 2 * padding - dilation * (kernel_h - 1) - 1) / s.stride_h + 1;
  s.out_w = (width + 2 * padding - dilation * (kernel_w - 1) - 1) / s.stride_w + 1;
  return s;
}

template <class T>
void compare(const ConvShape& s) {
  const std::int64_t nx = s.batch * s.in_channels * s.in_h * s.in_w;
  const std::int64_t nw = s.out_channels * s.in_channels / s.groups * s.kernel_h * s.kernel_w;
  const std::int64_t ny = s.batch * s.out_channels * s.out_h * s.out_w;
  const auto x = small_integers<T>(nx, 1), w = small_integers<T>(nw, 2),
             g = small_integers<T>(ny, 3);
  const auto bias = small_integers<T>(s.out_channels, 4);
  std::vector<T> y(ny, -1), gx(nx, -1), gw(nw, -1);
  std::vector<T> y_naive(ny), gx_naive(nx), gw_naive(nw);
  conv_products(s, [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    y_naive[k] += x[i] * w[j];
    gx_naive[i] += g[k] * w[j];
    gw_naive[j] += g[k] * x[i];
  });
  const auto fresh = [&] { y.assign(ny, -1), gx.assign(nx, -1), gw.assign(nw, -1); };
  conv2d_input_grad<T>(s, g.data(), w.data(), gx.data());
  CHECK(gx == gx_naive);
  conv2d_weight_grad<T>(s, x.data(), g.data(), gw.data());
  CHECK(gw == gw_naive);
  fresh();
  columns_conv2d_input_grad<T>(s, g.data(), w.data(), gx.data());
  CHECK(gx == gx_naive);
  columns_conv2d_weight_grad<T>(s, x.data(), g.data(), gw.data());
  CHECK(gw == gw_naive);
  const bool unit_stride = s.stride_h == 1 && s.stride_w == 1;
  for (const Kernels* tier : all_tiers()) {
    INFO(tier->tier);
    fresh();
    direct_conv2d<T>(*tier, s, x.data(), stored_weight(s, w.data()), nullptr, y.data());
    CHECK(y == y_naive);
    if (s.groups == s.in_channels && s.groups == s.out_channels) {
      depthwise_conv2d<T>(*tier, s, x.data(), w.data(), nullptr, y.data());
      CHECK(y == y_naive);
      depthwise_conv2d_input_grad<T>(*tier, s, g.data(), w.data(), gx.data());
      CHECK(gx == gx_naive);
      depthwise_conv2d_weight_grad<T>(*tier, s, x.data(), g.data(), gw.data());
      CHECK(gw == gw_naive);
      gx.assign(nx, -1), gw.assign(nw, -1);
    }
    if (s.dilation_h == 1 && s.dilation_w == 1) {
      spread_conv2d_input_grad<T>(*tier, s, g.data(), w.data(), gx.data());
      CHECK(gx == gx_naive);
      gx.assign(nx, -1);
    }
    direct_conv2d_weight_grad<T>(*tier, s, x.data(), g.data(), gw.data());
    CHECK(gw == gw_naive);
    if (!unit_stride) continue;
    direct_conv2d<T>(*tier, turned_shape(s), g.data(), turned_weight(s, w.data()), nullptr,
                     gx.data());
    CHECK(gx == gx_naive);
  }
  conv2d<T>(s, x.data(), w.data(), nullptr, y.data());
  CHECK(y == y_naive);
  for (std::int64_t i = 0; i < ny; ++i)
    y_naive[i] += bias[i / (s.out_h * s.out_w) % s.out_channels];
  for (const Kernels* tier : all_tiers()) {
    INFO(tier->tier);
    fresh();
    direct_conv2d<T>(*tier, s, x.data(), stored_weight(s, w.data()), bias.data(), y.data());
    CHECK(y == y_naive);
  }
}

ConvShape unit_stride(ConvShape s) {
  s.stride_w = 1;
  s.out_w = s.in_w + 2 * s.padding_w - s.dilation_w * (s.kernel_w - 1);
  return s;
}

}  // namespace

TEMPLATE_TEST_CASE("a convolution and its gradients equal the naive loops", "[conv]", float,
                   double) {
  SECTION("one pixel") {
    compare<TestType>(shape(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1));
  }
  SECTION("padding wider than the kernel") {
    compare<TestType>(shape(2, 1, 2, 3, 4, 5, 2, 2, 1, 3, 1));
  }
  SECTION("stride, dilation and groups") {
    compare<TestType>(shape(3, 2, 4, 6, 11, 12, 3, 2, 2, 2, 2));
  }
  SECTION("one filter a channel") {
    compare<TestType>(shape(2, 5, 5, 5, 7, 7, 3, 3, 1, 1, 1));
  }
  SECTION("one filter a channel, blocks of channels") {
    compare<TestType>(unit_stride(shape(3, 21, 21, 21, 8, 9, 3, 3, 1, 1, 1)));
  }
  SECTION("one filter a channel, stride and dilation") {
    const auto dilation = GENERATE(1, 2, 3);
    compare<TestType>(shape(2, 18, 18, 18, 13, 12, 3, 4, GENERATE(1, 2, 3), 2, dilation));
  }
  SECTION("one filter a channel, bands of rows") {
    compare<TestType>(shape(2, 17, 17, 17, 70, 90, 3, 3, 2, 1, 1));
  }
  SECTION("one filter a channel, padding wider than the kernel") {
    compare<TestType>(shape(2, 17, 17, 17, 4, 5, 2, 2, 2, 4, 1));
  }
  SECTION("one dimension") {
    compare<TestType>(shape(2, 1, 3, 4, 1, 17, 1, 5, 1, 0, 1));
  }
  SECTION("pointwise with a stride") {
    compare<TestType>(shape(2, 1, 3, 4, 6, 6, 1, 1, 1, 0, 1));
  }
  SECTION("pointwise without a stride") {
    compare<TestType>(unit_stride(shape(2, 2, 4, 6, 5, 6, 1, 1, 1, 0, 1)));
  }
  SECTION("pointwise rows of several vectors, read in place") {
    compare<TestType>(unit_stride(shape(2, 1, 17, 30, 3, 37, 1, 1, 1, 0, 1)));
  }
  SECTION("unit stride in both directions") {
    compare<TestType>(unit_stride(shape(2, 1, 3, 4, 8, 9, 3, 3, 1, 1, 1)));
  }
  SECTION("unit stride and dilation") {
    compare<TestType>(unit_stride(shape(2, 2, 4, 6, 9, 19, 3, 2, 1, 2, 2)));
  }
  SECTION("padding wider than the kernel reaches") {
    compare<TestType>(unit_stride(shape(2, 1, 2, 3, 4, 5, 2, 3, 1, 4, 1)));
  }
  SECTION("narrow maps of many channels") {
    compare<TestType>(unit_stride(shape(3, 1, 5, 50, 10, 7, 5, 5, 1, 1, 1)));
  }
  SECTION("kernels wider than a tile of taps") {
    compare<TestType>(unit_stride(shape(2, 1, 2, 19, 15, 21, 7, 9, 1, 3, 1)));
  }
  SECTION("few filters on wide maps") {
    compare<TestType>(unit_stride(shape(9, 1, 2, 7, 14, 28, 5, 5, 1, 2, 1)));
  }
  SECTION("groups of vectors of channels") {
    compare<TestType>(unit_stride(shape(2, 3, 6, 51, 6, 5, 3, 3, 1, 1, 1)));
  }
  SECTION("several bands of rows and parts of the batch") {
    compare<TestType>(shape(11, 1, 24, 8, 40, 50, 3, 3, 1, 1, 1));
  }
  SECTION("an empty batch") {
    compare<TestType>(shape(0, 1, 2, 3, 4, 5, 3, 3, 1, 1, 1));
  }
}

TEST_CASE("a transposed convolution's output padding lies beyond what its input reaches",
          "[conv]") {
  // y of 4×5 belongs to x of 6×7 and to x one row longer, where no product falls.
  ConvShape s = unit_stride(shape(2, 1, 2, 3, 6, 7, 3, 3, 1, 0, 1));
  const std::int64_t rows = s.in_h;
  s.in_h = rows + 1;
  const auto g = small_integers<float>(2 * 3 * s.out_h * s.out_w, 1),
             w = small_integers<float>(3 * 2 * 9, 2);
  std::vector<float> direct(2 * 2 * s.in_h * s.in_w, -1), columns = direct;
  conv2d_input_grad<float>(s, g.data(), w.data(), direct.data());
  columns_conv2d_input_grad<float>(s, g.data(), w.data(), columns.data());
  CHECK(direct == columns);
  CHECK(direct[rows * s.in_w] == 0);
}

TEST_CASE("a NaN reaches the gradients of the taps that read it only", "[conv]") {
  const ConvShape s = unit_stride(shape(1, 1, 1, 1, 5, 23, 3, 3, 1, 0, 1));
  std::vector<float> x(5 * 23, 1), g(3 * 21, 1), gw(9);
  x[22] = std::numeric_limits<float>::quiet_NaN();  // the first row's last: tap (0, 2) alone
  for (const Kernels* tier : all_tiers()) {
    direct_conv2d_weight_grad<float>(*tier, s, x.data(), g.data(), gw.data());
    INFO(tier->tier);
    for (std::size_t k = 0; k < 9; ++k) CHECK((std::isnan(gw[k]) ? k == 2 : gw[k] == 63));
  }
}

TEST_CASE("an infinity of g reaches the pixels that it spreads over only", "[conv]") {
  const ConvShape s = unit_stride(shape(1, 1, 3, 4, 7, 30, 3, 3, 1, 0, 1));
  std::vector<float> g(4 * 5 * 28, 1), w(4 * 3 * 9, 1), gx(3 * 7 * 30);
  g[2 * 28 + 9] = std::numeric_limits<float>::infinity();  // over rows 2 to 4, columns 9 to 11
  for (const Kernels* tier : all_tiers()) {
    spread_conv2d_input_grad<float>(*tier, s, g.data(), w.data(), gx.data());
    INFO(tier->tier);
    for (std::size_t i = 0; i < gx.size(); ++i) {
      const std::size_t row = i / 30 % 7, column = i % 30;
      const bool reached = row >= 2 && row <= 4 && column >= 9 && column <= 11;
      REQUIRE((reached ? std::isinf(gx[i]) : std::isfinite(gx[i])));
    }
  }
}

TEST_CASE("a convolution's bits do not depend on the number of threads", "[conv]") {
  const auto s = GENERATE(shape(13, 1, 16, 12, 30, 31, 3, 3, 1, 1, 1),
                          unit_stride(shape(13, 1, 16, 12, 30, 31, 5, 3, 1, 1, 1)),
                          unit_stride(shape(3, 1, 40, 50, 21, 22, 3, 3, 1, 1, 1)),
                          unit_stride(shape(9, 1, 6, 16, 14, 14, 5, 5, 1, 0, 1)),
                          shape(11, 1, 24, 70, 17, 18, 3, 3, 2, 1, 2),
                          shape(11, 40, 40, 40, 21, 22, 3, 3, 2, 1, 1));
  std::mt19937 engine(5);
  std::normal_distribution<float> normal;
  std::vector<float> x(s.batch * s.in_channels * s.in_h * s.in_w);
  std::vector<float> w(s.out_channels * s.in_channels * s.kernel_h * s.kernel_w);
  std::vector<float> g(s.batch * s.out_channels * s.out_h * s.out_w);
  for (auto* v : {&x, &w, &g})
    for (float& value : *v) value = normal(engine);
  const int before = num_threads();
  std::vector<float> y[2], gx[2], gw[2];
  for (int i = 0; i < 2; ++i) {
    set_num_threads(i ? 4 : 1);
    y[i].resize(g.size()), gx[i].resize(x.size()), gw[i].resize(w.size());
    conv2d<float>(s, x.data(), w.data(), nullptr, y[i].data());
    conv2d_input_grad<float>(s, g.data(), w.data(), gx[i].data());
    conv2d_weight_grad<float>(s, x.data(), g.data(), gw[i].data());
  }
  set_num_threads(before);
  CHECK(y[0] == y[1]);
  CHECK(gx[0] == gx[1]);
  CHECK(gw[0] == gw[1]);
}
