#include <cmath>
#include <limits>

#include "catch.h"

#include <pullback/core/autograd/node.h>
#include <pullback/core/ops.h>
#include <pullback/nn/containers/module_dict.h>
#include <pullback/nn/containers/module_list.h>
#include <pullback/nn/containers/parameter_containers.h>
#include <pullback/nn/containers/sequential.h>
#include <pullback/nn/utils.h>

using namespace pullback;

namespace {

// y = x w + b, elementwise.
struct ScaleImpl : nn::Module {
  explicit ScaleImpl(double w = 2) {
    weight = register_parameter("weight", full({2}, w));
    bias = register_parameter("bias", zeros({2}));
    steps = register_buffer("steps", zeros({1}));
    scratch = register_buffer("scratch", zeros({1}), /*persistent=*/false);
  }
  Tensor forward(const Tensor& x) { return x * weight + bias; }
  std::string extra_repr() const override { return "size=2"; }
  nn::Attribute weight, bias, steps, scratch;
};
PULLBACK_MODULE(Scale);

struct NetImpl : nn::Module {
  NetImpl() : second(register_module("second", Scale(5))) {
    first = register_module("first", Scale(3));
    own = register_parameter("own", ones({1}));
  }
  Tensor forward(const Tensor& x) { return second(first(x)); }
  Scale first{nullptr}, second;
  nn::Attribute own;
};
PULLBACK_MODULE(Net);

struct TiedImpl : nn::Module {
  TiedImpl() {
    a = register_module("a", Scale());
    b = register_module("b", Scale());
    b->attr("weight") = Tensor(a->weight);
    shared = register_module("shared", a);
  }
  Scale a{nullptr}, b{nullptr}, shared{nullptr};
};
PULLBACK_MODULE(Tied);

struct PlainImpl : nn::Module {
  PlainImpl() { weight = register_parameter("weight", ones({2})); }
  Tensor weight;
};
PULLBACK_MODULE(Plain);

struct ResettingImpl : nn::Cloneable<ResettingImpl> {
  ResettingImpl() { reset(); }
  void reset() override {
    weight = register_parameter("weight", ones({2}));
    child = register_module("child", std::make_shared<ScaleImpl>());
  }
  Tensor weight;
  std::shared_ptr<ScaleImpl> child;
};

struct PointingImpl : nn::Module {
  PointingImpl() { child = register_module("child", std::make_shared<ScaleImpl>()); }
  std::shared_ptr<ScaleImpl> child;
};
PULLBACK_MODULE(Pointing);

float first(const TensorBase& x) {
  return Tensor(x).data_ptr<float>()[0];
}

}  // namespace

TEST_CASE("a module lists parameters, buffers and modules in order of registration") {
  Net net;
  CHECK(net->named_parameters().keys() == std::vector<std::string>{"own", "second.weight",
                                                                   "second.bias", "first.weight",
                                                                   "first.bias"});
  CHECK(net->named_parameters(/*recurse=*/false).keys() == std::vector<std::string>{"own"});
  CHECK(net->parameters().size() == 5);
  CHECK(net->named_buffers().keys() ==
        std::vector<std::string>{"second.steps", "second.scratch", "first.steps", "first.scratch"});
  CHECK(net->named_modules().keys() == std::vector<std::string>{"", "second", "first"});
  CHECK(net->named_children().keys() == std::vector<std::string>{"second", "first"});
  CHECK(net->state_dict().keys() == std::vector<std::string>{"own", "second.weight", "second.bias",
                                                             "second.steps", "first.weight",
                                                             "first.bias", "first.steps"});
}

TEST_CASE("names of parameters and modules are checked") {
  Scale scale;
  CHECK_THROWS_AS(scale->register_parameter("", ones({1})), ValueError);
  CHECK_THROWS_AS(scale->register_parameter("a.b", ones({1})), ValueError);
  CHECK_THROWS_AS(scale->register_buffer("weight", ones({1})), KeyError);
  CHECK_THROWS_AS(scale->register_module("weight", Scale()), KeyError);
  CHECK(throws_with([&] { scale->attr("wieght"); }, "has no parameter or buffer 'wieght'"));
}

