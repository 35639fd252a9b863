// Factorisations and what follows from them, one matrix and many.
#include "workload.h"

namespace compare {

namespace {

Tensor regular(std::vector<std::int64_t> sizes, Dtype dtype) {
  return matrices(std::move(sizes), dtype);
}

/// With a determinant near one, which no element type overflows on.
Tensor near_identity(std::vector<std::int64_t> sizes, Dtype dtype) {
  const auto n = static_cast<double>(sizes.back());
  return matrices(std::move(sizes), dtype) / n;
}

/// Symmetric, with its eigenvalues around n.
Tensor symmetric(std::vector<std::int64_t> sizes, Dtype dtype) {
  const Tensor a = matrices(std::move(sizes), dtype);
  return (a + a.transpose(-2, -1)) / 2;
}

/// One matrix for several n, and a batch of 1024 small ones.
template <class Make, class F>
void each_size(Workloads& workloads, const std::string& name, Make make, F f) {
  for (const std::int64_t n : {4, 64, 256}) {
    workloads.push_back({name + "/n = " + std::to_string(n), 1, [=](Dtype dtype) -> Step {
                           const Tensor a = make({n, n}, dtype);
                           return without_graph([=] { return f(a); });
                         }});
  }
  for (const std::int64_t n : {4, 16}) {
    constexpr std::int64_t count = 1024;
    workloads.push_back(
        {name + "/batch of 1024, n = " + std::to_string(n), count, [=](Dtype dtype) -> Step {
           const Tensor a = make({count, n, n}, dtype);
           return without_graph([=] { return f(a); });
         }});
  }
}

}  // namespace

void decompositions(Workloads& workloads) {
  each_size(workloads, "inv", regular, [](const Tensor& a) { return peer::linalg_inv(a); });
  each_size(workloads, "det", near_identity, [](const Tensor& a) { return peer::linalg_det(a); });
  each_size(workloads, "cholesky", symmetric,
            [](const Tensor& a) { return peer::linalg_cholesky(a); });
  each_size(workloads, "solve_triangular", regular,
            [](const Tensor& a) { return peer::linalg_solve_triangular(a, a, /*upper=*/true); });
  each_size(workloads, "qr", regular,
            [](const Tensor& a) { return std::get<1>(peer::linalg_qr(a)).abs(); });
  each_size(workloads, "eigh", symmetric,
            [](const Tensor& a) { return std::get<0>(peer::linalg_eigh(a)); });
  each_size(workloads, "svd", regular,
            [](const Tensor& a) { return std::get<1>(peer::linalg_svd(a, false)); });
}

}  // namespace compare
