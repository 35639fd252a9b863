#include <pullback/core/geometry.h>

#include <algorithm>

#include <pullback/core/error.h>

namespace pullback {

Geometry::Geometry(IntArrayRef sizes) {
  check<ValueError>(sizes.size() <= kMaxDims, "shape: more than ", kMaxDims,
                    " dimensions: ", sizes);
  ndim = static_cast<int>(sizes.size());
  for (int d = 0; d < ndim; ++d) {
    check(sizes[d] >= 0, "shape: Trying to create tensor with negative dimension ", sizes[d], ": ",
          sizes);
    size[d] = sizes[d];
  }
  check_numel("shape");
  make_contiguous();
}

void Geometry::check_numel(const char* op) const {
  std::int64_t n = 1;
  for (int d = 0; d < ndim; ++d)
    check(!__builtin_mul_overflow(n, std::max<std::int64_t>(size[d], 1), &n) && n < kMaxElements,
          op, ": Storage size calculation overflowed with sizes=", sizes());
}

int wrap_dim(std::int64_t dim, int ndim, const char* op) {
  const int n = std::max(ndim, 1);
  check<IndexError>(dim >= -n && dim < n, op,
                    ": Dimension out of range (expected to be in range of [", -n, ", ", n - 1,
                    "], but got ", dim, ")");
  return static_cast<int>(dim < 0 ? dim + n : dim);
}

Geometry broadcast(const char* op, IntArrayRef a, IntArrayRef b) {
  Geometry r;
  r.ndim = static_cast<int>(std::max(a.size(), b.size()));
  for (int d = r.ndim; d-- > 0;) {
    const int from_right = r.ndim - 1 - d;
    const std::int64_t x =
        from_right < static_cast<int>(a.size()) ? a[a.size() - 1 - from_right] : 1;
    const std::int64_t y =
        from_right < static_cast<int>(b.size()) ? b[b.size() - 1 - from_right] : 1;
    check(x == y || x == 1 || y == 1, op, ": The size of tensor a (", x,
          ") must match the size of tensor b (", y, ") at non-singleton dimension ", d, ": shapes ",
          a, " and ", b, " do not broadcast");
    r.size[d] = x == 1 ? y : x;
  }
  r.check_numel(op);
  r.make_contiguous();
  return r;
}

bool is_expandable_to(IntArrayRef from, IntArrayRef to) {
  if (from.size() > to.size()) return false;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    const std::int64_t s = from[from.size() - i];
    if (s != 1 && s != to[to.size() - i]) return false;
  }
  return true;
}

Geometry infer_size(const char* op, IntArrayRef sizes, std::int64_t total) {
  check<ValueError>(sizes.size() <= kMaxDims, op, ": more than ", kMaxDims, " dimensions: ", sizes);
  Geometry result;
  result.ndim = static_cast<int>(sizes.size());
  std::int64_t known = 1;
  int unknown = -1;
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    result.size[d] = sizes[d];
    if (sizes[d] == -1) {
      check(unknown < 0, op, ": only one dimension can be inferred: ", sizes);
      unknown = static_cast<int>(d);
    } else {
      check(sizes[d] >= 0, op, ": invalid shape dimension ", sizes[d], ": ", sizes);
      check(!__builtin_mul_overflow(known, sizes[d], &known), op, ": shape '", sizes,
            "' is invalid for input of size ", total);
    }
  }
  if (unknown >= 0) {
    check(known != 0, op, ": cannot reshape tensor of ", total, " elements into shape ", sizes,
          " because the unspecified dimension size -1 can be any value and is ambiguous");
    check(total % known == 0, op, ": shape '", sizes, "' is invalid for input of size ", total);
    result.size[unknown] = total / known;
  } else {
    check(known == total, op, ": shape '", sizes, "' is invalid for input of size ", total);
  }
  result.make_contiguous();
  return result;
}

bool view_strides(const Geometry& from, IntArrayRef target, Geometry& result) {
  result = Geometry(target);
  result.offset = from.offset;
  if (from.numel() == 0 || from.is_contiguous()) return true;
  // Walk both shapes from the right: a run of source dimensions that lies evenly in memory may be
  // cut into any target dimensions with the same number of elements.
  int to = result.ndim - 1;
  std::int64_t run = 1, filled = 1;
  std::int64_t base = from.stride[from.ndim - 1];
  for (int d = from.ndim - 1; d >= 0; --d) {
    run *= from.size[d];
    const bool ends = d == 0 || (from.size[d - 1] != 1 && from.stride[d - 1] != run * base);
    if (!ends) continue;
    while (to >= 0 && (filled < run || result.size[to] == 1)) {
      result.stride[to] = filled * base;
      filled *= result.size[to];
      --to;
    }
    if (filled != run) return false;
    if (d > 0) {
      base = from.stride[d - 1];
      run = filled = 1;
    }
  }
  return to == -1;
}

}  // namespace pullback
