#include <cmath>
#include <functional>
#include <map>
#include <memory>

#include "catch.h"
#include "reference/reference.h"

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/factories.h>
#include <pullback/core/ops.h>
#include <pullback/optim/adagrad.h>
#include <pullback/optim/adam.h>
#include <pullback/optim/rmsprop.h>
#include <pullback/optim/schedulers.h>
#include <pullback/optim/sgd.h>

using namespace pullback;
using namespace pullback_tests;
using nlohmann::json;

namespace {

/// Options with the numbers of an entry, the rest as they are.
template <class Options>
Options options_from(const json& numbers) {
  Options options;
  options.visit([&](const char* name, double& value) {
    const std::string key = name;
    if (key.rfind("betas.", 0) == 0 && numbers.contains("betas")) {
      value = numbers["betas"][key.back() == '0' ? 0 : 1].get<double>();
    } else if (numbers.contains(key)) {
      value = numbers[key].is_boolean() ? numbers[key].get<bool>() : numbers[key].get<double>();
    }
  });
  return options;
}

using Made = std::unique_ptr<optim::Optimizer>;
using Maker = std::function<Made(std::vector<Tensor>, const json&)>;

template <class Optimizer, class Options>
Maker maker() {
  return [](std::vector<Tensor> params, const json& numbers) -> Made {
    return std::make_unique<Optimizer>(std::move(params), options_from<Options>(numbers));
  };
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> table = {
      {"SGD", maker<optim::SGD, optim::SGDOptions>()},
      {"Adam", maker<optim::Adam, optim::AdamOptions>()},
      {"AdamW", maker<optim::AdamW, optim::AdamWOptions>()},
      {"RMSprop", maker<optim::RMSprop, optim::RMSpropOptions>()},
      {"Adagrad", maker<optim::Adagrad, optim::AdagradOptions>()},
  };
  return table;
}

/// The problem of tests/oracle/training.py: Σ (w − t)⁴/4 + Σ w² v² + Σ w².
struct Problem {
  Tensor w, v, t;
  explicit Problem(ScalarType type)
      : w(tensor_of({0.5, -1.25, 2.0}, {3}, type).requires_grad_()),
        v(tensor_of({1.0, -0.5}, {2, 1}, type).requires_grad_()),
        t(tensor_of({1.0, 0.25, -0.5}, {3}, type)) {}
  Tensor loss() const {
    return (w - t).pow(4).sum() / 4 + (w * v).square().sum() + w.square().sum();
  }
  void step(optim::Optimizer& optimizer) const {
    optimizer.step([&] {
      optimizer.zero_grad();
      const Tensor value = loss();
      value.backward();
      return value;
    });
  }
};

}  // namespace

TEST_CASE("optimizers take PyTorch's path") {
  int compared = 0;
  for (const json& entry : reference("optim.json")) {
    const auto made = makers().find(entry["name"].get<std::string>());
    if (made == makers().end()) continue;
    INFO(entry["name"] << " " << entry["dtype"] << " " << entry["kw"]);
    const ScalarType type = type_from(entry["dtype"].get<std::string>());
    const Problem problem(type);
    const Made optimizer = made->second({problem.w, problem.v}, entry["kw"]);
    const int checked[] = {1, 2, 5, 10};
    for (int step = 1, next = 0; step <= 10; ++step) {
      problem.step(*optimizer);
      if (step != checked[next]) continue;
      const json& expected = entry["path"][static_cast<std::size_t>(next++)];
      CHECK(difference(problem.w, tensor_of(expected[0].get<std::vector<double>>(), {3}, type),
                       4) == "");
      CHECK(difference(problem.v, tensor_of(expected[1].get<std::vector<double>>(), {2, 1}, type),
                       4) == "");
    }
    ++compared;
  }
  CHECK(compared == 30);
}

