// What works along rows of 1024: softmax, layer norm, transposed copies and sorting.
#include "workload.h"

namespace compare {

namespace {

template <class F>
void matrix(Workloads& workloads, const std::string& name, std::int64_t count, F f) {
  workloads.push_back(
      {"rows/" + name + " " + std::to_string(count) + "x1024", 1, [=](Dtype dtype) -> Step {
         const Tensor x = waves({count, 1024}, dtype);
         return without_graph([=] { return f(x); });
       }});
}

}  // namespace

void rows(Workloads& workloads) {
  for (const std::int64_t count : {64, 1024, 16384}) {
    matrix(workloads, "softmax", count, [](const Tensor& x) { return peer::softmax(x, 1); });
    matrix(workloads, "layer norm", count,
           [](const Tensor& x) { return peer::layer_norm(x, {1024}); });
    matrix(workloads, "transpose", count, [](const Tensor& x) { return x.t().contiguous(); });
  }
  matrix(workloads, "sort", 1024, [](const Tensor& x) { return std::get<0>(peer::sort(x, 1)); });
}

}  // namespace compare
