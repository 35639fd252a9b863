#pragma once

#include <type_traits>
#include <utility>

#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

namespace pullback::nn {

/// A module that consists of its options: made from them, or from what makes them.
template <class Options>
class Configured : public Module {
 public:
  template <class... Args>
  requires std::is_constructible_v<Options, Args...>
  explicit Configured(Args&&... args) : options(std::forward<Args>(args)...) {}

  Options options;
};

}  // namespace pullback::nn