TEST_CASE("learning rates follow PyTorch's schedules") {
  using Schedule = std::function<std::unique_ptr<optim::LRScheduler>(optim::Optimizer&)>;
  const std::map<std::string, Schedule> schedules = {
      {"StepLR", [](auto& o) { return std::make_unique<optim::StepLR>(o, 3, 0.5); }},
      {"ExponentialLR", [](auto& o) { return std::make_unique<optim::ExponentialLR>(o, 0.9); }},
      {"CosineAnnealingLR",
       [](auto& o) { return std::make_unique<optim::CosineAnnealingLR>(o, 8, 0.01); }},
      {"LambdaLR",
       [](auto& o) {
         return std::make_unique<optim::LambdaLR>(
             o, [](std::int64_t epoch) { return 1.0 / static_cast<double>(epoch + 1); });
       }},
      {"OneCycleLR", [](auto& o) { return std::make_unique<optim::OneCycleLR>(o, 0.5, 12); }},
  };
  int compared = 0;
  for (const json& entry : reference("schedulers.json")) {
    const auto name = entry["name"].get<std::string>();
    INFO(name);
    const Tensor w = zeros({1}).requires_grad_();
    optim::SGD optimizer(std::vector<Tensor>{w}, optim::SGDOptions(0.1).momentum(0.9));
    const auto rates = entry["rates"].get<std::vector<double>>();
    const auto rate = [&] { return optimizer.param_groups()[0].options().get_lr(); };
    if (name == "ReduceLROnPlateau") {
      optim::ReduceLROnPlateau scheduler(optimizer,
                                         optim::PlateauOptions().factor(0.5).patience(1));
      for (std::size_t i = 0; i < entry["losses"].size(); ++i) {
        scheduler.step(entry["losses"][i].get<double>());
        CHECK(std::fabs(rate() - rates[i + 1]) < 1e-15);
      }
    } else {
      const auto scheduler = schedules.at(name)(optimizer);
      for (std::size_t i = 0; i < rates.size(); ++i) {
        if (i) scheduler->step();
        CHECK(std::fabs(rate() - rates[i]) < 1e-15);
      }
    }
    ++compared;
  }
  CHECK(compared == 6);
}

TEST_CASE("schedulers of one optimizer start from the rate before the first, which a dict keeps") {
  const Tensor w = zeros({1}).requires_grad_();
  const auto rate = [](optim::Optimizer& o) { return o.param_groups()[0].options().get_lr(); };
  optim::SGD optimizer(std::vector<Tensor>{w}, 0.8);
  optim::LambdaLR warm_up(optimizer, [](std::int64_t) { return 0.125; });
  CHECK(rate(optimizer) == 0.1);
  optim::LambdaLR second(optimizer, [](std::int64_t) { return 0.5; });
  CHECK(rate(optimizer) == 0.4);

  optim::SGD resumed(std::vector<Tensor>{w}, 0.3);
  resumed.load_state_dict(optimizer.state_dict());
  optim::LambdaLR third(resumed, [](std::int64_t) { return 0.25; });
  CHECK(rate(resumed) == 0.2);
}

TEST_CASE("a milestone at 0 counts from the start") {
  optim::SGD optimizer(std::vector<Tensor>{zeros({1}).requires_grad_()}, 0.5);
  optim::MultiStepLR scheduler(optimizer, {0, 2}, 0.5);
  CHECK(scheduler.get_last_lr() == std::vector<double>{0.25});
  scheduler.step(), scheduler.step();
  CHECK(scheduler.get_last_lr() == std::vector<double>{0.125});
}

TEST_CASE("a run resumes from whatever rate its schedulers made") {
  const std::vector<Tensor> w{zeros({1}).requires_grad_()};
  optim::SGD first(w, 0.1), second(w, 0.1);
  optim::ExponentialLR fall(first, 0.5);
  optim::CosineAnnealingLR wave(first, 6, 0.01);
  while (fall.get_last_lr()[0] >= 0) fall.step(), wave.step();
  second.load_state_dict(first.state_dict());
  CHECK(second.param_groups()[0].options().get_lr() == fall.get_last_lr()[0]);
}

TEST_CASE("a group that joins later is scheduled from its own rate") {
  const Tensor w = zeros({1}).requires_grad_(), v = zeros({1}).requires_grad_();
  optim::SGD optimizer(std::vector<Tensor>{w}, 0.5);
  optim::StepLR scheduler(optimizer, 2, 0.5);
  scheduler.step();
  optimizer.add_param_group(optim::ParamGroup({v}, optim::SGDOptions(4)));
  scheduler.step();
  CHECK(scheduler.get_last_lr() == std::vector<double>{0.25, 2});
  optim::LambdaLR later(optimizer, [](std::int64_t) { return 0.5; });
  CHECK(later.get_last_lr() == std::vector<double>{0.25, 2});
}

