#include <limits>
#include <memory>

#include "catch.h"

#include <pullback/core/ops.h>
#include <pullback/nn/activation.h>
#include <pullback/nn/containers/functional.h>
#include <pullback/nn/containers/module_dict.h>
#include <pullback/nn/containers/module_list.h>
#include <pullback/nn/containers/sequential.h>
#include <pullback/nn/init.h>
#include <pullback/nn/linear.h>
#include <pullback/nn/norm.h>

// Modules, containers, hooks and state dicts in the hands of someone who makes every mistake.
using namespace pullback;
using namespace pullback::nn;

namespace {

struct PairImpl : Module {
  Attribute a, b;
  PairImpl() {
    a = register_parameter("a", zeros({2}));
    b = register_parameter("b", ones({2}));
  }
};

}  // namespace

TEST_CASE("a module cannot be inside itself") {
  const std::string words = "cannot be inside its own child";
  const auto inner = std::make_shared<PairImpl>();
  CHECK(throws_with([&] { inner->register_module("self", inner); }, words));
  const auto outer = std::make_shared<SequentialImpl>();
  outer->register_module("inner", inner);
  CHECK(throws_with([&] { inner->register_module("outer", outer); }, words));
  CHECK(throws_with([&] { outer->replace_module("inner", outer); }, words));
  Sequential list(Linear(2, 2));
  CHECK(throws_with([&] { list->push_back(list); }, words));
  CHECK(list->parameters().size() == 2);
  CHECK(inner->children().empty());
}

TEST_CASE("a module shared along two to the fiftieth paths is visited once") {
  std::shared_ptr<Module> inner = Linear(2, 2).ptr();
  for (int level = 0; level < 50; ++level) {
    const auto outer = std::make_shared<ModuleDictImpl>();
    outer->register_module("left", inner);
    outer->register_module("right", inner);
    inner = outer;
  }
  CHECK(inner->parameters().size() == 2);
  CHECK(inner->named_parameters().front().key().size() == 50 * 5 + 6);
  CHECK(inner->modules().size() == 51);
  inner->to(kDouble);
  CHECK(inner->parameters()[0].dtype() == kDouble);
}

TEST_CASE("a null child is refused by lists and printed as None elsewhere") {
  ModuleList list;
  CHECK(throws_with([&] { list->insert(0, std::shared_ptr<Module>()); }, "the module is null"));
  CHECK(list->children().empty());
  ModuleDict dict;
  dict->insert("none", std::shared_ptr<Module>());
  CHECK(dict->repr() == "ModuleDict(\n  (none): None\n)");
  dict->replace_module("none", std::shared_ptr<LinearImpl>());
  CHECK(throws_with([&] { dict->replace_module("other", std::shared_ptr<LinearImpl>()); },
                    "'other' is not defined"));
}

TEST_CASE("a parameter is a leaf") {
  Linear layer(2, 2);
  const Tensor made = ones({2}).requires_grad_() * 2;
  CHECK(throws_with([&] { layer->register_parameter("made", made); }, "not a leaf"));
  CHECK(layer->find_slot("made") == nullptr);
}

TEST_CASE("handles that were moved from or hold nothing say so") {
  Linear layer(2, 2), taken = std::move(layer);
  const std::string words = "empty";
  CHECK(throws_with([&] { layer->forward(ones({2, 2})); }, words));
  CHECK(throws_with([&] { layer.ptr(); }, words));
  AnyModule any;
  CHECK(throws_with([&] { any.forward(ones({2})); }, words));
  CHECK(throws_with([&] { any.call(nullptr, 0); }, words));
  CHECK(throws_with([&] { any.pass(std::any(1)); }, words));
  Tensor x = ones({2}), y = std::move(x);
  CHECK(throws_with([&] { x + 1; }, "undefined"));
  CHECK(throws_with([&] { x.backward(); }, "undefined"));
  const Attribute moved = std::move(taken->weight);
  CHECK(throws_with([&] { taken->forward(ones({2, 2})); }, "undefined"));
  CHECK(moved.defined());
}

TEST_CASE("an empty function is refused where it is given, not where it is called") {
  Linear layer(2, 2);
  CHECK_THROWS_AS(layer->register_forward_hook({}), ValueError);
  CHECK_THROWS_AS(layer->register_forward_pre_hook({}), ValueError);
  CHECK_THROWS_AS(layer->register_full_backward_hook({}), ValueError);
  CHECK_THROWS_AS(layer->register_load_state_dict_pre_hook({}), ValueError);
  CHECK_THROWS_AS(Functional(FunctionalImpl::Function()), ValueError);
  CHECK_FALSE(layer->has_hooks());
}

