#pragma once

// How a run of elements is folded into one value, for the reductions. A policy R names its element
// `In`, the value of a block `Part`, that of many blocks `Total`, its result `Out`, and
//   identity()         the Part of no elements
//   step(part, x)      with one element more
//   merge(part, part)  both together
//   start()            the Total of no blocks
//   join(total, part)  with one block more
//   finish(total)      the result
// The order of the operations depends on kRun and kLanes alone, so that results are the same in
// every tier.

#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr int64_t kRun = 1024;
constexpr int kLanes = 64;
constexpr int kSpan = 16;

/// What a sum of T is returned as, and what carries it over many blocks.
template <class T>
struct SumTypes {
  using Out = int64_t;
  using Total = int64_t;
};
template <>
struct SumTypes<float> {
  using Out = float;
  using Total = double;
};
template <>
struct SumTypes<double> {
  using Out = double;
  using Total = double;
};

/// a + b; integers wrap around.
template <class T>
PULLBACK_INLINE T plus(T a, T b) {
  if constexpr (kFloating<T>) {
    return a + b;
  } else {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
}

/// Blocks are summed in the type itself, their sums in double: the error does not grow with n.
template <class T>
struct Sum {
  using In = T;
  using Part = typename SumTypes<T>::Out;
  using Out = typename SumTypes<T>::Out;
  using Total = typename SumTypes<T>::Total;
  static PULLBACK_INLINE Part identity() { return 0; }
  static PULLBACK_INLINE Total start() { return 0; }
  static PULLBACK_INLINE Part step(Part a, T x) { return plus(a, static_cast<Part>(x)); }
  static PULLBACK_INLINE Part merge(Part a, Part b) { return plus(a, b); }
  static PULLBACK_INLINE Total join(Total a, Part b) { return plus(a, static_cast<Total>(b)); }
  static PULLBACK_INLINE Out finish(Total a) { return static_cast<Out>(a); }
};

/// Folds lanes [0, 2 Half) into lane 0, the upper half onto the lower. Unrolled by the template: a
/// loop over the halves would not be vectorised.
template <class R, int Half>
PULLBACK_INLINE void merge_lanes(typename R::Part* lanes) {
  for (int j = 0; j < Half; ++j) lanes[j] = R::merge(lanes[j], lanes[j + Half]);
  if constexpr (Half > 1) merge_lanes<R, Half / 2>(lanes);
}

/// Whether two elements are taken each time that a lane is loaded, because lanes of 8 bytes do not
/// stay in 16 registers, or because elements widen.
#ifdef __AVX512F__
template <class Part, class In>
constexpr bool kInPairs = sizeof(Part) > sizeof(In);
#else
template <class Part, class In>
constexpr bool kInPairs = sizeof(Part) == 8 || sizeof(Part) > sizeof(In);
#endif

/// Takes the elements from i to n, less than kLanes, into the lanes from the first on, kSpan at a
/// time; one by one they would take longer than all the others. The last kSpan end with the run,
/// which has as many, and pass over those before i.
template <class Part, class Step>
PULLBACK_INLINE void fold_rest(int64_t i, int64_t n, Part* lanes, Step step) {
  for (; i < n; i += kSpan, lanes += kSpan) {
    const int64_t from = i + kSpan < n ? i : n - kSpan;
    const int done = static_cast<int>(i - from);
    PULLBACK_VECTOR
    for (int j = 0; j < kSpan; ++j) {
      const Part next = step(lanes[j], from + j);
      lanes[j] = j < done ? lanes[j] : next;
    }
  }
}

/// Folds a block into kLanes independent values, which the vectoriser keeps in registers, and these
/// pairwise.
template <class R>
PULLBACK_NOINLINE typename R::Part fold_block(const typename R::In* x, int64_t n) {
  using Part = typename R::Part;
  if (n < kSpan) {
    Part part = R::identity();
    for (int64_t i = 0; i < n; ++i) part = R::step(part, x[i]);
    return part;
  }
  alignas(64) Part lanes[kLanes];
  for (int j = 0; j < kLanes; ++j) lanes[j] = R::identity();
  int64_t i = 0;
  if constexpr (kInPairs<Part, typename R::In>) {
    for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
      for (int j = 0; j < kLanes; ++j)
        lanes[j] = R::step(R::step(lanes[j], x[i + j]), x[i + kLanes + j]);
    }
  }
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) lanes[j] = R::step(lanes[j], x[i + j]);
  }
  fold_rest(i, n, lanes, [x](Part lane, int64_t at) { return R::step(lane, x[at]); });
  merge_lanes<R, kLanes / 2>(lanes);
  return lanes[0];
}

