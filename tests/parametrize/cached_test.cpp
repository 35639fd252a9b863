#include <thread>

#include "parametrize/maps.h"

#include <pullback/optim/sgd.h>

using namespace maps;

TEST_CASE("cached computes once, for as long as nothing it depends on changes") {
  Host host;
  Counting map;
  register_parametrization(host, "weight", map);
  auto evaluations = [&, last = map->count()]() mutable {
    return map->count() - std::exchange(last, map->count());
  };
  Tensor a, b;
  {
    auto scope = cached();
    a = host->weight, b = host->weight;
    CHECK(a.is_same(b));
    CHECK(evaluations() == 1);
    {
      auto inner = cached();
      Tensor c = host->weight;
      CHECK(c.is_same(a));
    }
    Tensor d = host->weight;
    CHECK(d.is_same(a));
    CHECK(evaluations() == 0);

    host->weight = start() * 2;
    CHECK(same(host->weight, start() * 2));
    CHECK(evaluations() == 1);
    {
      const NoGradGuard no_grad;
      map->offset.add_(1);
    }
    CHECK(same(host->weight, start() * 2 + 1));
    {
      const NoGradGuard no_grad;
      CHECK_FALSE(host->weight.requires_grad());
    }
    CHECK(host->weight.requires_grad());
    evaluations();
    host->eval();
    Tensor e = host->weight;
    CHECK(evaluations() == 1);
    std::thread([&] {
      Tensor other = host->weight;
      CHECK_FALSE(other.is_same(e));
    }).join();
    remove_parametrizations(host, "weight");
    CHECK(same(host->weight, start() * 2 + 1));
  }
  Host other;
  Counting count;
  register_parametrization(other, "weight", count);
  try {
    auto scope = cached();
    throw 1;
  } catch (int) {
  }
  const int before = count->count();
  Tensor x = other->weight, y = other->weight;
  CHECK(count->count() == before + 2);
}

TEST_CASE("threads may read a parametrized tensor at once") {
  Host host;
  register_parametrization(host, "weight", Double());
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto scope = cached();
        wrong[t] += !same(host->weight, start()) || host->weight.size(1) != 2;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4));
}

TEST_CASE("a cached scope sees steps, loads and what nested lists are made of") {
  Host host, other;
  register_parametrization(host, "weight", Double());
  register_parametrization(parametrizations(host)["weight"], "original", Sum());
  register_parametrization(other, "weight", Double());
  optim::SGD optimizer(host->parameters(), optim::SGDOptions(0.25));
  auto scope = cached();
  Tensor first = host->weight;
  first.sum().backward();
  CHECK(Tensor(host->weight).is_same(first));
  optimizer.step();
  CHECK(same(host->weight, start() - 2));

  Tensor unchanged = other->weight;
  nn::StateDict state = host->state_dict();
  for (auto& entry : state) entry.value() = entry.value() * 0;
  host->load_state_dict(state);
  CHECK(same(host->weight, zeros({2, 2})));
  CHECK(Tensor(other->weight).is_same(unchanged));
}

TEST_CASE("a cached value can be differentiated once, unless its graph is retained") {
  Host host;
  register_parametrization(host, "weight", [](const Tensor& x) { return x.exp(); });
  {
    auto scope = cached();
    host->weight.sum().backward();
    CHECK(throws_with([&] { host->weight.sum().backward(); }, "a second time"));
  }
  host->weight.sum().backward();
  {
    auto scope = cached();
    host->weight.sum().backward({}, /*retain_graph=*/true);
    host->weight.sum().backward();
  }
}

TEST_CASE("an exception ends the cached scopes that it leaves, and no other") {
  Host host;
  Counting map;
  register_parametrization(host, "weight", map);
  auto outer = cached();
  Tensor value = host->weight;
  try {
    auto inner = cached();
    throw 1;
  } catch (int) {
  }
  CHECK(Tensor(host->weight).is_same(value));
}

TEST_CASE("freezing an original inside a cached scope is seen") {
  Host host;
  register_parametrization(host, "weight", Double());
  auto scope = cached();
  CHECK(host->weight.requires_grad());
  parametrizations(host)["weight"].original().requires_grad_(false);
  CHECK_FALSE(host->weight.requires_grad());
  register_parametrization(host, "weight", AddOne());
  CHECK(same(host->weight, start() + 1));
}
