#pragma once

#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include <pullback/core/factories.h>
#include <pullback/core/tensor.h>

/// The operations on tensors, one declaration each. Shapes broadcast and types promote as in
/// PyTorch; every operation on floating-point tensors can be differentiated any number of times.
/// Errors are thrown before anything changes.
namespace pullback {

// ---- operators
#define PULLBACK_OPERATOR(op)                           \
  Tensor operator op(const Tensor& a, const Tensor& b); \
  Tensor operator op(const Tensor& a, const Scalar& b); \
  Tensor operator op(const Scalar& a, const Tensor& b);
PULLBACK_OPERATOR(+)
PULLBACK_OPERATOR(-)
PULLBACK_OPERATOR(*)
PULLBACK_OPERATOR(/)
PULLBACK_OPERATOR(%)
PULLBACK_OPERATOR(==)
PULLBACK_OPERATOR(!=)
PULLBACK_OPERATOR(<)
PULLBACK_OPERATOR(<=)
PULLBACK_OPERATOR(>)
PULLBACK_OPERATOR(>=)
PULLBACK_OPERATOR(&)
PULLBACK_OPERATOR(|)
PULLBACK_OPERATOR(^)
#undef PULLBACK_OPERATOR

// ---- elementwise, one operand
#define PULLBACK_UNARY(name)    \
  Tensor name(const Tensor& x); \
  Tensor name##_(const Tensor& x);
#include <pullback/core/ops/unary.inc>
#undef PULLBACK_UNARY

Tensor polygamma(std::int64_t n, const Tensor& x);  ///< the nth derivative of digamma
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);
Tensor signbit(const Tensor& x);
Tensor logical_not(const Tensor& x);
Tensor bitwise_not(const Tensor& x);
/// x with other numbers for NaN, ∞ and −∞: unless they are given 0, and the largest and the least
/// of the type.
Tensor nan_to_num(const Tensor& x, std::optional<double> nan = {},
                  std::optional<double> posinf = {}, std::optional<double> neginf = {});
/// min(max(x, min), max); NaN stays.
Tensor clamp(const Tensor& x, const std::optional<Scalar>& min,
             const std::optional<Scalar>& max = {});
Tensor clamp(const Tensor& x, const Tensor& min,
             const Tensor& max);  ///< either bound may be undefined
Tensor clamp_min(const Tensor& x, const Scalar& min);
Tensor clamp_min(const Tensor& x, const Tensor& min);
Tensor clamp_max(const Tensor& x, const Scalar& max);
Tensor clamp_max(const Tensor& x, const Tensor& max);

// ---- activations
Tensor gelu(const Tensor& x,
            std::string_view approximate = "none");  ///< x·Φ(x), or its tanh approximation
Tensor silu(const Tensor& x);                        ///< x·σ(x)
Tensor mish(const Tensor& x);                        ///< x·tanh(softplus(x))
/// log(1 + exp(βx))/β; x itself where βx > threshold.
Tensor softplus(const Tensor& x, const Scalar& beta = 1, const Scalar& threshold = 20);
Tensor logsigmoid(const Tensor& x);                    ///< log σ(x)
Tensor elu(const Tensor& x, const Scalar& alpha = 1);  ///< x, or α(exp(x) − 1) below 0
/// λ·elu(x, α) with the λ and α of Klambauer et al. (2017).
Tensor selu(const Tensor& x);
/// x, or slope·x below 0.
Tensor leaky_relu(const Tensor& x, const Scalar& slope = 0.01);
/// min(max(x, min_val), max_val).
Tensor hardtanh(const Tensor& x, const Scalar& min_val = -1, const Scalar& max_val = 1);
Tensor relu6(const Tensor& x);     ///< min(max(x, 0), 6)
Tensor softsign(const Tensor& x);  ///< x/(1 + |x|)
/// x where it is above the limit, else the replacement.
Tensor threshold(const Tensor& x, const Scalar& limit, const Scalar& replacement);
Tensor celu(const Tensor& x, const Scalar& alpha = 1);  ///< x, or α(exp(x/α) − 1) below 0
Tensor hardsigmoid(const Tensor& x);                    ///< min(max(x + 3, 0), 6)/6
Tensor hardswish(const Tensor& x);                      ///< x·hardsigmoid(x)
Tensor tanhshrink(const Tensor& x);                     ///< x − tanh(x)
/// x, or 0 where |x| ≤ λ.
Tensor hardshrink(const Tensor& x, const Scalar& lambda = 0.5);
/// x moved towards 0 by λ, no farther than 0. Throws RuntimeError for λ < 0.
Tensor softshrink(const Tensor& x, const Scalar& lambda = 0.5);
/// a·σ(b) for the halves a and b of x along dim. Throws RuntimeError for an odd size.
Tensor glu(const Tensor& x, std::int64_t dim = -1);
/// x, or weight·x below 0, with one weight or one for each channel (dimension 1).
Tensor prelu(const Tensor& x, const Tensor& weight);
/// x, or s·x below 0, s uniform in [lower, upper) for each element when training, else their mean.
Tensor rrelu(const Tensor& x, const Scalar& lower = 1.0 / 8, const Scalar& upper = 1.0 / 3,
             bool training = false, Generator* generator = nullptr);
