// One pass over an array of 256 KB, 4 MB and 64 MB. The result is a new array.
#include "workload.h"

namespace compare {

namespace {

template <class F>
void array(Workloads& workloads, const std::string& name, F f) {
  for (const int power : {16, 20, 24}) {
    workloads.push_back(
        {"elementwise/" + name + " 2^" + std::to_string(power), 1, [=](Dtype dtype) -> Step {
           const Tensor x = waves({std::int64_t{1} << power}, dtype);
           const Tensor y = waves({std::int64_t{1} << power}, dtype, 1);
           return without_graph([=] { return f(x, y); });
         }});
  }
}

}  // namespace

void elementwise(Workloads& workloads) {
  array(workloads, "add", [](const Tensor& x, const Tensor& y) { return x + y; });
  array(workloads, "mul", [](const Tensor& x, const Tensor& y) { return x * y; });
  array(workloads, "exp", [](const Tensor& x, const Tensor&) { return peer::exp(x); });
  array(workloads, "tanh", [](const Tensor& x, const Tensor&) { return peer::tanh(x); });
  array(workloads, "gelu", [](const Tensor& x, const Tensor&) { return peer::gelu(x); });
  array(workloads, "sum", [](const Tensor& x, const Tensor&) { return peer::sum(x); });
}

}  // namespace compare
