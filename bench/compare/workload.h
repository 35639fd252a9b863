#pragma once

#include <functional>
#include <string>
#include <vector>

#include "peer.h"

namespace compare {

/// What is timed: one call. Its result is compared with the same call's in float64.
using Step = std::function<Tensor()>;

struct Workload {
  std::string name;  ///< "family/case"
  double items;      ///< times are per item: systems in a batch, ops in a chain …
  std::function<Step(Dtype)> set_up;  ///< makes the inputs and returns the step
};
using Workloads = std::vector<Workload>;

/// The step without recording.
template <class F>
Step without_graph(F f) {
  return [f] {
    const peer::NoGradGuard no_grad;
    return f();
  };
}

// ---- one function a file, one file a family
void chain(Workloads& workloads);
void convolution(Workloads& workloads);
void decompositions(Workloads& workloads);
void elementwise(Workloads& workloads);
void equations(Workloads& workloads);
void every(Workloads& workloads);
void indices(Workloads& workloads);
void maps(Workloads& workloads);
void parametrized(Workloads& workloads);
void products(Workloads& workloads);
void random(Workloads& workloads);
void rows(Workloads& workloads);
void shapes(Workloads& workloads);
void tape(Workloads& workloads);
void training(Workloads& workloads);

}  // namespace compare
