#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }
// f(x, …), and f_(x, …) in place.
#define BOTH(op, ...)                                                                        \
  Row {                                                                                      \
#op, [](const Case& c)                                                                   \
              -> Outputs { return {pullback::op(__VA_ARGS__)}; }, in_place([](const Case& c) \
                                                                               -> Tensor {   \
      return pullback::op##_(__VA_ARGS__);                                                   \
    })                                                                                       \
  }

Rows activation_rows() {
  return {
      ROW("softplus", {pullback::softplus(c.in(0))}),
      ROW("softplus.parameters",
          {pullback::softplus(c.in(0), c.scalar("beta"), c.scalar("threshold"))}),
      BOTH(leaky_relu, c.in(0), c.scalar("negative_slope")),
      BOTH(elu, c.in(0), c.scalar("alpha")),
      BOTH(selu, c.in(0)),
      BOTH(silu, c.in(0)),
      BOTH(mish, c.in(0)),
      ROW("gelu", {pullback::gelu(c.in(0))}),
      ROW("gelu.tanh", {pullback::gelu(c.in(0), "tanh")}),
      BOTH(relu6, c.in(0)),
      BOTH(hardtanh, c.in(0), c.scalar("min_val"), c.scalar("max_val")),
      ROW("logsigmoid", {pullback::logsigmoid(c.in(0))}),
      ROW("softsign", {pullback::softsign(c.in(0))}),
      BOTH(threshold, c.in(0), c.scalar("threshold"), c.scalar("value")),
      BOTH(celu, c.in(0), c.scalar("alpha")),
      BOTH(hardsigmoid, c.in(0)),
      BOTH(hardswish, c.in(0)),
      BOTH(rrelu, c.in(0), c.scalar("lower"), c.scalar("upper")),
      ROW("tanhshrink", {pullback::tanhshrink(c.in(0))}),
      ROW("hardshrink", {pullback::hardshrink(c.in(0), c.scalar("lambd"))}),
      ROW("softshrink", {pullback::softshrink(c.in(0), c.scalar("lambd"))}),
      ROW("kinks", (Outputs{pullback::hardsigmoid(c.in(0)), pullback::hardswish(c.in(0)),
                            pullback::hardshrink(c.in(0), 3), pullback::softshrink(c.in(0), 3)})),
      ROW("glu", {pullback::glu(c.in(0), c.integer("dim", -1))}),
      ROW("prelu", {pullback::prelu(c.in(0), c.in(1))}),
      ROW("softmin", {pullback::softmin(c.in(0), c.integer("dim"))}),
  };
}

#undef BOTH
#undef ROW

}  // namespace pullback_tests
