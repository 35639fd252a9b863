#include <pullback/nn/pooling.h>

#include <pullback/nn/repr.h>

namespace pullback::nn {
namespace {

template <class Options>
std::string max_pool_repr(const Options& o) {
  return "kernel_size=" + o.kernel_size().as_written() + ", stride=" + o.stride().as_written() +
         ", padding=" + o.padding().as_written() + ", dilation=" + o.dilation().as_written() +
         ", ceil_mode=" + python_repr(o.ceil_mode());
}

}  // namespace

Tensor MaxPool1dImpl::forward(const Tensor& x) {
  return max_pool1d(x, options.kernel_size(), options.stride(), options.padding(),
                    options.dilation(), options.ceil_mode());
}
std::string MaxPool1dImpl::extra_repr() const {
  return max_pool_repr(options);
}

Tensor MaxPool2dImpl::forward(const Tensor& x) {
  return max_pool2d(x, options.kernel_size(), options.stride(), options.padding(),
                    options.dilation(), options.ceil_mode());
}
std::string MaxPool2dImpl::extra_repr() const {
  return max_pool_repr(options);
}

Tensor AvgPool1dImpl::forward(const Tensor& x) {
  return avg_pool1d(x, options.kernel_size(), options.stride(), options.padding(),
                    options.ceil_mode(), options.count_include_pad());
}
// Python shows those of one dimension as tuples, those of two as they were written.
std::string AvgPool1dImpl::extra_repr() const {
  return "kernel_size=" + options.kernel_size().as_tuple() +
         ", stride=" + options.stride().as_tuple() + ", padding=" + options.padding().as_tuple();
}

Tensor AvgPool2dImpl::forward(const Tensor& x) {
  return avg_pool2d(x, options.kernel_size(), options.stride(), options.padding(),
                    options.ceil_mode(), options.count_include_pad(), options.divisor_override());
}
std::string AvgPool2dImpl::extra_repr() const {
  return "kernel_size=" + options.kernel_size().as_written() +
         ", stride=" + options.stride().as_written() +
         ", padding=" + options.padding().as_written();
}

Tensor AdaptiveAvgPool1dImpl::forward(const Tensor& x) {
  return adaptive_avg_pool1d(x, options.output_size());
}
std::string AdaptiveAvgPool1dImpl::extra_repr() const {
  return "output_size=" + options.output_size().as_written();
}

Tensor AdaptiveAvgPool2dImpl::forward(const Tensor& x) {
  return adaptive_avg_pool2d(x, options.output_size());
}
std::string AdaptiveAvgPool2dImpl::extra_repr() const {
  return "output_size=" + options.output_size().as_written();
}

Tensor AdaptiveMaxPool1dImpl::forward(const Tensor& x) {
  return std::get<0>(adaptive_max_pool1d(x, options.output_size()));
}
std::string AdaptiveMaxPool1dImpl::extra_repr() const {
  return "output_size=" + options.output_size().as_written();
}

Tensor AdaptiveMaxPool2dImpl::forward(const Tensor& x) {
  return std::get<0>(adaptive_max_pool2d(x, options.output_size()));
}
std::string AdaptiveMaxPool2dImpl::extra_repr() const {
  return "output_size=" + options.output_size().as_written();
}

}  // namespace pullback::nn
