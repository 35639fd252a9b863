#pragma once

#include <optional>
#include <string>
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
/// sum += g for two tensors of one shape, without recording: how the engine gathers gradients.
void add_to(const Tensor& sum, const Tensor& g);

// ---- shape
Tensor view(const Tensor& x, IntArrayRef sizes);
Tensor reshape(const Tensor& x, IntArrayRef sizes);
Tensor flatten(const Tensor& x, std::int64_t start = 0, std::int64_t end = -1);
Tensor unflatten(const Tensor& x, std::int64_t dim, IntArrayRef sizes);
Tensor ravel(const Tensor& x);
Tensor expand(const Tensor& x, IntArrayRef sizes);
Tensor broadcast_to(const Tensor& x, IntArrayRef sizes);
std::vector<Tensor> broadcast_tensors(TensorList tensors);
Tensor permute(const Tensor& x, IntArrayRef dims);
Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1);
Tensor swapaxes(const Tensor& x, std::int64_t dim0, std::int64_t dim1);
Tensor movedim(const Tensor& x, IntArrayRef source, IntArrayRef destination);
Tensor movedim(const Tensor& x, std::int64_t source, std::int64_t destination);
Tensor t(const Tensor& x);
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, std::int64_t dim);
Tensor unsqueeze(const Tensor& x, std::int64_t dim);
Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length);
Tensor slice(const Tensor& x, std::int64_t dim, std::optional<std::int64_t> start = {},
             std::optional<std::int64_t> end = {}, std::int64_t step = 1);
Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index);
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, std::int64_t dim1 = 0,
                std::int64_t dim2 = 1);
/// The elements at sizes, strides and offset of x's memory. Throws RuntimeError when that leaves
/// the memory.
Tensor as_strided(const Tensor& x, IntArrayRef sizes, IntArrayRef strides,
                  std::optional<std::int64_t> storage_offset = {});
std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim = 0);
std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim = 0);
std::vector<Tensor> split(const Tensor& x, IntArrayRef sizes, std::int64_t dim = 0);
std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim = 0);
Tensor cat(TensorList tensors, std::int64_t dim = 0);
Tensor stack(TensorList tensors, std::int64_t dim = 0);
Tensor repeat(const Tensor& x,
              IntArrayRef repeats);  ///< x laid side by side, repeats[d] times along d
Tensor tile(const Tensor& x, IntArrayRef repeats);  ///< as repeat; missing leading repeats are 1
/// Each slice along `dim` (each element of the flattened x without it), `repeats` times in turn.
Tensor repeat_interleave(const Tensor& x, std::int64_t repeats,
                         std::optional<std::int64_t> dim = {});
Tensor flip(const Tensor& x, IntArrayRef dims);
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

// ---- reductions
Tensor sum(const Tensor& x, std::optional<ScalarType> dtype = {});
Tensor sum(const Tensor& x, IntArrayRef dim, bool keepdim = false,
           std::optional<ScalarType> dtype = {});

// ---- matrices
Tensor mm(const Tensor& a, const Tensor& b);
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace pullback
