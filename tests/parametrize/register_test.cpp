#include "parametrize/maps.h"

using namespace maps;

TEST_CASE("holders, shared pointers, modules, lambdas and pairs of lambdas are parametrizations") {
  Host a, b, c, d, e;
  register_parametrization(a, "weight", Double());
  register_parametrization(b, "weight", std::make_shared<DoubleImpl>());
  register_parametrization(c, "weight", DoubleImpl());
  register_parametrization(
      d, "weight",
      std::pair{[](const Tensor& x) { return x * 2; }, [](const Tensor& x) { return x / 2; }});
  for (const auto& host : {a, b, c, d}) {
    host->weight = start() * 4;
    CHECK(same(host->weight, start() * 4));
  }
  register_parametrization(e, "weight", [](const Tensor& x) { return x * 2; });
  CHECK(same(e->weight, start() * 2));
  register_parametrization(*e, "bias", nn::Linear(2, 2));
  CHECK(parametrizations(e)["bias"].named_parameters().keys() ==
        Names{"original", "0.weight", "0.bias"});
}

TEST_CASE("the maps are called in PyTorch's order") {
  Host host;
  std::vector<std::string> log;
  auto take = [&] { return std::exchange(log, {}); };
  register_parametrization(host, "weight", Logged("1", log));
  CHECK(take() == Names{"r1", "f1"});
  register_parametrization(host, "weight", Logged("2", log));
  CHECK(take() == Names{"f1", "f2", "r2"});
  Tensor w = host->weight;
  CHECK(take() == Names{"f1", "f2"});
  host->weight = w;
  CHECK(take() == Names{"r2", "r1"});
  remove_parametrizations(host, "weight");
  CHECK(take() == Names{"f1", "f2"});
  register_parametrization(host, "weight", Logged("1", log), /*unsafe=*/true);
  CHECK(take() == Names{"r1"});
  register_parametrization(host, "weight", Logged("2", log), /*unsafe=*/true);
  CHECK(take().empty());
  remove_parametrizations(host, "weight", /*leave_parametrized=*/false);
  CHECK(take().empty());
}

TEST_CASE("a second parametrization maps the value of the first and leaves the original") {
  Host host;
  register_parametrization(host, "weight", Double());
  register_parametrization(host, "weight", AddOne());
  CHECK(same(host->weight, start() + 1));
  CHECK(same(parametrizations(host)["weight"].original(), start() / 2));
  host->weight = start();
  CHECK(same(host->weight, start()));
  CHECK(parametrizations(host)["weight"].size() == 2);
}

TEST_CASE("a parametrization of several tensors") {
  Host host;
  register_parametrization(host, "weight", Sum());
  auto& list = parametrizations(host)["weight"];
  CHECK(list.count() == 2);
  CHECK_FALSE(list.is_tensor());
  CHECK(same(list.original(1), start() * 3 / 4));
  CHECK(same(host->weight, start()));
  host->weight = start() * 2;
  CHECK(same(list.original(0), start() / 2));
  host->weight.sum().backward();
  CHECK(list.original(0).grad().defined());
  CHECK(throws_with([&] { remove_parametrizations(host, "weight", false); },
                    "leave_parametrized=False"));
  CHECK(
      throws_with([&] { remove_parametrizations(host, "weight", false); }, "sequence of tensors"));
  remove_parametrizations(host, "weight");
  CHECK(same(host->weight, start() * 2));
  CHECK(host->weight.requires_grad());
  CHECK(host->weight.is_leaf());

  // A list of one stays a list.
  Host one;
  register_parametrization(one, "weight",
                           std::pair{[](const Tensor& x) { return x * 2; },
                                     [](const Tensor& x) { return std::vector<Tensor>{x / 2}; }});
  CHECK(names(one) == Names{"bias", "parametrizations.weight.original0"});
}

TEST_CASE("buffers can be parametrized and keep their kind and persistence") {
  Host host;
  register_parametrization(host, "state", Double());
  register_parametrization(host, "scratch", Double());
  CHECK(host->named_buffers().keys() ==
        Names{"parametrizations.state.original", "parametrizations.scratch.original"});
  CHECK(host->parameters().size() == 2);
  CHECK_FALSE(host->state_dict().contains("parametrizations.scratch.original"));
  remove_parametrizations(host, "scratch");
  CHECK_FALSE(host->state_dict().contains("scratch"));
  CHECK(host->named_buffers().contains("scratch"));
}

