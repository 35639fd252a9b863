#include "parametrize/maps.h"

#include <pullback/nn/containers/sequential.h>

using namespace maps;

TEST_CASE("tied tensors stay tied through a registration") {
  Host a, b;
  b->attr("weight") = Tensor(a->weight);
  register_parametrization(a, "weight", Double());
  CHECK(Tensor(parametrizations(a)["weight"].original()).is_same(b->weight));
  CHECK(same(a->weight, start()));
  CHECK(same(b->weight, start() / 2));
}

TEST_CASE("a clone has parametrizations of its own") {
  Host host;
  register_parametrization(host, "weight", Counting());
  register_parametrization(host, "weight", AddOne());
  register_parametrization(host, "bias", Sum());
  auto copy = std::dynamic_pointer_cast<HostImpl>(host->clone());
  CHECK(same(copy->weight, host->weight));
  CHECK(copy->named_parameters().keys() == names(host));
  CHECK(parametrizations(copy)["weight"][0] != parametrizations(host)["weight"][0]);
  copy->weight = start() * 9;
  CHECK(same(host->weight, start() + 1));
  {
    auto scope = cached();
    CHECK_FALSE(same(copy->weight, host->weight));
  }
  remove_parametrizations(copy, "weight");
  remove_parametrizations(copy, "bias");
  CHECK(same(copy->weight, start() * 9));
  CHECK(is_parametrized(host, "weight"));
  CHECK(same(host->bias, ones({2})));
  CHECK(throws_with([&] { HostImpl raw(*host); }, "use clone()"));
}

TEST_CASE("parametrizations are transferred as copies") {
  Host from, to;
  nn::Module bare;
  register_parametrization(from, "weight", Counting());
  register_parametrization(from, "bias", Sum());
  from->weight = start() * 5;
  const Tensor parameter = to->weight;
  parametrize::transfer_parametrizations_and_params(from, to);
  CHECK(same(to->weight, start() * 5));
  CHECK(Tensor(parametrizations(to)["weight"].original()).is_same(parameter));
  CHECK(parametrizations(to)["weight"][0] != parametrizations(from)["weight"][0]);
  remove_parametrizations(to, "weight");
  CHECK(same(from->weight, start() * 5));

  parametrize::transfer_parametrizations_and_params(*from, bare, "weight");
  CHECK(same(bare.attr("weight"), start() * 5));
  CHECK_FALSE(is_parametrized(bare, "bias"));
  CHECK_THROWS_AS(parametrize::transfer_parametrizations_and_params(*from, bare, "state"),
                  KeyError);

  nn::Linear wide(3, 5);
  CHECK_THROWS_AS(parametrize::transfer_parametrizations_and_params(from, wide, "weight"),
                  ValueError);
  CHECK_FALSE(is_parametrized(wide));
}

TEST_CASE("a container never runs the parametrizations of its own tensors") {
  nn::Sequential net{Double(), AddOne()};
  net->register_parameter("scale", ones({2}));
  register_parametrization(net, "scale", Double());
  CHECK(same(net->forward(ones({2})), full({2}, 3.0)));
  CHECK(net->size() == 2);
}

TEST_CASE("two tied tensors that are both parametrized stay tied") {
  Host a, b;
  b->attr("weight") = Tensor(a->weight);
  register_parametrization(a, "weight", Double());
  register_parametrization(b, "weight", Double());
  CHECK(same(a->weight, start() / 2));
  CHECK(same(b->weight, start() / 2));
  nn::ModuleList both{a, b};
  CHECK(both->named_parameters().keys() ==
        Names{"0.bias", "0.parametrizations.weight.original", "1.bias"});
  remove_parametrizations(a, "weight");
  CHECK(same(a->weight, start() / 2));
  CHECK(same(b->weight, start()));
}

TEST_CASE("a clone keeps ties, shared parametrizations, flags and modes, and no gradient") {
  Host a, b;
  nn::Linear shared(2, 2);
  b->attr("weight") = Tensor(a->weight);
  register_parametrization(a, "weight", shared);
  register_parametrization(b, "weight", shared);
  register_parametrization(a, "bias", Double());
  parametrizations(a)["bias"].original().requires_grad_(false);
  a->weight.sum().backward();
  nn::ModuleList both{a, b};
  both->eval();

  const auto copy = std::dynamic_pointer_cast<nn::ModuleListImpl>(both->clone());
  CHECK(copy->repr() == both->repr());
  CHECK(copy->state_dict().keys() == both->state_dict().keys());
  auto &first = parametrizations(*copy->ptr(0))["weight"],
       &second = parametrizations(*copy->ptr(1))["weight"];
  CHECK(Tensor(first.original()).is_same(Tensor(second.original())));
  CHECK(first[0] == second[0]);
  CHECK(first[0] != parametrizations(a)["weight"][0]);
  CHECK_FALSE(first.original().grad().defined());
  CHECK(first.original().requires_grad());
  CHECK_FALSE(parametrizations(*copy->ptr(0))["bias"].original().requires_grad());
  CHECK_FALSE(first[0]->is_training());
}