// In place, x becomes the function of the same name without the underscore.
Tensor silu_(const Tensor& x);
Tensor mish_(const Tensor& x);
Tensor selu_(const Tensor& x);
Tensor relu6_(const Tensor& x);
Tensor hardsigmoid_(const Tensor& x);
Tensor hardswish_(const Tensor& x);
Tensor elu_(const Tensor& x, const Scalar& alpha = 1);
Tensor celu_(const Tensor& x, const Scalar& alpha = 1);
Tensor leaky_relu_(const Tensor& x, const Scalar& slope = 0.01);
Tensor hardtanh_(const Tensor& x, const Scalar& min_val = -1, const Scalar& max_val = 1);
Tensor threshold_(const Tensor& x, const Scalar& limit, const Scalar& replacement);
Tensor rrelu_(const Tensor& x, const Scalar& lower = 1.0 / 8, const Scalar& upper = 1.0 / 3,
              bool training = false, Generator* generator = nullptr);

// ---- elementwise, two operands
Tensor add(const Tensor& a, const Tensor& b, const Scalar& alpha = 1);  ///< a + alpha·b
Tensor add(const Tensor& a, const Scalar& b, const Scalar& alpha = 1);
Tensor sub(const Tensor& a, const Tensor& b, const Scalar& alpha = 1);  ///< a − alpha·b
Tensor sub(const Tensor& a, const Scalar& b, const Scalar& alpha = 1);
Tensor rsub(const Tensor& a, const Scalar& b);  ///< b − a
#define PULLBACK_BINARY(name)                    \
  Tensor name(const Tensor& a, const Tensor& b); \
  Tensor name(const Tensor& a, const Scalar& b);
#include <pullback/core/ops/binary.inc>
#undef PULLBACK_BINARY
/// a^b for a number a.
Tensor pow(const Scalar& a, const Tensor& b);
/// a/b, rounded as "trunc" (towards 0) or "floor" says.
Tensor div(const Tensor& a, const Tensor& b, std::optional<std::string_view> rounding_mode);
Tensor div(const Tensor& a, const Scalar& b, std::optional<std::string_view> rounding_mode);
Tensor maximum(const Tensor& a, const Tensor& b);  ///< NaN wins
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor fmax(const Tensor& a, const Tensor& b);  ///< NaN loses
Tensor fmin(const Tensor& a, const Tensor& b);
Tensor atan2(const Tensor& a, const Tensor& b);      ///< the angle of the point (b, a)
Tensor hypot(const Tensor& a, const Tensor& b);      ///< √(a² + b²)
Tensor logaddexp(const Tensor& a, const Tensor& b);  ///< log(exp(a) + exp(b))
Tensor copysign(const Tensor& a, const Tensor& b);   ///< |a| with the sign of b
Tensor xlogy(const Tensor& a, const Tensor& b);      ///< a·log(b), 0 where a is 0
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);
Tensor lerp(const Tensor& a, const Tensor& b, const Scalar& weight);  ///< a + weight·(b − a)
Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& weight);
Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b,
               const Scalar& value = 1);  ///< x + value·a·b
Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b,
               const Scalar& value = 1);  ///< x + value·a/b
