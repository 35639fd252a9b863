// Random numbers, a million at a time. Both libraries draw the same ones.
#include "workload.h"

namespace compare {

namespace {

template <class F>
void drawn(Workloads& workloads, const std::string& name, F f) {
  constexpr std::int64_t count = 1 << 20;
  workloads.push_back({"random/" + name + " 2^20", 1, [=](Dtype dtype) -> Step {
                         const Tensor x = peer::empty({count}, dtype);
                         return without_graph([=] {
                           peer::manual_seed(0);
                           return f(x);
                         });
                       }});
}

}  // namespace

void random(Workloads& workloads) {
  drawn(workloads, "uniform", [](const Tensor& x) { return x.uniform_(); });
  drawn(workloads, "normal", [](const Tensor& x) { return x.normal_(); });
  drawn(workloads, "bernoulli", [](const Tensor& x) { return x.bernoulli_(0.5); });
  drawn(workloads, "dropout", [](const Tensor& x) { return peer::dropout(x.fill_(1), 0.5, true); });
  drawn(workloads, "randperm", [](const Tensor& x) { return peer::randperm(x.numel()); });
}

}  // namespace compare