TEST_CASE("right_inverse may be missing or decline: the value then changes at registration") {
  Host host;
  register_parametrization(host, "weight", NoInverse());
  CHECK(same(host->weight, start() + 1));
  CHECK(throws_with([&] { host->weight = start(); },
                    "parametrization NoInverse does not implement right_inverse"));
  Host other;
  register_parametrization(other, "weight", Unwilling());
  CHECK(same(other->weight, start() + 1));
  CHECK_THROWS_AS(other->weight = start(), NotImplementedError);
  register_parametrization(other, "weight", Unwilling());
  CHECK(same(other->weight, start() + 2));
}

TEST_CASE("what cannot be registered throws, and changes nothing") {
  Host host;
  host->eval();
  const Tensor before = host->weight;
  auto refuses = [&](parametrize::AnyParametrization f, const std::string& words,
                     const std::string& name = "weight") {
    const bool was_training = f.module()->is_training();
    const Names old_names = names(host);
    const Tensor old_value = Tensor(host->weight).detach().clone();
    CHECK(throws_with([&] { register_parametrization(host, name, f); }, words));
    CHECK_THROWS_AS(register_parametrization(host, name, f), Error);
    CHECK(names(host) == old_names);
    CHECK(same(host->weight, old_value));
    CHECK(f.module()->is_training() == was_training);
  };
  const auto identity = [](const Tensor& x) { return x; };
  refuses(Double(),
          "does not have a parameter, a buffer, or a parametrized element with name 'wieght'",
          "wieght");
  refuses(Double(), "is None", "none");
  for (const bool chained : {false, true}) {
    CAPTURE(chained);
    refuses([](const Tensor&) { return Tensor(); }, "A parametrization must return a tensor");
    refuses([](const Tensor& x) { return x.to(kFloat64); },
            "Registering a parametrization may not change the dtype of the tensor");
    refuses([](const Tensor& x) { return x.flatten(0); },
            "Registering a parametrization may not change the shape of the tensor");
    refuses(std::pair{[](const Tensor& x) { return x.flatten(0); },
                      [](const Tensor& x) { return x / 2; }},
            "may not change the shape");
    refuses([](const Tensor& a, const Tensor& b) { return a + b; }, "positional argument");
    if (!chained) {
      refuses(std::pair{identity, [](const Tensor&) { return Tensor(); }},
              "must return a Tensor or a Sequence of tensors");
      refuses(std::pair{identity,
                        [](const Tensor& x) {
                          return std::vector<Tensor>{x, Tensor()};
                        }},
              "Got element 1 of the sequence with type NoneType");
      refuses(std::pair{identity, [](const Tensor& x) { return x.to(kFloat64); }},
              "outputs one tensor, it may not change the dtype");
      refuses(std::pair{[](const Tensor& a, const Tensor&, const Tensor&) { return a; },
                        [](const Tensor& x) {
                          return std::pair{x, x};
                        }},
              "takes 3 positional arguments, but 2 tensors were given");
      register_parametrization(host, "weight", Double());
    } else {
      refuses(Sum(), "positional argument");
      refuses(std::pair{identity, [](const Tensor&) { return Tensor(); }},
              "right_inverse must return a tensor");
      refuses(std::pair{identity,
                        [](const Tensor& x) {
                          return std::pair{x, x};
                        }},
              "right_inverse must return a tensor");
      refuses(std::pair{identity, [](const Tensor& x) { return x.to(kFloat64); }},
              "must have the same dtype");
      refuses(std::pair{identity, [](const Tensor& x) { return x.flatten(0); }},
              "must have the same shape");
    }
  }
  CHECK(parametrizations(host)["weight"].size() == 1);
  CHECK(same(before, start() / 2));
}

