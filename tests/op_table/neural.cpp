#include <optional>

#include <pullback/core/neural.h>

#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }

namespace {

std::vector<std::int64_t> sizes(const Case& c, const char* name, std::int64_t otherwise) {
  return c.has(name) ? c.list(name) : std::vector<std::int64_t>{otherwise};
}
std::vector<std::int64_t> stride(const Case& c, bool pooling) {
  return c.has("stride") || !pooling ? sizes(c, "stride", 1) : std::vector<std::int64_t>{};
}

template <class Conv>
Outputs convolve(Conv conv, const Case& c) {
  return {conv(c.in(0), c.in(1), c.in(2), stride(c, false), sizes(c, "padding", 0),
               sizes(c, "dilation", 1), c.integer("groups", 1))};
}

template <class Conv>
Outputs transposed(Conv conv, const Case& c) {
  return {conv(c.in(0), c.in(1), c.in(2), stride(c, false), sizes(c, "padding", 0),
               sizes(c, "output_padding", 0), c.integer("groups", 1), sizes(c, "dilation", 1))};
}

template <class Pool>
Outputs maximum(Pool pool, const Case& c) {
  return {pool(c.in(0), c.list("kernel_size"), stride(c, true), sizes(c, "padding", 0),
               sizes(c, "dilation", 1), c.boolean("ceil_mode"))};
}

Outputs running(const Case& c) {
  const Tensor mean = c.in(1).detach().clone(), var = c.in(2).detach().clone();
  pullback::batch_norm(c.in(0).detach(), Tensor(), Tensor(), mean, var, true, c.number("momentum"));
  return {mean, var};
}

pullback::PadMode pad_mode(const Case& c) {
  const std::string name = c.string("mode", "constant");
  return name == "reflect"     ? pullback::kReflect
         : name == "replicate" ? pullback::kReplicate
         : name == "circular"  ? pullback::kCircular
                               : pullback::kConstant;
}

pullback::Reduction reduction(const Case& c) {
  const std::string name = c.string("reduction", "mean");
  return name == "none" ? pullback::kNone : name == "sum" ? pullback::kSum : pullback::kMean;
}

Row interpolation(const char* name, pullback::Interpolation mode) {
  return {name, [mode](const Case& c) -> Outputs {
            std::optional<std::vector<std::int64_t>> size;
            std::optional<std::vector<double>> scale;
            std::optional<bool> corners;
            if (c.has("size")) size = c.list("size");
            if (c.has("scale_factor")) scale = {c.number("scale_factor")};
            if (c.has("align_corners")) corners = c.boolean("align_corners");
            return {pullback::interpolate(c.in(0), size, scale, mode, corners,
                                          c.boolean("recompute_scale_factor"))};
          }};
}

}  // namespace

Rows conv_rows() {
  using namespace pullback;
  using Conv = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, IntArrayRef, IntArrayRef,
                          IntArrayRef, std::int64_t);
  return {
      {"linear", [](const Case& c) -> Outputs { return {linear(c.in(0), c.in(1), c.in(2))}; },
       other_name()},
      ROW("conv1d", convolve(static_cast<Conv>(conv1d), c)),
      ROW("conv2d", convolve(static_cast<Conv>(conv2d), c)),
      ROW("conv_transpose1d", transposed(conv_transpose1d, c)),
      ROW("conv_transpose2d", transposed(conv_transpose2d, c)),
      ROW("pad", {pad(c.in(0), c.list("pad"), pad_mode(c), c.scalar("value"))}),
      // PyTorch copies slices; one node serves here.
      {"pad.circular",
       [](const Case& c) -> Outputs { return {pad(c.in(0), c.list("pad"), kCircular)}; },
       other_name()},
      interpolation("interpolate.nearest", kNearest),
      interpolation("interpolate.nearest-exact", kNearestExact),
      interpolation("interpolate.linear", kLinear),
      interpolation("interpolate.bilinear", kBilinear),
      interpolation("interpolate.trilinear", kTrilinear),
      ROW("pixel_shuffle", {pixel_shuffle(c.in(0), c.integer("upscale_factor"))}),
      ROW("pixel_unshuffle", {pixel_unshuffle(c.in(0), c.integer("downscale_factor"))}),
      ROW("one_hot", {one_hot(c.in(0), c.integer("num_classes", -1))}),
      ROW("embedding", {embedding(c.in(1), c.in(0), c.integer("padding_idx", -1))}),
  };
}

Rows pool_rows() {
  using namespace pullback;
  return {
      ROW("max_pool1d", maximum(max_pool1d, c)),
      ROW("max_pool2d", maximum(max_pool2d, c)),
      ROW("avg_pool1d",
          {avg_pool1d(c.in(0), c.list("kernel_size"), stride(c, true), sizes(c, "padding", 0),
                      c.boolean("ceil_mode"), c.boolean("count_include_pad", true))}),
      ROW("avg_pool2d",
          {avg_pool2d(c.in(0), c.list("kernel_size"), stride(c, true), sizes(c, "padding", 0),
                      c.boolean("ceil_mode"), c.boolean("count_include_pad", true))}),
      ROW("adaptive_avg_pool1d", {adaptive_avg_pool1d(c.in(0), c.list("output_size"))}),
      ROW("adaptive_avg_pool2d", {adaptive_avg_pool2d(c.in(0), c.list("output_size"))}),
      ROW("adaptive_max_pool1d",
          {std::get<0>(adaptive_max_pool1d(c.in(0), c.list("output_size")))}),
      ROW("adaptive_max_pool2d",
          {std::get<0>(adaptive_max_pool2d(c.in(0), c.list("output_size")))}),
  };
}

