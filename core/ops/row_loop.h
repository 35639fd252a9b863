#pragma once

#include <initializer_list>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/ops/columns.h>

/// How operations reach the kernels that work on rows.
namespace pullback {

/// What an operand has a value for. All rows share what there is one of for each column.
enum class Each { Element, Row, Column };

struct RowOperand {
  const Tensor* tensor;  ///< dense; may be undefined
  Each each = Each::Element;
};

/// Runs a kernel over `rows` rows of n contiguous elements, shared over the pool.
void for_rows(const kernels::Rows& kernel, ScalarType type, std::int64_t rows, std::int64_t n,
              std::initializer_list<RowOperand> operands, double parameter = 0);

/// A kernel for contiguous rows of at least kNarrow elements, and what does the same along columns.
/// Of the operands with a value for each element only the first is an output.
struct RowOperation {
  const kernels::Rows& rows;
  void (*columns)(const Columns& shape, const Strip* operands, double parameter);
};
inline constexpr std::int64_t kNarrow = 32;

/// Runs an operation over `rows` rows, neighbours of which lie `inner` apart as the elements of
/// each do. Short rows are turned into columns, blocks of them at a time.
void for_rows(const RowOperation& operation, ScalarType type, std::int64_t rows, std::int64_t n,
              std::int64_t inner, std::initializer_list<RowOperand> operands, double parameter = 0);

}  // namespace pullback
