#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Dense x read as outer × groups × inner: what belongs to one group is normalised together. A
/// batch of images has its channels as groups, rows have outer = 1.
struct Groups {
  std::int64_t outer, groups, inner;

  std::int64_t members() const { return outer * inner; }
};

// For float and double, in parallel over groups; sums are gathered in double and in one order, so
// results do not depend on the number of threads.

/// Mean and variance (over all members, not one less) of each group.
template <class T>
void moments(const Groups& shape, const T* x, double* mean, double* variance);

/// y = scale[group]·x + shift[group].
template <class T>
void group_affine(const Groups& shape, const T* x, const T* scale, const T* shift, T* y);

/// The gradient of y = weight[group]·(x − mean)·rstd + bias[group]: gx, and the sums over each
/// group that are the gradients of weight and bias. `moving` says that mean and rstd are x's own
/// and move with it. Weight and each output may be null.
template <class T>
void group_norm_grad(const Groups& shape, bool moving, const T* g, const T* x, const T* mean,
                     const T* rstd, const T* weight, T* gx, T* gweight, T* gbias);

/// With rows of y = weight[i]·(x − mean[row])·rstd[row] + bias[i]: the gradients of weight and
/// bias, sums over the rows. Each output may be null.
template <class T>
void row_norm_affine_grad(std::int64_t rows, std::int64_t columns, const T* g, const T* x,
                          const T* mean, const T* rstd, T* gweight, T* gbias);

}  // namespace pullback::kernels
