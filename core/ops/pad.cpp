#include <algorithm>
#include <utility>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/map.h>

// A constant pad is undone by the pad of the opposite amounts, which is also its derivative's
// adjoint. The other modes read each place of the result from one place of x: along each dimension
// they select, and their adjoint adds.
namespace pullback {

using autograd::record;
using autograd::wrt;

namespace {

struct Ends {
  std::int64_t dim, before, after;
};

/// How many of n places stay when negative amounts have cut theirs.
std::int64_t kept(const Ends& e, std::int64_t n) {
  return n + std::min<std::int64_t>(e.before, 0) + std::min<std::int64_t>(e.after, 0);
}

std::vector<Ends> ends(const Tensor& x, IntArrayRef amounts) {
  check_defined("pad", x);
  check(amounts.size() % 2 == 0, "pad: Padding length must be divisible by 2, but got ", amounts);
  check(static_cast<std::int64_t>(amounts.size()) <= 2 * x.dim(),
        "pad: Padding length should be less than or equal to two times the input dimension but got "
        "padding length ",
        amounts.size(), " and input of dimension ", x.dim());
  constexpr std::int64_t kMost = std::int64_t{1} << 31;  // sums of three fit 64 bits
  std::vector<Ends> found;
  for (std::size_t i = 0; i < amounts.size(); i += 2) {
    const Ends e{x.dim() - 1 - static_cast<std::int64_t>(i / 2), amounts[i], amounts[i + 1]};
    check(std::max(e.before, e.after) < kMost && std::min(e.before, e.after) > -kMost,
          "pad: amounts out of range: ", amounts);
    found.push_back(e);
  }
  return found;
}

Tensor constant_pad(const Tensor& x, const std::vector<Ends>& ends, IntArrayRef amounts,
                    const Scalar& value) {
  check_convertible("pad", value, x.scalar_type());
  for (const Ends& e : ends)
    check(kept(e, x.size(e.dim)) >= 0, "pad: The input size ", x.size(e.dim),
          ", plus negative padding ", e.before, " and ", e.after,
          ", resulted in a negative output size, which is invalid; check dimension ", e.dim);
  std::vector<std::int64_t> sizes = x.sizes().vec(), opposite;
  for (const Ends& e : ends) sizes[static_cast<std::size_t>(e.dim)] += e.before + e.after;
  for (const std::int64_t amount : amounts) opposite.push_back(-amount);
  Tensor y = full(sizes, value, x.scalar_type());
  {
    const NoGradGuard unrecorded;
    Tensor from = x, to = y;
    for (const Ends& e : ends) {
      const std::int64_t length = kept(e, x.size(e.dim));
      from = from.narrow(e.dim, std::max<std::int64_t>(-e.before, 0), length);
      to = to.narrow(e.dim, std::max<std::int64_t>(e.before, 0), length);
    }
    to.copy_(from);
  }
  return record(
      "ConstantPadNdBackward0", std::move(y),
      wrt(x, [opposite = std::move(opposite)](const Tensor& g) { return pad(g, opposite); }));
}

/// Which of n places each place of the result shows.
std::int64_t source(PadMode mode, const Ends& e, std::int64_t i, std::int64_t n) {
  const std::int64_t at = i - e.before;
  if (mode == PadMode::Replicate) return std::clamp<std::int64_t>(at, 0, n - 1);
  if (mode == PadMode::Reflect) return at < 0 ? -at : at < n ? at : 2 * (n - 1) - at;
  // What negative amounts cut is no part of the circle.
  const std::int64_t first = std::max<std::int64_t>(-e.before, 0), circle = kept(e, n);
  return first + ((at - first) % circle + circle) % circle;
}

Tensor sources(PadMode mode, const Ends& e, std::int64_t n) {
  Tensor index = empty({n + e.before + e.after}, kLong);
  for (std::int64_t i = 0; i < index.numel(); ++i)
    index.data_ptr<std::int64_t>()[i] = source(mode, e, i, n);
  return index;
}

void check_reach(PadMode mode, const Ends& e, std::int64_t n) {
  const std::int64_t longest = std::max(e.before, e.after);
  // An edge is replicated also into what is left where the cut took all elements.
  const std::int64_t shown = mode == PadMode::Replicate ? n + e.before + e.after : kept(e, n);
  check(n > 0 && shown > 0, "pad: expected dimension ", e.dim, " not to be empty, but its size is ",
        n, " and the padding (", e.before, ", ", e.after, ")");
  check(mode != PadMode::Reflect || longest < n,
        "pad: Padding size should be less than the corresponding input dimension, but got: padding "
        "(",
        e.before, ", ", e.after, ") at dimension ", e.dim, " of size ", n);
  check(mode != PadMode::Circular || longest <= n,
        "pad: Padding value causes wrapping around more than once: padding (", e.before, ", ",
        e.after, ") at dimension ", e.dim, " of size ", n);
}

const char* node_name(PadMode mode, std::size_t dims) {
  static constexpr const char* kNames[3][3] = {
      {"ReflectionPad1DBackward0", "ReflectionPad2DBackward0", "ReflectionPad3DBackward0"},
      {"ReplicationPad1DBackward0", "ReplicationPad2DBackward0", "ReplicationPad3DBackward0"},
      {"CircularPadBackward0", "CircularPadBackward0", "CircularPadBackward0"}};
  return kNames[static_cast<int>(mode) - 1][dims - 1];
}

Tensor pad_by_index(const Tensor& x, const std::vector<Ends>& ends, PadMode mode) {
  const auto dims = static_cast<std::int64_t>(ends.size());
  check<NotImplementedError>(
      dims >= 1 && dims <= 3 && (x.dim() == dims + 1 || x.dim() == dims + 2), "pad: Padding size ",
      2 * dims, " is not supported for ", x.dim(),
      "D input tensor; modes other than constant pad all dimensions but the first one or two");
  for (const Ends& e : ends) check_reach(mode, e, x.size(e.dim));
  std::vector<Tensor> indices;
  for (const Ends& e : ends) indices.push_back(sources(mode, e, x.size(e.dim)));
  Tensor y = x.detach();
  for (std::size_t k = 0; k < ends.size(); ++k) y = index_select(y, ends[k].dim, indices[k]);
  return record(node_name(mode, ends.size()), std::move(y),
                wrt(x, [shape = x.get()->geometry, ends, indices](const Tensor& g) {
                  Tensor total = g;
                  for (std::size_t k = ends.size(); k-- > 0;) {
                    std::vector<std::int64_t> sizes = total.sizes().vec();
                    sizes[static_cast<std::size_t>(ends[k].dim)] = shape.size[ends[k].dim];
                    total = index_add(zeros(sizes, g.dtype()), ends[k].dim, indices[k], total);
                  }
                  return total;
                }));
}

}  // namespace

Tensor pad(const Tensor& x, IntArrayRef amounts, PadMode mode, const Scalar& value) {
  const std::vector<Ends> wanted = ends(x, amounts);
  return mode == PadMode::Constant ? constant_pad(x, wanted, amounts, value)
                                   : pad_by_index(x, wanted, mode);
}

}  // namespace pullback
