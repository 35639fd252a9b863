#include <pullback/linalg/linalg.h>

#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }

namespace {
[[maybe_unused]] Scalar beta(const Case& c) {
  return c.scalar("beta", 1);
}
[[maybe_unused]] Scalar alpha(const Case& c) {
  return c.scalar("alpha", 1);
}
}  // namespace

Rows matmul_rows() {
  return {};
}

#undef ROW

}  // namespace pullback_tests
