#include <functional>

#include "catch.h"

#include <pullback/core/autograd/checkpoint.h>
#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/function.h>
#include <pullback/core/autograd/functional.h>
#include <pullback/core/autograd/saved.h>
#include <pullback/core/indexing.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/linalg.h>

// Backward passes through hooks, functions and gradients that misbehave.
using namespace pullback;
using autograd::AutogradContext;
using autograd::tensor_list;

namespace {

Tensor leaf() {
  return ones({2}).requires_grad_();
}

struct Mine {};

struct Keeps : autograd::Function<Keeps> {
  static Tensor forward(AutogradContext* context, const Tensor& x) {
    context->saved_data["x"] = x;
    return x * 1;
  }
  static tensor_list backward(AutogradContext*, tensor_list g) { return g; }
};

struct MarksWhatItMade : autograd::Function<MarksWhatItMade> {
  static Tensor forward(AutogradContext* context, int) {
    Tensor y = ones({2});
    context->mark_dirty({y});
    return y;
  }
  static tensor_list backward(AutogradContext*, tensor_list) { return {Tensor()}; }
};

}  // namespace

TEST_CASE("a .grad that the caller set to another shape or type takes no gradient") {
  const Tensor x = leaf();
  for (const Tensor& g :
       {ones({3}), ones({1}), ones({2, 2}), ones({2}, kDouble), ones({2}, kLong)}) {
    x.mutable_grad() = g;
    CHECK(throws_with([&] { (x * 2).sum().backward(); }, "backward: .grad was set to"));
    CHECK(x.grad().equal(ones_like(g)));
  }
  x.mutable_grad() = ones({2});
  (x * 2).sum().backward();
  CHECK(x.grad().equal(full({2}, 3.0)));
}

TEST_CASE("a hook that changes a gradient's type is refused") {
  for (const ScalarType type : {kDouble, kLong}) {
    const Tensor x = leaf();
    x.register_hook([type](Tensor g) { return g.to(type); });
    CHECK(throws_with([&] { (x * 2).sum().backward(); }, "hook has changed the type of value"));
    CHECK_FALSE(x.grad().defined());
  }
}

TEST_CASE("a pass that a hook's exception ends can be run again") {
  const Tensor x = leaf(), y = x * 2;
  bool fails = true;
  y.register_hook([&](Tensor g) {
    if (fails) throw Mine();
    return g;
  });
  for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(y.sum().backward({}, /*retain_graph=*/true), Mine);
  fails = false;
  y.sum().backward();
  CHECK(x.grad().equal(full({2}, 2.0)));
}

TEST_CASE("an empty function is refused before a backward pass could call it") {
  const Tensor x = leaf();
  using F = std::function<Tensor(const Tensor&)>;
  CHECK_THROWS_AS(x.register_hook(std::function<Tensor(Tensor)>()), ValueError);
  CHECK_THROWS_AS(x.register_post_accumulate_grad_hook({}), ValueError);
  CHECK_THROWS_AS(autograd::checkpoint(F(), x), ValueError);
  CHECK_THROWS_AS(autograd::functional::jacobian(F(), x), ValueError);
  CHECK_THROWS_AS(autograd::SavedTensorsHooks({}, {}), ValueError);
  CHECK_FALSE(autograd::SavedTensorsHooks::are_set());
}

TEST_CASE("long chains through saved values, hooks and gradients are dropped without recursion") {
  Tensor y = leaf();
  for (int i = 0; i < 100000; ++i) y = Keeps::apply(y);
  Tensor hooked = leaf() * 1;
  for (int i = 0; i < 100000; ++i) {
    const Tensor next = leaf() * 1;
    next.register_hook([hooked](Tensor g) { return g; });
    hooked = next;
  }
  Tensor graded = leaf();
  for (int i = 0; i < 100000; ++i) {
    Tensor next = leaf();
    next.mutable_grad() = graded;
    graded = next;
  }
  CHECK(y.defined());
}

TEST_CASE("a function without tensors may mark what it made as dirty") {
  CHECK(MarksWhatItMade::apply(3).equal(ones({2})));
}

TEST_CASE("pivots that name no row are refused") {
  const auto [lu, pivots] = linalg::lu_factor(eye(3) * 2);
  const Tensor b = ones({3, 1});
  for (const int bad : {0, 4, -5, 2147483647}) {
    const Tensor wrong = pivots.clone();
    wrong[1].fill_(bad);
    CHECK(throws_with([&, f = lu] { linalg::lu_solve(f, wrong, b); }, "between 1 and 3"));
  }
  CHECK(linalg::lu_solve(lu, pivots, b).equal(full({3, 1}, 0.5)));
}

TEST_CASE("indices that were changed after the forward pass are refused") {
  const Tensor x = arange(6, kFloat).reshape({3, 2}).requires_grad_();
  const auto refused = [](const Tensor& y, const Tensor& indices) {
    indices.fill_(0);
    return throws_with([&] { y.sum().backward(); }, "modified by an inplace operation");
  };
  const auto rows = [] { return tensor({1, 2}); };
  Tensor at = rows();
  CHECK(refused(x.index_select(0, at), at));
  at = rows();
  CHECK(refused(x.index_add(0, at, ones({2, 2}).requires_grad_()), at));
  at = rows();
  CHECK(refused(x.index_copy(0, at, ones({2, 2})), at));
  at = rows();
  CHECK(refused(x.index_fill(0, at, 7), at));
  at = rows().unsqueeze(1);
  CHECK(refused(x.scatter_reduce(0, at, ones({2, 1}), "prod"), at));
  at = tensor({1, 0, 1});
  CHECK(refused(cross_entropy(x, at), at));
  for (const auto& [values, places] :
       {x.max(0), x.sort(0), x.topk(1, 0), x.median(0), cummax(x, 0)})
    CHECK(refused(values, places));

  // What index keeps is its own.
  at = rows();
  const Tensor y = x.index({at});
  at.fill_(0);
  CHECK(autograd::grad({y.sum()}, {x})[0].equal(tensor({{0., 0.}, {1., 1.}, {1., 1.}})));
}