TEST_CASE("an unsafe parametrization may change shape and type, and stays unsafe") {
  Host host;
  register_parametrization(
      host, "weight", [](const Tensor& x) { return x.flatten(0); },
      /*unsafe=*/true);
  CHECK(host->weight.sizes() == IntArrayRef{4});
  register_parametrization(host, "weight", NoInverse());
  CHECK(parametrizations(host)["weight"].is_unsafe());
  remove_parametrizations(host, "weight");
  CHECK(host->weight.sizes() == IntArrayRef{4});

  Host other;
  register_parametrization(
      other, "weight", [](const Tensor& x) { return x.to(kFloat64); }, true);
  CHECK(other->weight.dtype() == kFloat64);
  CHECK(throws_with([&] { remove_parametrizations(other, "weight"); }, "changed dtype"));
  CHECK(is_parametrized(other, "weight"));
}

TEST_CASE(
    "a tensor that is read through a plain member cannot be parametrized, and the error says why") {
  Plain plain;
  CHECK(throws_with([&] { register_parametrization(plain, "weight", Double()); },
                    "declare the member `nn::Attribute weight`"));
  CHECK_FALSE(is_parametrized(plain));

  nn::Module dynamic;
  dynamic.register_parameter("weight", start());
  register_parametrization(dynamic, "weight", Double());
  dynamic.attr("weight") = start() * 2;
  CHECK(same(parametrizations(dynamic)["weight"].original(), start()));
}

TEST_CASE("training mode is pushed onto a parametrization and reaches it later") {
  Host host;
  host->eval();
  Double map;
  register_parametrization(host, "weight", map);
  CHECK_FALSE(map->is_training());
  host->train();
  CHECK(map->is_training());
  host->to(kFloat64);
  CHECK(host->weight.dtype() == kFloat64);
}

TEST_CASE("the right inverse of several tensors may be a pair, tuple, array or vector") {
  const auto sum = [](const Tensor& a, const Tensor& b) { return a + b; };
  const auto total = [](const std::vector<Tensor>& parts) {
    Tensor x = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) x = x + parts[i];
    return x;
  };
  Host pair, tuple, array, vector;
  register_parametrization(pair, "weight", std::pair{sum, [](const Tensor& x) {
                                                       return std::pair{x / 2, x / 2};
                                                     }});
  register_parametrization(tuple, "weight", std::pair{sum, [](const Tensor& x) {
                                                        return std::tuple{x / 2, x / 2};
                                                      }});
  register_parametrization(array, "weight", std::pair{sum, [](const Tensor& x) {
                                                        return std::array{x / 2, x / 2};
                                                      }});
  register_parametrization(vector, "weight",
                           std::pair{total, [](const Tensor& x) {
                                       return std::vector<Tensor>{x / 4, x / 4, x / 2};
                                     }});
  for (const auto& host : {pair, tuple, array, vector}) {
    CHECK(same(host->weight, start()));
    host->weight = start() * 3;
    CHECK(same(host->weight, start() * 3));
  }
  CHECK(parametrizations(array)["weight"].count() == 2);
  CHECK(parametrizations(vector)["weight"].count() == 3);
}

TEST_CASE("parametrizations are found by name and position, and originals are not counted") {
  Host host;
  register_parametrization(host, "weight", Sum());
  register_parametrization(host, "weight", Double());
  register_parametrization(host, "bias", AddOne());
  const auto all = parametrizations(host);
  CHECK(all.keys() == Names{"weight", "bias"});
  CHECK(all.contains("weight"));
  CHECK_FALSE(all.contains("state"));
  CHECK(all.size() == 2);
  CHECK(all["weight"].size() == 2);
  CHECK(all["weight"].count() == 2);
  CHECK(all["weight"][0]->as<Sum>() != nullptr);
  CHECK(all["weight"][-1]->as<Double>() != nullptr);
}

TEST_CASE("is_parametrized asks for a module or for one of its tensors") {
  Host host;
  CHECK_FALSE(is_parametrized(host));
  CHECK_FALSE(is_parametrized(host, "weight"));
  register_parametrization(host, "weight", Double());
  CHECK(is_parametrized(host));
  CHECK(is_parametrized(host, "weight"));
  CHECK_FALSE(is_parametrized(host, "bias"));
  CHECK_FALSE(is_parametrized(host, "wieght"));
}

