// Linear(n) whose weight is orthogonal by the notebook's chain, W = (I − A)⁻¹ (I + A) with A the
// skew-symmetric part of a matrix, on a batch of 32: forward and backward.
#include "workload.h"

namespace compare {

namespace {

#ifdef PEER_LIBTORCH

/// The chain as functions: libtorch's C++ frontend has no parametrizations.
Step cayley_step(std::int64_t n, Dtype dtype) {
  const Tensor original = (waves({n, n}, dtype) / n).requires_grad_();
  const Tensor bias = waves({n}, dtype, 1).requires_grad_();
  const Tensor eye = peer::eye(n, dtype), x = waves({32, n}, dtype, 2);
  return [=] {
    original.mutable_grad() = Tensor();
    const Tensor triangle = original.tril(-1), a = triangle - triangle.mT();
    const Tensor weight = peer::linalg_solve(eye - a, eye + a);
    peer::linear(x, weight, bias).pow(2).mean().backward();
    return original.grad();
  };
}

#else

struct CayleyImpl : peer::nn::Module {
  CayleyImpl(std::int64_t n, Dtype dtype) { eye = register_buffer("eye", peer::eye(n, dtype)); }
  Tensor forward(const Tensor& a) { return peer::linalg_solve(eye - a, eye + a); }
  peer::nn::Attribute eye;
};
PULLBACK_MODULE(Cayley);

/// The chain as parametrizations of a layer, what they cost included.
Step cayley_step(std::int64_t n, Dtype dtype) {
  peer::nn::Linear layer(n, n);
  layer->to(dtype);
  const peer::NoGradGuard no_grad;
  layer->bias.copy_(waves({n}, dtype, 1));
  layer->weight.zero_();
  peer::parametrize::register_parametrization(layer, "weight", peer::parametrize::Skew());
  peer::parametrize::register_parametrization(layer, "weight", Cayley(n, dtype));
  peer::parametrize::parametrizations(layer)["weight"].original().copy_(waves({n, n}, dtype) / n);
  const Tensor x = waves({32, n}, dtype, 2);
  return [=]() mutable {
    layer->zero_grad();
    layer(x).pow(2).mean().backward();
    return Tensor(peer::parametrize::parametrizations(layer)["weight"].original()).grad();
  };
}

#endif

}  // namespace

void parametrized(Workloads& workloads) {
  for (const std::int64_t n : {8, 64, 256}) {
    workloads.push_back({"cayley/Linear n = " + std::to_string(n), 1,
                         [=](Dtype dtype) { return cayley_step(n, dtype); }});
  }
}

}  // namespace compare
