#include <pullback/linalg/linalg.h>

#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }

// The last node depends on how the product is put together from others, which is ours to choose.
#define OTHER_NAME(name, expression)                                        \
  Row {                                                                     \
    name, [](const Case& c) -> Outputs { return expression; }, other_name() \
  }

namespace {
Scalar beta(const Case& c) {
  return c.scalar("beta", 1);
}
Scalar alpha(const Case& c) {
  return c.scalar("alpha", 1);
}
}  // namespace

Rows matmul_rows() {
  return {
      OTHER_NAME("matmul", {pullback::matmul(c.in(0), c.in(1))}),
      ROW("mm", {c.in(0).mm(c.in(1))}),
      ROW("bmm", {c.in(0).bmm(c.in(1))}),
      ROW("mv", {c.in(0).mv(c.in(1))}),
      ROW("dot", {c.in(0).dot(c.in(1))}),
      ROW("outer", {c.in(0).outer(c.in(1))}),
      ROW("kron", {c.in(0).kron(c.in(1))}),
      {"addmm",
       [](const Case& c) -> Outputs {
         return {c.in(0).addmm(c.in(1), c.in(2), beta(c), alpha(c))};
       },
       in_place([](const Case& c) { return c.in(0).addmm_(c.in(1), c.in(2), beta(c), alpha(c)); })},
      ROW("addmv", {c.in(0).addmv(c.in(1), c.in(2), beta(c), alpha(c))}),
      ROW("addbmm", {c.in(0).addbmm(c.in(1), c.in(2), beta(c), alpha(c))}),
      ROW("baddbmm", {c.in(0).baddbmm(c.in(1), c.in(2), beta(c), alpha(c))}),
      OTHER_NAME("einsum", {pullback::einsum(c.string("equation"), c.inputs())}),
      ROW("cross", {pullback::linalg::cross(c.in(0), c.in(1), c.integer("dim"))}),
      OTHER_NAME("linalg.multi_dot", {pullback::linalg::multi_dot(c.inputs())}),
  };
}

#undef ROW
#undef OTHER_NAME

}  // namespace pullback_tests
