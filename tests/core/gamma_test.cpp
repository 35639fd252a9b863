#include "catch.h"

#include <cmath>

#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/ops.h>

using namespace pullback;

namespace {

Tensor points() {
  return tensor({-3.3, -0.4, 0.2, 1.46, 3.9, 4.1, 30.0}, kDouble);
}

}  // namespace

TEST_CASE("polygamma has derivatives of every order", "[gamma]") {
  const Tensor x = points().requires_grad_();
  for (const std::int64_t n : {0, 1, 2, 3}) {
    const auto f = [n](const std::vector<Tensor>& in) { return polygamma(n, in[0]); };
    CHECK(autograd::gradcheck(f, {x}));
    CHECK(autograd::gradgradcheck(f, {x}));
  }
}

TEST_CASE("the first polygamma and the higher ones obey one recurrence", "[gamma]") {
  const Tensor x = points();
  double factorial = 1;
  for (const std::int64_t n : {1, 2, 3, 4}) {
    factorial *= static_cast<double>(n);
    const Tensor step = pow(x, static_cast<double>(-n - 1)) * (n % 2 ? -factorial : factorial);
    CHECK(allclose(polygamma(n, x + 1), polygamma(n, x) + step, 1e-9, 1e-9));
  }
}

TEST_CASE("polygamma takes every layout and makes integers floating-point numbers", "[gamma]") {
  const double zeta = std::pow(std::acos(-1.0), 2) / 6;
  CHECK(std::fabs(polygamma(1, tensor(1.0, kDouble)).item<double>() - zeta) < 1e-15);
  CHECK(polygamma(1, ones({2}, kLong)).scalar_type() == kFloat);
  CHECK(polygamma(1, ones({2}, kLong))[1].item<float>() == static_cast<float>(zeta));
  CHECK(polygamma(1, zeros({0, 3})).sizes() == IntArrayRef{0, 3});
  const Tensor x = points().expand({3, 7});
  for (const std::int64_t n : {1, 2})
    CHECK(equal(polygamma(n, x.t()), polygamma(n, points()).expand({3, 7}).t()));
}