TEST_CASE("an attribute is used like a tensor") {
  Scale scale;
  Tensor w = scale->weight;
  CHECK(w.is_same(scale->weight));
  CHECK(scale->weight.requires_grad());
  CHECK(first(scale->weight * 2 + 1 - scale->bias) == 5);
  CHECK(first(-scale->weight) == -2);
  const std::vector<Tensor> list{scale->weight, scale->bias, w};
  CHECK(list[0].is_same(w));
  CHECK(cat({scale->weight, scale->bias}).numel() == 4);
  std::optional<Tensor> maybe = scale->weight;
  maybe = scale->bias;
  CHECK(maybe->is_same(scale->bias));
  const bool yes = true;
  CHECK((yes ? scale->weight : Tensor()).is_same(w));
  scale->weight.set_data(full({2}, 7.0));
  CHECK(first(w) == 7);
}

TEST_CASE(
    "a copy of an attribute is the value of that moment, and its assignment moves the member") {
  Scale scale;
  auto snapshot = scale->weight;
  static_assert(std::is_same_v<decltype(snapshot), nn::Attribute>);
  snapshot = snapshot * 2;
  CHECK(first(snapshot) == 4);
  CHECK(first(scale->weight) == 2);

  const Tensor registered = scale->parameters()[0];
  scale->weight = full({2}, 9.0);
  CHECK(first(scale->weight) == 9);
  CHECK(scale->parameters()[0].is_same(registered));
  scale->weight = {};
  CHECK_FALSE(scale->weight.defined());
}

TEST_CASE("attr reads and writes the module's entry by name") {
  Scale scale;
  CHECK(Tensor(scale->attr("weight")).is_same(scale->weight));
  const Tensor other = full({2}, 4.0);
  scale->attr("weight") = other;
  CHECK(scale->parameters()[0].is_same(other));
  CHECK(Tensor(scale->weight).is_same(other));
}

TEST_CASE("train, eval, to, requires_grad_ and zero_grad reach every module") {
  Net net;
  net->eval();
  CHECK_FALSE(net->first->is_training());
  net->train();
  CHECK(net->first->is_training());

  (net->first->weight * 2).sum().backward();
  REQUIRE(net->first->weight.grad().defined());
  const Tensor before = net->first->weight;
  net->to(kFloat64);
  CHECK(before.dtype() == kFloat64);
  CHECK(before.grad().dtype() == kFloat64);
  CHECK(net->second->steps.dtype() == kFloat64);
  net->zero_grad(/*set_to_none=*/false);
  CHECK(before.grad().sum().item<double>() == 0);
  net->zero_grad();
  CHECK_FALSE(before.grad().defined());
  net->requires_grad_(false);
  CHECK_FALSE(net->own.requires_grad());
  CHECK_THROWS_AS(net->to(kInt64), TypeError);
}

TEST_CASE("apply visits the module before what is inside") {
  Net net;
  std::vector<std::string> visited;
  net->apply([&](nn::Module& m) { visited.push_back(m.name()); });
  CHECK(visited == std::vector<std::string>{"Net", "Scale", "Scale"});
  visited.clear();
  net->apply([&](const std::string& name, nn::Module&) { visited.push_back(name); }, "net");
  CHECK(visited == std::vector<std::string>{"net", "net.second", "net.first"});
}

TEST_CASE("as gives the module as its class, by class or holder") {
  const std::shared_ptr<nn::Module> module = Scale().ptr();
  CHECK(module->as<Scale>() == module.get());
  CHECK(module->as<ScaleImpl>() == module.get());
  CHECK(module->as<Net>() == nullptr);
}

TEST_CASE("modules print as in Python") {
  CHECK(Scale()->repr() == "Scale(size=2)");
  CHECK(Net()->repr() == "Net(\n  (second): Scale(size=2)\n  (first): Scale(size=2)\n)");
  nn::Sequential outer{Net(), Scale()};
  CHECK(outer->repr() ==
        "Sequential(\n  (0): Net(\n    (second): Scale(size=2)\n    (first): Scale(size=2)\n  )\n"
        "  (1): Scale(size=2)\n)");
  CHECK(nn::ModuleList { Scale(), Scale(), Net() } -> repr() ==
        "ModuleList(\n  (0-1): 2 x Scale(size=2)\n  (2): Net(\n    (second): Scale(size=2)\n    "
        "(first): Scale(size=2)\n  )\n)");
  CHECK(nn::ModuleList()->repr() == "ModuleList()");
  CHECK(nn::ModuleDict()->repr() == "ModuleDict()");

  // One entry stands on the line of its container, as PyTorch 2.13 prints it.
  nn::ParameterList list;
  CHECK(list->repr() == "ParameterList()");
  list->append(ones({2, 3}, TensorOptions(kDouble)));
  CHECK(list->repr() == "ParameterList(  (0): Parameter containing: [torch.float64 of size 2x3])");
  list->append(ones({2}));
  CHECK(list->repr() ==
        "ParameterList(\n    (0): Parameter containing: [torch.float64 of size 2x3]\n"
        "    (1): Parameter containing: [torch.float32 of size 2]\n)");
  nn::ParameterDict dict;
  dict->insert("a", ones({2}));
  dict->insert("b", ones({}));
  CHECK(dict->repr() ==
        "ParameterDict(\n    (a): Parameter containing: [torch.FloatTensor of size 2]\n"
        "    (b): Parameter containing: [torch.FloatTensor of size ]\n)");
}

