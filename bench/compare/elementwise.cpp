// One pass over an array of 256 KB, 4 MB and 64 MB. The result is a new array.
#include "workload.h"

namespace compare {

namespace {

template <class F>
Step on_arrays(int power, Dtype dtype, F f) {
  const Tensor x = waves({std::int64_t{1} << power}, dtype);
  const Tensor y = waves({std::int64_t{1} << power}, dtype, 1);
  return without_graph([=] { return f(x, y); });
}

template <class F>
void array(Workloads& workloads, const std::string& name, F f) {
  for (const int power : {16, 20, 24}) {
    workloads.push_back({"elementwise/" + name + " 2^" + std::to_string(power), 1,
                         [=](Dtype dtype) { return on_arrays(power, dtype, f); }});
  }
}

/// In both float types, on an array of 256 KB and one of 512 KB.
template <class F>
void rarer(Workloads& workloads, const std::string& name, F f) {
  workloads.push_back(
      {"elementwise/" + name + " 2^16", 1, [=](Dtype dtype) { return on_arrays(16, dtype, f); }});
  workloads.push_back({"elementwise/" + name + " 2^16, float64", 1,
                       [=](Dtype) { return on_arrays(16, peer::kDouble, f); }});
}

}  // namespace

void elementwise(Workloads& workloads) {
  array(workloads, "add", [](const Tensor& x, const Tensor& y) { return x + y; });
  array(workloads, "mul", [](const Tensor& x, const Tensor& y) { return x * y; });
  array(workloads, "exp", [](const Tensor& x, const Tensor&) { return peer::exp(x); });
  array(workloads, "tanh", [](const Tensor& x, const Tensor&) { return peer::tanh(x); });
  array(workloads, "gelu", [](const Tensor& x, const Tensor&) { return peer::gelu(x); });
  rarer(workloads, "erf", [](const Tensor& x, const Tensor&) { return x.erf(); });
  rarer(workloads, "erfc", [](const Tensor& x, const Tensor&) { return x.erfc(); });
  rarer(workloads, "erfinv", [](const Tensor& x, const Tensor&) { return (x * 0.999).erfinv(); });
  rarer(workloads, "pow", [](const Tensor& x, const Tensor& y) { return (x + 2).pow(y); });
  array(workloads, "sum", [](const Tensor& x, const Tensor&) { return peer::sum(x); });
}

}  // namespace compare
