#include <pullback/parametrize/parametrize.h>

#include <thread>

#include "catch.h"

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/nn/containers/sequential.h>
#include <pullback/nn/init.h>
#include <pullback/nn/linear.h>

using namespace pullback;
using parametrize::cached;
using parametrize::is_parametrized;
using parametrize::parametrizations;
using parametrize::register_parametrization;
using parametrize::remove_parametrizations;
using Names = std::vector<std::string>;

namespace {

struct DoubleImpl : nn::Module {
  Tensor forward(const Tensor& x) { return x * 2; }
  Tensor right_inverse(const Tensor& x) { return x / 2; }
};
PULLBACK_MODULE(Double);

struct AddOneImpl : nn::Module {
  Tensor forward(const Tensor& x) { return x + 1; }
  Tensor right_inverse(const Tensor& x) { return x - 1; }
};
PULLBACK_MODULE(AddOne);

struct NoInverseImpl : nn::Module {
  Tensor forward(const Tensor& x) { return x + 1; }
};
PULLBACK_MODULE(NoInverse);

struct UnwillingImpl : nn::Module {
  Tensor forward(const Tensor& x) { return x + 1; }
  Tensor right_inverse(const Tensor&) { throw NotImplementedError("no way back"); }
};
PULLBACK_MODULE(Unwilling);

struct SumImpl : nn::Module {
  Tensor forward(const Tensor& a, const Tensor& b) { return a + b; }
  std::pair<Tensor, Tensor> right_inverse(const Tensor& x) { return {x / 4, x * 3 / 4}; }
};
PULLBACK_MODULE(Sum);

struct LoggedImpl : nn::Module {
  LoggedImpl(std::string id, std::vector<std::string>& log) : id(std::move(id)), log(&log) {}
  Tensor forward(const Tensor& x) {
    log->push_back("f" + id);
    return x * 1;
  }
  Tensor right_inverse(const Tensor& x) {
    log->push_back("r" + id);
    return x * 1;
  }
  std::string id;
  std::vector<std::string>* log;
};
PULLBACK_MODULE(Logged);

// Reads of a buffer, and one that each evaluation counts.
struct CountingImpl : nn::Module {
  CountingImpl() {
    offset = register_buffer("offset", zeros({1}));
    reads = register_buffer("reads", zeros({1}));
  }
  Tensor forward(const Tensor& x) {
    {
      const NoGradGuard no_grad;
      reads += 1;
    }
    return x * 2 + offset;
  }
  Tensor right_inverse(const Tensor& x) { return x / 2; }
  int count() const { return reads.item<int>(); }
  nn::Attribute offset, reads;
};
PULLBACK_MODULE(Counting);

struct HostImpl : nn::Module {
  HostImpl() {
    weight = register_parameter("weight", arange(4.).to(kFloat32).view({2, 2}));
    bias = register_parameter("bias", ones({2}));
    state = register_buffer("state", ones({2}));
    scratch = register_buffer("scratch", ones({2}), /*persistent=*/false);
    none = register_parameter("none", Tensor(), false);
  }
  Tensor forward(const Tensor& x) { return matmul(x, weight) + bias; }
  nn::Attribute weight, bias, state, scratch, none;
};
PULLBACK_MODULE(Host);

struct PlainImpl : nn::Module {
  PlainImpl() { weight = register_parameter("weight", ones({2})); }
  Tensor weight;
};
PULLBACK_MODULE(Plain);

Tensor start() {
  return arange(4.).to(kFloat32).view({2, 2});
}

bool same(const TensorBase& a, const TensorBase& b) {
  return Tensor(a).equal(Tensor(b));
}

Names names(const Host& host) {
  return host->named_parameters().keys();
}

}  // namespace

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

TEST_CASE("a container never runs the parametrizations of its own tensors") {
  nn::Sequential net{Double(), AddOne()};
  net->register_parameter("scale", ones({2}));
  register_parametrization(net, "scale", Double());
  CHECK(same(net->forward(ones({2})), full({2}, 3.0)));
  CHECK(net->size() == 2);
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
