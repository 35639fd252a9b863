#pragma once

#include <utility>

#include <pullback/core/tensor.h>

/// Data sets, how they are sampled and transformed, and loaders that make batches of them, under
/// libtorch's names.
namespace pullback::data {

/// One sample, or one batch of them: data and what it should be taken for.
template <class Data = Tensor, class Target = Tensor>
struct Example {
  using DataType = Data;
  using TargetType = Target;

  Example() = default;
  Example(Data data, Target target) : data(std::move(data)), target(std::move(target)) {}

  Data data;
  Target target;
};

namespace example {
/// The target of examples without one.
using NoTarget = void;
}  // namespace example

/// Data alone, which converts from and to what it holds.
template <class Data>
struct Example<Data, example::NoTarget> {
  using DataType = Data;
  using TargetType = example::NoTarget;

  Example() = default;
  Example(Data data) : data(std::move(data)) {}
  operator Data&() { return data; }
  operator const Data&() const { return data; }

  Data data;
};

using TensorExample = Example<Tensor, example::NoTarget>;

}  // namespace pullback::data