TEST_CASE("a clone shares nothing, keeps values, flags and ties, and refers to its own parts") {
  Net net;
  net->first->weight.set_data(full({2}, 8.0));
  net->second->weight.requires_grad_(false);
  net->first->eval();
  auto copy = std::dynamic_pointer_cast<NetImpl>(net->clone());
  REQUIRE(copy);
  CHECK(first(copy->first->weight) == 8);
  CHECK_FALSE(copy->second->weight.requires_grad());
  CHECK_FALSE(copy->first->is_training());
  CHECK(copy->first.get() != net->first.get());
  CHECK(copy->named_children()["first"].get() == copy->first.get());
  CHECK(copy->named_parameters()["first.weight"].is_same(copy->first->weight));
  copy->first->weight.set_data(zeros({2}));
  CHECK(first(net->first->weight) == 8);
  CHECK(first(copy->forward(ones({2}))) == 0);

  Tied tied;
  auto tied_copy = std::dynamic_pointer_cast<TiedImpl>(tied->clone());
  CHECK(tied_copy->a->weight.is_same(tied_copy->b->weight));
  CHECK_FALSE(tied_copy->a->weight.is_same(tied->a->weight));
  CHECK(tied_copy->shared.get() == tied_copy->a.get());
  CHECK(tied->named_parameters().keys() ==
        std::vector<std::string>{"a.weight", "a.bias", "b.bias"});
}

TEST_CASE("containers are cloned with their contents") {
  nn::Sequential net(Scale(3), Scale(4));
  auto copy = std::dynamic_pointer_cast<nn::SequentialImpl>(net->clone());
  net->at<ScaleImpl>(0).weight.set_data(zeros({2}));
  CHECK(first(copy->forward(ones({2}))) == 12);
  nn::ModuleList list(Scale(1), Scale(2));
  auto list_copy = std::dynamic_pointer_cast<nn::ModuleListImpl>(list->clone());
  CHECK((*list_copy)[1] == list_copy->named_children()["1"]);
  CHECK((*list_copy)[1] != (*list)[1]);
}

TEST_CASE("a module whose members cannot follow a copy says how to declare them") {
  Plain plain;
  CHECK(throws_with([&] { plain->clone(); }, "declare it `nn::Attribute weight`"));
  Pointing pointing;
  CHECK(throws_with([&] { pointing->clone(); }, "keeps its child 'child' in a shared_ptr"));
  struct Unknown : nn::Module {};
  const std::shared_ptr<nn::Module> unknown = std::make_shared<Unknown>();
  CHECK(throws_with([&] { unknown->clone(); }, "clone() has not been implemented for Unknown"));
}

TEST_CASE("Cloneable copies plain members through reset") {
  auto module = std::make_shared<ResettingImpl>();
  module->weight.set_data(full({2}, 3.0));
  module->child->weight.set_data(full({2}, 4.0));
  auto copy = std::dynamic_pointer_cast<ResettingImpl>(module->clone());
  CHECK(first(copy->weight) == 3);
  CHECK(first(copy->child->weight) == 4);
  CHECK(copy->weight.is_same(copy->parameters()[0]));
  CHECK(copy->child.get() == copy->named_children()["child"].get());
  copy->weight.set_data(zeros({2}));
  CHECK(first(module->weight) == 3);
}

