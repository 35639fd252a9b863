// What one core does per kernel and SIMD tier: `kernels --benchmark_filter=exp`.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/sort.h>

#include "measured.h"

namespace {

using pullback::ScalarType;
using pullback::kernels::Kernels;
using pullback::kernels::Map;
using pullback::kernels::Reduce;
using pullback::kernels::Rows;
using std::int64_t;

constexpr int64_t kSide = 1024;

std::vector<float> values() {
  std::vector<float> x(kSide * kSide);
  unsigned state = 1;
  for (float& value : x) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state) / 4294967296.0f * 4 - 2;
  }
  return x;
}

char* bytes(std::vector<float>& x) {
  return reinterpret_cast<char*>(x.data());
}

void map(benchmark::State& state, const Map& map) {
  auto x = values(), z = values();
  std::vector<float> y(x.size());
  char* data[] = {bytes(y), bytes(x), bytes(z)};
  const int64_t strides[] = {4, 4, 4};
  const int64_t n = state.range(0);
  const bench::Measured measured(state, {.bytes = 4.0 * 2 * static_cast<double>(n)});
  for (auto _ : state) map[ScalarType::Float](n, data, strides);
  state.SetItemsProcessed(state.iterations() * n);
}

void reduce(benchmark::State& state, const Reduce& op, int64_t outer, int64_t inner) {
  auto x = values();
  std::vector<int64_t> out(kSide);
  const bench::Measured measured(state, {.bytes = 4.0 * kSide * kSide});
  for (auto _ : state) {
    op[ScalarType::Float](kSide, kSide, bytes(x), outer, inner, reinterpret_cast<char*>(out.data()),
                          8);
  }
  state.SetItemsProcessed(state.iterations() * kSide * kSide);
}

void rows(benchmark::State& state, const Rows& op) {
  auto x = values(), y = values(), g = values();
  char* data[] = {bytes(y), bytes(g), bytes(x)};
  const bench::Measured measured(state, {.bytes = 4.0 * 2 * kSide * kSide});
  for (auto _ : state) op[ScalarType::Float](kSide, kSide, data, 0);
  state.SetItemsProcessed(state.iterations() * kSide * kSide);
}

void transpose(benchmark::State& state, const Kernels& table) {
  auto x = values(), y = values();
  const bench::Measured measured(state, {.bytes = 4.0 * 2 * kSide * kSide});
  for (auto _ : state) {
    table.transpose(ScalarType::Float)(kSide, kSide, bytes(x), kSide * 4, bytes(y), kSide * 4);
  }
  state.SetItemsProcessed(state.iterations() * kSide * kSide);
}

void sort(benchmark::State& state) {
  const auto x = values();
  std::vector<float> y(kSide);
  std::vector<int64_t> indices(kSide);
  const bench::Measured measured(state);
  for (auto _ : state) {
    pullback::kernels::sort_rows(ScalarType::Float, false, 1, kSide, x.data(), y.data(),
                                 indices.data());
  }
  state.SetItemsProcessed(state.iterations() * kSide);
}
BENCHMARK(sort);

void add_tier(const Kernels& table) {
  const std::string tier = table.tier;
  const std::pair<const char*, Map Kernels::*> maps[] = {
      {"add", &Kernels::add},         {"exp", &Kernels::exp},   {"log", &Kernels::log},
      {"tanh", &Kernels::tanh},       {"gelu", &Kernels::gelu}, {"sin", &Kernels::sin},
      {"sigmoid", &Kernels::sigmoid}, {"relu", &Kernels::relu},
  };
  for (const auto& [name, member] : maps) {
    const Map& kernel = table.*member;
    benchmark::RegisterBenchmark((tier + "/" + name).c_str(),
                                 [&kernel](benchmark::State& state) { map(state, kernel); })
        ->Arg(1 << 10)
        ->Arg(1 << 16);
  }
  const std::pair<const char*, Reduce Kernels::*> reductions[] = {
      {"sum", &Kernels::sum}, {"amax", &Kernels::amax}, {"argmax", &Kernels::argmax}};
  for (const auto& [name, member] : reductions) {
    const Reduce& kernel = table.*member;
    benchmark::RegisterBenchmark(
        (tier + "/" + name + " rows").c_str(),
        [&kernel](benchmark::State& state) { reduce(state, kernel, kSide * 4, 4); });
    benchmark::RegisterBenchmark(
        (tier + "/" + name + " columns").c_str(),
        [&kernel](benchmark::State& state) { reduce(state, kernel, 4, kSide * 4); });
  }
  benchmark::RegisterBenchmark((tier + "/softmax").c_str(),
                               [&table](benchmark::State& state) { rows(state, table.softmax); });
  benchmark::RegisterBenchmark(
      (tier + "/softmax_backward").c_str(),
      [&table](benchmark::State& state) { rows(state, table.softmax_backward); });
  benchmark::RegisterBenchmark((tier + "/transpose").c_str(),
                               [&table](benchmark::State& state) { transpose(state, table); });
}

}  // namespace

int main(int argc, char** argv) {
  for (const char* tier : {"base", "v3", "v4"}) {
    if (const Kernels* table = pullback::kernels::tier_table(tier)) add_tier(*table);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
