// What equations, factorisations and functions of matrices cost, single and in batches; times of a
// batch are per matrix.
#include <benchmark/benchmark.h>

#include <pullback/pullback.h>

#include "measured.h"

namespace {

using namespace pullback;

/// Well conditioned and the same in each run.
Tensor matrices(std::int64_t count, std::int64_t n) {
  const Tensor waves = sin(arange(count * n * n, kFloat) * 1.7).reshape({count, n, n});
  return waves + eye(n) * static_cast<double>(n);
}

template <class F>
void single(benchmark::State& state, F f) {
  const Tensor a = matrices(1, state.range(0))[0];
  const bench::Measured measured(state);
  for (auto _ : state) benchmark::DoNotOptimize(f(a));
}
#define SINGLE(name, expression)                                              \
  BENCHMARK_CAPTURE(single, name, [](const Tensor& a) { return expression; }) \
      ->Arg(4)                                                                \
      ->Arg(8)                                                                \
      ->Arg(16)                                                               \
      ->Arg(64)                                                               \
      ->Arg(256)
SINGLE(solve, linalg::solve(a, a));
SINGLE(inv, linalg::inv(a));
SINGLE(det, linalg::det(a));
SINGLE(cholesky, linalg::cholesky(a + a.mT()));
SINGLE(qr, linalg::qr(a));
SINGLE(eigh, linalg::eigh(a));
SINGLE(svd, linalg::svd(a));
SINGLE(matrix_exp, linalg::matrix_exp(a));
#undef SINGLE

void solve_batched(benchmark::State& state, bool backward) {
  const std::int64_t n = state.range(0), count = 1024;
  const Tensor a = matrices(count, n).requires_grad_(backward), b = ones({count, n, 1});
  // A factorisation of n³·2/3 operations and two triangular solves of n² each.
  const double size = static_cast<double>(n);
  const double flops = static_cast<double>(count) * (size * size * size * 2 / 3 + 2 * size * size);
  const bench::Measured measured(state, {.flops = backward ? 0 : flops});
  for (auto _ : state) {
    const Tensor x = linalg::solve(a, b);
    if (backward) benchmark::DoNotOptimize(autograd::grad({x.sum()}, {a}));
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK_CAPTURE(solve_batched, forward, false)->Arg(4)->Arg(8)->Arg(16)->Arg(32)->Arg(64);
BENCHMARK_CAPTURE(solve_batched, with_backward, true)->Arg(4)->Arg(8)->Arg(16)->Arg(32)->Arg(64);

}  // namespace

BENCHMARK_MAIN();
