#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include <pullback/core/tensor.h>

/// The operations behind the layers of neural networks. Sizes, defaults and errors are PyTorch's;
/// where a list of one number per dimension is expected, one number serves all.
namespace pullback {

// ---- convolution: cross-correlation of x, batch × channels × positions or without the batch, with
// a weight of out_channels × channels/groups × kernel

/// y[n, o, i] = bias[o] + Σ w[o, c, p] x[n, c, i·stride + p·dilation − padding].
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              IntArrayRef stride = 1, IntArrayRef padding = 0, IntArrayRef dilation = 1,
              std::int64_t groups = 1);
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              IntArrayRef stride = 1, IntArrayRef padding = 0, IntArrayRef dilation = 1,
              std::int64_t groups = 1);
/// Padding by rule: kValid is none, kSame keeps the size, for stride 1.
enum class Padding { Valid, Same };
inline constexpr Padding kValid = Padding::Valid, kSame = Padding::Same;
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              Padding padding, IntArrayRef dilation = 1, std::int64_t groups = 1);
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              Padding padding, IntArrayRef dilation = 1, std::int64_t groups = 1);
/// The adjoint in x of the convolution with this weight, channels × out_channels/groups × kernel;
/// of the sizes that a stride makes ambiguous, output_padding chooses.
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        IntArrayRef stride = 1, IntArrayRef padding = 0,
                        IntArrayRef output_padding = 0, std::int64_t groups = 1,
                        IntArrayRef dilation = 1);
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        IntArrayRef stride = 1, IntArrayRef padding = 0,
                        IntArrayRef output_padding = 0, std::int64_t groups = 1,
                        IntArrayRef dilation = 1);

/// Whether a float32 convolution sums its products as they are defined. If not (the default, unless
/// the environment says PULLBACK_STRICT_CONV=1), 3×3 kernels with stride 1 and at least 16 channels
/// go by Winograd's F(4×4, 3×3): two to three times as fast, at four times the rounding error; a
/// NaN or an infinity then spreads to the outputs of the 4×4 tiles that read it.
bool strict_convolutions() noexcept;
void set_strict_convolutions(bool enabled) noexcept;

// ---- pooling: over windows of each plane; an empty stride is the kernel size

Tensor max_pool1d(const Tensor& x, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
Tensor max_pool2d(const Tensor& x, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
/// The largest values and where in its plane each was, counted row by row.
std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& x, IntArrayRef kernel_size,
                                                   IntArrayRef stride = {}, IntArrayRef padding = 0,
                                                   IntArrayRef dilation = 1,
                                                   bool ceil_mode = false);
std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& x, IntArrayRef kernel_size,
                                                   IntArrayRef stride = {}, IntArrayRef padding = 0,
                                                   IntArrayRef dilation = 1,
                                                   bool ceil_mode = false);
/// Means; padding counts as zeros if count_include_pad, and divisor_override replaces the count.
Tensor avg_pool1d(const Tensor& x, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, bool ceil_mode = false, bool count_include_pad = true);
Tensor avg_pool2d(const Tensor& x, IntArrayRef kernel_size, IntArrayRef stride = {},
                  IntArrayRef padding = 0, bool ceil_mode = false, bool count_include_pad = true,
                  std::optional<std::int64_t> divisor_override = {});
/// Means and maxima over windows that divide each plane evenly into the output size.
Tensor adaptive_avg_pool1d(const Tensor& x, IntArrayRef output_size);
Tensor adaptive_avg_pool2d(const Tensor& x, IntArrayRef output_size);
std::tuple<Tensor, Tensor> adaptive_max_pool1d(const Tensor& x, IntArrayRef output_size);
std::tuple<Tensor, Tensor> adaptive_max_pool2d(const Tensor& x, IntArrayRef output_size);

// ---- normalisation: y = weight·(x − mean)/√(variance + eps) + bias; weight and bias may be
// undefined

/// Mean and variance of each channel (dimension 1) over everything else when training, which the
/// running ones then follow, running ← (1 − momentum)·running + momentum·new with the variance over
/// n − 1; else the running ones. Throws ValueError when training on one value a channel.
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var, bool training,
                  double momentum = 0.1, double eps = 1e-5);
/// Over the last dimensions, whose sizes are normalized_shape.
Tensor layer_norm(const Tensor& x, IntArrayRef normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);
/// Over the positions and channels of each of num_groups groups of channels of each image.
Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);
/// Over the positions of each channel of each image.
Tensor instance_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {},
                     double eps = 1e-5);
/// The same with running statistics, which may be undefined: those of x if use_input_stats, which
/// the running ones then follow by their mean over the batch, else the running ones.
Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const Tensor& running_mean, const Tensor& running_var, bool use_input_stats,
                     double momentum, double eps);

