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
  return {

      ROW("cross", {pullback::linalg::cross(c.in(0), c.in(1), c.integer("dim"))}),
  };
}

#undef ROW

}  // namespace pullback_tests