/// a where the condition holds, else b.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, const Scalar& b);
Tensor where(const Tensor& condition, const Scalar& a, const Tensor& b);
Tensor where(const Tensor& condition, const Scalar& a, const Scalar& b);
/// The indices at which the condition holds, one tensor for each dimension.
std::vector<Tensor> where(const Tensor& condition);
/// x, with the value where the mask holds.
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Scalar& value);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value);
/// Have a and b the same sizes and elements?
bool equal(const Tensor& a, const Tensor& b);
/// |a − b| ≤ atol + rtol·|b| everywhere.
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false);
/// The same of each element.
Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
               bool equal_nan = false);

// ---- shape: the results up to chunk are views, which share x's memory; from cat on they are
// copies, unless a comment says otherwise

/// x's elements in row-major order under other sizes, of which one may be −1. Throws RuntimeError
/// where that needs a copy.
Tensor view(const Tensor& x, IntArrayRef sizes);
/// As view, or a copy where there is no view.
Tensor reshape(const Tensor& x, IntArrayRef sizes);
/// Dimensions start to end as one; a copy where there is no view.
Tensor flatten(const Tensor& x, std::int64_t start = 0, std::int64_t end = -1);
/// Dimension dim as several of these sizes, of which one may be −1.
Tensor unflatten(const Tensor& x, std::int64_t dim, IntArrayRef sizes);
Tensor ravel(const Tensor& x);  ///< flatten(x)
/// Dimensions of size 1, and new ones in front, repeated up to these sizes; −1 keeps one.
Tensor expand(const Tensor& x, IntArrayRef sizes);
Tensor broadcast_to(const Tensor& x, IntArrayRef sizes);
/// Each expanded to the shape that all broadcast to.
std::vector<Tensor> broadcast_tensors(TensorList tensors);
/// Dimension i of the result is dimension dims[i] of x.
Tensor permute(const Tensor& x, IntArrayRef dims);
/// Two dimensions exchanged; swapaxes is another name.
Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1);
Tensor swapaxes(const Tensor& x, std::int64_t dim0, std::int64_t dim1);
/// Dimensions source[i] moved to places destination[i], the others in order around them.
Tensor movedim(const Tensor& x, IntArrayRef source, IntArrayRef destination);
Tensor movedim(const Tensor& x, std::int64_t source, std::int64_t destination);
Tensor t(const Tensor& x);  ///< the transpose of a matrix; a vector is its own
/// x without its dimensions of size 1, or without `dim` if that has size 1.
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, std::int64_t dim);
/// x with a new dimension of size 1 at `dim`.
Tensor unsqueeze(const Tensor& x, std::int64_t dim);
/// The `length` slices along `dim` from `start` on.
Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length);
/// x[start:end:step] along `dim`, as in Python.
Tensor slice(const Tensor& x, std::int64_t dim, std::optional<std::int64_t> start = {},
             std::optional<std::int64_t> end = {}, std::int64_t step = 1);
/// The slice number `index` along `dim`, without that dimension.
Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index);
/// The elements whose place along dim2 is that along dim1 plus offset, as a last dimension.
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, std::int64_t dim1 = 0,
                std::int64_t dim2 = 1);
/// The elements at sizes, strides and offset of x's memory. Throws RuntimeError when that leaves
/// the memory.
Tensor as_strided(const Tensor& x, IntArrayRef sizes, IntArrayRef strides,
                  std::optional<std::int64_t> storage_offset = {});
/// All slices along `dim`, without that dimension.
std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim = 0);
/// Parts along `dim` of `size` slices (the last may be shorter), or of these sizes.
std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim = 0);
std::vector<Tensor> split(const Tensor& x, IntArrayRef sizes, std::int64_t dim = 0);
/// At most `chunks` parts along `dim`, equal but for a shorter last one.
std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim = 0);
/// The tensors one behind the other along a dimension.
Tensor cat(TensorList tensors, std::int64_t dim = 0);
/// Tensors of one shape along a new dimension.
Tensor stack(TensorList tensors, std::int64_t dim = 0);
/// Joined along dimension 1 (of vectors 0), 0 and 2, after missing dimensions were added in front,
/// and for dstack behind; column_stack makes vectors columns.
Tensor hstack(TensorList tensors);
Tensor vstack(TensorList tensors);
Tensor dstack(TensorList tensors);
Tensor column_stack(TensorList tensors);
Tensor repeat(const Tensor& x,
              IntArrayRef repeats);  ///< x laid side by side, repeats[d] times along d
