// What one core does per way of convolving and SIMD tier: `convolution --benchmark_filter=v4`.
// Fractions of the FMA peak count the definition's products, of which Winograd's way does a
// quarter.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/winograd.h>

#include "measured.h"

namespace {

using namespace pullback::kernels;

struct Layer {
  const char* name;
  std::int64_t batch, in, out, side, kernel, padding;
  ConvShape shape() const {
    ConvShape s;
    s.batch = batch, s.in_channels = in, s.out_channels = out;
    s.in_h = s.in_w = side, s.kernel_h = s.kernel_w = kernel;
    s.padding_h = s.padding_w = padding;
    s.out_h = s.out_w = side + 2 * padding - kernel + 1;
    return s;
  }
};

constexpr Layer kLayers[] = {
    {"3x3 64@32", 16, 64, 64, 32, 3, 1},       {"3x3 128@16", 16, 128, 128, 16, 3, 1},
    {"3x3 256@8", 16, 256, 256, 8, 3, 1},      {"3x3 3-64@32", 16, 3, 64, 32, 3, 1},
    {"1x1 256-64@16", 16, 256, 64, 16, 1, 0},  {"LeNet 5x5 1-6@28", 64, 1, 6, 28, 5, 2},
    {"LeNet 5x5 6-16@14", 64, 6, 16, 14, 5, 0}};

std::vector<float> values(std::int64_t count) {
  std::vector<float> x(static_cast<std::size_t>(count));
  unsigned state = 1;
  for (float& value : x) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state) / 4294967296.0f * 4 - 2;
  }
  return x;
}

// Times run(shape, x, weight, y).
template <class Run>
void add(const std::string& name, const Layer& layer, Run run) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    const ConvShape s = layer.shape();
    const std::int64_t taps = s.in_channels * s.kernel_h * s.kernel_w;
    auto x = values(s.batch * s.in_channels * s.in_h * s.in_w), w = values(s.out_channels * taps);
    auto y = values(s.batch * s.out_channels * s.out_h * s.out_w);
    const double products = static_cast<double>(y.size()) * static_cast<double>(taps);
    run(s, x, w, y);  // warms the cache of working space
    const bench::Measured measured(state, {.flops = 2 * products});
    for (auto _ : state) run(s, x, w, y);
  })->Unit(benchmark::kMicrosecond);
}

void add_layer(const Kernels& tier, const Layer& layer) {
  using Values = std::vector<float>;
  const auto name = [&](const char* way) {
    return std::string(tier.tier) + "/" + layer.name + " " + way;
  };
  add(name("direct"), layer, [&](const ConvShape& s, Values& x, Values& w, Values& y) {
    direct_conv2d<float>(tier, s, x.data(), stored_weight(s, w.data()), nullptr, y.data());
  });
  add(name("direct weight gradient"), layer,
      [&](const ConvShape& s, Values& x, Values& w, Values& y) {
        direct_conv2d_weight_grad(tier, s, x.data(), y.data(), w.data());
      });
  if (layer.kernel != 3) return;
  add(name("winograd"), layer, [&](const ConvShape& s, Values& x, Values& w, Values& y) {
    winograd_conv2d(tier, s, x.data(), stored_weight(s, w.data()), nullptr, y.data());
  });
  add(name("winograd weight gradient"), layer,
      [&](const ConvShape& s, Values& x, Values& w, Values& y) {
        winograd_conv2d_weight_grad(tier, s, x.data(), y.data(), w.data());
      });
}

}  // namespace

int main(int argc, char** argv) {
  set_num_threads(1);
  for (const char* name : {"base", "v3", "v4"}) {
    if (const Kernels* tier = tier_table(name)) {
      for (const Layer& layer : kLayers) add_layer(*tier, layer);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
