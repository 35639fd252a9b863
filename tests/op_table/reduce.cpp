#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }

namespace {
[[maybe_unused]] std::optional<std::int64_t> dim(const Case& c) {
  return c.has("dim") ? std::optional<std::int64_t>(c.integer("dim")) : std::nullopt;
}
std::optional<ScalarType> type(const Case& c) {
  return c.has("dtype") ? std::optional<ScalarType>(c.dtype("dtype")) : std::nullopt;
}
bool keep(const Case& c) {
  return c.boolean("keepdim");
}
}  // namespace

Rows reduce_rows() {
  return {
      ROW("sum", {c.in(0).sum(type(c))}),
      ROW("sum.dim", {c.in(0).sum(c.list("dim"), keep(c))}),
  };
}

Rows softmax_rows() {
  return {};
}

#undef ROW

}  // namespace pullback_tests
