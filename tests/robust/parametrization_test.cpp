#include "catch.h"

#include <pullback/nn/activation.h>
#include <pullback/nn/containers/sequential.h>
#include <pullback/nn/linear.h>
#include <pullback/parametrize/cached.h>
#include <pullback/parametrize/parametrize.h>
#include <pullback/parametrize/symmetric.h>

// Parametrizations that read, remove, contain or destroy what they belong to.
using namespace pullback;
using namespace pullback::nn;
using parametrize::register_parametrization;
using parametrize::remove_parametrizations;

TEST_CASE("a parametrization that reads its own value throws and can be removed") {
  Linear layer(2, 2);
  bool reads = false;
  register_parametrization(*layer, "weight", [&, l = layer.get()](const Tensor& x) {
    return reads ? x + l->weight : x;
  });
  const Tensor before = layer->weight;
  reads = true;
  CHECK(throws_with([&] { layer(ones({2, 2})); }, "reads the value that it computes"));
  reads = false;
  CHECK(layer->weight.equal(before));
  remove_parametrizations(*layer, "weight");
  CHECK_FALSE(parametrize::is_parametrized(*layer));
}

TEST_CASE("two parametrizations that read each other's values throw") {
  Linear a(2, 2), b(2, 2);
  register_parametrization(*a, "weight", [m = b.get()](const Tensor& x) { return x + m->weight; });
  register_parametrization(
      *b, "weight", [m = a.get()](const Tensor& x) { return x + m->weight; }, /*unsafe=*/true);
  CHECK(throws_with([&] { a->weight + 1; }, "reads the value that it computes"));
  CHECK(throws_with([&] { b->weight.sizes(); }, "reads the value that it computes"));
}

TEST_CASE("a parametrization cannot be changed while it computes") {
  Linear layer(2, 2);
  int mode = 0;
  register_parametrization(*layer, "weight", [&, l = layer.get()](const Tensor& x) {
    if (mode == 1) remove_parametrizations(*l, "weight");
    if (mode == 2) register_parametrization(*l, "weight", [](const Tensor& y) { return y; });
    return x * 2;
  });
  const Tensor before = layer->weight;
  for (mode = 1; mode <= 2; ++mode)
    CHECK(throws_with([&] { layer->weight + 1; }, "is being computed"));
  CHECK(layer->weight.equal(before));
}

TEST_CASE("a parametrization may let go of its module while it computes") {
  Linear layer(2, 2);
  bool drops = false;
  register_parametrization(*layer, "weight", [&](const Tensor& x) {
    if (drops) layer = Linear(3, 3);
    return x * 2;
  });
  drops = true;
  CHECK((layer->weight + 1).sizes() == IntArrayRef({2, 2}));
  CHECK(layer->weight.sizes() == IntArrayRef({3, 3}));
}

TEST_CASE("a module cannot parametrize itself or what it is inside") {
  Linear layer(2, 2);
  Sequential outer(layer);
  const std::string words = "is or contains Linear itself";
  CHECK(throws_with([&] { register_parametrization(*layer, "weight", layer.ptr()); }, words));
  CHECK(throws_with([&] { register_parametrization(*layer, "weight", outer.ptr()); }, words));
  CHECK(layer->children().empty());
  CHECK(outer->parameters().size() == 2);
}

TEST_CASE("a parametrization that was moved from is refused") {
  Linear layer(2, 2);
  parametrize::AnyParametrization twice([](const Tensor& x) { return x * 2; });
  const parametrize::AnyParametrization taken = std::move(twice);
  CHECK(throws_with([&] { register_parametrization(*layer, "weight", twice); }, "moved from"));
  register_parametrization(*layer, "weight", taken);
}

TEST_CASE("a parametrized parameter is not unregistered") {
  Linear layer(2, 2);
  register_parametrization(*layer, "weight", [](const Tensor& x) { return x * 2; });
  CHECK(throws_with([&] { layer->unregister_parameter("weight"); }, "is parametrized"));
  remove_parametrizations(*layer, "weight");
  layer->unregister_parameter("weight");
  CHECK(layer->parameters().size() == 1);
}

