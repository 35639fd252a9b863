#include <pullback/core/ops/row_loop.h>

#include <algorithm>

#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback {

using kernels::kMaxOperands;

namespace {

std::int64_t per_share(std::int64_t elements) {
  return std::max<std::int64_t>(1, 8192 / elements);
}

}  // namespace

void for_rows(const kernels::Rows& kernel, ScalarType type, std::int64_t rows, std::int64_t n,
              std::initializer_list<RowOperand> operands, double parameter) {
  if (rows == 0 || n == 0) return;
  const auto size = static_cast<std::int64_t>(element_size(type));
  kernels::parallel_for(rows, per_share(n), [&](std::int64_t begin, std::int64_t end) {
    char* data[kMaxOperands] = {};
    int k = 0;
    for (const auto& [tensor, each] : operands) {
      const std::int64_t step = each == Each::Element ? n : each == Each::Row ? 1 : 0;
      if (tensor->defined()) data[k] = tensor->get()->bytes() + begin * step * size;
      ++k;
    }
    kernel[type](end - begin, n, data, parameter);
  });
}

void for_rows(const RowOperation& operation, ScalarType type, std::int64_t rows, std::int64_t n,
              std::int64_t inner, std::initializer_list<RowOperand> operands, double parameter) {
  if (rows == 0 || n == 0) return;
  const bool turned = inner == 1;
  if (turned && n >= kNarrow) return for_rows(operation.rows, type, rows, n, operands, parameter);
  constexpr std::int64_t kWidth = 512;
  constexpr std::int64_t kBlocks =
      3;  // of operands with a value for each element, as a gradient has
  const auto size = static_cast<std::int64_t>(element_size(type));
  const kernels::Transpose turn = simd().transposes[static_cast<int>(type)];
  const std::int64_t across = turned ? rows : inner, blocks = kernels::ceil_div(across, kWidth);
  const std::int64_t step = (turned ? n : inner) * size;
  const auto run = [&](std::int64_t i, char* memory) {
    const std::int64_t first = i % blocks * kWidth, width = std::min(kWidth, across - first);
    const std::int64_t from = (turned ? first * n : i / blocks * n * inner + first) * size;
    Strip strips[kMaxOperands] = {};
    int k = 0;
    for (const auto& [tensor, each] : operands) {
      Strip& strip = strips[k++];
      if (!tensor->defined()) continue;
      char* data = tensor->get()->bytes();
      if (each == Each::Column) {
        strip = {data, size, /*one=*/true};
      } else if (each == Each::Row) {
        strip = {data + first * size, 0};
      } else if (!turned) {
        strip = {data + from, step};
      } else {
        strip = {memory, width * size};
        memory += n * width * size;
        if (k > 1) turn(width, n, data + from, step, strip.data, strip.step);
      }
    }
    operation.columns({type, n, width}, strips, parameter);
    if (turned)
      turn(n, width, strips[0].data, strips[0].step,
           (*operands.begin()).tensor->get()->bytes() + from, step);
  };
  const std::int64_t room = turned ? kBlocks * n * std::min(across, kWidth) : 0;
  kernels::parallel_for(rows / across * blocks, per_share(n * std::min(across, kWidth)),
                        [&](std::int64_t begin, std::int64_t end) {
                          Columns::Row memory(room * size);
                          for (std::int64_t i = begin; i < end; ++i) run(i, memory.data());
                        });
}

}  // namespace pullback
