// How cost grows: with the graph, the batch and the width of a network, the threads, and beside a
// program that wants every core.
#include <benchmark/benchmark.h>

#include <atomic>
#include <thread>
#include <vector>

#include <pullback/pullback.h>

#include "measured.h"

namespace {

using namespace pullback;

/// Records a chain of n operations on four elements, runs it backward and drops it; the rate is of
/// operations.
void graph_of_nodes(benchmark::State& state) {
  const Tensor x = ones({4}).requires_grad_();
  for (auto _ : state) {
    Tensor y = x;
    for (std::int64_t i = 0; i < state.range(0); ++i) y = y + 1;
    y.sum().backward();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(graph_of_nodes)
    ->RangeMultiplier(10)
    ->Range(10, 10'000'000)
    ->Unit(benchmark::kMicrosecond);

/// A step of SGD for two hidden layers.
class Network {
 public:
  Network(std::int64_t batch, std::int64_t width)
      : layers_(nn::Linear(width, width), nn::Tanh(), nn::Linear(width, width), nn::Tanh(),
                nn::Linear(width, 1)),
        optimizer_(layers_->parameters(), 0.01),
        x_(randn({batch, width})) {}
  void step() {
    optimizer_.zero_grad();
    layers_->forward(x_).pow(2).mean().backward();
    optimizer_.step();
  }

 private:
  nn::Sequential layers_;
  optim::SGD optimizer_;
  Tensor x_;
};

/// The rate is of samples.
void step_by_batch(benchmark::State& state) {
  set_num_threads(1);
  Network network(state.range(0), 64);
  const bench::Measured measured(state);
  for (auto _ : state) network.step();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(step_by_batch)->RangeMultiplier(4)->Range(1, 4096)->Unit(benchmark::kMicrosecond);

void step_by_width(benchmark::State& state) {
  set_num_threads(1);
  Network network(64, state.range(0));
  const bench::Measured measured(state);
  for (auto _ : state) network.step();
}
BENCHMARK(step_by_width)->RangeMultiplier(2)->Range(8, 1024)->Unit(benchmark::kMicrosecond);

// ---- one thread or two

template <class F>
void with_threads(benchmark::State& state, F f) {
  const NoGradGuard no_grad;
  set_num_threads(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(f());
  set_num_threads(1);
}
void product_on_threads(benchmark::State& state) {
  const Tensor a = randn({512, 512}), b = randn({512, 512});
  with_threads(state, [&] { return a.mm(b); });
}
void convolution_on_threads(benchmark::State& state) {
  const Tensor x = randn({16, 64, 32, 32}), w = randn({64, 64, 3, 3});
  with_threads(state, [&] { return conv2d(x, w, {}, 1, 1); });
}
void exp_on_threads(benchmark::State& state) {
  const Tensor x = randn({1 << 20});
  with_threads(state, [&] { return x.exp(); });
}
void softmax_on_threads(benchmark::State& state) {
  const Tensor x = randn({1024, 1024});
  with_threads(state, [&] { return x.softmax(1); });
}
void sum_on_threads(benchmark::State& state) {
  const Tensor x = randn({1 << 24});
  with_threads(state, [&] { return x.sum(); });
}
#define ONE_AND_TWO(name) \
  BENCHMARK(name)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMicrosecond)
ONE_AND_TWO(product_on_threads);
ONE_AND_TWO(convolution_on_threads);
ONE_AND_TWO(exp_on_threads);
ONE_AND_TWO(softmax_on_threads);
ONE_AND_TWO(sum_on_threads);

// ---- beside others

/// Threads that never rest, one for each core.
class Competitors {
 public:
  explicit Competitors(unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      threads_.emplace_back([this] {
        while (!stop_.load(std::memory_order_relaxed)) {
        }
      });
  }
  ~Competitors() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

/// Arguments: our threads, and whether every core has a competitor. With as many competitors as
/// cores, half the speed is fair; far less would be threads that wait for one without a core.
void step_beside_competitors(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  Network network(512, 256);
  {
    const Competitors competitors(state.range(1) ? std::thread::hardware_concurrency() : 0);
    for (auto _ : state) network.step();
  }
  set_num_threads(1);
}
BENCHMARK(step_beside_competitors)
    ->ArgsProduct({{1, 2}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
