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
      BINARY(pow),
      SCALAR(pow),
      BINARY(floor_divide),
      SCALAR(floor_divide),
      BINARY(remainder),
      SCALAR(remainder),
      BINARY(fmod),
      SCALAR(fmod),
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
      BINARY(bitwise_and),
      SCALAR(bitwise_and),
      BINARY(bitwise_or),
      SCALAR(bitwise_or),
      BINARY(bitwise_xor),
      SCALAR(bitwise_xor),
      BINARY(bitwise_left_shift),
      SCALAR(bitwise_left_shift),
      BINARY(bitwise_right_shift),
      SCALAR(bitwise_right_shift),
      METHOD(maximum),
      METHOD(minimum),
      METHOD(fmax),
      METHOD(fmin),
      METHOD(atan2),
      METHOD(hypot),
      METHOD(logaddexp),
      METHOD(copysign),
      METHOD(logical_and),
      METHOD(logical_or),
      METHOD(logical_xor),
      {"div.floor", [](const Case& c) -> Outputs { return {c.in(0).div(c.in(1), "floor")}; }},
      {"div.floor.scalar",
       [](const Case& c) -> Outputs { return {c.in(0).div(c.scalar("other"), "floor")}; }},
      {"div.trunc", [](const Case& c) -> Outputs { return {c.in(0).div(c.in(1), "trunc")}; }},
      {"div.trunc.scalar",
       [](const Case& c) -> Outputs { return {c.in(0).div(c.scalar("other"), "trunc")}; }},
      {"rsub.scalar", [](const Case& c) -> Outputs { return {c.scalar("other") - c.in(0)}; }},
      {"rdiv.scalar", [](const Case& c) -> Outputs { return {c.scalar("other") / c.in(0)}; }},
      {"rpow.scalar",
       [](const Case& c) -> Outputs { return {pullback::pow(c.scalar("other"), c.in(0))}; }},
      {"isclose",
       [](const Case& c) -> Outputs {
         return {c.in(0).isclose(c.in(1), c.number("rtol", 1e-5), c.number("atol", 1e-8),
                                 c.boolean("equal_nan"))};
       }},
  };
  return rows;
}

#undef BINARY
#undef SCALAR
#undef METHOD

Rows ternary_rows() {
  auto limit = [](const Case& c, const char* name) {
    return c.has(name) ? std::optional<Scalar>(c.scalar(name)) : std::nullopt;
  };
  auto real = [](const Case& c, const char* name) {
    return c.has(name) ? std::optional<double>(c.number(name)) : std::nullopt;
  };
  return {
      {"clamp",
       [limit](const Case& c) -> Outputs {
         return {c.in(0).clamp(limit(c, "min"), limit(c, "max"))};
       },
       in_place(
           [limit](const Case& c) { return c.in(0).clamp_(limit(c, "min"), limit(c, "max")); })},
      {"clamp_min", [](const Case& c) -> Outputs { return {c.in(0).clamp_min(c.scalar("value"))}; },
       in_place([](const Case& c) { return c.in(0).clamp_min_(c.scalar("value")); })},
      {"clamp_max", [](const Case& c) -> Outputs { return {c.in(0).clamp_max(c.scalar("value"))}; },
       in_place([](const Case& c) { return c.in(0).clamp_max_(c.scalar("value")); })},
      {"clamp.tensor", [](const Case& c) -> Outputs { return {c.in(0).clamp(c.in(1), c.in(2))}; }},
      // Its cases hold infinities, at which no difference can be taken.
      {"nan_to_num",
       [real](const Case& c) -> Outputs {
         return {c.in(0).nan_to_num(real(c, "nan"), real(c, "posinf"), real(c, "neginf"))};
       },
       order(0)},
      {"lerp", [](const Case& c) -> Outputs { return {c.in(0).lerp(c.in(1), c.in(2))}; },
       in_place([](const Case& c) { return c.in(0).lerp_(c.in(1), c.in(2)); })},
      {"lerp.scalar",
       [](const Case& c) -> Outputs { return {c.in(0).lerp(c.in(1), c.scalar("weight"))}; },
       in_place([](const Case& c) { return c.in(0).lerp_(c.in(1), c.scalar("weight")); })},
      {"addcmul",
       [](const Case& c) -> Outputs {
         return {c.in(0).addcmul(c.in(1), c.in(2), c.scalar("value", 1))};
       },
       in_place(
           [](const Case& c) { return c.in(0).addcmul_(c.in(1), c.in(2), c.scalar("value", 1)); })},
      {"addcdiv",
       [](const Case& c) -> Outputs {
         return {c.in(0).addcdiv(c.in(1), c.in(2), c.scalar("value", 1))};
       },
       in_place(
           [](const Case& c) { return c.in(0).addcdiv_(c.in(1), c.in(2), c.scalar("value", 1)); })},
      {"where",
       [](const Case& c) -> Outputs { return {pullback::where(c.in(0), c.in(1), c.in(2))}; }},
      {"masked_fill",
       [](const Case& c) -> Outputs { return {c.in(0).masked_fill(c.in(1), c.scalar("value"))}; },
       in_place([](const Case& c) { return c.in(0).masked_fill_(c.in(1), c.scalar("value")); })},
      {"masked_fill.tensor",
       [](const Case& c) -> Outputs { return {c.in(0).masked_fill(c.in(1), c.in(2))}; },
       in_place([](const Case& c) { return c.in(0).masked_fill_(c.in(1), c.in(2)); })},
      {"type.promotion", [](const Case& c) -> Outputs { return {c.in(0) + c.in(1)}; }},
      {"to", [](const Case& c) -> Outputs { return {c.in(0).to(c.dtype("dtype"))}; }},
  };
}

}  // namespace pullback_tests
