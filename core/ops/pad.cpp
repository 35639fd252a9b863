#include <algorithm>
#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/map.h>

// A constant pad is undone by the pad of the opposite amounts, which is also its derivative's
// adjoint. The other modes show in each border places from inside, to which their adjoint adds.
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

/// `length` places of dimension d, the first at `start`, which may lie outside of g.
Geometry run(Geometry g, std::int64_t d, std::int64_t start, std::int64_t length,
             std::int64_t step = 1) {
  g.offset += start * g.stride[d];
  g.size[d] = length;
  g.stride[d] *= step;
  return g;
}

/// Places start + i around the n of a dimension, i < length, that show places from + i·step of
/// them.
struct Border {
  std::int64_t start, length, from, step;
};

std::vector<Border> borders(PadMode mode, const Ends& e, std::int64_t n) {
  if (mode == PadMode::Reflect)
    return {{-e.before, e.before, e.before, -1}, {n, e.after, n - 2, -1}};
  if (mode != PadMode::Circular) return {{-e.before, e.before, 0, 0}, {n, e.after, n - 1, 0}};
  std::vector<Border> circles;
  for (std::int64_t at = 0, length; at < e.before; at += length) {
    length = std::min(n, e.before - at);
    circles.push_back({-at - length, length, n - length, 1});
  }
  for (std::int64_t at = 0, length; at < e.after; at += length) {
    length = std::min(n, e.after - at);
    circles.push_back({n + at, length, 0, 1});
  }
  return circles;
}

std::vector<Ends> added(std::vector<Ends> ends) {
  for (Ends& e : ends) {
    e.before = std::max<std::int64_t>(e.before, 0);
    e.after = std::max<std::int64_t>(e.after, 0);
  }
  return ends;
}

/// x with borders of these amounts, none of them negative: first x, then dimension by dimension
/// what is beside the part that is there.
Tensor surrounded(const Tensor& x, const std::vector<Ends>& ends, PadMode mode,
                  const Scalar& value) {
  std::vector<std::int64_t> sizes = x.sizes().vec();
  for (const Ends& e : ends) sizes[static_cast<std::size_t>(e.dim)] += e.before + e.after;
  Tensor y = empty_of(Geometry(sizes), x.scalar_type());
  Geometry part = y.get()->geometry;
  for (const Ends& e : ends) part = run(part, e.dim, e.before, x.size(e.dim));
  copy_into(alias_of(y, part), x);
  for (const Ends& e : ends) {
    for (const Border& b : borders(mode, e, part.size[e.dim])) {
      const Tensor border = alias_of(y, run(part, e.dim, b.start, b.length));
      if (mode == PadMode::Constant)
        fill_into(border, value);
      else
        copy_into(border, alias_of(y, run(part, e.dim, b.from, b.length, b.step)));
    }
    part = run(part, e.dim, -e.before, y.size(e.dim));
  }
  return y;
}

/// The adjoint of `surrounded` along one dimension, but for constants.
Tensor folded(const Tensor& g, const Ends& e, PadMode mode) {
  const std::int64_t n = g.size(e.dim) - e.before - e.after;
  const Geometry inner = run(g.get()->geometry, e.dim, e.before, n);
  Tensor y = empty_of(inner, g.scalar_type());
  copy_into(y, alias_of(g, inner));
  for (const Border& b : borders(mode, e, n)) {
    // What is shown more than once is added to one by one.
    const std::int64_t at_once = b.step == 0 ? 1 : b.length;
    for (std::int64_t i = 0; i < b.length; i += at_once)
      add_to(alias_of(y, run(y.get()->geometry, e.dim, b.from + i * b.step, at_once, b.step)),
             alias_of(g, run(inner, e.dim, b.start + i, at_once)));
  }
  return y;
}

