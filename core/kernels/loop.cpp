#include <pullback/core/kernels/loop.h>

namespace pullback::kernels {

void for_each(Loop loop, int ndim, const std::int64_t* sizes, const Operand* operands, int count, float) {
  char* data[kMaxOperands];
  std::int64_t inner[kMaxOperands];
  for (int k = 0; k < count; ++k) {
    data[k] = static_cast<char*>(operands[k].data);
    inner[k] = ndim ? operands[k].strides[ndim - 1] : 0;
  }
  for (int d = 0; d < ndim; ++d)
    if (sizes[d] == 0) return;
  std::int64_t index[kMaxDims] = {};
  const std::int64_t n = ndim ? sizes[ndim - 1] : 1;
  for (;;) {
    loop(n, data, inner);
    int d = ndim - 2;
    for (; d >= 0; --d) {
      for (int k = 0; k < count; ++k) data[k] += operands[k].strides[d];
      if (++index[d] < sizes[d]) break;
      for (int k = 0; k < count; ++k) data[k] -= operands[k].strides[d] * sizes[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

}  // namespace pullback::kernels
