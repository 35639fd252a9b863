#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }

namespace {
std::optional<std::int64_t> optional(const Case& c, const char* name) {
  return c.has(name) ? std::optional<std::int64_t>(c.integer(name)) : std::nullopt;
}
}  // namespace

Rows layout_rows() {
  return {
      ROW("view", {c.in(0).view(c.list("sizes"))}),
      ROW("reshape", {c.in(0).reshape(c.list("sizes"))}),
      ROW("flatten", {c.in(0).flatten(c.integer("start_dim", 0), c.integer("end_dim", -1))}),
      ROW("unflatten", {c.in(0).unflatten(c.integer("dim"), c.list("sizes"))}),
      ROW("ravel", {c.in(0).ravel()}),
      ROW("expand", {c.in(0).expand(c.list("sizes"))}),
      ROW("broadcast_to", {c.in(0).broadcast_to(c.list("size"))}),
      ROW("permute", {c.in(0).permute(c.list("dims"))}),
      ROW("transpose", {c.in(0).transpose(c.integer("dim0"), c.integer("dim1"))}),
      ROW("swapaxes", {c.in(0).swapaxes(c.integer("dim0"), c.integer("dim1"))}),
      ROW("movedim", {c.in(0).movedim(c.integer("source"), c.integer("destination"))}),
      ROW("movedim.list", {c.in(0).movedim(c.list("source"), c.list("destination"))}),
      ROW("t", {c.in(0).t()}),
      ROW("T", {c.in(0).T()}),
      ROW("mT", {c.in(0).mT()}),
      ROW("squeeze", {c.has("dim") ? c.in(0).squeeze(c.integer("dim")) : c.in(0).squeeze()}),
      ROW("unsqueeze", {c.in(0).unsqueeze(c.integer("dim"))}),
      ROW("narrow", {c.in(0).narrow(c.integer("dim"), c.integer("start"), c.integer("length"))}),
      ROW("slice", {c.in(0).slice(c.integer("dim"), optional(c, "start"), optional(c, "end"),
                                  c.integer("step", 1))}),
      ROW("select", {c.in(0).select(c.integer("dim"), c.integer("index"))}),
      ROW("diagonal",
          {c.in(0).diagonal(c.integer("offset", 0), c.integer("dim1", 0), c.integer("dim2", 1))}),
      ROW("unfold", {c.in(0).unfold(c.integer("dim"), c.integer("size"), c.integer("step"))}),
      ROW("unbind", c.in(0).unbind(c.integer("dim", 0))),
      ROW("split", c.in(0).split(c.integer("split_size_or_sections"), c.integer("dim", 0))),
      ROW("split.sizes", c.in(0).split(c.list("split_size_or_sections"), c.integer("dim", 0))),
      ROW("chunk", c.in(0).chunk(c.integer("chunks"), c.integer("dim", 0))),
      ROW("tensor_split",
          c.in(0).tensor_split(c.integer("indices_or_sections"), c.integer("dim", 0))),
      ROW("tensor_split.indices",
          c.in(0).tensor_split(c.list("indices_or_sections"), c.integer("dim", 0))),
      ROW("repeat", {c.in(0).repeat(c.list("repeats"))}),
      ROW("tile", {c.in(0).tile(c.list("dims"))}),
      ROW("repeat_interleave",
          {c.in(0).repeat_interleave(c.integer("repeats"), optional(c, "dim"))}),
      ROW("flip", {c.in(0).flip(c.list("dims"))}),
      ROW("roll", {c.has("dims") ? c.in(0).roll(c.list("shifts"), c.list("dims"))
                                 : c.in(0).roll(c.list("shifts"))}),
      {"tril", [](const Case& c) -> Outputs { return {c.in(0).tril(c.integer("diagonal", 0))}; },
       in_place([](const Case& c) { return c.in(0).tril_(c.integer("diagonal", 0)); })},
      {"triu", [](const Case& c) -> Outputs { return {c.in(0).triu(c.integer("diagonal", 0))}; },
       in_place([](const Case& c) { return c.in(0).triu_(c.integer("diagonal", 0)); })},
      ROW("diag", {c.in(0).diag(c.integer("diagonal", 0))}),
      ROW("diag_embed", {c.in(0).diag_embed(c.integer("offset", 0), c.integer("dim1", -2),
                                            c.integer("dim2", -1))}),
      ROW("trace", {c.in(0).trace()}),
      ROW("clone", {c.in(0).clone()}),
      ROW("contiguous", {c.in(0).contiguous()}),
      {"as_strided",
       [](const Case& c) -> Outputs {
         return {c.in(0).contiguous().as_strided(c.list("sizes"), c.list("strides"),
                                                 c.integer("offset"))};
       }},
      ROW("meshgrid", pullback::meshgrid({c.in(0), c.in(0) * 2}, "ij")),
      ROW("cat", {pullback::cat(c.inputs(), c.integer("dim", 0))}),
      ROW("hstack", {pullback::hstack(c.inputs())}),
      ROW("vstack", {pullback::vstack(c.inputs())}),
      ROW("dstack", {pullback::dstack(c.inputs())}),
      ROW("column_stack", {pullback::column_stack(c.inputs())}),
      ROW("fliplr", {pullback::fliplr(c.in(0))}),
      ROW("flipud", {pullback::flipud(c.in(0))}),
      ROW("rot90", {pullback::rot90(c.in(0), c.integer("k", 1),
                                    c.has("dims") ? c.list("dims") : std::vector<int64_t>{0, 1})}),
      ROW("diff", {pullback::diff(c.in(0), c.integer("n", 1), c.integer("dim", -1))}),
      ROW("stack", {pullback::stack(c.inputs(), c.integer("dim", 0))}),
      ROW("broadcast_tensors", pullback::broadcast_tensors(c.inputs())),
      ROW("tril_indices",
          {pullback::tril_indices(c.integer("row"), c.integer("col"), c.integer("offset", 0))}),
      ROW("triu_indices",
          {pullback::triu_indices(c.integer("row"), c.integer("col"), c.integer("offset", 0))}),
  };
}

#undef ROW

namespace {
pullback::TensorOptions type(const Case& c) {
  return c.has("dtype") ? pullback::TensorOptions(c.dtype("dtype")) : pullback::TensorOptions();
}
}  // namespace

Rows factory_rows() {
  return {
      {"arange",
       [](const Case& c) -> Outputs {
         return {
             pullback::arange(c.scalar("start"), c.scalar("end"), c.scalar("step", 1), type(c))};
       }},
      {"linspace",
       [](const Case& c) -> Outputs {
         return {
             pullback::linspace(c.scalar("start"), c.scalar("end"), c.integer("steps"), type(c))};
       }},
      {"logspace",
       [](const Case& c) -> Outputs {
         return {pullback::logspace(c.scalar("start"), c.scalar("end"), c.integer("steps"),
                                    c.number("base"), type(c))};
       },
       tolerance(4)},
      {"eye",
       [](const Case& c) -> Outputs { return {pullback::eye(c.integer("n"), c.integer("m"))}; }},
      {"full",
       [](const Case& c) -> Outputs {
         return {pullback::full(c.list("sizes"), c.scalar("value"), type(c))};
       }},
  };
}

}  // namespace pullback_tests
