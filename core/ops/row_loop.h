#pragma once

#include <initializer_list>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/tensor_impl.h>

/// How operations reach the kernels that work on contiguous rows.
namespace pullback {

/// One operand: the value that each row takes from it lies `step` elements after the last one's.
/// The step is the row's length, 1 where there is one value a row, or 0 where all share one row.
struct RowOperand {
  const Tensor* tensor;  ///< dense; may be undefined
  std::int64_t step;
};

/// Runs a row kernel over `rows` rows of n elements, shared over the pool.
inline void for_rows(const kernels::Rows& kernel, ScalarType type, std::int64_t rows,
                     std::int64_t n, std::initializer_list<RowOperand> operands,
                     double parameter = 0) {
  constexpr std::int64_t elements_per_share = 8192;
  if (rows == 0 || n == 0) return;
  const auto size = static_cast<std::int64_t>(element_size(type));
  const kernels::RowLoop loop = kernel[type];
  const std::int64_t chunk = std::max<std::int64_t>(1, elements_per_share / n);
  kernels::parallel_for(rows, chunk, [&](std::int64_t begin, std::int64_t end) {
    char* data[kernels::kMaxOperands] = {};
    int k = 0;
    for (const RowOperand& operand : operands) {
      if (operand.tensor->defined())
        data[k] = operand.tensor->get()->bytes() + begin * operand.step * size;
      ++k;
    }
    loop(end - begin, n, data, parameter);
  });
}

}  // namespace pullback