TEST_CASE("a state dict is loaded by name, and what does not fit is reported as in Python") {
  Scale scale, other(6);
  const Tensor weight = scale->weight;
  const auto keys = scale->load_state_dict(other->state_dict());
  CHECK(keys.missing_keys.empty());
  CHECK(first(weight) == 6);

  nn::StateDict state;
  state.insert("weight", ones({3}));
  state.insert("foo", ones({1}));
  state.insert("bias", full({2}, 5.0));
  CHECK(message_of([&] { scale->load_state_dict(state); }) ==
        "Error(s) in loading state_dict for Scale:\n\tMissing key(s) in state_dict: \"steps\". \n\t"
        "Unexpected key(s) in state_dict: \"foo\". \n\tsize mismatch for weight: copying a param "
        "with "
        "shape torch.Size([3]) from checkpoint, the shape in current model is torch.Size([2]).");
  CHECK(first(scale->bias) == 0);
  state.erase("weight");
  const auto found = scale->load_state_dict(state, /*strict=*/false);
  CHECK(found.missing_keys == std::vector<std::string>{"weight", "steps"});
  CHECK(found.unexpected_keys == std::vector<std::string>{"foo"});
  CHECK(first(scale->bias) == 5);
}

TEST_CASE("a hook before loading may rename keys") {
  Net net;
  net->first->register_load_state_dict_pre_hook(
      [](nn::Module&, nn::StateDict& state, const std::string& prefix) {
        if (Tensor* old = state.find(prefix + "w")) {
          const Tensor value = *old;
          state.erase(prefix + "w");
          state.insert(prefix + "weight", value);
        }
      });
  nn::StateDict state = net->state_dict();
  state.erase("first.weight");
  state.insert("first.w", full({2}, 11.0));
  net->load_state_dict(state);
  CHECK(first(net->first->weight) == 11);
}

TEST_CASE("hooks see and change inputs and outputs of a call") {
  Scale scale(2);
  const unsigned id = scale->register_forward_pre_hook(
      [](nn::Module&, const std::vector<Tensor>& x) { return std::vector<Tensor>{x[0] + 1}; });
  scale->register_forward_hook(
      [](nn::Module&, const std::vector<Tensor>& x, const Tensor& y) { return y + x[0]; });
  CHECK(first(scale(ones({2}))) == 6);
  CHECK(first(scale->forward(ones({2}))) == 2);
  scale->remove_hook(id);
  CHECK(first(scale(ones({2}))) == 3);
}

TEST_CASE("a backward hook sees the gradients of output and inputs, and may change the latter") {
  Scale scale(3);
  std::vector<float> seen;
  scale->register_full_backward_hook(
      [&](nn::Module& m, const std::vector<Tensor>& gx, const std::vector<Tensor>& gy) {
        CHECK(m.name() == "Scale");
        seen = {first(gx.at(0)), first(gy.at(0))};
        return std::vector<Tensor>{gx[0] * 10};
      });
  Tensor x = ones({2}, requires_grad());
  (scale(x) * 2).sum().backward();
  CHECK(seen == std::vector<float>{6, 2});
  CHECK(first(x.grad()) == 60);
  CHECK(first(scale->weight.grad()) == 2);

  bool defined = true;
  scale->register_full_backward_hook(
      [&](nn::Module&, const std::vector<Tensor>& gx, const std::vector<Tensor>&) {
        defined = gx.at(0).defined();
        return std::vector<Tensor>{};
      });
  Scale fresh;
  fresh->register_full_backward_hook(
      [&](nn::Module&, const std::vector<Tensor>& gx, const std::vector<Tensor>&) {
        defined = gx.at(0).defined();
        return std::vector<Tensor>{};
      });
  fresh(ones({2})).sum().backward();
  CHECK_FALSE(defined);
}

TEST_CASE("a backward hook leaves inputs that require no gradient as they are") {
  struct Product : nn::Module {
    Tensor forward(const Tensor& x, const Tensor& y) {
      CHECK(x.requires_grad());
      CHECK_FALSE(y.requires_grad());
      return x * y;
    }
  };
  const auto product = std::make_shared<Product>();
  product->register_full_backward_hook(
      [](nn::Module&, const std::vector<Tensor>& gx, const std::vector<Tensor>&) {
        CHECK_FALSE(gx.at(1).defined());
        return std::vector<Tensor>{gx.at(0) * 10, gx.at(1)};
      });
  const Tensor x = ones({2}, requires_grad()), y = full({2}, 3.0);
  nn::call(*product, x, y).sum().backward();
  CHECK(first(x.grad()) == 30);
}

