// Elements chosen by tensors of indices, and put back.
#include "workload.h"

namespace compare {

namespace {

/// 0, 7919, 2·7919, … modulo the bound: every row in turn, none next to the one before.
Tensor scattered(std::int64_t count, std::int64_t bound) {
  return (peer::arange(count) * 7919).remainder(bound);
}

template <class F>
void with_matrix(Workloads& workloads, const std::string& name, F f) {
  workloads.push_back({"indices/" + name, 1, [=](Dtype dtype) -> Step {
                         return without_graph(f(waves({1024, 1024}, dtype)));
                       }});
}

}  // namespace

void indices(Workloads& workloads) {
  with_matrix(workloads, "index_select rows", [](Tensor x) {
    return [x, at = scattered(1024, 1024)] { return x.index_select(0, at); };
  });
  with_matrix(workloads, "index_select columns", [](Tensor x) {
    return [x, at = scattered(1024, 1024)] { return x.index_select(1, at); };
  });
  with_matrix(workloads, "gather", [](Tensor x) {
    return [x, at = scattered(1 << 20, 1024).reshape({1024, 1024})] { return x.gather(1, at); };
  });
  with_matrix(workloads, "scatter_add", [](Tensor x) {
    return [x, at = scattered(1 << 20, 1024).reshape({1024, 1024})] {
      return peer::zeros_like(x).scatter_add_(1, at, x);
    };
  });
  with_matrix(workloads, "index_add", [](Tensor x) {
    return [x, at = scattered(1024, 1024)] { return peer::zeros_like(x).index_add_(0, at, x); };
  });
  with_matrix(workloads, "masked_fill",
              [](Tensor x) { return [x, mask = x > 0] { return x.masked_fill(mask, 0); }; });
  with_matrix(workloads, "masked_select",
              [](Tensor x) { return [x, mask = x > 0] { return x.masked_select(mask); }; });
  with_matrix(workloads, "cumsum", [](Tensor x) { return [x] { return x.cumsum(1); }; });
  with_matrix(workloads, "argmax", [](Tensor x) { return [x] { return x.argmax(1); }; });
  with_matrix(workloads, "topk",
              [](Tensor x) { return [x] { return std::get<0>(x.topk(10, 1)); }; });
  workloads.push_back({"indices/embedding, forward and backward", 1, [](Dtype dtype) -> Step {
                         const Tensor w = waves({10000, 64}, dtype).requires_grad_();
                         const Tensor at = scattered(4096, 10000);
                         const Tensor g = waves({4096, 64}, dtype, 1);
                         return [=] {
                           return peer::autograd::grad({peer::embedding(w, at)}, {w}, {g})[0];
                         };
                       }});
}

}  // namespace compare
