#include <algorithm>
#include <cstring>
#include <limits>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/tensor_impl.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

void check_matrix(const char* op, const Tensor& x, const char* name) {
  check(x.defined(), op, ": expected a tensor for ", name, " but got an undefined one");
  check(x.dim() >= 2, op, ": The input tensor ", name,
        " must have at least 2 dimensions. Got sizes ", x.sizes());
  check(is_floating_point(x.scalar_type()), op, ": Expected a floating point tensor as input. Got ",
        x.scalar_type(), "; convert it with to(kFloat) or to(kDouble)");
  for (std::int64_t d : {rows(x), columns(x)})
    check(d <= std::numeric_limits<int>::max(), op, ": matrices of sizes ", x.sizes(),
          " are too large for LAPACK");
}

void check_square(const char* op, const Tensor& x, const char* name) {
  check_matrix(op, x, name);
  check(rows(x) == columns(x), op, ": ", name, " must be batches of square matrices, but they are ",
        rows(x), " by ", columns(x), " matrices");
}

void check_same_type(const char* op, const Tensor& a, const Tensor& b) {
  check(a.defined() && b.defined(), op, ": expected a tensor but got an undefined one");
  check(a.scalar_type() == b.scalar_type(), op,
        ": Expected A and B to have the same dtype, but found A of type ", a.scalar_type(),
        " and B of type ", b.scalar_type(), " instead");
}

std::vector<std::int64_t> batch_sizes(const Tensor& x) {
  return x.sizes().slice(0, x.dim() - 2).vec();
}

std::int64_t count_of(IntArrayRef sizes) {
  std::int64_t count = 1;
  for (std::int64_t size : sizes) count *= size;
  return count;
}

std::vector<std::int64_t> join(IntArrayRef batch, IntArrayRef rest) {
  auto sizes = batch.vec();
  sizes.insert(sizes.end(), rest.begin(), rest.end());
  return sizes;
}

std::vector<std::int64_t> broadcast_batch(const char* op, const std::vector<std::int64_t>& a,
                                          const std::vector<std::int64_t>& b) {
  return a == b ? a : broadcast(op, a, b).sizes().vec();
}

Tensor empty_columns(IntArrayRef sizes, ScalarType dtype) {
  Ref<TensorImpl> impl = make_tensor(Geometry(sizes), dtype);
  Geometry& g = impl->geometry;
  g.stride[g.ndim - 2] = 1;
  g.stride[g.ndim - 1] = std::max<std::int64_t>(g.size[g.ndim - 2], 1);
  return Tensor(std::move(impl));
}

namespace {
Tensor filled(Tensor result, const Tensor& x) {
  NoGradGuard no_grad;
  result.copy_(x);
  return result;
}

// Up to this many elements a plain copy takes less time than `copy_` takes to choose a loop.
constexpr std::int64_t kCopiedAtOnce = 4096;
bool is_small_copy(const Tensor& x, IntArrayRef sizes) {
  return x.numel() <= kCopiedAtOnce && x.is_contiguous() && x.sizes() == sizes;
}
}  // namespace

Tensor copy_columns(const Tensor& x, IntArrayRef sizes) {
  Tensor result = empty_columns(sizes, x.scalar_type());
  if (!is_small_copy(x, sizes)) return filled(std::move(result), x);
  const auto size = static_cast<std::int64_t>(element_size(x.scalar_type()));
  const std::int64_t m = rows(x), n = columns(x), bytes = m * n * size, all = x.numel() * size;
  const char* from = x.get()->bytes();
  char* to = result.get()->bytes();
  if (m == 1 || n == 1) {
    if (all > 0) std::memcpy(to, from, static_cast<std::size_t>(all));
    return result;
  }
  for (std::int64_t done = 0; done < all; done += bytes)
    kernels::kernels().transpose(x.scalar_type())(m, n, from + done, n * size, to + done, m * size);
  return result;
}

Tensor copy_rows(const Tensor& x, IntArrayRef sizes) {
  Tensor result(make_tensor(Geometry(sizes), x.scalar_type()));
  if (!is_small_copy(x, sizes)) return filled(std::move(result), x);
  if (const auto bytes = x.numel() * element_size(x.scalar_type()))
    std::memcpy(result.get()->bytes(), x.get()->bytes(), bytes);
  return result;
}

BatchIndex::BatchIndex(IntArrayRef from, IntArrayRef to) : same_(from == to) {
  if (same_) return;
  const std::size_t lead = to.size() - from.size();
  std::vector<std::int64_t> stride(to.size(), 0);
  std::int64_t size = 1;
  for (std::size_t d = from.size(); d-- > 0;) {
    if (from[d] != 1) stride[lead + d] = size;
    size *= from[d];
  }
  index_.resize(count_of(to));
  for (std::size_t i = 0; i < index_.size(); ++i) {
    std::int64_t rest = i;
    for (std::size_t d = to.size(); d-- > 0;) {
      index_[i] += rest % to[d] * stride[d];
      rest /= to[d];
    }
  }
}

double epsilon(ScalarType type) {
  return type == ScalarType::Float ? std::numeric_limits<float>::epsilon()
                                   : std::numeric_limits<double>::epsilon();
}

std::int64_t first_failure(const std::vector<int>& info) {
  const auto failed = std::find_if(info.begin(), info.end(), [](int i) { return i != 0; });
  return failed == info.end() ? -1 : failed - info.begin();
}

std::string failure(const char* op, const Tensor& x, std::int64_t i) {
  std::string text = op;
  text += ": ";
  if (x.dim() > 2) text += "(Batch element " + std::to_string(i) + "): ";
  return text;
}

void check_converged(const char* op, const Tensor& x, const std::vector<int>& info,
                     const char* what) {
  const std::int64_t i = first_failure(info);
  if (i < 0) return;
  const std::string prefix =
      failure(op, x, i) + "The algorithm failed to converge because the input matrix ";
  check<LinAlgError>(info[i] != lapack::kNotFinite, prefix, "contained non-finite values.");
  check<LinAlgError>(false, prefix, "is ill-conditioned or has too many repeated ", what,
                     " (error code: ", info[i], ").");
}

}  // namespace pullback::linalg