/// x/max(‖x‖ₚ, eps) along dim.
Tensor normalize(const Tensor& x, double p = 2, std::int64_t dim = 1, double eps = 1e-12);
/// Σ a b/(max(‖a‖, eps) max(‖b‖, eps)) along dim; a and b broadcast. Where eps takes part,
/// the gradient is the derivative of this, which PyTorch's is not.
Tensor cosine_similarity(const Tensor& a, const Tensor& b, std::int64_t dim = 1, double eps = 1e-8);

/// ‖v‖ₚ over all dimensions but dim, which keep size 1, or of all of v for dim −1.
Tensor norm_except_dim(const Tensor& v, const Scalar& p = 2, std::int64_t dim = 0);
/// v·g/norm_except_dim(v, 2, dim), NaN where the norm is 0 (Salimans and Kingma 2016). Throws
/// IndexError for a dimension that v lacks.
Tensor _weight_norm(const Tensor& v, const Tensor& g, std::int64_t dim = 0);

/// ‖a − b + eps‖ₚ along the last dimension; a and b broadcast.
Tensor pairwise_distance(const Tensor& a, const Tensor& b, double p = 2, double eps = 1e-6,
                         bool keepdim = false);

// ---- losses

/// What becomes of a loss's values: kept, averaged, summed, or summed over the size of the batch.
enum class Reduction { None, Mean, Sum, BatchMean };
inline constexpr Reduction kNone = Reduction::None, kMean = Reduction::Mean, kSum = Reduction::Sum,
                           kBatchMean = Reduction::BatchMean;

Tensor mse_loss(const Tensor& x, const Tensor& y, Reduction reduction = kMean);  ///< (x − y)²
Tensor l1_loss(const Tensor& x, const Tensor& y, Reduction reduction = kMean);   ///< |x − y|
/// (x − y)²/(2β) where |x − y| < β, else |x − y| − β/2.
Tensor smooth_l1_loss(const Tensor& x, const Tensor& y, Reduction reduction = kMean,
                      double beta = 1);
/// (x − y)²/2 where |x − y| ≤ δ, else δ(|x − y| − δ/2).
Tensor huber_loss(const Tensor& x, const Tensor& y, Reduction reduction = kMean, double delta = 1);
/// log(1 + exp(−y x)) for targets −1 and 1.
Tensor soft_margin_loss(const Tensor& x, const Tensor& y, Reduction reduction = kMean);
/// y (log y − x) for log-probabilities x; y is a logarithm too if log_target.
Tensor kl_div(const Tensor& x, const Tensor& y, Reduction reduction = kMean,
              bool log_target = false);
/// −w (y log x + (1 − y) log(1 − x)), logarithms bounded by −100. Throws unless 0 ≤ x ≤ 1.
Tensor binary_cross_entropy(const Tensor& x, const Tensor& y, const Tensor& weight = {},
                            Reduction reduction = kMean);
/// binary_cross_entropy of σ(x), without its overflow; pos_weight multiplies the part of y.
Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& y, const Tensor& weight = {},
                                        const Tensor& pos_weight = {}, Reduction reduction = kMean);
/// 1 − cos(x1, x2) where y is 1, max(0, cos(x1, x2) − margin) where it is −1.
Tensor cosine_embedding_loss(const Tensor& x1, const Tensor& x2, const Tensor& y, double margin = 0,
                             Reduction reduction = kMean);
/// max(0, −y (x1 − x2) + margin).
Tensor margin_ranking_loss(const Tensor& x1, const Tensor& x2, const Tensor& y, double margin = 0,
                           Reduction reduction = kMean);
/// x where y is 1, max(0, margin − x) where it is −1.
Tensor hinge_embedding_loss(const Tensor& x, const Tensor& y, double margin = 1,
                            Reduction reduction = kMean);
/// max(0, margin + d(anchor, positive) − d(anchor, negative)) with d = pairwise_distance; swap
/// takes the nearer of anchor and positive to the negative.
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           double margin = 1, double p = 2, double eps = 1e-6, bool swap = false,
                           Reduction reduction = kMean);
/// weight[y]/C Σ over classes c ≠ y of max(0, margin − x[y] + x[c])ᵖ for p of 1 or 2 and scores x,
/// batch × C or C. Throws IndexError or RuntimeError for a class that is not there.
Tensor multi_margin_loss(const Tensor& x, const Tensor& y, const Scalar& p = 1,
                         const Scalar& margin = 1, const Tensor& weight = {},
                         Reduction reduction = kMean);
/// The mean over classes of −weight (y log σ(x) + (1 − y) log σ(−x)).
Tensor multilabel_soft_margin_loss(const Tensor& x, const Tensor& y, const Tensor& weight = {},
                                   Reduction reduction = kMean);
/// exp(x) − y x, or x − y log(x + eps) if x is no logarithm; `full` adds Stirling's approximation
/// of log y! where y > 1.
Tensor poisson_nll_loss(const Tensor& x, const Tensor& y, bool log_input = true, bool full = false,
                        double eps = 1e-8, Reduction reduction = kMean);
