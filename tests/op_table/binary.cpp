#include "op_table.h"

namespace pullback_tests {

#define BINARY(name)                                                                               \
  Row {                                                                                            \
#name,                                                                                         \
        [](const Case& c)                                                                          \
             -> Outputs { return {pullback::name(c.in(0), c.in(1))}; }, in_place([](const Case& c) \
                                                                                     -> Tensor {   \
          return c.in(0).name##_(c.in(1));                                                         \
        })                                                                                         \
  }
#define SCALAR(name)                                                                                    \
  Row {                                                                                                 \
#name ".scalar",                                                                                    \
        [](const Case& c)                                                                               \
             -> Outputs { return {pullback::name(c.in(0), c.scalar("other"))}; },                       \
                                                                               in_place([](const Case&  \
                                                                                               c)       \
                                                                                            -> Tensor { \
                                                                                 return c.in(0)         \
                                                                                     .name##_(          \
                                                                                         c.scalar(      \
                                                                                             "oth"      \
                                                                                             "e"        \
                                                                                             "r"));     \
                                                                               })                       \
  }
#define METHOD(name)                                                        \
  Row {                                                                     \
#name, [](const Case& c) -> Outputs { return {c.in(0).name(c.in(1))}; } \
  }

Rows binary_rows() {
  Rows rows = {
      BINARY(add),
      SCALAR(add),
      BINARY(sub),
      SCALAR(sub),
      BINARY(mul),
      SCALAR(mul),
      BINARY(div),
      SCALAR(div),
      {"add.alpha",
       [](const Case& c) -> Outputs { return {c.in(0).add(c.in(1), c.scalar("alpha"))}; },
       in_place([](const Case& c) { return c.in(0).add_(c.in(1), c.scalar("alpha")); })},
      {"add.alpha.scalar",
       [](const Case& c) -> Outputs {
         return {c.in(0).add(c.scalar("other"), c.scalar("alpha"))};
       }},
      BINARY(eq),
      SCALAR(eq),
      BINARY(ne),
      SCALAR(ne),
      BINARY(lt),
      SCALAR(lt),
      BINARY(le),
      SCALAR(le),
      BINARY(gt),
      SCALAR(gt),
      BINARY(ge),
      SCALAR(ge),
      {"rsub.scalar", [](const Case& c) -> Outputs { return {c.scalar("other") - c.in(0)}; }},
      {"rdiv.scalar", [](const Case& c) -> Outputs { return {c.scalar("other") / c.in(0)}; }},
  };
  return rows;
}

#undef BINARY
#undef SCALAR
#undef METHOD

Rows ternary_rows() {
  [[maybe_unused]] auto limit = [](const Case& c, const char* name) {
    return c.has(name) ? std::optional<Scalar>(c.scalar(name)) : std::nullopt;
  };
  [[maybe_unused]] auto real = [](const Case& c, const char* name) {
    return c.has(name) ? std::optional<double>(c.number(name)) : std::nullopt;
  };
  return {

      {"type.promotion", [](const Case& c) -> Outputs { return {c.in(0) + c.in(1)}; }},
      {"to", [](const Case& c) -> Outputs { return {c.in(0).to(c.dtype("dtype"))}; }},
  };
}

}  // namespace pullback_tests
