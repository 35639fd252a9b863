#include "parametrize/maps.h"

#include <pullback/core/random.h>
#include <pullback/nn/conv.h>
#include <pullback/nn/embedding.h>
#include <pullback/nn/init.h>
#include <pullback/nn/norm.h>

using namespace maps;

TEST_CASE("a registered tensor is computed at each read and set through the inverse") {
  Host host;
  const Tensor before = host->weight;
  register_parametrization(host, "weight", Double());
  CHECK(same(host->weight, start()));
  CHECK(host->weight.parametrized());
  CHECK_FALSE(host->weight.is_leaf());
  CHECK_FALSE(host->weight.grad().defined());
  auto& list = parametrizations(host)["weight"];
  CHECK(same(list.original(), start() / 2));
  CHECK(Tensor(list.original()).is_same(before));
  CHECK(list.size() == 1);

  host->weight = start() * 6;
  CHECK(same(host->weight, start() * 6));
  CHECK(same(before, start() * 3));
  CHECK(before.requires_grad());

  host->weight.sum().backward();
  CHECK(same(before.grad(), full({2, 2}, 2.0)));
}

TEST_CASE("an identity gives the parameter itself") {
  Host host;
  const Tensor before = host->weight;
  register_parametrization(host, "weight", [](const Tensor& x) { return x; });
  CHECK(Tensor(host->weight).is_same(before));
}

TEST_CASE("a read is one evaluation for each function it is passed to") {
  Host host;
  Counting counting;
  register_parametrization(host, "weight", counting);
  const int before = counting->count();
  host->forward(ones({2, 2}));
  CHECK(counting->count() == before + 1);
  Tensor once = host->weight;
  once.sizes();
  once.view({-1});
  CHECK(counting->count() == before + 2);
  host->weight.sizes();
  const int shapes = counting->count();
  host->weight.sizes();
  CHECK(host->weight.dim() == 2);
  CHECK(counting->count() == shapes);
}

TEST_CASE("an original can itself be parametrized, and assignment goes all the way through") {
  Host host;
  const Tensor parameter = host->weight;
  register_parametrization(host, "weight", Double());
  auto& outer = parametrizations(host)["weight"];
  register_parametrization(outer, "original", AddOne());
  CHECK(same(host->weight, start()));
  CHECK(names(host) == Names{"bias", "parametrizations.weight.parametrizations.original.original"});
  CHECK(outer.name() == "ParametrizedParametrizationList");
  host->weight = start() * 2;
  CHECK(same(host->weight, start() * 2));
  CHECK(same(parameter, start() - 1));
  CHECK(throws_with([&] { remove_parametrizations(host, "weight", false); }, "remove that first"));
  remove_parametrizations(outer, "original");
  CHECK(same(host->weight, start() * 2));
  remove_parametrizations(host, "weight");
  CHECK(Tensor(host->weight).is_same(parameter));
}

TEST_CASE("an assignment that does not fit throws, and changes nothing") {
  Host host, pair, wrong;
  register_parametrization(host, "weight", Double());
  CHECK(throws_with([&] { host->weight = {}; }, "should return a tensor. Got NoneType"));
  CHECK(throws_with([&] { host->weight = start().to(kFloat64); },
                    "has dtype torch.float64 while `original` has dtype torch.float32"));
  CHECK(throws_with([&] { host->weight = ones({5, 7}); }, "has shape [5, 7]"));
  CHECK(same(host->weight, start()));

  int length = 2;
  ScalarType type = kFloat32;
  register_parametrization(pair, "weight",
                           std::pair{[](const Tensor& a, const Tensor& b) { return a + b; },
                                     [&](const Tensor& x) {
                                       std::vector<Tensor> list(length, x.to(type) / 2);
                                       if (type == kFloat64) list[0] = x / 2;
                                       return list;
                                     }});
  length = 3;
  CHECK(throws_with([&] { pair->weight = start() * 9; },
                    "sequence of tensors of length 2. Got a sequence of length 3"));
  length = 2, type = kFloat64;
  CHECK(throws_with([&] { pair->weight = start() * 9; },
                    "Tensor 1 returned by `right_inverse` has dtype torch.float64"));
  CHECK(same(pair->weight, start()));
}

TEST_CASE("an assigned tensor is copied, and in-place changes of a computed value are refused") {
  Host host;
  register_parametrization(
      host, "weight",
      std::pair{[](const Tensor& x) { return x * 1; }, [](const Tensor& x) { return x; }});
  Tensor mine = start() * 3;
  host->weight = mine;
  mine.zero_();
  CHECK(same(host->weight, start() * 3));
  CHECK(throws_with([&] { host->weight.fill_(1); }, "weight of ParametrizedHost"));
  CHECK(throws_with([&] { host->weight += 1; }, "assign a new value"));
  host->weight = host->weight;
  CHECK(same(host->weight, start() * 3));
}

TEST_CASE("an initialisation of a parametrized tensor goes through its inverse") {
  Host host;
  register_parametrization(host, "weight", Double());
  nn::init::constant_(host->weight, 8);
  CHECK(same(host->weight, full({2, 2}, 8.0)));
  CHECK(same(parametrizations(host)["weight"].original(), full({2, 2}, 4.0)));
}

TEST_CASE("an error inside a parametrization comes out as it was thrown") {
  struct Private {};
  Host host;
  bool fail = false;
  register_parametrization(host, "weight", [&](const Tensor& x) {
    if (fail) throw Private();
    return x * 2;
  });
  fail = true;
  CHECK_THROWS_AS(Tensor(host->weight), Private);
  CHECK_THROWS_AS(host->forward(ones({2, 2})), Private);
  CHECK_THROWS_AS(remove_parametrizations(host, "weight"), Private);
  fail = false;
  CHECK(same(host->weight, start() * 2));
}

