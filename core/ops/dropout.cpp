#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>

namespace pullback {
namespace {

// Nothing to drop, then nothing to do.
bool drops(const Tensor& x, double p, bool train) {
  check(x.defined(), "dropout: expected a tensor but got an undefined one");
  check<ValueError>(p >= 0 && p <= 1,
                    "dropout: dropout probability has to be between 0 and 1, but got ", p);
  return p > 0 && train && x.numel() > 0;
}

// 1/(1 − p) for what stays, 0 for what goes.
Tensor factors(const Tensor& x, double p) {
  if (p == 1) return zeros({}, x.scalar_type());
  const NoGradGuard unrecorded;
  return empty_like(x).bernoulli_(1 - p).div_(1 - p);
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? x * factors(x, p) : x;
}

Tensor dropout_(const Tensor& x, double p, bool train) {
  return drops(x, p, train) ? x.mul_(factors(x, p)) : x;
}

}  // namespace pullback
