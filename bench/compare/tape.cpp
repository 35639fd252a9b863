// Activations of 1 MB: what memory costs on the way forward and back.
#include "workload.h"

namespace compare {

void tape(Workloads& workloads) {
  constexpr int length = 20;
  workloads.push_back({"tape/1 MB activations", length, [](Dtype dtype) {
                         const Tensor x = waves({1 << 18}, dtype).requires_grad_();
                         const Tensor w = waves({1 << 18}, dtype, 1).requires_grad_();
                         return [=] {
                           Tensor y = x;
                           for (int i = 0; i < length; ++i) y = y * w;
                           w.mutable_grad() = Tensor();
                           y.backward(x.detach());
                           return w.grad();
                         };
                       }});
}

}  // namespace compare