TEST_CASE("an assignment records nothing, and keeps the parameter and its gradient") {
  Host host;
  register_parametrization(host, "weight", Double());
  const Tensor original = parametrizations(host)["weight"].original();
  host->weight.sum().backward();
  Tensor value = start().requires_grad_();
  host->weight = value * 3;
  CHECK(Tensor(parametrizations(host)["weight"].original()).is_same(original));
  CHECK(original.is_leaf());
  CHECK(original.requires_grad());
  CHECK(same(original.grad(), full({2, 2}, 2.0)));
  host->weight.sum().backward();
  CHECK_FALSE(value.grad().defined());
}

TEST_CASE("a right inverse sees a wrong shape before the check of shapes does") {
  Host host;
  register_parametrization(host, "weight",
                           std::pair{[](const Tensor& x) { return x * 1; },
                                     [](const Tensor& x) {
                                       check<ValueError>(x.dim() == 2, "expected matrices");
                                       return x;
                                     }});
  CHECK(throws_with([&] { host->weight = ones({2}); }, "expected matrices"));
  CHECK(throws_with([&] { host->weight = ones({5, 7}); }, "only an unsafe parametrization"));
  register_parametrization(
      host, "weight", [](const Tensor& x) { return x; }, /*unsafe=*/true);
  CHECK(throws_with([&] { host->weight = ones({5, 7}); }, "does not implement right_inverse"));

  Host free;
  register_parametrization(
      free, "weight",
      std::pair{[](const Tensor& x) { return x * 1; }, [](const Tensor& x) { return x; }},
      /*unsafe=*/true);
  free->weight = ones({5, 7});
  CHECK(free->weight.sizes() == IntArrayRef{5, 7});
}

TEST_CASE("an assignment goes back through a chain on several originals") {
  Host host;
  register_parametrization(host, "weight", Sum());
  register_parametrization(host, "weight", Double());
  host->weight = ones({2, 2});
  CHECK(same(parametrizations(host)["weight"].original(0), full({2, 2}, 0.125)));
  CHECK(same(parametrizations(host)["weight"].original(1), full({2, 2}, 0.375)));
  CHECK(same(host->weight, ones({2, 2})));
}

TEST_CASE("an original can be assigned and frozen by itself") {
  Host host;
  register_parametrization(host, "weight", Double());
  nn::Attribute original = parametrizations(host)["weight"].original();
  {
    const NoGradGuard no_grad;
    original.copy_(start());
  }
  CHECK(same(host->weight, start() * 2));
  original.requires_grad_(false);
  CHECK_FALSE(host->weight.requires_grad());
  original.requires_grad_(true);
  CHECK(host->weight.requires_grad());
}

TEST_CASE("a nested list of several originals is assigned through") {
  Host host;
  register_parametrization(host, "weight", Sum());
  auto& outer = parametrizations(host)["weight"];
  register_parametrization(outer, "original0", Double());
  register_parametrization(outer, "original1", Sum());
  CHECK(same(host->weight, start()));
  host->weight = start() * 8;
  CHECK(same(host->weight, start() * 8));
  CHECK(same(outer.original(0), start() * 2));
  CHECK(same(parametrizations(outer)["original0"].original(), start()));
  host->weight.sum().backward();
  CHECK(same(parametrizations(outer)["original0"].original().grad(), full({2, 2}, 2.0)));
}

TEST_CASE("an assignment that fails at the second original leaves the first") {
  Host host;
  register_parametrization(host, "weight", Sum());
  auto& outer = parametrizations(host)["weight"];
  register_parametrization(outer, "original1", NoInverse(), /*unsafe=*/true);
  const Tensor first = Tensor(outer.original(0)).detach().clone();
  CHECK(throws_with([&] { host->weight = start() * 8; }, "does not implement right_inverse"));
  CHECK(same(outer.original(0), first));
}

TEST_CASE("every layer computes with its parametrized tensors") {
  const auto doubled = [](nn::Module& layer, const std::function<Tensor()>& forward) {
    CAPTURE(layer.name());
    const Names keys = layer.named_parameters(/*recurse=*/false).keys();
    REQUIRE_FALSE(keys.empty());
    for (const std::string& key : keys) {
      CAPTURE(key);
      register_parametrization(layer, key, NoInverse());
      const Tensor through = forward();
      remove_parametrizations(layer, key, /*leave_parametrized=*/false);
      const Tensor plain = forward();
      {
        const NoGradGuard no_grad;
        layer.attr(key).add_(1);
      }
      CHECK(same(through, forward()));
      CHECK_FALSE(same(through, plain));
    }
  };
  manual_seed(1);
  const Tensor x = rand({2, 4}), image = rand({2, 4, 5, 5});
  nn::Linear linear(4, 3);
  nn::Conv2d conv(nn::Conv2dOptions(4, 2, 3));
  nn::BatchNorm1d norm1(4);
  nn::BatchNorm2d norm2(4);
  nn::LayerNorm layer_norm(nn::LayerNormOptions({4}));
  nn::Embedding embedding(3, 4);
  doubled(*linear, [&] { return linear(x); });
  doubled(*conv, [&] { return conv(image); });
  doubled(*norm1, [&] { return norm1(x); });
  doubled(*norm2, [&] { return norm2(image); });
  doubled(*layer_norm, [&] { return layer_norm(x); });
  doubled(*embedding, [&] { return embedding(arange(3)); });
}
