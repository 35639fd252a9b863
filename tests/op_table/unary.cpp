#include "op_table.h"

namespace pullback_tests {

#define UNARY(name)                                                                                \
  Row {                                                                                            \
#name,                                                                                         \
        [](const Case& c)                                                                          \
             -> Outputs { return {pullback::name(c.in(0))}; },                                     \
                                                            in_place([](const Case& c) -> Tensor { \
                                                              return c.in(0).name##_();            \
                                                            })                                     \
  }
// Not differentiable, or with a derivative that is zero wherever it exists.
#define TEST(name)                                                   \
  Row {                                                              \
#name, [](const Case& c) -> Outputs { return {c.in(0).name()}; } \
  }

Rows unary_rows() {
  Rows rows = {
      UNARY(neg),
      UNARY(abs),
      UNARY(sign),
      UNARY(square),
      UNARY(reciprocal),
      UNARY(sqrt),
      UNARY(rsqrt),
      UNARY(exp),
      UNARY(exp2),
      UNARY(expm1),
      UNARY(log),
      UNARY(log2),
      UNARY(log10),
      UNARY(log1p),
      UNARY(sin),
      UNARY(cos),
      UNARY(tan),
      UNARY(asin),
      UNARY(acos),
      UNARY(atan),
      UNARY(sinh),
      UNARY(cosh),
      UNARY(tanh),
      UNARY(asinh),
      UNARY(acosh),
      UNARY(atanh),
      UNARY(sigmoid),
      UNARY(relu),
      UNARY(floor),
      UNARY(ceil),
      UNARY(round),
      UNARY(trunc),
      UNARY(frac),
      UNARY(erf),
      UNARY(erfc),
      UNARY(erfinv),
      UNARY(lgamma),
      UNARY(digamma),
      UNARY(sinc),
      TEST(isnan),
      TEST(isinf),
      TEST(isfinite),
      TEST(signbit),
      {"logical_not", [](const Case& c) -> Outputs { return {c.in(0).logical_not()}; }},
      {"bitwise_not", [](const Case& c) -> Outputs { return {~c.in(0)}; },
       in_place([](const Case& c) { return c.in(0).bitwise_not_(); })},
  };
  return rows;
}

#undef UNARY
#undef TEST

}  // namespace pullback_tests
