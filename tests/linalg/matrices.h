#pragma once

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include <pullback/core/autograd/engine.h>
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

/// A scalar that depends on every entry of every output, each in its own way.
inline Tensor weighted_sum(const Matrices& outputs) {
  Tensor sum = pullback::zeros({}, kDouble);
  double phase = 1;
  for (const Tensor& y : outputs) {
    if (!y.defined()) continue;
    Tensor weights = pullback::empty(y.sizes(), kDouble);
    for (std::int64_t i = 0; i < y.numel(); ++i)
      weights.data_ptr<double>()[i] = std::cos(phase += 0.7);
    sum = sum + (weights * y).sum();
  }
  return sum;
}

/// The gradients of the weighted sum of f's outputs, defined and recorded.
inline Matrices gradients(const Function& f, const Matrices& inputs) {
  const Tensor sum = weighted_sum(f(inputs));
  if (!sum.requires_grad()) return {};  // f is constant
  return pullback::autograd::grad({sum}, inputs, {}, /*retain_graph=*/true, /*create_graph=*/true,
                                  /*allow_unused=*/true);
}

/// The largest relative difference between those gradients and central differences.
inline double gradient_error(const Function& f, const Matrices& inputs) {
  constexpr double step = 1e-5;
  const Matrices found = gradients(f, inputs);
  double worst = 0;
  for (std::size_t j = 0; j < inputs.size(); ++j) {
    const bool flows = j < found.size() && found[j].defined();
    const Tensor gradient =
        flows ? found[j].detach().contiguous() : pullback::zeros_like(inputs[j]);
    double* x = inputs[j].data_ptr<double>();
    for (std::int64_t i = 0; i < inputs[j].numel(); ++i) {
      const double kept = x[i], expected = gradient.data_ptr<double>()[i];
      x[i] = kept + step;
      const double up = weighted_sum(f(inputs)).item<double>();
      x[i] = kept - step;
      const double down = weighted_sum(f(inputs)).item<double>();
      x[i] = kept;
      const double error = std::abs((up - down) / (2 * step) - expected) / (1 + std::abs(expected));
      if (!(error <= worst)) worst = error;  // keeps a NaN
    }
  }
  return worst;
}

/// Are the first and second derivatives of f at the inputs those of finite differences?
inline bool differentiates(const Function& f, Matrices inputs) {
  for (Tensor& x : inputs) x = x.detach().contiguous().clone().requires_grad_();
  const double first = gradient_error(f, inputs);
  const double second =
      gradient_error([&](const Matrices& in) { return gradients(f, in); }, inputs);
  return first < 1e-6 && second < 1e-5;
}

}  // namespace pullback_tests