TEST_CASE("backward hooks need defined inputs") {
  Linear layer(2, 2);
  layer->register_full_backward_hook(
      [](Module&, const std::vector<Tensor>&, const std::vector<Tensor>&) {
        return std::vector<Tensor>();
      });
  CHECK(throws_with([&] { layer(Tensor()); }, "backward hooks need inputs that are defined"));
}

TEST_CASE("a load hook may register load hooks") {
  Linear layer(2, 2);
  int calls = 0;
  layer->register_load_state_dict_pre_hook([&](Module& m, StateDict&, const std::string&) {
    for (int i = 0; i < 20; ++i)
      m.register_load_state_dict_pre_hook(
          [&](Module&, StateDict&, const std::string&) { ++calls; });
  });
  layer->load_state_dict(layer->state_dict());
  CHECK(calls == 20);
}

TEST_CASE("values of a state dict may lie in the memory that they are copied to") {
  const auto pair = std::make_shared<PairImpl>();
  const StateDict state = pair->state_dict();
  pair->load_state_dict({{"a", state["b"]}, {"b", state["a"]}});
  CHECK(pair->a.equal(ones({2})));
  CHECK(pair->b.equal(zeros({2})));
  Linear layer(2, 2);
  const Tensor before = layer->weight.detach().clone();
  layer->load_state_dict({{"bias", zeros({2})}, {"weight", layer->weight.detach().t()}});
  CHECK(layer->weight.detach().equal(before.t()));
}

TEST_CASE("a module that a state dict does not fit stays as it was") {
  const auto pair = std::make_shared<PairImpl>();
  CHECK(throws_with(
      [&] {
        pair->load_state_dict({{"a", ones({2})}, {"b", Tensor()}});
      },
      "b is an undefined tensor"));
  CHECK(throws_with(
      [&] {
        pair->load_state_dict({{"a", ones({2})}, {"b", ones({3})}});
      },
      "size mismatch for b"));
  CHECK(pair->a.equal(zeros({2})));
}

TEST_CASE("an ordered dict has no item beyond its last") {
  StateDict dict;
  CHECK_THROWS_AS(dict.front(), IndexError);
  CHECK_THROWS_AS(dict.back(), IndexError);
  CHECK_THROWS_AS(dict[std::size_t{3}], IndexError);
}

TEST_CASE("a batch that a BatchNorm refuses is not counted") {
  BatchNorm1d norm(3);
  CHECK(throws_with([&] { norm(ones({2, 4})); }, "batch_norm"));
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 0);
  norm(ones({2, 3}));
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 1);
}

TEST_CASE("initialisations that could not end or fit are refused") {
  const Tensor x = zeros({3, 3});
  const double inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(init::trunc_normal_(x, 0, 1, 100, inf), ValueError);
  CHECK_THROWS_AS(init::trunc_normal_(x, 0, 1, 10, 1e9), ValueError);
  CHECK_THROWS_AS(init::trunc_normal_(x, 5, 0, -2, 2), ValueError);
  CHECK_THROWS_AS(init::sparse_(x, 2), ValueError);
  CHECK_THROWS_AS(init::sparse_(x, -1), ValueError);
  CHECK(x.equal(zeros({3, 3})));
  init::trunc_normal_(x, 0, 1, 3, 5);
  CHECK((x >= 3).all().item<bool>());
}

TEST_CASE("a hook may let go of its module") {
  auto layer = std::make_shared<LinearImpl>(2, 2);
  layer->register_forward_hook([&](Module&, const std::vector<Tensor>&, const Tensor& y) {
    layer.reset();
    return y;
  });
  CHECK(nn::call(*layer, ones({1, 2})).defined());
  CHECK(layer == nullptr);
}

TEST_CASE("removing a hook twice removes no other") {
  Linear layer(2, 2);
  int calls = 0;
  const auto count = [&](Module&, const std::vector<Tensor>&) {
    ++calls;
    return std::vector<Tensor>();
  };
  const unsigned first = layer->register_forward_pre_hook(count);
  layer->remove_hook(first);
  layer->register_forward_pre_hook(count);
  layer->remove_hook(first);
  layer(ones({1, 2}));
  CHECK(calls == 1);
}

TEST_CASE("a function given to apply may add children to the module above, or remove them") {
  Sequential net(Linear(1, 1), Linear(1, 1), Linear(1, 1));
  int visited = 0;
  net->apply([&](Module& m) {
    if (!m.as<Linear>()) return;
    if (++visited == 1)
      for (int i = 0; i < 9; ++i) net->register_module("more" + std::to_string(i), ReLU());
    if (visited == 2) net->unregister_module("2");
  });
  CHECK(visited == 3);
  CHECK(net->children().size() == 11);
}
