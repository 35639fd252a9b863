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
// results do not depend on the number of threads. What there is one of for each group is double.

/// Mean and variance (over all members, not one less) of each group.
void moments(const Groups& shape, ScalarType type, const char* x, double* mean, double* variance);

/// y = scale x + shift.
void group_affine(const Groups& shape, ScalarType type, const char* x, const double* scale,
                  const double* shift, char* y);

/// Σ g and Σ g (x − mean) of each group.
void group_sums(const Groups& shape, ScalarType type, const char* g, const char* x,
                const double* mean, double* total, double* along);

/// gx = a g − b (x − mean) − c.
void group_grad(const Groups& shape, ScalarType type, const char* g, const char* x, const double* a,
                const double* mean, const double* b, const double* c, char* gx);

/// With rows of y = weight[i]·(x − mean[row])·rstd[row] + bias[i]: the gradients of weight and
/// bias, sums over the rows. Each output may be null.
template <class T>
void row_norm_affine_grad(std::int64_t rows, std::int64_t columns, const T* g, const T* x,
                          const T* mean, const T* rstd, T* gweight, T* gbias);

}  // namespace pullback::kernels
