#include "parametrize/maps.h"

#include <pullback/optim/sgd.h>

using namespace maps;

TEST_CASE("frozen originals, and removal without recording, leave a parameter a parameter") {
  Host host;
  register_parametrization(host, "weight", Sum());
  for (const Tensor& p : parametrizations(host)["weight"].parameters()) p.requires_grad_(false);
  CHECK_FALSE(host->weight.requires_grad());
  const NoGradGuard no_grad;
  remove_parametrizations(host, "weight");
  CHECK(names(host) == Names{"weight", "bias"});
  CHECK_FALSE(host->weight.requires_grad());
  register_parametrization(host, "bias", Sum());
  remove_parametrizations(host, "bias");
  CHECK(names(host) == Names{"weight", "bias"});
  CHECK(host->bias.requires_grad());
}

TEST_CASE(
    "removal leaves the value or the original in the same tensor, so that optimizers keep it") {
  Host host;
  const Tensor parameter = host->weight;
  for (int round = 0; round < 2; ++round) {
    register_parametrization(host, "weight", Double());
    register_parametrization(host, "weight", NoInverse());
    remove_parametrizations(host, "weight");
    CHECK(Tensor(host->weight).is_same(parameter));
    CHECK(same(parameter, start() + round + 1));
  }
  register_parametrization(host, "weight", Double());
  remove_parametrizations(host, "weight", /*leave_parametrized=*/false);
  CHECK(same(parameter, (start() + 2) / 2));
  CHECK(names(host) == Names{"weight", "bias"});
  CHECK(host->name() == "Host");
}

TEST_CASE("removal where there is nothing to remove throws") {
  Host host;
  CHECK(throws_with([&] { remove_parametrizations(host, "weight"); },
                    "does not have a parametrization on weight"));
  CHECK_THROWS_AS(parametrizations(host), ValueError);
  register_parametrization(host, "weight", Double());
  CHECK(throws_with([&] { remove_parametrizations(host, "bias"); },
                    "does not have a parametrization on bias"));
  CHECK_THROWS_AS(parametrizations(host)["bias"], KeyError);
}

TEST_CASE("removal keeps the gradient of the parameter") {
  Host host;
  host->weight.sum().backward();
  const Tensor gradient = host->weight.grad().clone();
  register_parametrization(host, "weight", Double());
  CHECK(same(parametrizations(host)["weight"].original().grad(), gradient));
  remove_parametrizations(host, "weight");
  CHECK(same(host->weight.grad(), gradient));
  CHECK(host->weight.is_leaf());
}

TEST_CASE("removal of several originals may leave another shape, and stays a parameter") {
  Host host;
  register_parametrization(host, "weight", Sum());
  register_parametrization(
      host, "weight", [](const Tensor& x) { return x.flatten(0); }, /*unsafe=*/true);
  remove_parametrizations(host, "weight");
  CHECK(same(host->weight, arange(4.).to(kFloat32)));
  CHECK(names(host) == Names{"weight", "bias"});
}

TEST_CASE("removal takes all parametrizations of one tensor, and those of no other") {
  Host host;
  register_parametrization(host, "weight", Double());
  register_parametrization(host, "weight", AddOne());
  register_parametrization(host, "bias", Double());
  remove_parametrizations(host, "weight");
  CHECK(same(host->weight, start() + 1));
  CHECK_FALSE(is_parametrized(host, "weight"));
  CHECK(is_parametrized(host, "bias"));
  CHECK(host->name() == "ParametrizedHost");
}

TEST_CASE("an optimizer made before a registration trains the original") {
  Host host;
  optim::SGD optimizer(host->parameters(), optim::SGDOptions(0.5));
  register_parametrization(host, "weight", Double());
  host->weight.sum().backward();
  optimizer.step();
  CHECK(same(parametrizations(host)["weight"].original(), start() / 2 - 1));
  remove_parametrizations(host, "weight");
  optimizer.zero_grad();
  host->weight.sum().backward();
  optimizer.step();
  CHECK(same(host->weight, start() - 2.5));
}
