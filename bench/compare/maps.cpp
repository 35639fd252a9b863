// What a parametrized layer costs a training step: Linear(n) on a batch of 32, forward and
// backward, under PyTorch's built-in parametrizations, read once or twice in a step.
#include <cmath>

#include "workload.h"

namespace compare {

namespace {

/// An original of the orthogonal maps: free below the diagonal, −1 on it, as they start with.
Tensor original_of(std::int64_t n, Dtype dtype) {
  return waves({n, n}, dtype).tril(-1) / n - peer::eye(n, dtype);
}

#ifdef PEER_LIBTORCH

/// libtorch's C++ frontend has no parametrizations: each map is a function of its originals.
using Map = Tensor (*)(const Tensor& original, const Tensor& base, std::vector<Tensor>& state);

Tensor plain(const Tensor& original, const Tensor&, std::vector<Tensor>&) {
  return original;
}
Tensor matrix_exp(const Tensor& original, const Tensor& base, std::vector<Tensor>&) {
  const Tensor lower = original.tril();
  return base.matmul(peer::linalg_matrix_exp(lower - lower.mT()));
}
Tensor householder(const Tensor& original, const Tensor& base, std::vector<Tensor>&) {
  const Tensor below = original.tril(-1), tau = 2 / (1 + (below * below).sum(-2));
  const Tensor signs = original.detach().diagonal(0, -2, -1).sign().unsqueeze(-2);
  return base.matmul(peer::linalg_householder_product(below, tau) * signs);
}
Tensor spectral_norm(const Tensor& original, const Tensor&, std::vector<Tensor>& state) {
  Tensor &u = state[0], &v = state[1];
  {
    const peer::NoGradGuard no_grad;
    const Tensor up = peer::mv(original, v);
    u.copy_(up / up.norm().clamp_min(1e-12));
    const Tensor down = peer::mv(original.t(), u);
    v.copy_(down / down.norm().clamp_min(1e-12));
  }
  return original / peer::dot(u.clone(), peer::mv(original, v.clone()));
}
Tensor weight_norm(const Tensor& original, const Tensor&, std::vector<Tensor>& state) {
  return peer::_weight_norm(original, state[2], 0);
}

Step layer_step(Map map, std::int64_t n, Dtype dtype, bool) {
  const Tensor original = original_of(n, dtype).requires_grad_();
  const Tensor bias = waves({n}, dtype, 1).requires_grad_(), x = waves({32, n}, dtype, 2);
  const Tensor base = peer::eye(n, dtype), start = peer::full({n}, 1 / std::sqrt(double(n)), dtype);
  std::vector<Tensor> state{start.clone(), start.clone(),
                            original.detach().norm(2, {1}, true).requires_grad_()};
  return [=]() mutable {
    original.mutable_grad() = Tensor();
    bias.mutable_grad() = Tensor();
    state[2].mutable_grad() = Tensor();
    peer::linear(x, map(original, base, state), bias).pow(2).mean().backward();
    return original.grad();
  };
}

#else

using Map = void (*)(peer::nn::Linear& layer);
namespace parametrize = peer::parametrize;

void plain(peer::nn::Linear&) {}
void matrix_exp(peer::nn::Linear& layer) {
  parametrize::orthogonal(layer, "weight", "matrix_exp");
}
void householder(peer::nn::Linear& layer) {
  parametrize::orthogonal(layer, "weight", "householder");
}
void spectral_norm(peer::nn::Linear& layer) {
  parametrize::spectral_norm(layer);
}
void weight_norm(peer::nn::Linear& layer) {
  parametrize::weight_norm(layer);
}

Step layer_step(Map map, std::int64_t n, Dtype dtype, bool twice) {
  peer::nn::Linear layer(n, n);
  layer->to(dtype);
  const peer::NoGradGuard no_grad;
  layer->bias.copy_(waves({n}, dtype, 1));
  layer->weight.copy_(map == matrix_exp || map == householder ? peer::eye(n, dtype)
                                                              : original_of(n, dtype));
  map(layer);
  Tensor original = layer->named_parameters()[0].value();
  for (const auto& item : layer->named_parameters())
    if (item.value().dim() == 2 && item.value().size(1) == n) original = item.value();
  original.copy_(original_of(n, dtype));
  for (const Tensor& vector : layer->buffers())
    if (vector.dim() == 1) vector.fill_(1 / std::sqrt(static_cast<double>(n)));
  const Tensor x = waves({32, n}, dtype, 2);
  return [=]() mutable {
    layer->zero_grad();
    const Tensor y = layer(x);
    (twice ? layer(y) : y).pow(2).mean().backward();
    return original.grad();
  };
}

/// The weight is computed once for both reads.
Step cached(Step step) {
  return [step] {
    const parametrize::CacheGuard guard;
    return step();
  };
}

#endif

}  // namespace

void maps(Workloads& workloads) {
  const std::pair<const char*, Map> all[] = {{"no map", plain},
                                             {"matrix_exp", matrix_exp},
                                             {"householder", householder},
                                             {"spectral_norm", spectral_norm},
                                             {"weight_norm", weight_norm}};
  for (const auto& [name, map] : all) {
    for (const std::int64_t n : {8, 64, 256}) {
      workloads.push_back(
          {std::string("map/") + name + " n = " + std::to_string(n), 1,
           [=, map = map](Dtype dtype) { return layer_step(map, n, dtype, false); }});
    }
#ifndef PEER_LIBTORCH
    const std::string twice = std::string("map/") + name + " n = 64, read twice";
    workloads.push_back(
        {twice, 1, [map = map](Dtype dtype) { return layer_step(map, 64, dtype, true); }});
    workloads.push_back({twice + ", cached", 1, [map = map](Dtype dtype) {
                           return cached(layer_step(map, 64, dtype, true));
                         }});
#endif
  }
}

}  // namespace compare