Tensor tile(const Tensor& x, IntArrayRef repeats);  ///< as repeat; missing leading repeats are 1
/// Each slice along `dim` (each element of the flattened x without it), `repeats` times in turn.
Tensor repeat_interleave(const Tensor& x, std::int64_t repeats,
                         std::optional<std::int64_t> dim = {});
Tensor flip(const Tensor& x, IntArrayRef dims);
Tensor fliplr(const Tensor& x);  ///< dimension 1 backwards
Tensor flipud(const Tensor& x);  ///< dimension 0 backwards
/// Turned k times by 90 degrees from the first towards the second of two dimensions.
Tensor rot90(const Tensor& x, std::int64_t k = 1, IntArrayRef dims = {0, 1});
/// Moves elements by shifts[i] places along dims[i], those that leave coming back at the start;
/// without dims along the flattened x.
Tensor roll(const Tensor& x, IntArrayRef shifts, IntArrayRef dims = {});
/// A view of all windows of `size` elements, `step` apart, along `dim`; the window is a new last
/// dimension.
Tensor unfold(const Tensor& x, std::int64_t dim, std::int64_t size, std::int64_t step);
/// Views that part x before each index, or into sections whose sizes differ by one at most.
std::vector<Tensor> tensor_split(const Tensor& x, IntArrayRef indices, std::int64_t dim = 0);
std::vector<Tensor> tensor_split(const Tensor& x, std::int64_t sections, std::int64_t dim = 0);
/// Coordinate grids of the given lines: grids[k][i₀, i₁, …] = tensors[k][i_k] for "ij"; "xy" swaps
/// the first two dimensions.
std::vector<Tensor> meshgrid(TensorList tensors, std::string_view indexing = "ij");
/// The places with column − row ≤ offset of a matrix (≥ offset for triu), int64 [2, n].
Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0);
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0);
/// Sums x over the dimensions in which a tensor of these sizes would have been broadcast to x's.
Tensor sum_to_size(const Tensor& x, IntArrayRef sizes);

// ---- reductions: of all elements, or along one dimension or several (an empty list means all),
// which stay, with size 1, if `keepdim`
Tensor sum(const Tensor& x, std::optional<ScalarType> dtype = {});
Tensor sum(const Tensor& x, IntArrayRef dim, bool keepdim = false,
           std::optional<ScalarType> dtype = {});
Tensor mean(const Tensor& x, std::optional<ScalarType> dtype = {});
Tensor mean(const Tensor& x, IntArrayRef dim, bool keepdim = false,
            std::optional<ScalarType> dtype = {});
Tensor var(const Tensor& x, bool unbiased = true);  ///< Σ(x − mean)²/(n − 1), or /n
Tensor var(const Tensor& x, IntArrayRef dim, bool unbiased = true, bool keepdim = false);
Tensor std(const Tensor& x, bool unbiased = true);  ///< √var
Tensor std(const Tensor& x, IntArrayRef dim, bool unbiased = true, bool keepdim = false);
Tensor nansum(const Tensor& x);  ///< Σ of what is no NaN
Tensor nansum(const Tensor& x, IntArrayRef dim, bool keepdim = false);
/// The mean of what is no NaN.
Tensor nanmean(const Tensor& x);
Tensor nanmean(const Tensor& x, IntArrayRef dim, bool keepdim = false);
Tensor prod(const Tensor& x, std::optional<ScalarType> dtype = {});
Tensor prod(const Tensor& x, std::int64_t dim, bool keepdim = false,
            std::optional<ScalarType> dtype = {});