Rows nnorm_rows() {
  using namespace pullback;
  return {
      ROW("_weight_norm", {_weight_norm(c.in(0), c.in(1), c.integer("dim", 0))}),
      {"norm_except_dim",
       [](const Case& c) -> Outputs {
         return {norm_except_dim(c.in(0), c.number("pow"), c.integer("dim", 0))};
       },
       other_name()},
      ROW("layer_norm", {layer_norm(c.in(0), c.list("normalized_shape"), c.in(1), c.in(2))}),
      ROW("group_norm", {group_norm(c.in(0), c.integer("num_groups"), c.in(1), c.in(2))}),
      ROW("batch_norm.training", {batch_norm(c.in(0), c.in(3), c.in(4), c.in(1).detach().clone(),
                                             c.in(2).detach().clone(), true)}),
      ROW("batch_norm.running", running(c)),
      {"batch_norm.eval",
       [](const Case& c) -> Outputs {
         return {batch_norm(c.in(0), c.in(3), c.in(4), c.in(1).detach(), c.in(2).detach(), false)};
       }},
      ROW("normalize", {normalize(c.in(0), c.number("p", 2), c.integer("dim", 1))}),
      ROW("cosine_similarity", {cosine_similarity(c.in(0), c.in(1), c.integer("dim", 1))}),
      {"pairwise_distance",
       [](const Case& c) -> Outputs {
         return {pairwise_distance(c.in(0), c.in(1), c.number("p", 2), c.number("eps", 1e-6),
                                   c.boolean("keepdim"))};
       },
       other_name()},
      ROW("instance_norm", {instance_norm(c.in(0))}),
  };
}

Rows loss_rows() {
  using namespace pullback;
  return {
      ROW("mse_loss", {mse_loss(c.in(0), c.in(1), reduction(c))}),
      ROW("l1_loss", {l1_loss(c.in(0), c.in(1), reduction(c))}),
      ROW("smooth_l1_loss", {smooth_l1_loss(c.in(0), c.in(1), reduction(c), c.number("beta", 1))}),
      ROW("huber_loss", {huber_loss(c.in(0), c.in(1), reduction(c), c.number("delta", 1))}),
      {"soft_margin_loss",
       [](const Case& c) -> Outputs {
         return {soft_margin_loss(c.in(0), c.in(1).detach(), reduction(c))};
       }},
      ROW("kl_div", {kl_div(c.in(0), c.in(1), reduction(c), c.boolean("log_target"))}),
      ROW("binary_cross_entropy", {binary_cross_entropy(c.in(0), c.in(1), c.in(2), reduction(c))}),
      {"binary_cross_entropy_with_logits",
       [](const Case& c) -> Outputs {
         return {binary_cross_entropy_with_logits(c.in(0), c.in(1).detach(), c.in(2), c.in(3),
                                                  reduction(c))};
       }},
      {"nll_loss",
       [](const Case& c) -> Outputs {
         return {
             nll_loss(c.in(0), c.in(1), c.in(2), reduction(c), c.integer("ignore_index", -100))};
       }},
      {"cross_entropy",
       [](const Case& c) -> Outputs {
         return {cross_entropy(c.in(0), c.in(1), c.in(2), reduction(c),
                               c.integer("ignore_index", -100), c.number("label_smoothing"))};
       }},
      ROW("cross_entropy.probabilities", {cross_entropy(c.in(0), c.in(1), Tensor(), reduction(c),
                                                        -100, c.number("label_smoothing"))}),
      {"cosine_embedding_loss",
       [](const Case& c) -> Outputs {
         return {cosine_embedding_loss(c.in(0), c.in(1), c.in(2).detach())};
       }},
      {"margin_ranking_loss",
       [](const Case& c) -> Outputs {
         return {margin_ranking_loss(c.in(0), c.in(1), c.in(2).detach(), 0.3)};
       }},
      {"hinge_embedding_loss",
       [](const Case& c) -> Outputs {
         return {
             hinge_embedding_loss(c.in(0), c.in(1).detach(), c.number("margin", 1), reduction(c))};
       }},
      {"triplet_margin_loss",
       [](const Case& c) -> Outputs {
         return {triplet_margin_loss(c.in(0), c.in(1), c.in(2), c.number("margin", 1),
                                     c.number("p", 2), c.number("eps", 1e-6), c.boolean("swap"),
                                     reduction(c))};
       }},
      // One node in PyTorch, which has no second derivative.
      {"multi_margin_loss",
       [](const Case& c) -> Outputs {
         return {multi_margin_loss(c.in(0), c.in(1), c.integer("p", 1), c.number("margin", 1),
                                   c.in(2), reduction(c))};
       },
       other_name()},
      {"multilabel_soft_margin_loss",
       [](const Case& c) -> Outputs {
         return {multilabel_soft_margin_loss(c.in(0), c.in(1).detach(),
                                             c.in(2).defined() ? c.in(2).detach() : Tensor(),
                                             reduction(c))};
       },
       other_name()},
      {"poisson_nll_loss",
       [](const Case& c) -> Outputs {
         return {poisson_nll_loss(c.in(0), c.in(1).detach(), c.boolean("log_input", true),
                                  c.boolean("full"), c.number("eps", 1e-8), reduction(c))};
       }},
      ROW("gaussian_nll_loss", {gaussian_nll_loss(c.in(0), c.in(1), c.in(2), c.boolean("full"),
                                                  c.number("eps", 1e-6), reduction(c))}),
  };
}

#undef ROW

}  // namespace pullback_tests