/// (log v + (x − y)²/v)/2 with v = max(variance, eps), whose gradient passes the maximum; `full`
/// adds log(2π)/2. A variance for each x, for each row, or for all x along any one dimension.
/// Throws ValueError for another size or a negative variance.
Tensor gaussian_nll_loss(const Tensor& x, const Tensor& y, const Tensor& variance,
                         bool full = false, double eps = 1e-6, Reduction reduction = kMean);
/// −weight[y] x[y] for log-probabilities x, batch × classes × positions or classes alone, and the
/// class y of each position; the mean divides by the sum of the weights. Throws IndexError for a
/// class that is not there.
Tensor nll_loss(const Tensor& x, const Tensor& y, const Tensor& weight = {},
                Reduction reduction = kMean, std::int64_t ignore_index = -100);
/// nll_loss of log_softmax(x). A target of x's sizes holds probabilities of classes. Smoothing
/// mixes the target with the even distribution.
Tensor cross_entropy(const Tensor& x, const Tensor& y, const Tensor& weight = {},
                     Reduction reduction = kMean, std::int64_t ignore_index = -100,
                     double label_smoothing = 0);

// ---- the rest

/// The rows of weight that the indices name; row padding_idx gets no gradient. Throws IndexError
/// for a row that is not there.
Tensor embedding(const Tensor& weight, const Tensor& indices, std::int64_t padding_idx = -1);
/// y[…, c] = 1 where the index is c, else 0, of int64; as many classes as the largest index needs,
/// unless they are given. Throws RuntimeError for an index that is no class.
Tensor one_hot(const Tensor& indices, std::int64_t num_classes = -1);

/// What stands around a padded tensor: a constant, its mirror image without the edge, its edge, or
/// copies of it.
enum class PadMode { Constant, Reflect, Replicate, Circular };
inline constexpr PadMode kConstant = PadMode::Constant, kZeros = PadMode::Constant,
                         kReflect = PadMode::Reflect, kReplicate = PadMode::Replicate,
                         kCircular = PadMode::Circular;
/// x, longer by amounts[0] before and amounts[1] after it in the last dimension, by the next two in
/// the one before, and so on; negative amounts cut. Modes other than constant pad all dimensions
/// but the first one or two (NotImplementedError).
Tensor pad(const Tensor& x, IntArrayRef amounts, PadMode mode = kConstant, const Scalar& value = 0);

/// x with each element zeroed with probability p and the others divided by 1 − p, when training;
/// else x.
Tensor dropout(const Tensor& x, double p, bool train);
Tensor dropout_(const Tensor& x, double p, bool train);
/// As dropout, for whole channels x[n, c]. Throws RuntimeError for fewer than two dimensions.
Tensor feature_dropout(const Tensor& x, double p, bool train);
Tensor feature_dropout_(const Tensor& x, double p, bool train);

/// Dropout that keeps mean 0 and variance 1, for selu: an element becomes −1.758… with probability
/// p, and all are scaled and moved.
Tensor alpha_dropout(const Tensor& x, double p, bool train);
Tensor alpha_dropout_(const Tensor& x, double p, bool train);
/// As alpha_dropout, for whole channels.
Tensor feature_alpha_dropout(const Tensor& x, double p, bool train);
Tensor feature_alpha_dropout_(const Tensor& x, double p, bool train);

/// How values between the elements of x are found: the nearest element as PyTorch always counted or
/// with exact centres, or lines between the elements, for one, two or three dimensions.
enum class Interpolation { Nearest, NearestExact, Linear, Bilinear, Trilinear };
inline constexpr Interpolation kNearest = Interpolation::Nearest,
                               kNearestExact = Interpolation::NearestExact,
                               kBilinear = Interpolation::Bilinear,
                               kTrilinear = Interpolation::Trilinear;
/// Linear among interpolations as among nonlinearities (nn/init.h).
struct LinearChoice {
  template <class Choice>
  requires requires { Choice::Linear; }
  constexpr operator Choice() const { return Choice::Linear; }
};
inline constexpr LinearChoice kLinear{};
/// x, batch × channels × positions, with positions of a new size: `size`, or the old one times
/// `scale_factor`, one number for all dimensions or one for each. The lines run between the centres
/// of the outermost elements if align_corners, else between their edges. Throws ValueError unless
/// exactly one of size and scale_factor is given.
Tensor interpolate(const Tensor& x, const std::optional<std::vector<std::int64_t>>& size,
                   const std::optional<std::vector<double>>& scale_factor = {},
                   Interpolation mode = kNearest, std::optional<bool> align_corners = {},
                   bool recompute_scale_factor = false);

/// r² channels become blocks of r × r positions: y[c, h·r + i, w·r + j] = x[c·r² + i·r + j, h, w].
Tensor pixel_shuffle(const Tensor& x, std::int64_t upscale_factor);
/// Its inverse.
Tensor pixel_unshuffle(const Tensor& x, std::int64_t downscale_factor);

}  // namespace pullback
