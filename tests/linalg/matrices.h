#pragma once

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/linalg.h>

namespace pullback_tests {

using pullback::IntArrayRef;
using pullback::kDouble;
using pullback::ScalarType;
using pullback::Tensor;
using Matrices = std::vector<Tensor>;

/// Normal numbers that depend only on the seed.
inline Tensor draw(IntArrayRef sizes, unsigned seed, ScalarType dtype = kDouble) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  Tensor x = pullback::empty(sizes, kDouble);
  for (std::int64_t i = 0; i < x.numel(); ++i) x.data_ptr<double>()[i] = normal(engine);
  return x.to(dtype);
}

/// Symmetric with eigenvalues of at least one.
inline Tensor draw_positive(IntArrayRef sizes, unsigned seed, ScalarType dtype = kDouble) {
  const Tensor g = draw(sizes, seed, dtype);
  return g.matmul(g.mT()) + pullback::eye(g.size(-1), pullback::TensorOptions(dtype));
}

inline double largest(const Tensor& x) {
  return x.numel() ? x.abs().max().item<double>() : 0;
}
inline double distance(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return HUGE_VAL;
  return largest(a.detach() - b.detach());
}

using Function = std::function<Matrices(const Matrices&)>;

/// Are the first and second derivatives of f at the inputs those of finite differences? Throws with
/// both Jacobians where not.
inline bool differentiates(const Function& f, Matrices inputs) {
  for (Tensor& x : inputs) x = x.detach().contiguous().clone().requires_grad_();
  pullback::autograd::GradcheckOptions options;
  options.eps = 1e-5;
  options.atol = options.rtol = 1e-6;
  const bool first = pullback::autograd::gradcheck(f, inputs, options);
  options.atol = options.rtol = 1e-5;
  return first && pullback::autograd::gradgradcheck(f, inputs, {}, options);
}

}  // namespace pullback_tests
