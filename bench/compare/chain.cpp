// Operations on four elements: what the engine costs.
#include "workload.h"

namespace compare {

namespace {

constexpr int kLength = 1000;

Tensor chain_of(const Tensor& x) {
  Tensor y = x;
  for (int i = 0; i < kLength; ++i) y = y + 1;
  return y;
}

}  // namespace

void chain(Workloads& workloads) {
  workloads.push_back({"chain/one op, no graph", 1, [](Dtype dtype) {
                         const Tensor x = waves({4}, dtype), y = waves({4}, dtype, 1);
                         return [=] { return x + y; };
                       }});
  workloads.push_back({"chain/forward", kLength, [](Dtype dtype) {
                         const Tensor x = waves({4}, dtype).requires_grad_();
                         return [=] { return chain_of(x); };
                       }});
  workloads.push_back({"chain/forward and backward", kLength, [](Dtype dtype) {
                         const Tensor x = waves({4}, dtype).requires_grad_();
                         return [=] {
                           chain_of(x).sum().backward();
                           return x;
                         };
                       }});
  workloads.push_back({"chain/smallest backward", 1, [](Dtype dtype) {
                         const Tensor x = peer::full({}, 0.7, dtype).requires_grad_();
                         return [=] {
                           const Tensor y = x * x;
                           y.backward();
                           return y;
                         };
                       }});
}

}  // namespace compare
