#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>

namespace pullback {

Tensor dropout(const Tensor& x, double p, bool train) {
  check<ValueError>(p >= 0 && p <= 1,
                    "dropout: dropout probability has to be between 0 and 1, but got ", p);
  if (p == 0 || !train || x.numel() == 0) return x;
  if (p == 1) return x * zeros({}, x.scalar_type());
  Tensor kept;
  {
    const NoGradGuard unrecorded;
    kept = empty_like(x).bernoulli_(1 - p).div_(1 - p);
  }
  return x * kept;
}

}  // namespace pullback
