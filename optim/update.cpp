#include <pullback/optim/update.h>

#include <pullback/core/autograd/view.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/tensor_impl.h>

namespace pullback::optim {

namespace {

constexpr std::int64_t kShare = 16384;  ///< elements that are worth a thread

}  // namespace

void run_update(const kernels::Update& kernel, const Tensor& parameter, const Tensor& gradient,
                std::initializer_list<const Tensor*> state, std::initializer_list<double> numbers) {
  const bool dense = parameter.is_contiguous();
  Tensor copied, copied_gradient;
  const Tensor& w = dense ? parameter : copied = parameter.contiguous();
  const Tensor& g = gradient.is_contiguous() ? gradient : copied_gradient = gradient.contiguous();
  const ScalarType type = w.scalar_type();
  char* data[kernels::kMaxOperands] = {w.get()->bytes(), g.get()->bytes()};
  int count = 2;
  for (const Tensor* x : state) data[count++] = x ? x->get()->bytes() : nullptr;

  const auto size = static_cast<std::int64_t>(element_size(type));
  kernels::parallel_for(w.numel(), kShare, [&](std::int64_t begin, std::int64_t end) {
    char* part[kernels::kMaxOperands] = {};
    for (int k = 0; k < count; ++k) part[k] = data[k] ? data[k] + begin * size : nullptr;
    kernel[type](end - begin, part, numbers.begin());
  });
  if (dense) {
    autograd::mark_changed(parameter);
  } else {
    parameter.copy_(w);
  }
}

}  // namespace pullback::optim
