// What the engine itself costs: operations on tensors of a few elements.
#include <benchmark/benchmark.h>

#include <pullback/pullback.h>

#include "measured.h"

namespace {

using namespace pullback;

void add_without_graph(benchmark::State& state) {
  const Tensor a = ones({4}), b = ones({4});
  const bench::Measured measured(state);
  for (auto _ : state) benchmark::DoNotOptimize(a + b);
}
BENCHMARK(add_without_graph);

void add_recorded(benchmark::State& state) {
  const Tensor a = ones({4}).requires_grad_(), b = ones({4});
  const bench::Measured measured(state);
  for (auto _ : state) benchmark::DoNotOptimize(a + b);
}
BENCHMARK(add_recorded);

void add_in_place(benchmark::State& state) {
  const Tensor a = zeros({4}), b = zeros({4});
  const bench::Measured measured(state);
  for (auto _ : state) a.add_(b);
}
BENCHMARK(add_in_place);

void tanh_recorded(benchmark::State& state) {
  const Tensor a = ones({4}).requires_grad_();
  const bench::Measured measured(state);
  for (auto _ : state) benchmark::DoNotOptimize(tanh(a));
}
BENCHMARK(tanh_recorded);

void mul_forward_and_smallest_backward(benchmark::State& state) {
  const Tensor x = ones({}).requires_grad_();
  const bench::Measured measured(state);
  for (auto _ : state) (x * x).backward();
}
BENCHMARK(mul_forward_and_smallest_backward);

/// Records a chain of 1000 operations, runs it backward and drops it; the time is per operation.
void chain_forward_and_backward(benchmark::State& state) {
  constexpr int length = 1000;
  const Tensor x = ones({4}).requires_grad_();
  const bench::Measured measured(state);
  for (auto _ : state) {
    Tensor y = x;
    for (int i = 0; i < length; ++i) y = y + 1;
    y.sum().backward();
  }
  state.SetItemsProcessed(state.iterations() * length);
}
BENCHMARK(chain_forward_and_backward);

}  // namespace

BENCHMARK_MAIN();
