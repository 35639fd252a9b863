// Matrix products: squares, and the shapes of a multilayer perceptron's passes at a small and a
// large batch; and the backward pass of layers whose batch leaves the caches.
#include "workload.h"

namespace compare {

void products(Workloads& workloads) {
  for (const std::int64_t n : {64, 128, 256, 512, 1024, 2048}) {
    workloads.push_back({"gemm/" + std::to_string(n), 1, [=](Dtype dtype) -> Step {
                           const Tensor a = waves({n, n}, dtype), b = waves({n, n}, dtype, 1);
                           return without_graph([=] { return peer::mm(a, b); });
                         }});
  }
  struct Layer {
    std::int64_t batch, in, out;
  };
  for (const Layer layer : {Layer{64, 784, 256}, Layer{8192, 256, 256}}) {
    const std::int64_t batch = layer.batch, in = layer.in, out = layer.out;
    const auto name = [](const char* pass, std::int64_t m, std::int64_t k, std::int64_t n) {
      return "gemm/mlp " + std::string(pass) + " " + std::to_string(m) + "x" + std::to_string(k) +
             "x" + std::to_string(n);
    };
    workloads.push_back({name("forward", batch, in, out), 1, [=](Dtype dtype) -> Step {
                           const Tensor x = waves({batch, in}, dtype);
                           const Tensor w = waves({out, in}, dtype, 1), b = waves({out}, dtype, 2);
                           return without_graph([=] { return peer::linear(x, w, b); });
                         }});
    workloads.push_back({name("weight gradient", out, batch, in), 1, [=](Dtype dtype) -> Step {
                           const Tensor g = waves({batch, out}, dtype);
                           const Tensor x = waves({batch, in}, dtype, 1);
                           return without_graph([=] { return peer::mm(g.t(), x); });
                         }});
    workloads.push_back({name("input gradient", batch, out, in), 1, [=](Dtype dtype) -> Step {
                           const Tensor g = waves({batch, out}, dtype);
                           const Tensor w = waves({out, in}, dtype, 1);
                           return without_graph([=] { return peer::mm(g, w); });
                         }});
  }
  for (const Layer layer : {Layer{131072, 64, 64}, Layer{65536, 128, 512}}) {
    for (const bool activated : {false, true}) {
      const std::string name = "layer/backward " + std::to_string(layer.batch) + "x" +
                               std::to_string(layer.in) + "x" + std::to_string(layer.out) +
                               (activated ? ", ReLU" : "");
      workloads.push_back(
          {name, 1, [=](Dtype dtype) -> Step {
             const Tensor x = waves({layer.batch, layer.in}, dtype).requires_grad_();
             const Tensor w = waves({layer.out, layer.in}, dtype, 1).requires_grad_();
             const Tensor b = waves({layer.out}, dtype, 2).requires_grad_();
             const Tensor g = waves({layer.batch, layer.out}, dtype, 3);
             const Tensor linear = peer::linear(x, w, b);
             const Tensor y = activated ? peer::relu(linear) : linear;
             return [=] {
               for (const Tensor& t : {x, w, b}) t.mutable_grad() = Tensor();
               y.backward(g, /*retain_graph=*/true);
               return w.grad();
             };
           }});
    }
  }
}

}  // namespace compare
