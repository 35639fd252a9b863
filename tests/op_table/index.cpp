#include <pullback/core/indexing.h>

#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }

namespace {

using pullback::indexing::Ellipsis;
using pullback::indexing::None;
using pullback::indexing::Slice;

Tensor brackets(const Case& c) {
  Tensor x = c.in(0), mask = c.in(1), rows = c.in(2);
  std::string how = c.string("how");
  if (how == "integer") return x[1];
  if (how == "negative") return x.index({-1, -2});
  if (how == "slices") return x.index({Slice(1, None), Slice(None, None, 2)});
  if (how == "none") return x.index({None, Slice(), None});
  if (how == "ellipsis") return x.index({"...", 1});
  if (how == "true") return x.index({true});
  if (how == "mask") return x.index({mask});
  if (how == "rows") return x.index({rows});
  if (how == "columns") return x.index({Slice(), rows});
  if (how == "pairs") return x.index({rows, rows});
  if (how == "mixed") return x.index({Slice(1, None), rows});
  return x.index({None, rows, Ellipsis, 0});
}

Tensor put(const Case& c) {
  Tensor y = c.in(0).clone(), mask = c.in(1), rows = c.in(2), value = c.in(3);
  std::string how = c.string("how");
  if (how == "integer") y[1] = value;
  if (how == "slices") y.index_put_({Slice(1, None), Slice(None, None, 2)}, value);
  if (how == "mask") y.index_put_({mask}, value);
  if (how == "rows") y.index_put_({rows}, value);
  if (how == "pairs") y.index_put_({rows, rows}, value);
  if (how == "columns") y.index_put_({pullback::arange(3).unsqueeze(1), rows}, value);
  return y;
}

}  // namespace

Rows index_rows() {
  return {
      ROW("gather", {c.in(0).gather(c.integer("dim"), c.in(1))}),
      {"scatter",
       [](const Case& c) -> Outputs {
         return {c.in(0).scatter(c.integer("dim"), c.in(1), c.in(2))};
       },
       in_place(
           [](const Case& c) { return c.in(0).scatter_(c.integer("dim"), c.in(1), c.in(2)); })},
      {"scatter.value",
       [](const Case& c) -> Outputs {
         return {c.in(0).scatter(c.integer("dim"), c.in(1), c.scalar("value"))};
       },
       in_place([](const Case& c) {
         return c.in(0).scatter_(c.integer("dim"), c.in(1), c.scalar("value"));
       })},
      {"scatter_add",
       [](const Case& c) -> Outputs {
         return {c.in(0).scatter_add(c.integer("dim"), c.in(1), c.in(2))};
       },
       in_place(
           [](const Case& c) { return c.in(0).scatter_add_(c.integer("dim"), c.in(1), c.in(2)); })},
      ROW("scatter_reduce",
          {c.in(0).scatter_reduce(c.integer("dim"), c.in(1), c.in(2), c.string("reduce"),
                                  c.boolean("include_self", true))}),
      ROW("index_select", {c.in(0).index_select(c.integer("dim"), c.in(1))}),
      {"index_add",
       [](const Case& c) -> Outputs {
         return {c.in(0).index_add(c.integer("dim"), c.in(1), c.in(2), c.scalar("alpha", 1))};
       },
       in_place([](const Case& c) {
         return c.in(0).index_add_(c.integer("dim"), c.in(1), c.in(2), c.scalar("alpha", 1));
       })},
      {"index_copy",
       [](const Case& c) -> Outputs {
         return {c.in(0).index_copy(c.integer("dim"), c.in(1), c.in(2))};
       },
       in_place(
           [](const Case& c) { return c.in(0).index_copy_(c.integer("dim"), c.in(1), c.in(2)); })},
      {"index_fill",
       [](const Case& c) -> Outputs {
         return {c.in(0).index_fill(c.integer("dim"), c.in(1), c.scalar("value"))};
       },
       in_place([](const Case& c) {
         return c.in(0).index_fill_(c.integer("dim"), c.in(1), c.scalar("value"));
       })},
      ROW("take_along_dim", {c.has("dim") ? c.in(0).take_along_dim(c.in(1), c.integer("dim"))
                                          : c.in(0).take_along_dim(c.in(1))}),
      ROW("masked_select", {c.in(0).masked_select(c.in(1))}),
      {"masked_scatter",
       [](const Case& c) -> Outputs { return {c.in(0).masked_scatter(c.in(1), c.in(2))}; },
       in_place([](const Case& c) { return c.in(0).masked_scatter_(c.in(1), c.in(2)); })},
      ROW("nonzero", {c.in(0).nonzero()}),
      ROW("searchsorted", {pullback::searchsorted(c.in(0), c.in(1), c.boolean("right"))}),
      ROW("bucketize", {pullback::bucketize(c.in(0), c.in(1), c.boolean("right"))}),
      ROW("brackets", {brackets(c)}),
      ROW("brackets.put", {put(c)}),
  };
}

#undef ROW

}  // namespace pullback_tests
