// Matrix products: squares, and the shapes of a multilayer perceptron's passes.
#include "workload.h"

namespace compare {

void products(Workloads& workloads) {
  for (const std::int64_t n : {64, 128, 256, 512, 1024, 2048}) {
    workloads.push_back({"gemm/" + std::to_string(n), 1, [=](Dtype dtype) -> Step {
                           const Tensor a = waves({n, n}, dtype), b = waves({n, n}, dtype, 1);
                           return without_graph([=] { return peer::mm(a, b); });
                         }});
  }
  workloads.push_back({"gemm/mlp forward 64x784x256", 1, [](Dtype dtype) -> Step {
                         const Tensor x = waves({64, 784}, dtype), w = waves({256, 784}, dtype, 1);
                         const Tensor b = waves({256}, dtype, 2);
                         return without_graph([=] { return peer::linear(x, w, b); });
                       }});
  workloads.push_back({"gemm/mlp weight gradient 256x64x784", 1, [](Dtype dtype) -> Step {
                         const Tensor g = waves({64, 256}, dtype), x = waves({64, 784}, dtype, 1);
                         return without_graph([=] { return peer::mm(g.t(), x); });
                       }});
  workloads.push_back({"gemm/mlp input gradient 64x256x784", 1, [](Dtype dtype) -> Step {
                         const Tensor g = waves({64, 256}, dtype), w = waves({256, 784}, dtype, 1);
                         return without_graph([=] { return peer::mm(g, w); });
                       }});
}

}  // namespace compare
