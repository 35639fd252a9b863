#include "catch.h"

#include <pullback/core/autograd/node.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>

using namespace pullback;

TEST_CASE("dropout zeroes elements, scales the others and passes gradients where it kept",
          "[dropout]") {
  manual_seed(1);
  const Tensor x = ones({1000}, kDouble).requires_grad_();
  const Tensor y = dropout(x, 0.25, /*train=*/true);
  CHECK(std::string(y.grad_fn()->name()) == "MulBackward0");
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const double value = y.data_ptr<double>()[i];
    kept += value != 0;
    if (value != 0) CHECK(value == 1 / 0.75);
  }
  CHECK(kept > 700);
  CHECK(kept < 800);
  sum(y).backward();
  CHECK(equal(x.grad(), y.detach()));
}

TEST_CASE("dropout returns its input when there is nothing to drop", "[dropout]") {
  const Tensor x = ones({3});
  CHECK(dropout(x, 0, true).is_same(x));
  CHECK(dropout(x, 0.5, false).is_same(x));
  CHECK(equal(dropout(x, 1, true), zeros({3})));
  CHECK_THROWS_AS(dropout(x, 1.5, true), ValueError);
}
