#pragma once

#include <cstdint>
#include <vector>

namespace pullback::kernels {

/// How one dimension of `size` places becomes one of low.size() places: y[i] = x[low[i]], or with
/// weights (1 − weight[i]) x[low[i]] + weight[i] x[low[i] + 1], the last place being followed by
/// itself. `low` does not decrease.
struct Resampling {
  std::int64_t size = 0;
  std::vector<std::int64_t> low;
  std::vector<double> weight;

  std::int64_t count() const { return static_cast<std::int64_t>(low.size()); }
};

// For float and double, in parallel over dense arrays of as many dimensions as are resampled.

template <class T>
void resample(std::int64_t planes, const std::vector<Resampling>& dims, const T* x, T* y);
/// The adjoint of `resample`: overwrites gx.
template <class T>
void resample_adjoint(std::int64_t planes, const std::vector<Resampling>& dims, const T* g, T* gx);

}  // namespace pullback::kernels
