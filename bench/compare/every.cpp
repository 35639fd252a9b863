// Every operation on matrices of 16, 256 and 2048 rows, forward and backward, to find the ones that
// fall behind. Timed on request only: `script/bench compare --only every/`.
#include "operations.h"

namespace compare {

namespace {

namespace functional = peer::nn::functional;

/// What operations are given beside the operand whose gradient is asked for.
struct Inputs {
  using Size = std::int64_t;
  std::int64_t size;
  Dtype dtype;
  std::int64_t n = size;
  Tensor x = waves({n, n}, dtype), y = waves({n, n}, dtype, 1);
  Tensor positive = x.abs() + 0.1, inner = x * 0.9, probability = peer::sigmoid(x);
  Tensor row = waves({n}, dtype, 2), column = waves({n, 1}, dtype, 3);
  Tensor mask = x > 0, zeros_and_ones = mask.to(dtype), signs = peer::sign(y);
  Tensor integers = (peer::arange(n * n) * 7919).remainder(97).reshape({n, n});
  Tensor indices = (peer::arange(n * n) * 7919).remainder(n).reshape({n, n});
  Tensor picks = (peer::arange(n) * 7919).remainder(n);
  /// [n/16, 4, 8, 8] and up: the matrix as images.
  Tensor images = x.reshape({n / 16, 4, n == 16 ? 8 : n == 256 ? 16 : 32, -1});
  Tensor channels = row.slice(0, 0, 4);
  Tensor kernels = waves({8, 4, 3, 3}, dtype, 4), grouped = waves({8, 2, 3, 3}, dtype, 5);
  Tensor points = waves({8, 4, 1, 1}, dtype, 6), lines = waves({8, 4, 3}, dtype, 7);
  Tensor spreading = waves({4, 8, 2, 2}, dtype, 8), bias = waves({8}, dtype, 9);
  Tensor edges = peer::arange(64).to(dtype) / 64;
};

using Matrices = Operations<Inputs>;

#define UNARY(operand, f) BOTH(#f, operand, peer::f(a))
/// Of matrices for which 2048 rows would be a benchmark of products.
#define SMALL(name, operand, expression) \
  if (ops.size() <= 256) BOTH(name, operand, expression)

void functions(Matrices ops) {
  UNARY(x, neg);
  UNARY(x, abs);
  UNARY(x, sign);
  UNARY(x, square);
  UNARY(x, reciprocal);
  UNARY(positive, sqrt);
  UNARY(positive, rsqrt);
  UNARY(x, exp);
  UNARY(x, exp2);
  UNARY(x, expm1);
  UNARY(positive, log);
  UNARY(positive, log2);
  UNARY(positive, log10);
  UNARY(positive, log1p);
  UNARY(x, sin);
  UNARY(x, cos);
  UNARY(x, tan);
  UNARY(inner, asin);
  UNARY(inner, acos);
  UNARY(x, atan);
  UNARY(x, sinh);
  UNARY(x, cosh);
  UNARY(x, tanh);
  UNARY(x, asinh);
  BOTH("acosh", positive, peer::acosh(a + 1));
  UNARY(inner, atanh);
  UNARY(x, sigmoid);
  UNARY(x, floor);
  UNARY(x, ceil);
  UNARY(x, round);
  UNARY(x, trunc);
  UNARY(x, frac);
  UNARY(x, erf);
  UNARY(x, erfc);
  UNARY(inner, erfinv);
  UNARY(positive, lgamma);
  UNARY(positive, digamma);
  UNARY(x, sinc);
  UNARY(x, nan_to_num);
  VALUES("isnan", x, peer::isnan(a));
  VALUES("isfinite", x, peer::isfinite(a));
  VALUES("signbit", x, peer::signbit(a));
  VALUES("logical_not", x, peer::logical_not(a));
  VALUES("bitwise_not", integers, peer::bitwise_not(a));
}

void activations(Matrices ops) {
  UNARY(x, relu);
  UNARY(x, gelu);
  BOTH("gelu, tanh", x, peer::gelu(a, "tanh"));
  UNARY(x, silu);
  UNARY(x, mish);
  UNARY(x, elu);
  UNARY(x, selu);
  UNARY(x, celu);
  UNARY(x, hardsigmoid);
  UNARY(x, hardswish);
  UNARY(x, hardshrink);
  BOTH("softplus", x, functional::softplus(a));
  BOTH("logsigmoid", x, functional::logsigmoid(a));
  BOTH("leaky_relu", x, peer::leaky_relu(a, 0.1));
  BOTH("hardtanh", x, peer::hardtanh(a, -0.5, 0.5));
  BOTH("relu6", x, functional::relu6(a));
  BOTH("softsign", x, functional::softsign(a));
  BOTH("threshold", x, peer::threshold(a, 0.1, 0.2));
  BOTH("tanhshrink", x, functional::tanhshrink(a));
  BOTH("softshrink", x, functional::softshrink(a));
  BOTH("glu", x, peer::glu(a, 1));
  BOTH("prelu", x, peer::prelu(a, in.bias.slice(0, 0, 1)));
  BOTH("softmax 0", x, peer::softmax(a, 0));
  BOTH("softmax 1", x, peer::softmax(a, 1));
  BOTH("log_softmax 0", x, peer::log_softmax(a, 0));
  BOTH("log_softmax 1", x, peer::log_softmax(a, 1));
}

void arithmetic(Matrices ops) {
  BOTH("x + y", x, a + in.y);
  BOTH("x − y", x, a - in.y);
  BOTH("x·y", x, a * in.y);
  BOTH("x·x", x, a * a);
  BOTH("x / y", x, a / in.y);
  BOTH("x + 1.5", x, a + 1.5);
  BOTH("x·1.5", x, a * 1.5);
  BOTH("1 / x", positive, 1.0 / a);
  BOTH("x + 2 y", x, peer::add(a, in.y, 2));
  BOTH("x + row", x, a + in.row);
  BOTH("x·row", x, a * in.row);
  BOTH("row, of row + y", row, in.y + a);
  BOTH("x + column", x, a + in.column);
  BOTH("x·column", x, a * in.column);
  BOTH("column, of column·y", column, in.y * a);
  BOTH("x + yᵀ", x, a + in.y.t());
  BOTH("x·number in a tensor", x, a * in.row.select(0, 0));
  BOTH("pow 2", x, peer::pow(a, 2));
  BOTH("pow 3", x, peer::pow(a, 3));
  BOTH("pow 2.5", positive, peer::pow(a, 2.5));
  BOTH("pow y", positive, peer::pow(a, in.y));
  BOTH("2^x", x, peer::pow(2.0, a));
  VALUES("div, floor", x, peer::div(a, in.y, "floor"));
  VALUES("div, trunc", x, peer::div(a, in.y, "trunc"));
  BOTH("fmod", x, peer::fmod(a, in.positive));
  BOTH("remainder", x, peer::remainder(a, in.positive));
  BOTH("maximum", x, peer::maximum(a, in.y));
  BOTH("minimum", x, peer::minimum(a, in.y));
  BOTH("fmax", x, peer::fmax(a, in.y));
  BOTH("clamp", x, peer::clamp(a, -0.5, 0.5));
  BOTH("clamp, tensors", x, peer::clamp(a, in.y - 1, in.y));
  BOTH("clamp_min", x, peer::clamp_min(a, 0.1));
  BOTH("atan2", x, peer::atan2(a, in.y));
  BOTH("hypot", x, peer::hypot(a, in.y));
  BOTH("logaddexp", x, peer::logaddexp(a, in.y));
  BOTH("copysign", x, peer::copysign(a, in.y));
  BOTH("xlogy", x, peer::xlogy(a, in.positive));
  BOTH("lerp", x, peer::lerp(a, in.y, 0.3));
  BOTH("lerp, tensor", x, peer::lerp(a, in.y, in.positive));
  BOTH("addcmul", x, peer::addcmul(a, in.y, in.positive, 0.5));
  BOTH("addcdiv", x, peer::addcdiv(a, in.y, in.positive, 0.5));
  BOTH("where", x, peer::where(in.mask, a, in.y));
  BOTH("where, number", x, peer::where(in.mask, a, 0.0));
  BOTH("masked_fill", x, peer::masked_fill(a, in.mask, 0));
  VALUES("x < y", x, a < in.y);
  VALUES("x = y", x, a == in.y);
  VALUES("x < 0", x, a < 0);
  VALUES("isclose", x, peer::isclose(a, in.y));
  VALUES("bool and", mask, a & a);
  VALUES("int64 +", integers, a + a);
  VALUES("int64 ·", integers, a * a);
  VALUES("int64 / floor", integers, peer::div(a, a + 1, "floor"));
  VALUES("int64 remainder", integers, peer::remainder(a, 7));
}

void layouts(Matrices ops) {
  VALUES("to float64", x, a.to(peer::kDouble));
  VALUES("to int64", x, a.to(peer::kLong));
  VALUES("to bool", x, a.to(peer::kBool));
  VALUES("of bool", mask, a.to(in.dtype));
  VALUES("of int64", integers, a.to(in.dtype));
  BOTH("clone", x, a.clone());
  BOTH("view", x, a.view({-1}));
  BOTH("select", x, a.select(0, 0));
  BOTH("slice", x, a.slice(0, 1));
  BOTH("every second column", x, a.slice(1, 0, in.n, 2).contiguous());
  BOTH("transpose", x, a.t().contiguous());
  BOTH("permute 2, 0, 1", x, a.view({in.n / 4, 4, in.n}).permute({2, 0, 1}).contiguous());
  BOTH("permute 1, 0, 2", x, a.view({in.n / 4, 4, in.n}).permute({1, 0, 2}).contiguous());
  BOTH("expand", column, a.expand({in.n, in.n}).contiguous());
  BOTH("cat 0", x, peer::cat({a, in.y}, 0));
  BOTH("cat 1", x, peer::cat({a, in.y}, 1));
  BOTH("stack 0", x, peer::stack({a, in.y}, 0));
  BOTH("stack −1", x, peer::stack({a, in.y}, -1));
  BOTH("repeat 2, 1", x, a.repeat({2, 1}));
  BOTH("repeat 1, 2", x, a.repeat({1, 2}));
  BOTH("repeat_interleave 0", x, a.repeat_interleave(2, 0));
  BOTH("repeat_interleave 1", x, a.repeat_interleave(2, 1));
  BOTH("flip 0", x, peer::flip(a, {0}));
  BOTH("flip 1", x, peer::flip(a, {1}));
  BOTH("roll 0", x, peer::roll(a, {3}, {0}));
  BOTH("roll 1", x, peer::roll(a, {3}, {1}));
  BOTH("rot90", x, peer::rot90(a, 1, {0, 1}));
  BOTH("unfold", x, a.unfold(1, 4, 2).contiguous());
  BOTH("diagonal", x, a.diagonal().contiguous());
  BOTH("diag_embed", row, peer::diag_embed(a));
  BOTH("trace", x, peer::trace(a));
  BOTH("tril", x, peer::tril(a));
  BOTH("triu", x, peer::triu(a));
  BOTH("pad", x, functional::pad(a, functional::PadFuncOptions({1, 1, 1, 1})));
  BOTH("pad, reflect", x,
       functional::pad(a.unsqueeze(0),
                       functional::PadFuncOptions({1, 1, 1, 1}).mode(peer::kReflect)));
  BOTH("pad, replicate", x,
       functional::pad(a.unsqueeze(0),
                       functional::PadFuncOptions({1, 1, 1, 1}).mode(peer::kReplicate)));
  VALUES("zeros", x, peer::zeros({in.n, in.n}, a.options()));
  VALUES("full", x, peer::full({in.n, in.n}, 2.0, a.options()));
  VALUES("arange", x, peer::arange(in.n * in.n));
  VALUES("linspace", x, peer::linspace(0, 1, in.n * in.n, a.options()));
  VALUES("eye", x, peer::eye(in.n, a.options()));
  VALUES("one_hot", picks, peer::one_hot(a, in.n));
}

// {0} and {1} would be taken for booleans.
const std::vector<std::int64_t> kRows{0}, kColumns{1};

void reductions(Matrices ops) {
  BOTH("sum", x, a.sum());
  BOTH("sum 0", x, a.sum(0));
  BOTH("sum 1", x, a.sum(1));
  BOTH("sum 0 of a transpose", x, a.t().sum(0));
  BOTH("mean", x, a.mean());
  BOTH("mean 1", x, a.mean(1));
  BOTH("var", x, a.var());
  BOTH("var 0", x, peer::var(a, kRows));
  BOTH("var 1", x, peer::var(a, kColumns));
  BOTH("std 1", x, peer::std(a, kColumns));
  BOTH("nansum", x, peer::nansum(a));
  BOTH("prod", positive, a.prod());
  BOTH("prod 0", positive, a.prod(0));
  BOTH("prod 1", positive, a.prod(1));
  BOTH("logsumexp 0", x, peer::logsumexp(a, kRows));
  BOTH("logsumexp 1", x, peer::logsumexp(a, kColumns));
  BOTH("norm", x, a.norm());
  BOTH("norm 1", x, a.norm(1));
  BOTH("amax 0", x, peer::amax(a, kRows));
  BOTH("amax 1", x, peer::amax(a, kColumns));
  BOTH("max", x, peer::max(a));
  BOTH("max 0", x, std::get<0>(peer::max(a, 0)));
  BOTH("max 1", x, std::get<0>(peer::max(a, 1)));
  VALUES("aminmax", x, std::get<0>(peer::aminmax(a)));
  VALUES("argmax", x, peer::argmax(a));
  VALUES("argmax 0", x, peer::argmax(a, 0));
  VALUES("argmax 1", x, peer::argmax(a, 1));
  VALUES("all", mask, peer::all(a));
  VALUES("any 0", mask, peer::any(a, 0));
  VALUES("any 1", mask, peer::any(a, 1));
  VALUES("count_nonzero", x, peer::count_nonzero(a));
  VALUES("int64 sum", integers, a.sum());
  VALUES("int64 sum 0", integers, a.sum(0));
  VALUES("int64 sum 1", integers, a.sum(1));
  VALUES("int64 max 1", integers, std::get<0>(peer::max(a, 1)));
  VALUES("bool sum", mask, a.sum());
  BOTH("cumsum 0", x, a.cumsum(0));
  BOTH("cumsum 1", x, a.cumsum(1));
  BOTH("cumprod 1", positive, a.cumprod(1));
  BOTH("cummax 1", x, std::get<0>(peer::cummax(a, 1)));
  BOTH("logcumsumexp 0", x, peer::logcumsumexp(a, 0));
  BOTH("logcumsumexp 1", x, peer::logcumsumexp(a, 1));
  BOTH("diff", x, peer::diff(a));
}

void choices(Matrices ops) {
  BOTH("sort 0", x, std::get<0>(peer::sort(a, 0)));
  BOTH("sort 1", x, std::get<0>(peer::sort(a, 1)));
  VALUES("int64 sort 1", integers, std::get<0>(peer::sort(a, 1)));
  BOTH("topk 5", x, std::get<0>(peer::topk(a, 5, 1)));
  BOTH("kthvalue 3", x, std::get<0>(peer::kthvalue(a, 3, 1)));
  BOTH("median", x, peer::median(a));
  BOTH("median 1", x, std::get<0>(peer::median(a, 1)));
  BOTH("gather 0", x, peer::gather(a, 0, in.indices));
  BOTH("gather 1", x, peer::gather(a, 1, in.indices));
  BOTH("take_along_dim", x, peer::take_along_dim(a, in.indices, 1));
  BOTH("scatter 1", x, peer::scatter(a, 1, in.indices, in.y));
  BOTH("scatter_add 0", x, peer::scatter_add(a, 0, in.indices, in.y));
  BOTH("scatter_add 1", x, peer::scatter_add(a, 1, in.indices, in.y));
  BOTH("scatter_reduce amax", x, peer::scatter_reduce(a, 1, in.indices, in.y, "amax"));
  BOTH("index_select 0", x, peer::index_select(a, 0, in.picks));
  BOTH("index_select 1", x, peer::index_select(a, 1, in.picks));
  BOTH("index_add 0", x, peer::index_add(a, 0, in.picks, in.y));
  BOTH("index_add 1", x, peer::index_add(a, 1, in.picks, in.y));
  BOTH("index_copy 0", x, peer::index_copy(a, 0, in.picks, in.y));
  BOTH("index_fill 0", x, peer::index_fill(a, 0, in.picks, 1));
  BOTH("index, rows", x, a.index({in.picks}));
  BOTH("index, pairs", x, a.index({in.picks, in.picks}));
  BOTH("index, mask", x, a.index({in.mask}));
  BOTH("masked_select", x, peer::masked_select(a, in.mask));
  BOTH("masked_scatter", x, peer::masked_scatter(a, in.mask, in.y));
  BOTH("embedding", x, functional::embedding(in.picks, a));
  VALUES("nonzero", mask, peer::nonzero(a));
  VALUES("bincount", integers, peer::bincount(a.view({-1})));
  VALUES("searchsorted", x, peer::searchsorted(in.edges, a));
  VALUES("histc", x, peer::histc(a, 64, -1, 1));
}

void products(Matrices ops) {
  BOTH("mv", x, a.mv(in.row));
  BOTH("mv of a transpose", x, a.t().mv(in.row));
  BOTH("dot", row, a.dot(in.row));
  BOTH("outer", row, peer::outer(a, in.row));
  SMALL("matmul", x, a.matmul(in.y));
  SMALL("matmul, xᵀ", x, a.t().matmul(in.y));
  SMALL("matmul, yᵀ", x, a.matmul(in.y.t()));
  SMALL("matmul of 3 and 2 dimensions", x, a.view({4, in.n / 4, in.n}).matmul(in.y));
  SMALL("bmm of 4", x, peer::bmm(a.view({4, in.n / 4, in.n}), in.y.view({4, in.n, in.n / 4})));
  SMALL("bmm of 4×4", x,
        peer::bmm(a.view({in.n * in.n / 16, 4, 4}), in.y.view({in.n * in.n / 16, 4, 4})));
  SMALL("addmm", x, peer::addmm(in.y, a, in.y));
  SMALL("einsum", x, peer::einsum("ij,kj->ik", {a, in.y}));
  SMALL("linear", x, functional::linear(a, in.y, in.row));
  SMALL("linear of 3 dimensions", x, functional::linear(a.view({4, in.n / 4, in.n}), in.y, in.row));
  if (ops.size() <= 16) BOTH("kron", x, peer::kron(a, in.y));
}

void losses(Matrices ops) {
  BOTH("mse_loss", x, functional::mse_loss(a, in.y));
  BOTH("l1_loss", x, functional::l1_loss(a, in.y));
  BOTH("smooth_l1_loss", x, functional::smooth_l1_loss(a, in.y));
  BOTH("huber_loss", x, functional::huber_loss(a, in.y));
  BOTH("binary_cross_entropy", probability, functional::binary_cross_entropy(a, in.zeros_and_ones));
  BOTH("binary_cross_entropy_with_logits", x,
       functional::binary_cross_entropy_with_logits(a, in.zeros_and_ones));
  BOTH("cross_entropy", x, functional::cross_entropy(a, in.picks));
  BOTH("nll_loss", x, functional::nll_loss(a, in.picks));
  BOTH("kl_div", x,
       functional::kl_div(a, in.probability, functional::KLDivFuncOptions(peer::kBatchMean)));
  BOTH("cosine_similarity", x, functional::cosine_similarity(a, in.y));
  BOTH("pairwise_distance", x, functional::pairwise_distance(a, in.y));
  BOTH("hinge_embedding_loss", x, functional::hinge_embedding_loss(a, in.signs));
  BOTH("soft_margin_loss", x, functional::soft_margin_loss(a, in.signs));
  BOTH("poisson_nll_loss", x, functional::poisson_nll_loss(a, in.positive));
  BOTH("multi_margin_loss", x, functional::multi_margin_loss(a, in.picks));
  BOTH("margin_ranking_loss", x, functional::margin_ranking_loss(a, in.y, in.signs));
  BOTH("triplet_margin_loss", x, functional::triplet_margin_loss(a, in.y, in.positive));
}

void layers(Matrices ops) {
  BOTH("layer_norm", x,
       functional::layer_norm(
           a, functional::LayerNormFuncOptions({in.n}).weight(in.row).bias(in.row)));
  BOTH("group_norm", x,
       functional::group_norm(a.view({in.n / 4, 4, in.n}), functional::GroupNormFuncOptions(2)));
  BOTH("instance_norm", x, functional::instance_norm(a.view({in.n / 4, 4, in.n})));
  BOTH("batch_norm of rows", x, batch_norm(a, in.row));
  BOTH("batch_norm of lines", x, batch_norm(a.view({in.n / 4, 4, in.n}), in.channels));
  BOTH("batch_norm of images", images, batch_norm(a, in.channels));
  BOTH("normalize", x, functional::normalize(a));
  BOTH("max_pool2d", images, functional::max_pool2d(a, functional::MaxPool2dFuncOptions(2)));
  BOTH("max_pool2d, overlapping", images,
       functional::max_pool2d(a, functional::MaxPool2dFuncOptions(3).stride(1).padding(1)));
  BOTH("avg_pool2d", images, functional::avg_pool2d(a, functional::AvgPool2dFuncOptions(2)));
  BOTH("adaptive_avg_pool2d to 1", images,
       functional::adaptive_avg_pool2d(a, functional::AdaptiveAvgPool2dFuncOptions(1)));
  BOTH("adaptive_avg_pool2d to 3", images,
       functional::adaptive_avg_pool2d(a, functional::AdaptiveAvgPool2dFuncOptions(3)));
  BOTH("upsample, nearest", images,
       functional::interpolate(a, functional::InterpolateFuncOptions()
                                      .scale_factor(std::vector<double>{2, 2})
                                      .mode(peer::kNearest)));
  BOTH("upsample, bilinear", images,
       functional::interpolate(a, functional::InterpolateFuncOptions()
                                      .scale_factor(std::vector<double>{2, 2})
                                      .mode(peer::kBilinear)
                                      .align_corners(false)));
  BOTH("pixel_shuffle", images,
       functional::pixel_shuffle(a, functional::PixelShuffleFuncOptions(2)));
  BOTH("conv1d", x, peer::conv1d(a.view({in.n / 4, 4, in.n}), in.lines, {}, 1, 1));
  BOTH("conv2d and relu", images, peer::relu(peer::conv2d(a, in.kernels, in.bias, 1, 1)));
  BOTH("conv2d 1×1", images, peer::conv2d(a, in.points));
  BOTH("conv2d in groups", images, peer::conv2d(a, in.grouped, {}, 1, 1, 1, 2));
  BOTH("conv_transpose2d", images, peer::conv_transpose2d(a, in.spreading, {}, 2));
}

}  // namespace

void every(Workloads& workloads) {
  for (const std::int64_t n : {16, 256, 2048}) {
    for (const auto family : {functions, activations, arithmetic, layouts, reductions, choices,
                              products, losses, layers}) {
      family(Matrices(workloads, "every", n, "n = " + std::to_string(n)));
    }
  }
}

}  // namespace compare
