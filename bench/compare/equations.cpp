// Systems of equations, one and many, and the matrix exponential.
#include "workload.h"

namespace compare {

void equations(Workloads& workloads) {
  for (const std::int64_t n : {4, 8, 16, 32}) {
    constexpr std::int64_t count = 1024;
    workloads.push_back(
        {"solve/batch of 1024, n = " + std::to_string(n), count, [=](Dtype dtype) -> Step {
           const Tensor a = matrices({count, n, n}, dtype);
           const Tensor b = waves({count, n, 1}, dtype, 1);
           return without_graph([=] { return peer::linalg_solve(a, b); });
         }});
  }
  for (const std::int64_t n : {4, 16, 64, 256}) {
    workloads.push_back(
        {"solve/one, n right sides, n = " + std::to_string(n), 1, [=](Dtype dtype) -> Step {
           const Tensor a = matrices({n, n}, dtype), b = waves({n, n}, dtype, 1);
           return without_graph([=] { return peer::linalg_solve(a, b); });
         }});
  }
  for (const std::int64_t n : {4, 16, 64}) {
    workloads.push_back({"matrix_exp/n = " + std::to_string(n), 1, [=](Dtype dtype) -> Step {
                           const Tensor a = waves({n, n}, dtype);
                           return without_graph([=] { return peer::linalg_matrix_exp(a); });
                         }});
  }
}

}  // namespace compare