/// x without what negative amounts cut off.
Tensor cut(const Tensor& x, const std::vector<Ends>& ends) {
  Geometry part = x.get()->geometry;
  for (const Ends& e : ends)
    part = run(part, e.dim, std::max<std::int64_t>(-e.before, 0), kept(e, part.size[e.dim]));
  return alias_of(x, part);
}
/// The adjoint of `cut`, to sizes that some of the ends are cut from.
Tensor uncut(const Tensor& g, std::vector<Ends> ends) {
  for (Ends& e : ends)
    e = {e.dim, -std::min<std::int64_t>(e.before, 0), -std::min<std::int64_t>(e.after, 0)};
  return surrounded(g, ends, PadMode::Constant, 0);
}

bool cuts(const std::vector<Ends>& ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [](const Ends& e) { return e.before < 0 || e.after < 0; });
}

Tensor constant_pad(const Tensor& x, const std::vector<Ends>& ends, IntArrayRef amounts,
                    const Scalar& value) {
  check_convertible("pad", value, x.scalar_type());
  for (const Ends& e : ends)
    check(kept(e, x.size(e.dim)) >= 0, "pad: The input size ", x.size(e.dim),
          ", plus negative padding ", e.before, " and ", e.after,
          ", resulted in a negative output size, which is invalid; check dimension ", e.dim);
  std::vector<std::int64_t> opposite;
  for (const std::int64_t amount : amounts) opposite.push_back(-amount);
  return record(
      "ConstantPadNdBackward0", surrounded(cut(x, ends), added(ends), PadMode::Constant, value),
      wrt(x, [opposite = std::move(opposite)](const Tensor& g) { return pad(g, opposite); }));
}

Tensor unpad(const Tensor& g, const std::vector<Ends>& ends, IntArrayRef amounts, PadMode mode);

Tensor pad_from_inside(const Tensor& x, const std::vector<Ends>& ends, IntArrayRef amounts,
                       PadMode mode) {
  const auto dims = static_cast<std::int64_t>(ends.size());
  check<NotImplementedError>(
      dims >= 1 && dims <= 3 && (x.dim() == dims + 1 || x.dim() == dims + 2), "pad: Padding size ",
      2 * dims, " is not supported for ", x.dim(),
      "D input tensor; modes other than constant pad all dimensions but the first one or two");
  for (const Ends& e : ends) check_reach(mode, e, x.size(e.dim));
  // What negative amounts cut is no part of a circle, but is seen in a mirror.
  Tensor y = mode == PadMode::Circular ? surrounded(cut(x, ends), added(ends), mode, 0)
                                       : surrounded(x, added(ends), mode, 0);
  if (mode != PadMode::Circular && cuts(ends)) y = cut(y, ends).clone();
  return record(node_name(mode, ends.size()), std::move(y),
                wrt(x, [ends, amounts = amounts.vec(), mode](const Tensor& g) {
                  return unpad(g, ends, amounts, mode);
                }));
}

/// The adjoint of `pad_from_inside`.
Tensor unpad(const Tensor& g, const std::vector<Ends>& ends, IntArrayRef amounts, PadMode mode) {
  const std::vector<Ends> borders = added(ends);
  Tensor y = mode != PadMode::Circular && cuts(ends) ? uncut(g, ends) : g.detach();
  for (std::size_t k = ends.size(); k-- > 0;) y = folded(y, borders[k], mode);
  if (mode == PadMode::Circular && cuts(ends)) y = uncut(y, ends);
  return record(
      "PadBackwardBackward0", std::move(y),
      wrt(g, [amounts = amounts.vec(), mode](const Tensor& gg) { return pad(gg, amounts, mode); }));
}

}  // namespace

Tensor pad(const Tensor& x, IntArrayRef amounts, PadMode mode, const Scalar& value) {
  const std::vector<Ends> wanted = ends(x, amounts);
  return mode == PadMode::Constant ? constant_pad(x, wanted, amounts, value)
                                   : pad_from_inside(x, wanted, amounts, mode);
}

}  // namespace pullback
