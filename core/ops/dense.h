#pragma once

#include <pullback/core/error.h>
#include <pullback/core/ops/map.h>

/// What operations need whose kernels read dense memory.
namespace pullback {

/// x, or a dense copy of its elements (without recording).
inline Tensor dense(const Tensor& x) {
  if (!x.defined() || x.is_contiguous()) return x;
  Tensor y = empty(x.sizes(), x.scalar_type());
  copy_into(y, x);
  return y;
}

/// Calls f with a zero of a floating-point type; throws NotImplementedError for other types.
template <class F>
void visit_float(const char* op, ScalarType type, F&& f) {
  check<NotImplementedError>(is_floating_point(type), "\"", op, "\" not implemented for '", type,
                             "'; convert to float32 or float64");
  if (type == ScalarType::Float)
    f(float{});
  else
    f(double{});
}

template <class T>
T* data(const Tensor& x) {
  return x.defined() ? reinterpret_cast<T*>(x.get()->bytes()) : nullptr;
}

/// The numbers of an argument that says one number for each of two dimensions, or one for both.
struct Pair {
  std::int64_t h, w;
};
/// Reads a list for a function over `dims` dimensions; for one the first of the pair is `missing`.
/// Throws RuntimeError unless the list has one number or one for each.
inline Pair pair_of(const char* op, const char* name, IntArrayRef list, int dims,
                    std::int64_t missing) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;  // products of two fit 64 bits
  check(list.size() == 1 || list.size() == static_cast<std::size_t>(dims), op, ": expected ", name,
        " to be a single integer value or a list of ", dims, " values, but got ", list);
  for (const std::int64_t number : list)
    check(number > -kMost && number < kMost, op, ": ", name, " out of range: ", list);
  return {dims == 1 ? missing : list.front(), list.back()};
}

}  // namespace pullback
