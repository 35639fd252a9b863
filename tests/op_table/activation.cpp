#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }

Rows activation_rows() {
  return {
      ROW("softplus", {pullback::softplus(c.in(0))}),
      ROW("softplus.parameters",
          {pullback::softplus(c.in(0), c.scalar("beta"), c.scalar("threshold"))}),
      ROW("leaky_relu", {pullback::leaky_relu(c.in(0), c.scalar("negative_slope"))}),
      ROW("elu", {pullback::elu(c.in(0), c.scalar("alpha"))}),
      ROW("selu", {pullback::selu(c.in(0))}),
      ROW("silu", {pullback::silu(c.in(0))}),
      ROW("mish", {pullback::mish(c.in(0))}),
      ROW("gelu", {pullback::gelu(c.in(0))}),
      ROW("gelu.tanh", {pullback::gelu(c.in(0), "tanh")}),
      ROW("relu6", {pullback::relu6(c.in(0))}),
      ROW("hardtanh", {pullback::hardtanh(c.in(0), c.scalar("min_val"), c.scalar("max_val"))}),
      ROW("logsigmoid", {pullback::logsigmoid(c.in(0))}),
      ROW("softsign", {pullback::softsign(c.in(0))}),
      ROW("threshold", {pullback::threshold(c.in(0), c.scalar("threshold"), c.scalar("value"))}),
  };
}

#undef ROW

}  // namespace pullback_tests