Tensor logsumexp(const Tensor& x, IntArrayRef dim, bool keepdim = false);  ///< log Σ exp x
Tensor dist(const Tensor& a, const Tensor& b, const Scalar& p = 2);        ///< ‖a − b‖ₚ
/// The largest (least) values; NaN wins, and equal ones share the gradient.
Tensor amax(const Tensor& x, IntArrayRef dim = {}, bool keepdim = false);
Tensor amin(const Tensor& x, IntArrayRef dim = {}, bool keepdim = false);
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);
/// Largest values along a dimension and where they are (the first).
std::tuple<Tensor, Tensor> max(const Tensor& x, std::int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> min(const Tensor& x, std::int64_t dim, bool keepdim = false);
/// maximum(a, b) and minimum(a, b).
Tensor max(const Tensor& a, const Tensor& b);
Tensor min(const Tensor& a, const Tensor& b);
/// The least and the largest value, of all elements or along a dimension.
std::tuple<Tensor, Tensor> aminmax(const Tensor& x, std::optional<std::int64_t> dim = {},
                                   bool keepdim = false);
/// Where the largest (least) value first stands, in the flattened x without `dim`; int64.
Tensor argmax(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);
Tensor argmin(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);
/// Is every element, or any, different from 0?
Tensor all(const Tensor& x);
Tensor any(const Tensor& x);
Tensor all(const Tensor& x, std::int64_t dim, bool keepdim = false);
Tensor any(const Tensor& x, std::int64_t dim, bool keepdim = false);
Tensor count_nonzero(const Tensor& x, std::optional<std::int64_t> dim = {});
/// Sums, products and log Σ exp of the elements up to each, along a dimension.
Tensor cumsum(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype = {});
Tensor cumprod(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype = {});
Tensor logcumsumexp(const Tensor& x, std::int64_t dim);
/// Differences of neighbours along a dimension, n times over.
Tensor diff(const Tensor& x, std::int64_t n = 1, std::int64_t dim = -1);
/// The largest (least) value up to each element, and where it last stands.
std::tuple<Tensor, Tensor> cummax(const Tensor& x, std::int64_t dim);
std::tuple<Tensor, Tensor> cummin(const Tensor& x, std::int64_t dim);

// ---- other names
inline Tensor absolute(const Tensor& x) {
  return abs(x);
}
inline Tensor negative(const Tensor& x) {
  return neg(x);
}
inline Tensor subtract(const Tensor& a, const Tensor& b, const Scalar& alpha = 1) {
  return sub(a, b, alpha);
}
inline Tensor multiply(const Tensor& a, const Tensor& b) {
  return mul(a, b);
}
inline Tensor divide(const Tensor& a, const Tensor& b) {
  return div(a, b);
}
inline Tensor true_divide(const Tensor& a, const Tensor& b) {
  return div(a, b);
}
inline Tensor moveaxis(const Tensor& x, std::int64_t source, std::int64_t destination) {
  return movedim(x, source, destination);
}
inline Tensor clone(const Tensor& x) {
  return x.clone();
}
inline Tensor detach(const Tensor& x) {
  return x.detach();
}

// ---- rows along a dimension
Tensor softmax(const Tensor& x, std::int64_t dim,
               std::optional<ScalarType> dtype = {});  ///< eˣ/Σeˣ
Tensor log_softmax(const Tensor& x, std::int64_t dim,
                   std::optional<ScalarType> dtype = {});  ///< x − log Σeˣ
/// softmax(−x).
Tensor softmin(const Tensor& x, std::int64_t dim, std::optional<ScalarType> dtype = {});
/// Sorted values and where they were; NaN is the largest. The sort is stable.
std::tuple<Tensor, Tensor> sort(const Tensor& x, std::int64_t dim = -1, bool descending = false);
std::tuple<Tensor, Tensor> sort(const Tensor& x, std::optional<bool> stable, std::int64_t dim,
                                bool descending);
/// The places that `sort` returns.
Tensor argsort(const Tensor& x, std::int64_t dim = -1, bool descending = false);
/// The k largest (or smallest) values in order, and where they were.
std::tuple<Tensor, Tensor> topk(const Tensor& x, std::int64_t k, std::int64_t dim = -1,
                                bool largest = true, bool sorted = true);
/// The kth least value, counted from 1, and where it is.
std::tuple<Tensor, Tensor> kthvalue(const Tensor& x, std::int64_t k, std::int64_t dim = -1,
                                    bool keepdim = false);
Tensor median(const Tensor& x);  ///< the lower one of two
std::tuple<Tensor, Tensor> median(const Tensor& x, std::int64_t dim, bool keepdim = false);
/// The most frequent value, the least if there are several, and where it is.
std::tuple<Tensor, Tensor> mode(const Tensor& x, std::int64_t dim = -1, bool keepdim = false);

// ---- gather and scatter along a dimension
/// y[i][j] = x[index[i][j]][j] for dim 0, of the index's shape. Throws IndexError for an index out
/// of range, as the others here do.
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index);
/// x with y[index[i][j]][j] = source[i][j] (or the value) for dim 0.
Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);
Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Scalar& value);
/// x with source[i][j] added to y[index[i][j]][j] for dim 0.
Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);
/// x with the values that meet at a place joined by "sum", "prod", "mean", "amax" or "amin", x's
/// own among them if include_self.
Tensor scatter_reduce(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                      std::string_view reduce, bool include_self = true);
/// The slices of x along `dim` whose numbers a vector says.
Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index);
/// x with alpha times slice i of source added to slice index[i].
Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha = 1);
/// x with slice i of source (or the value) in the place of slice index[i].
Tensor index_copy(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);
Tensor index_fill(const Tensor& x, std::int64_t dim, const Tensor& index, const Scalar& value);
/// As gather, where x and index broadcast along the other dimensions; of the flattened x without
/// `dim`.
Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<std::int64_t> dim = {});