/// The sum over i < n of f(i), which may be called twice for an element, in the order in which
/// fold_run adds elements.
template <class T, class F>
PULLBACK_INLINE T sum_over(int64_t n, F f) {
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t end = n - begin < kRun ? n : begin + kRun;
    alignas(64) T lanes[kLanes] = {};
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      PULLBACK_VECTOR
      for (int j = 0; j < kLanes; ++j) lanes[j] += f(i + j);
    }
    if (n < kSpan) {
      for (int j = 0; i < end; ++i, ++j) lanes[j] += f(i);
    } else {
      fold_rest(i, end, lanes, [f](T lane, int64_t at) { return lane + f(at); });
    }
    merge_lanes<Sum<T>, kLanes / 2>(lanes);
    total += static_cast<double>(lanes[0]);
  }
  return static_cast<T>(total);
}

template <class R>
PULLBACK_NOINLINE typename R::Total fold_run(int64_t n, const char* in, int64_t stride) {
  Stage<0, typename R::In, kRun> stage;
  typename R::Total total = R::start();
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t count = n - begin < kRun ? n - begin : kRun;
    total = R::join(total, fold_block<R>(stage.block(in, stride, begin, count), count));
  }
  return total;
}

constexpr int64_t kColumns = 512;
constexpr int64_t kHeight = 256;

/// Takes more rows of inputs into the parts of neighbouring results, kSpan of them at a time, which
/// stay in registers. The last kSpan end with the columns and pass over those that are done.
template <class R>
PULLBACK_INLINE void step_columns(int64_t columns, int64_t rows, typename R::Part* parts,
                                  const char* in, int64_t inner) {
  for (int64_t j = 0; j < columns; j += kSpan) {
    const int64_t from = j + kSpan < columns ? j : columns - kSpan;
    const int done = static_cast<int>(j - from);
    alignas(64) typename R::Part lanes[kSpan];
    for (int l = 0; l < kSpan; ++l) lanes[l] = parts[from + l];
    const char* row = in + from * static_cast<int64_t>(sizeof(typename R::In));
    for (int64_t k = 0; k < rows; ++k, row += inner) {
      const auto* x = reinterpret_cast<const typename R::In*>(row);
      for (int l = 0; l < kSpan; ++l) lanes[l] = R::step(lanes[l], x[l]);
    }
    PULLBACK_VECTOR
    for (int l = 0; l < kSpan; ++l) parts[from + l] = l < done ? parts[from + l] : lanes[l];
  }
}

/// Copies rows of less than kSpan columns to rows of kSpan.
template <class T>
PULLBACK_NOINLINE void pad_rows(int64_t rows, int64_t columns, const char* in, int64_t inner,
                                T* to) {
  constexpr int64_t half = kSpan / 2, size = sizeof(T);
  for (int64_t k = 0; k < rows; ++k, in += inner, to += kSpan) {
    for (int l = 0; l < kSpan; ++l) to[l] = 0;
    if (columns < half) {
      for (int64_t j = 0; j < columns; ++j) to[j] = reinterpret_cast<const T*>(in)[j];
    } else {
      __builtin_memcpy(to, in, half * size);
      __builtin_memcpy(to + columns - half, in + (columns - half) * size, half * size);
    }
  }
}

/// The totals of up to kColumns neighbouring results at once, a few rows of inputs at a time, which
/// then come from memory side by side: for reductions over an outer dimension.
template <class R>
PULLBACK_NOINLINE void fold_columns(int64_t columns, int64_t n, const char* in, int64_t inner,
                                    typename R::Total* totals) {
  using Part = typename R::Part;
  constexpr int64_t together = 16;
  const int64_t width = columns < kSpan ? kSpan : columns;
  const auto for_all = [columns](auto f) {
    for (int64_t j = 0; j < columns; j += kSpan)
      for (int l = 0; l < kSpan; ++l) f(j + l);
  };
  for_all([=](int64_t j) { totals[j] = R::start(); });
  for (int64_t top = 0; top < n; top += kHeight) {
    const int64_t bottom = n - top < kHeight ? n : top + kHeight;
    alignas(64) Part parts[kColumns];
    for_all([&](int64_t j) { parts[j] = R::identity(); });
    for (int64_t k = top; k < bottom; k += together) {
      const int64_t rows = bottom - k < together ? bottom - k : together;
      const char* row = in + k * inner;
      int64_t step = inner;
      alignas(64) typename R::In padded[together * kSpan];
      if (columns < kSpan) {
        pad_rows(rows, columns, row, inner, padded);
        row = reinterpret_cast<const char*>(padded);
        step = kSpan * sizeof(typename R::In);
      }
      step_columns<R>(width, rows, parts, row, step);
    }
    for_all([&](int64_t j) { totals[j] = R::join(totals[j], parts[j]); });
  }
}

/// Whether results are neighbours in memory and the elements of each are not.
template <class T>
PULLBACK_INLINE bool in_columns(int64_t m, int64_t outer, int64_t inner) {
  const int64_t size = sizeof(T);
  return m >= 8 && outer == size && inner != size;
}

