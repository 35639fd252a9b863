#include "parametrize/maps.h"

#include <cstdio>

#include <pullback/nn/activation.h>
#include <pullback/nn/containers/sequential.h>
#include <pullback/nn/safetensors.h>

using namespace maps;

TEST_CASE("names and their order are PyTorch's, and removal puts a tensor back in its place") {
  Host host;
  register_parametrization(host, "weight", Double());
  CHECK(names(host) == Names{"bias", "parametrizations.weight.original"});
  register_parametrization(host, "bias", Sum());
  CHECK(names(host) == Names{"parametrizations.weight.original", "parametrizations.bias.original0",
                             "parametrizations.bias.original1"});
  CHECK(host->named_modules().keys() == Names{"", "parametrizations", "parametrizations.weight",
                                              "parametrizations.weight.0", "parametrizations.bias",
                                              "parametrizations.bias.0"});
  register_parametrization(host, "state", Counting());
  CHECK(host->state_dict().keys() ==
        Names{"parametrizations.weight.original", "parametrizations.bias.original0",
              "parametrizations.bias.original1", "parametrizations.state.original",
              "parametrizations.state.0.offset", "parametrizations.state.0.reads"});
  remove_parametrizations(host, "weight");
  CHECK(names(host) ==
        Names{"weight", "parametrizations.bias.original0", "parametrizations.bias.original1"});
  remove_parametrizations(host, "bias");
  remove_parametrizations(host, "state");
  CHECK(names(host) == Names{"weight", "bias"});
  CHECK_FALSE(is_parametrized(host));
  CHECK(host->named_children().size() == 0);
}

TEST_CASE("a parametrized module prints as in Python") {
  nn::Linear layer(3, 2);
  CHECK(layer->repr() == "Linear(in_features=3, out_features=2, bias=True)");
  register_parametrization(layer, "weight", Double());
  register_parametrization(layer, "weight", AddOne());
  CHECK(layer->repr() ==
        "ParametrizedLinear(\n  in_features=3, out_features=2, bias=True\n  (parametrizations): "
        "ModuleDict(\n    (weight): ParametrizationList(\n      (0): Double()\n      (1): "
        "AddOne()\n    )\n  )\n)");
  CHECK(layer->as<nn::Linear>() != nullptr);
  CHECK(parametrize::type_before_parametrizations(layer) == typeid(nn::LinearImpl));
}

TEST_CASE("a checkpoint of a parametrized module is loaded by its own names") {
  Host host, other;
  register_parametrization(host, "weight", Double());
  CHECK(throws_with([&] { host->load_state_dict(other->state_dict()); },
                    "Missing key(s) in state_dict: \"parametrizations.weight.original\""));
  CHECK(throws_with([&] { host->load_state_dict(other->state_dict()); },
                    "Unexpected key(s) in state_dict: \"weight\""));
  register_parametrization(other, "weight", Double());
  other->weight = start() * 3;
  host->load_state_dict(other->state_dict());
  CHECK(same(host->weight, start() * 3));
}

TEST_CASE(
    "parametrizations print inside containers, repeated, nested and with their own children") {
  nn::Sequential net{nn::Linear(2, 2), nn::ReLU()};
  nn::Module& layer = *net->ptr(0);
  register_parametrization(layer, "weight", nn::Linear(2, 2));
  register_parametrization(layer, "bias", Sum());
  CHECK(net->repr() == R"(Sequential(
  (0): ParametrizedLinear(
    in_features=2, out_features=2, bias=True
    (parametrizations): ModuleDict(
      (weight): ParametrizationList(
        (0): Linear(in_features=2, out_features=2, bias=True)
      )
      (bias): ParametrizationList(
        (0): Sum()
      )
    )
  )
  (1): ReLU()
))");

  nn::Linear nested(2, 2);
  register_parametrization(nested, "weight", Double());
  register_parametrization(nested, "weight", Double());
  register_parametrization(parametrizations(nested)["weight"], "original", AddOne());
  CHECK(nested->repr() == R"(ParametrizedLinear(
  in_features=2, out_features=2, bias=True
  (parametrizations): ModuleDict(
    (weight): ParametrizedParametrizationList(
      (0-1): 2 x Double()
      (2): ModuleDict(
        (original): ParametrizationList(
          (0): AddOne()
        )
      )
    )
  )
))");
}

TEST_CASE("a state dict goes round through a file under PyTorch's names") {
  Host host, other;
  for (const auto& h : {host, other}) {
    register_parametrization(h, "weight", Double());
    register_parametrization(h, "weight", nn::Linear(2, 2));
    register_parametrization(h, "bias", Sum());
    register_parametrization(h, "state", AddOne());
  }
  const Names keys{"parametrizations.weight.original", "parametrizations.weight.1.weight",
                   "parametrizations.weight.1.bias",   "parametrizations.bias.original0",
                   "parametrizations.bias.original1",  "parametrizations.state.original"};
  CHECK(host->state_dict().keys() == keys);
  const std::string path = "parametrized.safetensors";
  save(host, path);
  CHECK(load_tensors(path).size() == keys.size());
  CHECK_FALSE(same(host->weight, other->weight));
  load(other, path);
  std::remove(path.c_str());
  CHECK(same(host->weight, other->weight));
  CHECK(same(host->bias, other->bias));
  CHECK(same(host->state, other->state));
}

TEST_CASE("loading copies into the originals, without a right inverse") {
  Host host;
  std::vector<std::string> log;
  register_parametrization(host, "weight", Logged("1", log));
  const Tensor original = parametrizations(host)["weight"].original();
  nn::StateDict state = host->state_dict();
  state["parametrizations.weight.original"] = start() * 7;
  log.clear();
  host->load_state_dict(state);
  CHECK(log.empty());
  CHECK(same(original, start() * 7));

  Host plain;
  const auto report = host->load_state_dict(plain->state_dict(), /*strict=*/false);
  CHECK(report.missing_keys == Names{"parametrizations.weight.original"});
  CHECK(report.unexpected_keys == Names{"weight"});
}