TEST_CASE("a scheduler resumes from its state dict exactly") {
  using Rates = std::vector<double>;
  const Tensor w = zeros({1}).requires_grad_(), v = zeros({1}).requires_grad_();
  optim::SGD first(std::vector<Tensor>{w}, 0.1), second(std::vector<Tensor>{v}, 0.7);
  optim::CosineAnnealingLR a(first, 5), b(second, 5);
  for (int i = 0; i < 3; ++i) a.step();
  second.load_state_dict(first.state_dict());
  b.load_state_dict(a.state_dict());
  CHECK(b.last_epoch() == 3);
  for (int i = 0; i < 9; ++i) {  // past the bottom, where the initial rate counts
    a.step(), b.step();
    CHECK(a.get_last_lr() == b.get_last_lr());
  }

  optim::ReduceLROnPlateau one(first, optim::PlateauOptions().patience(2)),
      two(second, optim::PlateauOptions().patience(2));
  for (int i = 0; i < 3; ++i) one.step(1);
  two.load_state_dict(one.state_dict());
  const Rates before = b.get_last_lr();
  two.step(1);
  CHECK(b.get_last_lr() == Rates{before[0] * 0.1});

  CHECK_THROWS_AS(b.load_state_dict(one.state_dict()), RuntimeError);
  CHECK_THROWS_AS(two.load_state_dict(a.state_dict()), RuntimeError);
  auto wide = a.state_dict();
  wide["base_lrs"] = zeros({2});
  CHECK_THROWS_AS(b.load_state_dict(wide), RuntimeError);
}

TEST_CASE("OneCycleLR may be stepped after each of its batches, and needs a momentum to cycle") {
  const Tensor w = zeros({1}).requires_grad_();
  optim::SGD sgd(std::vector<Tensor>{w}, 0.1);
  optim::OneCycleLR cycle(sgd, 1, 10);
  for (int batch = 0; batch < 10; ++batch) cycle.step();
  // PyTorch's value: the cosine goes on.
  CHECK(std::fabs(cycle.get_last_lr()[0] - 0.0495193679865) < 1e-12);
  CHECK_THROWS_AS(cycle.step(), ValueError);

  optim::Adagrad adagrad(std::vector<Tensor>{w}, 0.1);
  CHECK_THROWS_AS(optim::OneCycleLR(adagrad, 1, 10), ValueError);
  optim::OneCycleLR plain(adagrad, 1, 10, optim::OneCycleOptions().cycle_momentum(false));
  CHECK(std::fabs(plain.get_last_lr()[0] - 0.04) < 1e-15);
}

TEST_CASE("an optimizer resumes from its state dict exactly") {
  for (const auto& [name, make] : makers()) {
    INFO(name);
    const json numbers = {{"lr", 0.05}, {"momentum", 0.9}, {"amsgrad", true}};
    const Problem first(kDouble), second(kDouble);
    const Made a = make({first.w, first.v}, numbers), b = make({second.w, second.v}, {{"lr", 0.5}});
    for (int i = 0; i < 3; ++i) first.step(*a);
    {
      const NoGradGuard no_grad;
      second.w.copy_(first.w);
      second.v.copy_(first.v);
    }
    b->load_state_dict(a->state_dict());
    for (int i = 0; i < 3; ++i) first.step(*a), second.step(*b);
    CHECK(equal(first.w, second.w));
    CHECK(equal(first.v, second.v));
  }
}

TEST_CASE("a state dict that does not fit changes nothing") {
  const Problem problem(kDouble), other(kDouble);
  optim::Adam adam({problem.w, problem.v}, 0.1), narrow(std::vector<Tensor>{other.w}, 0.2);
  problem.step(adam);
  const auto before = adam.state_dict();
  CHECK_THROWS_AS(adam.load_state_dict(narrow.state_dict()), ValueError);
  CHECK_THROWS_AS(adam.load_state_dict(optim::SGD({other.w, other.v}).state_dict()), RuntimeError);
  auto resized = before;
  resized["state.0.exp_avg"] = zeros({4});
  CHECK_THROWS_AS(adam.load_state_dict(resized), RuntimeError);
  const auto after = adam.state_dict();
  REQUIRE(after.keys() == before.keys());
  for (const auto& item : before) CHECK(equal(item.value(), after[item.key()]));
}

TEST_CASE("groups have options of their own, and the defaults where they give none") {
  const Tensor a = ones({2}).requires_grad_(), b = ones({2}).requires_grad_();
  optim::SGD optimizer({optim::ParamGroup({a}), optim::ParamGroup({b}, optim::SGDOptions(0.5))},
                       optim::SGDOptions(0.25));
  (a.sum() + b.sum()).backward();
  optimizer.step();
  CHECK(a[0].item<double>() == 0.75);
  CHECK(b[0].item<double>() == 0.5);
  optimizer.param_groups()[0].options().set_lr(1);
  optimizer.step();
  CHECK(a[0].item<double>() == -0.25);
  CHECK(b[0].item<double>() == 0);

  std::vector<optim::OptimizerParamGroup> groups;
  const Tensor c = ones({2}).requires_grad_();
  groups.emplace_back(std::vector<Tensor>{c}, std::make_unique<optim::SGDOptions>(2.0));
  optim::SGD other(groups, optim::SGDOptions(0.25));
  c.sum().backward();
  other.step();
  CHECK(c[0].item<double>() == -1);
}

