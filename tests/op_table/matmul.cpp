#include <pullback/linalg/linalg.h>

#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
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
      ROW("matmul", {pullback::matmul(c.in(0), c.in(1))}),
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
      ROW("einsum", {pullback::einsum(c.string("equation"), c.inputs())}),
      ROW("cross", {pullback::linalg::cross(c.in(0), c.in(1), c.integer("dim"))}),
      ROW("linalg.multi_dot", {pullback::linalg::multi_dot(c.inputs())}),
      ROW("tensordot", {pullback::tensordot(c.in(0), c.in(1), c.integer("dims"))}),
  };
}

#undef ROW

}  // namespace pullback_tests
