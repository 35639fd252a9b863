#pragma once

#include <cstdint>

#include <pullback/core/kernels/scalar_type.h>

namespace pullback::kernels {

/// Dense x read as outer × groups × inner: what belongs to one group is normalised together. A
/// batch of images has its channels as groups, rows have outer = 1.
struct Groups {
  std::int64_t outer, groups, inner;

  std::int64_t members() const { return outer * inner; }
};

// For arrays of floats or doubles, in parallel; sums are joined in double and in one order, so
// results do not depend on the number of threads. Coefficients are one number for each group.

/// Mean and variance (over all members, not one less) of each group.
template <class T>
void moments(const Groups& shape, const T* x, double* mean, double* variance);

/// y = scale x + shift.
template <class T>
void group_affine(const Groups& shape, const T* x, const T* scale, const T* shift, T* y);

/// Σ g and Σ g (x − mean) of each group.
template <class T>
void group_sums(const Groups& shape, const T* g, const T* x, const T* mean, double* total,
                double* along);

/// gx = a g − b (x − mean) − c.
template <class T>
void group_grad(const Groups& shape, const T* g, const T* x, const T* a, const T* mean, const T* b,
                const T* c, T* gx);

/// With rows of y = weight[i]·(x − mean[row])·rstd[row] + bias[i]: the gradients of weight and
/// bias, sums over the rows. Each output may be null.
template <class T>
void row_norm_affine_grad(std::int64_t rows, std::int64_t columns, const T* g, const T* x,
                          const T* mean, const T* rstd, T* gweight, T* gbias);

}  // namespace pullback::kernels