TEST_CASE(
    "a step leaves parameters without a gradient alone and counts as a change of the others") {
  const Tensor a = ones({2}).requires_grad_(), b = ones({2}).requires_grad_();
  optim::SGD optimizer({a, b}, 0.5);
  const Tensor kept = a * a;
  a.sum().backward();
  const auto before = b._version();
  optimizer.step();
  CHECK(b._version() == before);
  CHECK(b[0].item<double>() == 1);
  CHECK_THROWS_AS(kept.sum().backward(), RuntimeError);  // a was changed in place
  optimizer.zero_grad(false);
  CHECK(a.grad()[0].item<double>() == 0);
  optimizer.zero_grad();
  CHECK(!a.grad().defined());
}

TEST_CASE("transposed and expanded layouts are trained like dense ones") {
  const Tensor dense = arange(6, kDouble).reshape({2, 3}).requires_grad_();
  const Tensor transposed =
      arange(6, kDouble).reshape({2, 3}).t().contiguous().t().requires_grad_();
  REQUIRE(!transposed.is_contiguous());
  optim::Adam one(std::vector<Tensor>{dense}, 0.1), two(std::vector<Tensor>{transposed}, 0.1);
  for (int i = 0; i < 3; ++i) {
    one.zero_grad(), two.zero_grad();
    (dense * dense).sum().backward();
    (transposed * transposed).sum().backward();
    one.step(), two.step();
  }
  CHECK(equal(dense, transposed));
  CHECK(!transposed.is_contiguous());
}

TEST_CASE("a frozen parameter may be given to an optimizer, and is passed over until it thaws") {
  const Tensor w = ones({2}).requires_grad_(), frozen = ones({2});
  optim::SGD optimizer({w, frozen}, 0.5);
  (w * frozen).sum().backward();
  optimizer.step();
  CHECK(equal(w, full({2}, 0.5)));
  CHECK(equal(frozen, ones({2})));
  frozen.requires_grad_();
  optimizer.zero_grad();
  (w * frozen).sum().backward();
  optimizer.step();
  CHECK(equal(frozen, full({2}, 0.75)));
}

TEST_CASE("an optimizer's state has the tensors that its options ask for, under PyTorch's names") {
  using Keys = std::vector<std::string>;
  const auto keys = [](const optim::RMSpropOptions& options) {
    const Tensor w = ones({2}).requires_grad_();
    optim::RMSprop optimizer(std::vector<Tensor>{w}, options);
    w.sum().backward();
    optimizer.step();
    Keys found;
    for (const auto& item : optimizer.state_dict())
      if (item.key().rfind("state.0.", 0) == 0) found.push_back(item.key().substr(8));
    const Tensor other = ones({2}).requires_grad_();
    optim::RMSprop copy(std::vector<Tensor>{other}, options);
    copy.load_state_dict(optimizer.state_dict());
    CHECK(copy.state_dict().keys() == optimizer.state_dict().keys());
    return found;
  };
  CHECK(keys({}) == Keys{"step", "square_avg"});
  CHECK(keys(optim::RMSpropOptions().centered(true)) == Keys{"step", "square_avg", "grad_avg"});
  CHECK(keys(optim::RMSpropOptions().momentum(0.9)) ==
        Keys{"step", "square_avg", "momentum_buffer"});
}

TEST_CASE("bad parameters and numbers are refused by name") {
  const Tensor w = ones({2}).requires_grad_();
  using List = std::vector<Tensor>;
  CHECK(message_of([&] { optim::SGD o(List{}); }).find("empty parameter list") !=
        std::string::npos);
  CHECK(message_of([&] { optim::SGD o(List{w * 2}); }).find("non-leaf Tensor") !=
        std::string::npos);
  CHECK(message_of([&] {
          optim::SGD o({w, w});
        }).find("more than one parameter group") != std::string::npos);
  CHECK(message_of([&] { optim::SGD o(List{w}, -1); }) == "Invalid learning rate: -1");
  CHECK(message_of([&] {
          optim::SGD o(List{w}, optim::SGDOptions(1).nesterov(true));
        }).find("Nesterov") != std::string::npos);
  CHECK(message_of([&] {
          optim::Adam o(List{w}, optim::AdamOptions().betas({1, 0.5}));
        }) == "Invalid beta parameter at index 0: 1");
}
