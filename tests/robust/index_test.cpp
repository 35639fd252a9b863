#include <cmath>
#include <limits>

#include "catch.h"

#include <pullback/core/autograd/engine.h>
#include <pullback/core/indexing.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>

// What indices, masks and searches find, beside a search one by one.
using namespace pullback;

namespace {

const double kNaN = std::nan("");

}  // namespace

TEST_CASE("scatter_reduce without the old value is that of the values, whatever they are") {
  const double inf = INFINITY;
  const Tensor x = tensor({9., 9., 9., 9.}), at = tensor({0, 0, 1, 2, 2});
  const Tensor y = tensor({-inf, -inf, inf, 1., kNaN});
  const Tensor largest = x.scatter_reduce(0, at, y, "amax", false);
  const Tensor least = x.scatter_reduce(0, at, y, "amin", false);
  for (const Tensor& z : {largest, least}) {
    CHECK(z.slice(0, 0, 2).equal(tensor({-inf, inf})));
    CHECK(std::isnan(z[2].item<float>()));
    CHECK(z[3].item<float>() == 9);
  }
  const auto lowest = std::numeric_limits<std::int64_t>::min();
  const Tensor ints = tensor({std::int64_t{5}}), zero = zeros({1}, kLong);
  CHECK(ints.scatter_reduce(0, zero, full({1}, lowest, kLong), "amax", false)
            .equal(full({1}, lowest, kLong)));
}

TEST_CASE("scatter_reduce reads no more of a source than its index has, and checks that there is") {
  const Tensor x = zeros({3, 2}), at = tensor({{0, 1}});
  const Tensor y = tensor({{1., 2.}, {7., 7.}}).t();
  CHECK(x.scatter_reduce(0, at, y, "amax").equal(tensor({{1., 0.}, {0., 7.}, {0., 0.}})));
  CHECK(x.scatter_reduce(0, at.expand({2, 2}), y, "amax")
            .equal(tensor({{2., 0.}, {0., 7.}, {0., 0.}})));
  CHECK_THROWS_AS(x.scatter_reduce(0, at, ones({1, 1}), "amax"), Error);
  CHECK_THROWS_AS(x.scatter_reduce(0, at, ones({1, 1}), "sum"), Error);
}

TEST_CASE("places in sorted rows are those of a search one by one") {
  manual_seed(0);
  for (const std::int64_t n : {0, 1, 2, 3, 7, 8, 9, 64, 65}) {
    Tensor rows = std::get<0>((rand({3, n}) * 20).round().sort());
    Tensor numbers = (rand({3, 19}) * 24 - 2).round();
    numbers.index_put_({1, 4}, kNaN);
    if (n > 2) rows.index_put_({2, -1}, kNaN);
    for (const Tensor& sorted : {rows, rows.to(kDouble)}) {
      for (const bool right : {false, true}) {
        const Tensor places = searchsorted(sorted, numbers, right);
        for (std::int64_t i = 0; i < 3; ++i)
          for (std::int64_t j = 0; j < 19; ++j) {
            const double x = numbers[i][j].item<double>();
            std::int64_t place = 0;
            for (; place < n; ++place) {
              const double e = sorted[i][place].item<double>();
              if (std::isnan(x) ? !right && std::isnan(e) : !(right ? e <= x : e < x)) break;
            }
            CHECK(places[i][j].item<std::int64_t>() == place);
          }
        CHECK(bucketize(numbers[0], sorted[0], right).equal(places[0]));
      }
    }
  }
  CHECK(searchsorted(ones({3, 4}), empty({3, 0})).sizes() == IntArrayRef({3, 0}));
}

