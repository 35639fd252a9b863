#pragma once

#include <pullback/nn/expanding_array.h>
#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

/// Padding as modules; pad() in core/neural.h says what each mode does. The amounts are one for all
/// ends, or those before and after the last dimension, then the one before.
namespace pullback::nn {

template <std::size_t D>
struct PadOptions {
  PadOptions(ExpandingArray<2 * D> padding) : padding_(padding) {}
  PULLBACK_ARG(ExpandingArray<2 * D>, padding);
};
using ZeroPad1dOptions = PadOptions<1>;
using ZeroPad2dOptions = PadOptions<2>;
using ReflectionPad1dOptions = PadOptions<1>;
using ReflectionPad2dOptions = PadOptions<2>;
using ReplicationPad1dOptions = PadOptions<1>;
using ReplicationPad2dOptions = PadOptions<2>;
using CircularPad1dOptions = PadOptions<1>;
using CircularPad2dOptions = PadOptions<2>;

template <std::size_t D>
struct ConstantPadOptions {
  ConstantPadOptions(ExpandingArray<2 * D> padding, double value)
      : padding_(padding), value_(value) {}
  PULLBACK_ARG(ExpandingArray<2 * D>, padding);
  PULLBACK_ARG(double, value);
};
using ConstantPad1dOptions = ConstantPadOptions<1>;
using ConstantPad2dOptions = ConstantPadOptions<2>;

#define PULLBACK_PAD(Name, D)                                                         \
  class Name##Impl : public Module {                                                  \
   public:                                                                            \
    Name##Impl(ExpandingArray<2 * D> padding) : Name##Impl(Name##Options(padding)) {} \
    explicit Name##Impl(const Name##Options& options) : options(options) {}           \
    Tensor forward(const Tensor& x);                                                  \
    std::string extra_repr() const override;                                          \
    Name##Options options;                                                            \
  };                                                                                  \
  PULLBACK_MODULE(Name)
PULLBACK_PAD(ZeroPad1d, 1);
PULLBACK_PAD(ZeroPad2d, 2);
PULLBACK_PAD(ReflectionPad1d, 1);
PULLBACK_PAD(ReflectionPad2d, 2);
PULLBACK_PAD(ReplicationPad1d, 1);
PULLBACK_PAD(ReplicationPad2d, 2);
PULLBACK_PAD(CircularPad1d, 1);
PULLBACK_PAD(CircularPad2d, 2);
#undef PULLBACK_PAD

#define PULLBACK_CONSTANT_PAD(Name, D)                                      \
  class Name##Impl : public Module {                                        \
   public:                                                                  \
    Name##Impl(ExpandingArray<2 * D> padding, double value)                 \
        : Name##Impl(Name##Options(padding, value)) {}                      \
    explicit Name##Impl(const Name##Options& options) : options(options) {} \
    Tensor forward(const Tensor& x);                                        \
    std::string extra_repr() const override;                                \
    Name##Options options;                                                  \
  };                                                                        \
  PULLBACK_MODULE(Name)
PULLBACK_CONSTANT_PAD(ConstantPad1d, 1);
PULLBACK_CONSTANT_PAD(ConstantPad2d, 2);
#undef PULLBACK_CONSTANT_PAD

}  // namespace pullback::nn