TEST_CASE("a parametrization's own parameters are trained with the module") {
  nn::Linear layer(2, 2);
  register_parametrization(layer, "weight", nn::Linear(2, 2));
  CHECK(layer->named_parameters().keys() == Names{"bias", "parametrizations.weight.original",
                                                  "parametrizations.weight.0.weight",
                                                  "parametrizations.weight.0.bias"});
  layer(ones({3, 2})).sum().backward();
  for (const auto& parameter : layer->named_parameters()) {
    CAPTURE(parameter.key());
    CHECK(parameter.value().grad().defined());
  }
  layer->zero_grad();
  CHECK_FALSE(parametrizations(layer)["weight"].original().grad().defined());
  layer->requires_grad_(false);
  CHECK_FALSE(layer->weight.requires_grad());
}

TEST_CASE("one parametrization may serve several tensors and modules") {
  Host a, b;
  nn::Linear shared(2, 2);
  register_parametrization(a, "weight", shared);
  register_parametrization(a, "bias", shared);
  register_parametrization(b, "weight", shared);
  CHECK(parametrizations(a)["weight"][0] == parametrizations(b)["weight"][0]);
  CHECK(names(a) == Names{"parametrizations.weight.original", "parametrizations.weight.0.weight",
                          "parametrizations.weight.0.bias", "parametrizations.bias.original"});
  CHECK(a->state_dict().contains("parametrizations.bias.0.weight"));
}

TEST_CASE("a frozen tensor has frozen originals") {
  Host host;
  host->requires_grad_(false);
  register_parametrization(host, "weight", Double());
  register_parametrization(host, "bias", Sum());
  for (const Tensor& original : host->parameters()) CHECK_FALSE(original.requires_grad());
  CHECK_FALSE(host->weight.requires_grad());
  CHECK_FALSE(host->bias.requires_grad());
}

TEST_CASE("an original may have another shape than its value") {
  Host host;
  const Tensor parameter = host->weight;
  register_parametrization(host, "weight",
                           std::pair{[](const Tensor& x) {
                                       return x.view({2, 2}) * 2;
                                     },
                                     [](const Tensor& x) { return x.flatten(0) / 2; }});
  CHECK(same(host->weight, start()));
  CHECK(parametrizations(host)["weight"].original().sizes() == IntArrayRef{4});
  CHECK(Tensor(parametrizations(host)["weight"].original()).is_same(parameter));
  host->weight = start() * 3;
  CHECK(same(host->weight, start() * 3));
}

TEST_CASE("hooks of a parametrization run at each evaluation") {
  Host host;
  Double map;
  int calls = 0;
  map->register_forward_hook([&](nn::Module&, const std::vector<Tensor>&, const Tensor&) {
    ++calls;
    return Tensor();
  });
  register_parametrization(host, "weight", map);
  Tensor w = host->weight;
  CHECK(calls == 2);
}

TEST_CASE("tensors of whole numbers can be parametrized") {
  nn::Module host;
  host.register_buffer("count", arange(3));
  register_parametrization(host, "count", AddOne());
  CHECK(same(host.attr("count"), arange(3)));
  CHECK(same(parametrizations(host)["count"].original(), arange(3) - 1));
}

TEST_CASE("a chained parametrization that is refused names both types and shapes") {
  Host host;
  register_parametrization(host, "weight", Double());
  CHECK(throws_with(
      [&] {
        register_parametrization(host, "weight", [](const Tensor& x) { return x.flatten(0); });
      },
      "unless the `unsafe` flag is enabled.\nmodule.weight.shape: [2, "
      "2]\nparametrization(module.weight).shape: [4]"));
  CHECK(throws_with(
      [&] {
        register_parametrization(host, "weight", [](const Tensor& x) { return x.to(kFloat64); });
      },
      "module.weight.dtype: torch.float32\nparametrization(module.weight).dtype: torch.float64"));
}

TEST_CASE("a child that only has the name of the parametrizations is left alone") {
  nn::Module host;
  host.register_parameter("weight", ones({2}));
  host.register_module("parametrizations", nn::Linear(2, 2));
  CHECK_FALSE(is_parametrized(host));
  CHECK_THROWS_AS(register_parametrization(host, "weight", Double()), Error);
  CHECK(same(host.attr("weight"), ones({2})));
  CHECK(host.named_children()["parametrizations"]->as<nn::Linear>() != nullptr);
}
