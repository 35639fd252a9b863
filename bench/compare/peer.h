#pragma once

/// The workloads are written once and compiled twice: `peer` is Pullback or, with PEER_LIBTORCH,
/// libtorch. Where the two differ in spelling, the difference is here.
#include <string>
#include <utility>
#include <vector>

#ifdef PEER_LIBTORCH
#include <torch/torch.h>
namespace peer = torch;
#else
#include <pullback/core/kernels/pool.h>
#include <pullback/pullback.h>
namespace peer = pullback;
#endif

namespace compare {

using peer::Tensor;
#ifdef PEER_LIBTORCH
#define PEER_MODULE(name) TORCH_MODULE(name)
using Dtype = peer::Dtype;
inline void set_num_threads(int count) {
  peer::set_num_threads(count);
}
inline std::string version() {
  return "libtorch " TORCH_VERSION;
}
inline void give_back_memory() {}  // it keeps none
#else
#define PEER_MODULE(name) PULLBACK_MODULE(name)
using Dtype = peer::ScalarType;
inline void set_num_threads(int count) {
  peer::kernels::set_num_threads(count);
}
inline std::string version() {
  return std::string("Pullback ") + peer::version();
}
inline void give_back_memory() {
  peer::empty_cache();
}
#endif

/// sin(1.7 i + phase), i = 0, 1, …, rounded to float32 in either dtype, so that the float64 result
/// of a workload is the reference for the float32 one, and the same for both peers.
inline Tensor waves(std::vector<std::int64_t> sizes, Dtype dtype, double phase = 0) {
  std::int64_t count = 1;
  for (std::int64_t size : sizes) count *= size;
  const Tensor x = peer::sin(peer::arange(count, peer::kDouble) * 1.7 + phase);
  return x.to(peer::kFloat).to(dtype).reshape(sizes);
}

/// Well conditioned: waves, and n on the diagonal.
inline Tensor matrices(std::vector<std::int64_t> sizes, Dtype dtype, double phase = 0) {
  const std::int64_t n = sizes.back();
  return waves(std::move(sizes), dtype, phase) + peer::eye(n, dtype) * static_cast<double>(n);
}

/// Normalised over all dimensions but the second, by the batch's own statistics.
inline Tensor batch_norm(const Tensor& x, const Tensor& weight) {
#ifdef PEER_LIBTORCH
  return peer::batch_norm(x, weight, weight, {}, {}, true, 0.1, 1e-5, false);
#else
  return peer::batch_norm(x, weight, weight, {}, {}, true, 0.1, 1e-5);
#endif
}

/// The gradient of ⟨y, g⟩ by x; the graph stays, so that it can be asked for again.
inline Tensor gradient(const Tensor& y, const Tensor& x, const Tensor& g) {
  return peer::autograd::grad({y}, {x}, {g}, /*retain_graph=*/true)[0];
}

}  // namespace compare
