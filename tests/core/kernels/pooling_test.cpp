#include "catch.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include <pullback/core/kernels/pooling.h>

#include "core/kernels/tiers.h"

using namespace pullback::kernels;

namespace {

using Indices = std::vector<std::int64_t>;

PoolShape sliding(std::int64_t height, std::int64_t width, std::int64_t out_h, std::int64_t out_w,
                  std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                  std::int64_t dilation, bool count_padding) {
  return {1, height, width,
          sliding_windows(height, out_h, kernel, stride, padding, dilation, count_padding),
          sliding_windows(width, out_w, kernel, stride, padding, dilation, count_padding)};
}

std::vector<double> counting(std::int64_t count) {
  std::vector<double> v(static_cast<std::size_t>(count));
  std::iota(v.begin(), v.end(), 1.0);
  return v;
}

}  // namespace

TEST_CASE("max pooling gives the largest value and its place in the plane", "[pooling]") {
  PoolShape s = sliding(4, 4, 2, 2, 2, 2, 0, 1, true);
  s.planes = 2;
  std::vector<double> x = counting(32), y(8), picked(8), gx(32);
  Indices at(8);
  x[5] = -1;  // position 4 of the first window becomes its largest
  max_pool<double>(s, x.data(), y.data(), at.data());
  CHECK(y == std::vector<double>{5, 8, 14, 16, 22, 24, 30, 32});
  CHECK(at == Indices{4, 7, 13, 15, 5, 7, 13, 15});
  pick<double>(2, 16, 4, x.data(), at.data(), picked.data());
  CHECK(picked == y);
  unpick<double>(2, 16, 4, y.data(), at.data(), gx.data());
  for (std::size_t i = 0; i < gx.size(); ++i) {
    const auto plane = i / 16;
    double expected = 0;
    for (std::size_t j = 4 * plane; j < 4 * plane + 4; ++j)
      if (at[j] == static_cast<std::int64_t>(i % 16)) expected += y[j];
    CHECK(gx[i] == expected);
  }
}

TEST_CASE("max pooling lets a NaN win and never picks padding", "[pooling]") {
  const PoolShape s = sliding(3, 3, 2, 2, 3, 2, 1, 1, true);
  std::vector<double> x(9, -std::numeric_limits<double>::infinity()), y(4);
  Indices at(4);
  max_pool<double>(s, x.data(), y.data(), at.data());
  CHECK(at == Indices{0, 1, 3, 4});
  x[4] = std::nan("");
  max_pool<double>(s, x.data(), y.data(), at.data());
  for (const double value : y) CHECK(std::isnan(value));
  CHECK(at == Indices{4, 4, 4, 4});
}

TEMPLATE_TEST_CASE("max pooling is the naive search's on every tier", "[pooling]", float, double) {
  using T = TestType;
  std::mt19937 engine(7);
  const auto extent = [&](std::int64_t in, std::int64_t kernel, std::int64_t stride,
                          std::int64_t padding, std::int64_t dilation) {
    return (in + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
  };
  for (const std::int64_t width : {9, 37, 100})
    for (const std::int64_t kernel : {1, 2, 3, 5})
      for (const std::int64_t stride : {1, 2, 3, 40})
        for (const std::int64_t dilation : {1, 2}) {
          const std::int64_t padding = kernel / 2, height = 11;
          PoolShape s = sliding(height, width, extent(height, kernel, stride, padding, dilation),
                                extent(width, kernel, stride, padding, dilation), kernel, stride,
                                padding, dilation, false);
          s.planes = 2;
          std::vector<T> x(static_cast<std::size_t>(s.planes * s.in_plane()));
          for (T& value : x) value = static_cast<T>(engine() % 20);  // with equals
          x[7] = std::numeric_limits<T>::quiet_NaN();
          for (std::size_t i = x.size() - 30; i < x.size(); ++i)
            x[i] = -std::numeric_limits<T>::infinity();
          Indices expected;
          for (std::int64_t p = 0; p < s.planes; ++p)
            for (const Window& row : s.rows)
              for (const Window& column : s.columns) {
                std::int64_t at = row.begin * width + column.begin;
                for (std::int64_t i = row.begin; i < row.end; i += row.step)
                  for (std::int64_t j = column.begin; j < column.end; j += column.step) {
                    const T value = x[p * s.in_plane() + i * width + j];
                    if (value > x[p * s.in_plane() + at] || std::isnan(value)) at = i * width + j;
                  }
                expected.push_back(at);
              }
          for (const Kernels* tier : all_tiers()) {
            CAPTURE(tier->tier, width, kernel, stride, dilation);
            std::vector<T> y(expected.size());
            Indices at(expected.size(), -1);
            max_pool<T>(*tier, s, x.data(), y.data(), at.data());
            REQUIRE(at == expected);
            for (std::size_t i = 0; i < y.size(); ++i) {
              const T value = x[i / s.out_plane() * s.in_plane() + at[i]];
              REQUIRE((y[i] == value || (std::isnan(y[i]) && std::isnan(value))));
            }
          }
        }
}

TEST_CASE("dilated windows skip positions", "[pooling]") {
  const PoolShape s = sliding(5, 5, 2, 2, 2, 2, 1, 2, true);
  const std::vector<double> x = counting(25);
  std::vector<double> y(4);
  Indices at(4);
  max_pool<double>(s, x.data(), y.data(), at.data());
  CHECK(y == std::vector<double>{7, 9, 17, 19});
}

TEST_CASE("average pooling counts padding or not, or divides by a given number", "[pooling]") {
  const std::vector<double> x = counting(9);
  std::vector<double> y(4);
  average_pool<double>(sliding(3, 3, 2, 2, 2, 2, 1, 1, true), 0, x.data(), y.data());
  CHECK(y == std::vector<double>{0.25, 1.25, 2.75, 7});
  average_pool<double>(sliding(3, 3, 2, 2, 2, 2, 1, 1, false), 0, x.data(), y.data());
  CHECK(y == std::vector<double>{1, 2.5, 5.5, 7});
  average_pool<double>(sliding(3, 3, 2, 2, 2, 2, 1, 1, false), 2, x.data(), y.data());
  CHECK(y == std::vector<double>{0.5, 2.5, 5.5, 14});
}

TEST_CASE("adaptive windows cover the input and may overlap", "[pooling]") {
  const PoolShape s{1, 1, 7, adaptive_windows(1, 1), adaptive_windows(7, 3)};
  const std::vector<double> x = counting(7);
  std::vector<double> y(3);
  average_pool<double>(s, 0, x.data(), y.data());
  CHECK(y == std::vector<double>{2, 4, 6});
}

TEST_CASE("the gradient of average pooling is its adjoint", "[pooling]") {
  const PoolShape s = sliding(5, 6, 3, 3, 3, 2, 1, 1, false);
  const std::vector<double> x = counting(30), g = counting(9);
  std::vector<double> y(9), gx(30);
  average_pool<double>(s, 0, x.data(), y.data());
  average_pool_grad<double>(s, 0, g.data(), gx.data());
  const double left = std::inner_product(y.begin(), y.end(), g.begin(), 0.0);
  const double right = std::inner_product(x.begin(), x.end(), gx.begin(), 0.0);
  CHECK(std::abs(left - right) < 1e-12 * std::abs(left));
}
