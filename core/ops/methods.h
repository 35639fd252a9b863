#pragma once

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>

/// The methods of a function of two operands: x.op(y) and x.op_(y), where y is a tensor or a
/// number.
#define PULLBACK_BINARY_METHODS(op)                                                  \
  Tensor TensorBase::op(const Tensor& b) const {                                     \
    return pullback::op(self(Tensor()), b);                                          \
  }                                                                                  \
  Tensor TensorBase::op(const Scalar& b) const {                                     \
    return pullback::op(self(Tensor()), b);                                          \
  }                                                                                  \
  Tensor TensorBase::op##_(const Tensor& b) const {                                  \
    const Tensor self = target(#op "_");                                             \
    autograd::check_aligned(#op "_", self, {b});                                     \
    return autograd::change_to(#op "_", self,                                        \
                               [&](const Tensor& x) { return pullback::op(x, b); }); \
  }                                                                                  \
  Tensor TensorBase::op##_(const Scalar& b) const {                                  \
    return autograd::change_to(#op "_", target(#op "_"),                             \
                               [&](const Tensor& x) { return pullback::op(x, b); }); \
  }
