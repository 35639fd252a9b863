#include <limits>
#include <memory>
#include <vector>

#include "catch.h"

#include <pullback/core/ops.h>
#include <pullback/optim/adagrad.h>
#include <pullback/optim/adam.h>
#include <pullback/optim/rmsprop.h>
#include <pullback/optim/schedulers.h>
#include <pullback/optim/sgd.h>

// Parameters, gradients and groups that change under an optimizer's hands.
using namespace pullback;
using namespace pullback::optim;

namespace {

std::unique_ptr<Optimizer> optimizer(int kind, const Tensor& p) {
  const std::vector<Tensor> list{p};
  switch (kind) {
    case 0:
      return std::make_unique<SGD>(list, SGDOptions(0.1).momentum(0.9));
    case 1:
      return std::make_unique<Adam>(list, AdamOptions(0.1).amsgrad(true));
    case 2:
      return std::make_unique<RMSprop>(list, RMSpropOptions(0.1).momentum(0.9));
    default:
      return std::make_unique<Adagrad>(list, AdagradOptions(0.1));
  }
}

}  // namespace

TEST_CASE(
    "a gradient or a state of another shape or type stops a step before it changes anything") {
  const int kind = GENERATE(0, 1, 2, 3);
  CAPTURE(kind);
  const Tensor p = ones({3}).requires_grad_();
  const auto o = optimizer(kind, p);
  for (const Tensor& g : {ones({2}), ones({1}), ones({3}, kDouble), ones({3}, kLong)}) {
    p.mutable_grad() = g;
    CHECK(throws_with([&] { o->step(); }, "step: the gradient of parameter 0 of group 0 is"));
  }
  CHECK(p.detach().equal(ones({3})));
  p.mutable_grad() = ones({3});
  o->step();
  for (const Tensor& value : {ones({50000}), ones({3}, kDouble)}) {
    p.set_data(value);
    p.mutable_grad() = ones_like(value);
    CHECK(throws_with([&] { o->step(); }, "step: the state of parameter 0"));
    CHECK(p.detach().equal(value));
  }
}

TEST_CASE("parameters and groups may be pushed into an optimizer's lists") {
  const Tensor p = ones({3}).requires_grad_(), q = ones({2}).requires_grad_();
  SGD o({p}, SGDOptions(0.5));
  o.param_groups()[0].params().push_back(q);
  q.mutable_grad() = ones({2});
  o.step();
  CHECK(q.detach().equal(full({2}, 0.5)));
  o.param_groups().push_back(ParamGroup({ones({2}).requires_grad_()}));
  o.step();
  CHECK(o.state_dict().contains("param_groups.1.lr"));
  o.param_groups()[1].params().push_back(Tensor());
  CHECK(throws_with([&] { o.step(); }, "parameter 1 of group 1 is undefined"));
  o.zero_grad();
  StepLR schedule(o, 1);
  o.param_groups().clear();
  o.step();
  schedule.step();
  CHECK(schedule.get_last_lr().empty());
}

TEST_CASE("a state dict with an undefined tensor is refused") {
  const Tensor p = ones({3}).requires_grad_();
  SGD o({p}, SGDOptions(0.5));
  auto state = o.state_dict();
  state["param_groups.0.lr"] = Tensor();
  CHECK(throws_with([&] { o.load_state_dict(state); }, "\"param_groups.0.lr\" is an undefined"));
}

TEST_CASE("schedulers refuse what they could not compute") {
  const Tensor p = ones({3}).requires_grad_();
  SGD o({p}, SGDOptions(0.5));
  CHECK_THROWS_AS(LambdaLR(o, {}), ValueError);
  CHECK_THROWS_AS(CosineAnnealingLR(o, std::numeric_limits<std::int64_t>::max()), ValueError);
  CHECK_THROWS_AS(StepLR(o, 0), ValueError);
}

TEST_CASE("a group without options says so when it is asked for them") {
  const Tensor x = ones({2}).requires_grad_(), y = ones({2}).requires_grad_();
  optim::SGD sgd({x}, 0.1);
  sgd.param_groups().push_back(optim::ParamGroup(std::vector<Tensor>{y}));
  CHECK(throws_with([&] { sgd.param_groups()[1].options(); }, "no options yet"));
}