// ---- indexing
/// x[indices] as in Python: a view for integers, slices, None and "…"; tensors pick elements.
Tensor index(const Tensor& x, ArrayRef<indexing::TensorIndex> indices);
/// x with x[indices] replaced by the value, or increased by it if `accumulate`.
Tensor index_put(const Tensor& x, ArrayRef<indexing::TensorIndex> indices, const Tensor& value,
                 bool accumulate = false);
Tensor nonzero(const Tensor& x);  ///< the indices of elements that are not 0, int64 [n, dims]
/// The elements for which the mask holds, in order, as a vector.
Tensor masked_select(const Tensor& x, const Tensor& mask);
/// x with the masked elements taken from source, in order.
Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source);

// ---- matrices
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);  ///< zero above the diagonal
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);  ///< zero below the diagonal
Tensor diag(const Tensor& x,
            std::int64_t offset = 0);  ///< the diagonal of a matrix, or the matrix of a diagonal
/// Matrices in dimensions dim1 and dim2, with the last dimension of x on a diagonal.
Tensor diag_embed(const Tensor& x, std::int64_t offset = 0, std::int64_t dim1 = -2,
                  std::int64_t dim2 = -1);
Tensor trace(const Tensor& x);                   ///< Σ of a matrix's diagonal
Tensor mm(const Tensor& a, const Tensor& b);     ///< a b for matrices
Tensor bmm(const Tensor& a, const Tensor& b);    ///< a b for each pair of two batches
Tensor mv(const Tensor& a, const Tensor& x);     ///< a x for a matrix and a vector
Tensor dot(const Tensor& a, const Tensor& b);    ///< Σ aᵢ bᵢ
Tensor outer(const Tensor& a, const Tensor& b);  ///< a bᵀ
/// The product that fits the operands' dimensions: dot, matrix times vector, or matrices, batches
/// broadcasting.
Tensor matmul(const Tensor& a, const Tensor& b);
Tensor addmm(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta = 1,
             const Scalar& alpha = 1);  ///< βc + α a b
/// βc + α a x for a vector x.
Tensor addmv(const Tensor& c, const Tensor& a, const Tensor& x, const Scalar& beta = 1,
             const Scalar& alpha = 1);
/// βc + α a b for each pair of two batches.
Tensor baddbmm(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta = 1,
               const Scalar& alpha = 1);
/// βc + α Σ a b over the pairs of two batches.
Tensor addbmm(const Tensor& c, const Tensor& a, const Tensor& b, const Scalar& beta = 1,
              const Scalar& alpha = 1);
/// x Wᵀ + b with x [*, in], W [out, in], b [out].
Tensor linear(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias = {});

/// Σ of products over the letters that the result lacks: "ij,jk->ik", with "..." and repeated
/// letters as in PyTorch.
Tensor einsum(std::string_view equation, TensorList operands);
/// Kronecker's product: the blocks a[i][j]·b.
Tensor kron(const Tensor& a, const Tensor& b);

// ---- counting and searching
/// How many elements fall into each of `bins` equal parts of [min, max]; of the data's own range if
/// both are equal.
Tensor histc(const Tensor& x, std::int64_t bins = 100, const Scalar& min = 0,
             const Scalar& max = 0);
/// How often (or with what total weight) each of 0, 1, … occurs in x.
Tensor bincount(const Tensor& x, const Tensor& weights = {}, std::int64_t minlength = 0);
/// Where each value belongs in an increasing line: the first place not below it, or with `right`
/// the first above it.
Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right = false);
Tensor bucketize(const Tensor& values, const Tensor& boundaries, bool right = false);

}  // namespace pullback