TEST_CASE("a mask of several dimensions stands for an index of each") {
  const Tensor x = arange(60.).reshape({3, 4, 5}).clone().requires_grad_();
  const Tensor mask = (arange(12).reshape({3, 4}).remainder(5) == 1), columns = tensor({4, 0, -2});
  const std::vector<Tensor> at = where(mask);
  using indexing::Slice;
  const auto check_same = [&](const Tensor& y, const Tensor& expected) {
    CHECK(y.equal(expected));
    const Tensor g = randn_like(y.detach());
    CHECK(autograd::grad({y}, {x}, {g})[0].equal(autograd::grad({expected}, {x}, {g})[0]));
  };
  check_same(x.index({mask}), x.index({at[0], at[1]}));
  check_same(x.index({mask, columns}), x.index({at[0], at[1], columns}));
  check_same(x.index({mask, Slice(1, 4)}), x.index({at[0], at[1], Slice(1, 4)}));
  check_same(x.permute({2, 0, 1}).index({Slice(), mask}),
             x.permute({2, 0, 1}).index({Slice(), at[0], at[1]}));
  check_same(x.unsqueeze(2).index({mask, Slice(), columns}),
             x.unsqueeze(2).index({at[0], at[1], Slice(), columns}));
  CHECK(x.index({zeros_like(mask)}).sizes() == IntArrayRef({0, 5}));
  CHECK(empty({0, 3, 2}).index({zeros({0, 3}, kBool)}).sizes() == IntArrayRef({0, 2}));
}

TEST_CASE("the places of elements that are not 0 are counted through all dimensions") {
  const Tensor x = tensor({0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 1, 2}).reshape({2, 3, 2});
  CHECK(nonzero(x).equal(tensor({{0, 1, 1}, {1, 2, 0}, {1, 2, 1}})));
  CHECK(nonzero(x.transpose(0, 2)).equal(tensor({{0, 2, 1}, {1, 1, 0}, {1, 2, 1}})));
  CHECK(nonzero(ones({2000, 1})).select(1, 0).equal(arange(2000)));
  CHECK(nonzero(ones({2, 0, 3})).sizes() == IntArrayRef({0, 3}));
}

TEST_CASE("bincount takes no negative number, and weights of any layout") {
  CHECK(throws_with([] { bincount(tensor({1, -3, -2})); }, "integral inputs, got -3"));
  CHECK(bincount(empty({0}, kLong), {}, 2).equal(zeros({2}, kLong)));
  const Tensor weights = arange(6.).reshape({3, 2}).select(1, 1);
  CHECK(bincount(tensor({2, 0, 2}), weights).equal(tensor({3., 0., 6.})));
}

TEST_CASE("an index outside is refused, and what is changed in place stays as it was") {
  const Tensor x = arange(6.).reshape({2, 3}).clone(), y = ones({2, 9});
  Tensor at = zeros({2, 9}, kLong);
  for (const std::int64_t wrong : {-1, 3}) {
    at.index_put_({1, 8}, wrong);
    const std::string said =
        ": index " + std::to_string(wrong) + " is out of bounds for dimension 1 with size 3";
    CHECK(throws_with([&] { x.scatter(1, at, y); }, "scatter" + said));
    CHECK(throws_with([&] { x.scatter(1, at, 1); }, "scatter" + said));
    CHECK(throws_with([&] { x.scatter_add(1, at, y); }, "scatter_add" + said));
    CHECK(throws_with([&] { x.scatter_reduce(1, at, y, "amax"); }, "gather" + said));
    CHECK(throws_with([&] { x.scatter_reduce(1, at, y, "mean", false); }, "gather" + said));
    CHECK(throws_with([&] { x.scatter_(1, at, y); }, "scatter_" + said));
    CHECK(throws_with([&] { x.scatter_add_(1, at, y); }, "scatter_add_" + said));
    CHECK(x.equal(arange(6.).reshape({2, 3})));
  }
}

TEST_CASE("the largest values along a dimension may be changed in place") {
  const Tensor x = tensor({{1.0, 3.0}, {5.0, 2.0}}).requires_grad_();
  const auto [values, indices] = max(x, 1);
  CHECK_FALSE(values.is_view());
  values.mul_(2);
  values.sum().backward();
  CHECK(equal(x.grad(), tensor({{0.0, 2.0}, {2.0, 0.0}})));
}
