#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }

namespace {
std::optional<std::int64_t> dim(const Case& c) {
  return c.has("dim") ? std::optional<std::int64_t>(c.integer("dim")) : std::nullopt;
}
std::optional<ScalarType> type(const Case& c) {
  return c.has("dtype") ? std::optional<ScalarType>(c.dtype("dtype")) : std::nullopt;
}
bool keep(const Case& c) {
  return c.boolean("keepdim");
}
}  // namespace

Rows reduce_rows() {
  return {
      ROW("sum", {c.in(0).sum(type(c))}),
      ROW("sum.dim", {c.in(0).sum(c.list("dim"), keep(c))}),
      ROW("nansum", {pullback::nansum(c.in(0))}),
      ROW("nansum.dim", {pullback::nansum(c.in(0), c.list("dim"), keep(c))}),
      ROW("nanmean", {pullback::nanmean(c.in(0))}),
      ROW("nanmean.dim", {pullback::nanmean(c.in(0), c.list("dim"), keep(c))}),
      ROW("aminmax", outputs(pullback::aminmax(c.in(0)))),
      ROW("aminmax.dim", outputs(pullback::aminmax(c.in(0), c.integer("dim"), keep(c)))),
      ROW("mean", {c.in(0).mean()}),
      ROW("mean.dim", {c.in(0).mean(c.list("dim"), keep(c))}),
      ROW("prod", {c.in(0).prod()}),
      ROW("prod.dim", {c.in(0).prod(c.integer("dim"), keep(c))}),
      ROW("var", {c.in(0).var(c.boolean("unbiased", true))}),
      ROW("var.dim", {c.in(0).var(c.list("dim"), c.boolean("unbiased", true), keep(c))}),
      ROW("std", {c.in(0).std(c.boolean("unbiased", true))}),
      ROW("std.dim", {c.in(0).std(c.list("dim"), c.boolean("unbiased", true), keep(c))}),
      ROW("norm", {c.in(0).norm(c.scalar("p", 2))}),
      ROW("norm.dim", {c.in(0).norm(c.scalar("p"), c.list("dim"), keep(c))}),
      ROW("max", {c.in(0).max()}),
      ROW("min", {c.in(0).min()}),
      ROW("max.dim", outputs(c.in(0).max(c.integer("dim"), keep(c)))),
      ROW("min.dim", outputs(c.in(0).min(c.integer("dim"), keep(c)))),
      ROW("amax", {c.in(0).amax(c.list("dim"), keep(c))}),
      ROW("amin", {c.in(0).amin(c.list("dim"), keep(c))}),
      ROW("argmax", {c.in(0).argmax(dim(c), keep(c))}),
      ROW("argmin", {c.in(0).argmin(dim(c), keep(c))}),
      ROW("all", {c.in(0).all()}),
      ROW("all.dim", {c.in(0).all(c.integer("dim"), keep(c))}),
      ROW("any", {c.in(0).any()}),
      ROW("any.dim", {c.in(0).any(c.integer("dim"), keep(c))}),
      ROW("count_nonzero", {c.in(0).count_nonzero(dim(c))}),
      ROW("median", {c.in(0).median()}),
      ROW("median.dim", outputs(c.in(0).median(c.integer("dim"), keep(c)))),
      ROW("mode", outputs(c.in(0).mode(c.integer("dim", -1), keep(c)))),
      ROW("kthvalue", outputs(c.in(0).kthvalue(c.integer("k"), c.integer("dim", -1), keep(c)))),
      ROW("logsumexp", {c.in(0).logsumexp(c.list("dim"), keep(c))}),
      ROW("cumsum", {c.in(0).cumsum(c.integer("dim"))}),
      ROW("cumprod", {c.in(0).cumprod(c.integer("dim"))}),
      ROW("sort", outputs(c.in(0).sort(c.integer("dim", -1), c.boolean("descending")))),
      ROW("argsort", {c.in(0).argsort(c.integer("dim", -1), c.boolean("descending"))}),
      ROW("topk",
          outputs(c.in(0).topk(c.integer("k"), c.integer("dim", -1), c.boolean("largest", true)))),
      ROW("histc", {c.in(0).histc(c.integer("bins"), c.scalar("min"), c.scalar("max"))}),
      ROW("bincount", {c.in(0).bincount(c.in(1), c.integer("minlength"))}),
  };
}

Rows softmax_rows() {
  return {
      ROW("softmax", {c.in(0).softmax(c.integer("dim"))}),
      ROW("log_softmax", {c.in(0).log_softmax(c.integer("dim"))}),
      ROW("softmax.dtype", {c.in(0).softmax(c.integer("dim"), type(c))}),
      ROW("softmin", {pullback::softmin(c.in(0), c.integer("dim"))}),
      ROW("dist", {c.in(0).dist(c.in(1), c.scalar("p", 2))}),
  };
}

#undef ROW

}  // namespace pullback_tests
