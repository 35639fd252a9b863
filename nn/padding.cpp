#include <pullback/nn/padding.h>

#include <pullback/core/neural.h>

namespace pullback::nn {

#define PULLBACK_PAD(Name, mode)                \
  Tensor Name##Impl::forward(const Tensor& x) { \
    return pad(x, options.padding(), mode);     \
  }                                             \
  std::string Name##Impl::extra_repr() const {  \
    return options.padding().as_tuple();        \
  }
PULLBACK_PAD(ZeroPad1d, kConstant)
PULLBACK_PAD(ZeroPad2d, kConstant)
PULLBACK_PAD(ReflectionPad1d, kReflect)
PULLBACK_PAD(ReflectionPad2d, kReflect)
PULLBACK_PAD(ReplicationPad1d, kReplicate)
PULLBACK_PAD(ReplicationPad2d, kReplicate)
PULLBACK_PAD(CircularPad1d, kCircular)
PULLBACK_PAD(CircularPad2d, kCircular)
#undef PULLBACK_PAD

#define PULLBACK_CONSTANT_PAD(Name)                                                               \
  Tensor Name##Impl::forward(const Tensor& x) {                                                   \
    return pad(x, options.padding(), kConstant, options.value());                                 \
  }                                                                                               \
  std::string Name##Impl::extra_repr() const {                                                    \
    return "padding=" + options.padding().as_tuple() + ", value=" + python_repr(options.value()); \
  }
PULLBACK_CONSTANT_PAD(ConstantPad1d)
PULLBACK_CONSTANT_PAD(ConstantPad2d)
#undef PULLBACK_CONSTANT_PAD

}  // namespace pullback::nn