TEST_CASE("lambdas, nested lists and several originals are cloned") {
  Host host;
  register_parametrization(
      host, "weight",
      std::pair{[](const Tensor& x) { return x * 2; }, [](const Tensor& x) { return x / 2; }});
  register_parametrization(parametrizations(host)["weight"], "original", Sum());
  auto copy = std::dynamic_pointer_cast<HostImpl>(host->clone());
  CHECK(same(copy->weight, start()));
  copy->weight = start() * 4;
  CHECK(same(copy->weight, start() * 4));
  CHECK(same(host->weight, start()));
  remove_parametrizations(parametrizations(copy)["weight"], "original");
  remove_parametrizations(copy, "weight");
  CHECK(is_parametrized(host, "weight"));
  CHECK(same(host->weight, start()));
  CHECK(same(copy->weight, start() * 4));
}

namespace {

// Keeps the value that was assigned in a buffer, as orthogonal does, and counts its evaluations.
struct BaseImpl : nn::Module {
  BaseImpl() {
    base = register_buffer("base", zeros({2, 2}));
    reads = register_buffer("reads", zeros({1}));
  }
  Tensor forward(const Tensor& x) {
    {
      const NoGradGuard no_grad;
      reads += 1;
    }
    return base + x;
  }
  Tensor right_inverse(const Tensor& x) {
    attr("base") = x;
    return zeros_like(x);
  }
  nn::Attribute base, reads;
};
PULLBACK_MODULE(Base);

}  // namespace

TEST_CASE("a transfer leaves its source as it was, whatever the parametrization keeps") {
  Host from, to;
  register_parametrization(from, "weight", Base());
  register_parametrization(from, "bias", Sum());
  from->bias = full({2}, 7.0);
  parametrizations(from)["weight"].original().requires_grad_(false);
  to->attr("weight") = full({2, 2}, 9.0);
  to->eval();
  nn::StateDict before;
  for (const auto& entry : from->state_dict()) before.insert(entry.key(), entry.value().clone());

  parametrize::transfer_parametrizations_and_params(from, to);
  for (const auto& entry : from->state_dict()) {
    CAPTURE(entry.key());
    CHECK(same(entry.value(), before[entry.key()]));
    CHECK_FALSE(entry.value().is_same(to->state_dict()[entry.key()]));
  }
  CHECK(parametrizations(from)["weight"][0]->is_training());
  CHECK_FALSE(parametrizations(to)["weight"][0]->is_training());
  CHECK(same(to->weight, start()));
  CHECK(same(to->bias, full({2}, 7.0)));
  CHECK_FALSE(parametrizations(to)["weight"].original().requires_grad());
  to->weight = start() * 5;
  remove_parametrizations(to, "bias");
  CHECK(same(from->weight, start()));
  CHECK(same(from->bias, full({2}, 7.0)));
}

TEST_CASE("what cannot be transferred throws, and changes neither module") {
  Host from, to, resized, parametrized;
  parametrize::transfer_parametrizations_and_params(from, to);
  CHECK_FALSE(is_parametrized(to));
  register_parametrization(from, "weight", Double());
  CHECK_THROWS_AS(parametrize::transfer_parametrizations_and_params(from, to, "wieght"), KeyError);
  register_parametrization(
      resized, "bias", [](const Tensor& x) { return x.sum(); }, /*unsafe=*/true);
  register_parametrization(resized, "weight", Double());
  CHECK(throws_with([&] { parametrize::transfer_parametrizations_and_params(resized, to); },
                    "may not change the shape"));
  CHECK_FALSE(is_parametrized(to));
  register_parametrization(parametrized, "weight", AddOne());
  CHECK(throws_with([&] { parametrize::transfer_parametrizations_and_params(from, parametrized); },
                    "is parametrized already"));
  CHECK(same(parametrized->weight, start()));
  CHECK(parametrizations(parametrized)["weight"].size() == 1);
}
