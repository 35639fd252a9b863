#pragma once

#include <memory>
#include <unordered_map>

#include <pullback/core/tensor.h>

namespace pullback::nn {

class Module;
class ParamSlot;

namespace detail {

/// What has been copied so far in one deep copy, so that shared modules and tied tensors stay
/// shared.
struct CloneMemo {
  std::unordered_map<const Module*, std::shared_ptr<Module>> modules;
  std::unordered_map<const TensorImpl*, Tensor> tensors;
  std::unordered_map<const ParamSlot*, ParamSlot*> slots;

  Tensor copy(const Tensor& x);
};

}  // namespace detail
}  // namespace pullback::nn
