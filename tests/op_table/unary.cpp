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
      UNARY(exp),
  };
  return rows;
}

#undef UNARY
#undef TEST

}  // namespace pullback_tests
