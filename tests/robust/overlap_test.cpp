#include <functional>
#include <utility>
#include <vector>

#include "catch.h"

#include <pullback/core/indexing.h>
#include <pullback/core/ops.h>

// Changes in place whose operands share memory with what they change.
using namespace pullback;

namespace {

Tensor square() {
  return arange(9.0).reshape({3, 3}).clone();
}

const Tensor& all_rows() {
  static const Tensor rows = arange(3);
  return rows;
}

/// Does the change say that operands overlap, and leave x as it was?
bool refuses(const std::function<void(const Tensor&)>& change) {
  const Tensor x = square(), before = x.clone();
  const auto version = x._version();
  const bool says = throws_with([&] { change(x); }, "refer to a single memory location");
  return says && x.equal(before) && x._version() == version;
}

}  // namespace

TEST_CASE("a change in place whose operand is the tensor in another order is refused") {
  CHECK(refuses([](const Tensor& x) { x.copy_(x.t()); }));
  CHECK(refuses([](const Tensor& x) { x.add_(x.t()); }));
  CHECK(refuses([](const Tensor& x) { x.pow_(x.t()); }));
  CHECK(refuses([](const Tensor& x) { x.addcmul_(x.t(), x); }));
  CHECK(refuses([](const Tensor& x) { x.addcdiv_(x, x.t()); }));
  CHECK(refuses([](const Tensor& x) { x.lerp_(x.t(), 0.5); }));
  CHECK(refuses([](const Tensor& x) { x.lerp_(square(), x.t()); }));
}

TEST_CASE("a change in place whose operand is a part of the tensor is refused") {
  CHECK(refuses([](const Tensor& x) { x.slice(0, 1).copy_(x.slice(0, 0, 2)); }));
  CHECK(refuses([](const Tensor& x) { x.mul_(x[1]); }));
  CHECK(refuses([](const Tensor& x) { x.addcmul_(x.slice(0, 0, 1), x); }));
  CHECK(refuses([](const Tensor& x) { x.addcdiv_(x, x[2]); }));
  CHECK(refuses([](const Tensor& x) { x.lerp_(x[0], 0.5); }));
}

TEST_CASE("indexed writes refuse a source or an index in the same memory") {
  CHECK(refuses([](const Tensor& x) { x.index_copy_(0, all_rows(), x); }));
  CHECK(refuses([](const Tensor& x) { x.index_copy_(0, all_rows(), x.t()); }));
  CHECK(refuses([](const Tensor& x) { x.index_copy_(0, tensor({0}), x.slice(0, 1, 2)); }));
  CHECK(refuses([](const Tensor& x) { x.index_add_(0, all_rows(), x); }));
  CHECK(refuses([](const Tensor& x) { x.index_put_({tensor({0})}, x[1]); }));
  CHECK(refuses([](const Tensor& x) { x.index_put_({all_rows()}, x.t(), true); }));
  CHECK(refuses([](const Tensor& x) { x.scatter_(0, zeros({3, 3}, kLong), x); }));
  CHECK(refuses([](const Tensor& x) { x.scatter_add_(0, zeros({3, 3}, kLong), x.t()); }));
  const Tensor places = zeros({3}, kLong);
  const std::string words = "refer to a single memory location";
  CHECK(throws_with([&] { places.scatter_(0, places, 7); }, words));
  CHECK(throws_with([&] { places.index_fill_(0, places, 7); }, words));
  CHECK(throws_with([&] { places.index_put_({places}, tensor(5)); }, words));
  const Tensor mask = ones({3, 3}, kBool);
  CHECK(throws_with([&] { mask.masked_fill_(mask.t(), false); }, words));
}

TEST_CASE("a change in place by the tensor itself is what its elements say") {
  const Tensor x = square();
  CHECK(square().lerp_(square(), 0.5).equal(x));
  const Tensor doubled = square();
  doubled.add_(doubled);
  CHECK(doubled.equal(x * 2));
  const Tensor product = square();
  product.addcmul_(product, product);
  CHECK(product.equal(x + x * x));
  const Tensor mask = ones({2}, kBool);
  CHECK_FALSE(mask.masked_fill_(mask, false).any().item<bool>());
  const Tensor moved = square();
  moved.slice(0, 1).index_put_({tensor({0})}, moved[0]);
  CHECK(moved[1].equal(x[0]));
}

TEST_CASE("a change in place of elements that share memory is refused") {
  const std::vector<std::pair<const char*, std::function<void(const Tensor&)>>> changes = {
      {"copy_",
       [](const Tensor& x) {
         x.copy_(ones({3, 3}));
       }},
      {"normal_", [](const Tensor& x) { x.normal_(); }},
      {"index_copy_",
       [](const Tensor& x) {
         x.index_copy_(0, tensor({0}), ones({1, 3}));
       }},
      {"scatter_",
       [](const Tensor& x) {
         x.scatter_(0, zeros({1, 1}, kLong), 5);
       }},
      {"add_", [](const Tensor& x) { x.add_(1); }},
  };
  for (const auto& [name, change] : changes) {
    INFO(name);
    const Tensor column = zeros({3, 1});
    CHECK(throws_with([&, f = change] { f(column.expand({3, 3})); }, "more than one element"));
    CHECK(column.equal(zeros({3, 1})));
  }
}

TEST_CASE("no elements share no memory") {
  const Tensor x = zeros({1, 0}).expand({3, 0});
  CHECK(x.add_(1).sizes() == IntArrayRef({3, 0}));
}