TEST_CASE("removing a parametrization inside a cached scope shows at once") {
  Linear layer(2, 2);
  const Tensor plain = layer->weight.detach().clone();
  register_parametrization(*layer, "weight", [](const Tensor& x) { return x * 2; });
  const parametrize::CacheGuard cached;
  CHECK(layer->weight.equal(plain * 2));
  remove_parametrizations(*layer, "weight", /*leave_parametrized=*/false);
  CHECK(layer->weight.equal(plain));
  register_parametrization(*layer, "weight", [](const Tensor& x) { return x * 3; });
  CHECK(layer->weight.equal(plain * 3));
}

TEST_CASE("an exception of a parametrization leaves everything as it was") {
  Linear layer(2, 2);
  struct Mine {};
  bool fails = false;
  register_parametrization(*layer, "weight", [&](const Tensor& x) {
    if (fails) throw Mine();
    return x * 2;
  });
  const Tensor before = layer->weight;
  fails = true;
  CHECK_THROWS_AS(layer(ones({2, 2})), Mine);
  CHECK_THROWS_AS(remove_parametrizations(*layer, "weight"), Mine);
  fails = false;
  CHECK(parametrize::is_parametrized(*layer, "weight"));
  CHECK(layer->weight.equal(before));
}

TEST_CASE("a parametrization whose originals or maps were changed behind its back says so") {
  const std::string words = "use register_parametrization";
  Linear layer(2, 2);
  register_parametrization(layer, "weight", [](const Tensor& x) { return x * 2; });
  auto& list = parametrize::parametrizations(layer)["weight"];
  SECTION("an original is gone") {
    list.unregister_parameter("original");
    CHECK(throws_with([&] { remove_parametrizations(layer, "weight"); }, words));
    Linear other(2, 2);
    CHECK(throws_with([&] { parametrize::transfer_parametrizations_and_params(layer, other); },
                      words));
  }
  SECTION("there is one original more") {
    list.register_parameter("more", ones({1}));
  }
  SECTION("there is one map more") {
    static_cast<ModuleListImpl&>(list).insert(0, std::make_shared<ReLUImpl>());
  }
  CHECK(throws_with([&] { layer(ones({1, 2})); }, words));
  CHECK(throws_with([&] { layer->weight = ones({2, 2}); }, words));
}

TEST_CASE("a cached value is made anew when its original gets another layout in the same memory") {
  Linear layer(2, 2);
  register_parametrization(layer, "weight", [](const Tensor& x) { return x * 2; });
  const Tensor before = layer->weight.detach().clone();
  const parametrize::CacheGuard cached;
  CHECK(layer->weight.equal(before));
  const Tensor original = parametrize::parametrizations(layer)["weight"].original();
  original.set_data(original.detach().t());
  CHECK(layer->weight.equal(before.t()));
}

TEST_CASE("a null pointer to a module has no parametrizations") {
  const std::shared_ptr<LinearImpl> none;
  const auto twice = [](const Tensor& x) { return x * 2; };
  const std::string words = "the module is a null pointer";
  CHECK(throws_with([&] { register_parametrization(none, "weight", twice); }, words));
  CHECK(throws_with([&] { remove_parametrizations(none, "weight"); }, words));
  CHECK(throws_with([&] { parametrize::is_parametrized(none); }, words));
  CHECK(throws_with([&] { parametrize::parametrizations(none); }, words));
  CHECK(throws_with([&] { parametrize::symmetric(none); }, words));
  CHECK_FALSE(parametrize::is_parametrized(std::make_shared<const LinearImpl>(2, 2)));
}

TEST_CASE("a parameter whose member was assigned another tensor is not parametrized unseen") {
  const auto twice = [](const Tensor& x) { return x * 2; };
  Linear a(2, 2), b(2, 2);
  b->weight = Tensor(a->weight);
  CHECK(throws_with([&] { register_parametrization(b, "weight", twice); }, "attr(\"weight\")"));
  CHECK_FALSE(parametrize::is_parametrized(b));

  Linear tied(2, 2);
  tied->attr("weight") = Tensor(a->weight);
  tied->attr("weight").sizes();
  register_parametrization(tied, "weight", twice);
  const Tensor x = ones({1, 2});
  CHECK(allclose(tied(x), x.matmul(a->weight.mT()) * 2 + tied->bias));
}