/// Writes result(j) for up to kColumns results.
template <class Out, class F>
PULLBACK_INLINE void write_columns(int64_t columns, char* out, int64_t stride, F result) {
  Out results[kColumns];
  const bool direct = stride == static_cast<int64_t>(sizeof(Out));
  Out* y = direct ? reinterpret_cast<Out*>(out) : results;
  PULLBACK_VECTOR
  for (int64_t j = 0; j < columns; ++j) y[j] = result(j);
  if (!direct) scatter(results, out, stride, columns);
}

/// The policy whose loops serve R: all but the last step may be another's.
template <class R>
struct StepsOf {
  using type = R;
};

/// The kernel of a policy.
template <class R>
PULLBACK_NOINLINE void fold(int64_t m, int64_t n, const char* in, int64_t outer, int64_t inner,
                            char* out, int64_t out_stride) {
  using In = typename R::In;
  using Out = typename R::Out;
  using Steps = typename StepsOf<R>::type;
  if (n > 1 && in_columns<In>(m, outer, inner)) {
    for (int64_t first = 0; first < m; first += kColumns) {
      const int64_t columns = m - first < kColumns ? m - first : kColumns;
      typename R::Total totals[kColumns];
      fold_columns<Steps>(columns, n, in + first * outer, inner, totals);
      write_columns<Out>(columns, out + first * out_stride, out_stride,
                         [&](int64_t j) { return R::finish(totals[j]); });
    }
    return;
  }
  for (int64_t j = 0; j < m; ++j) {
    const char* run = in + j * outer;
    const auto total =
        n <= kRun && inner == static_cast<int64_t>(sizeof(In))
            ? R::join(R::start(), fold_block<Steps>(reinterpret_cast<const In*>(run), n))
            : fold_run<Steps>(n, run, inner);
    *reinterpret_cast<Out*>(out + j * out_stride) = R::finish(total);
  }
}

template <template <class> class R, class... T>
void reduction(Reduce& table, Reduce Kernels::*combine) {
  (PULLBACK_ENTER(table.loops, T, fold<R<T>>), ...);
  ((table.results[kCode<T>] = static_cast<ScalarType>(kCode<typename R<T>::Out>)), ...);
  table.combine = combine;
}

/// One value of a choice between x and y that was made as x ? y and as y ? x: a processor's max and
/// min do not keep NaN, but give its bits to one of the two (and of 0 and -0, -0). A choice between
/// three would be a branch, or two more steps to wait for.
PULLBACK_INLINE float both_ways(float a, float b) {
  return from_bits(bits(a) | bits(b));
}
PULLBACK_INLINE double both_ways(double a, double b) {
  return __builtin_bit_cast(double,
                            __builtin_bit_cast(uint64_t, a) | __builtin_bit_cast(uint64_t, b));
}
template <class T>
PULLBACK_INLINE T both_ways(T a, T) {
  return a;
}

/// The largest element; NaN is larger than all.
template <class T>
struct Max {
  using In = T;
  using Part = T;
  using Out = T;
  using Total = T;
  static PULLBACK_INLINE T identity() {
    if constexpr (kFloating<T>) {
      return T(-kInf);
    } else if constexpr (kBoolean<T>) {
      return false;
    } else {
      return static_cast<T>(uint64_t{1} << (8 * sizeof(T) - 1));
    }
  }
  static PULLBACK_INLINE T start() { return identity(); }
  static PULLBACK_INLINE T step(T a, T x) {
    if constexpr (kBoolean<T>) return (a | x) != 0;
    return both_ways(x > a ? x : a, a > x ? a : x);
  }
  static PULLBACK_INLINE T merge(T a, T b) { return step(a, b); }
  static PULLBACK_INLINE T join(T a, T b) { return step(a, b); }
  static PULLBACK_INLINE T finish(T a) { return a; }
};

/// The least element; NaN is less than all.
template <class T>
struct Min {
  using In = T;
  using Part = T;
  using Out = T;
  using Total = T;
  static PULLBACK_INLINE T identity() {
    if constexpr (kFloating<T>) {
      return T(kInf);
    } else if constexpr (kBoolean<T>) {
      return true;
    } else {
      return static_cast<T>(~(uint64_t{1} << (8 * sizeof(T) - 1)));
    }
  }
  static PULLBACK_INLINE T start() { return identity(); }
  static PULLBACK_INLINE T step(T a, T x) {
    if constexpr (kBoolean<T>) return (a & x) != 0;
    return both_ways(x < a ? x : a, a < x ? a : x);
  }
  static PULLBACK_INLINE T merge(T a, T b) { return step(a, b); }
  static PULLBACK_INLINE T join(T a, T b) { return step(a, b); }
  static PULLBACK_INLINE T finish(T a) { return a; }
};

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