TEST_CASE("a Sequential passes on what each module returns") {
  struct SumImpl : nn::Module {
    Tensor forward(const Tensor& a, const Tensor& b) { return a + b; }
  };
  struct PairImpl : nn::Module {
    std::tuple<Tensor, Tensor> forward(const Tensor& x) { return {x, x * 2}; }
  };
  nn::Sequential net(std::make_shared<PairImpl>(), std::make_shared<SumImpl>(), Scale(5));
  CHECK(first(net(ones({2}))) == 15);
  nn::Sequential two(std::make_shared<SumImpl>());
  CHECK(first(two->forward(ones({2}), ones({2}))) == 2);
  CHECK(throws_with([&] { two->forward(ones({2})); }, "takes 2 arguments, but 1 were given"));
  CHECK(throws_with([] { nn::Sequential()->forward(Tensor()); }, "empty Sequential"));
  nn::Sequential named({{"one", Scale(2)}, {"two", Scale(3)}});
  CHECK(named->named_children().keys() == std::vector<std::string>{"one", "two"});
  CHECK_THROWS_AS(net->ptr(3), IndexError);
  CHECK_THROWS_AS(net->at<NetImpl>(2), TypeError);

  const Scale scale(3);
  const nn::AnyModule any(scale);
  CHECK(any.get<Scale>().ptr() == scale.ptr());
  CHECK(&any.get<ScaleImpl>() == scale.get());
  CHECK_THROWS_AS(any.get<Net>(), TypeError);
}

TEST_CASE("lists and dictionaries of modules") {
  nn::ModuleList list(Scale(1), Scale(2));
  list->insert(0, Scale(7).ptr());
  CHECK(first(list->at<ScaleImpl>(0).weight) == 7);
  CHECK(first(list->at<ScaleImpl>(-1).weight) == 2);
  CHECK(list->named_children().keys() == std::vector<std::string>{"0", "1", "2"});
  CHECK(list[1] == (*list)[1]);
  CHECK_THROWS_AS(list[3], IndexError);
  float sum = 0;
  for (const auto& module : *list) sum += first(module->as<Scale>()->weight);
  CHECK(sum == 10);

  nn::ModuleDict dict;
  dict->insert("a", Scale(4));
  dict->insert("b", Scale(5));
  CHECK(dict->keys() == std::vector<std::string>{"a", "b"});
  CHECK(first(dict->pop("a")->as<Scale>()->weight) == 4);
  CHECK_FALSE(dict->contains("a"));
  CHECK(first(dict["b"]->as<Scale>()->weight) == 5);
  CHECK_THROWS_AS(dict["a"], KeyError);
}

TEST_CASE("gradients are clipped by their norm together, or each by itself") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor a = zeros({2}).requires_grad_(), b = zeros({1}).requires_grad_();
  const Tensor untrained = zeros({3}).requires_grad_();
  const auto clip = [&](float last, double most, double p = 2) {
    a.mutable_grad() = tensor({2.0f, -1.0f});
    b.mutable_grad() = tensor({last});
    return nn::utils::clip_grad_norm_({a, untrained, b}, most, p);
  };
  CHECK(std::fabs(clip(2, 1.5) - 3) < 1e-6);
  CHECK(allclose(a.grad(), tensor({1.0f, -0.5f})));
  CHECK(allclose(b.grad(), tensor({1.0f})));
  CHECK(clip(2, 10) > 0);
  CHECK(equal(b.grad(), tensor({2.0f})));
  CHECK(clip(-4, 2, std::numeric_limits<double>::infinity()) == 4);
  CHECK(allclose(b.grad(), tensor({-2.0f})));
  CHECK(std::isnan(clip(nan, 1)));
  CHECK(a.grad().isnan().all().item<bool>());
  CHECK_THROWS_AS(nn::utils::clip_grad_norm_({a, b}, 1, 2, /*error_if_nonfinite=*/true),
                  RuntimeError);
  CHECK(nn::utils::clip_grad_norm_(untrained, 1) == 0);

  clip(5, 10);
  nn::utils::clip_grad_value_({a, untrained, b}, 1.5);
  CHECK(equal(a.grad(), tensor({1.5f, -1.0f})));
  CHECK(equal(b.grad(), tensor({1.5f})));
}
