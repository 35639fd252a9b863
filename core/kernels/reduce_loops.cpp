#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr int kLanes = 32;

// A reduction policy R names its element `In`, its result `Out` and the running value `Total`, all
// independent of the tier, so that a sum has the same bits on every machine:
//   start()            the value of no elements
//   block(x, n)        the value of n <= kBlock contiguous elements
//   join(total, part)  both together
//   finish(total)      the result

/// One result from n elements.
template <class R>
PULLBACK_NOINLINE typename R::Total reduce_run(int64_t n, const char* in, int64_t stride) {
  using T = typename R::In;
  Stage<0, T> stage;
  typename R::Total total = R::start();
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = n - begin < kBlock ? n - begin : kBlock;
    total = R::join(total, R::block(stage.block(in, stride, begin, count), count));
  }
  return total;
}

/// Neighbouring results at once, a row of inputs at a time: for reductions over the outer
/// dimensions.
template <class R>
PULLBACK_NOINLINE void reduce_columns(int64_t m, int64_t n, const char* in, int64_t inner,
                                      char* out, int64_t out_stride) {
  using T = typename R::In;
  using Part = typename R::Part;
  constexpr int64_t width = 128;
  for (int64_t first = 0; first < m; first += width) {
    const int64_t columns = m - first < width ? m - first : width;
    typename R::Total totals[width];
    for (int64_t j = 0; j < width; ++j) totals[j] = R::start();
    for (int64_t top = 0; top < n; top += kBlock) {
      const int64_t bottom = n - top < kBlock ? n : top + kBlock;
      alignas(64) Part parts[width];
      for (int64_t j = 0; j < width; ++j) parts[j] = R::identity();
      for (int64_t k = top; k < bottom; ++k) {
        const T* row = reinterpret_cast<const T*>(in + k * inner) + first;
        if (columns == width) {
          for (int64_t j = 0; j < width; ++j) parts[j] = R::step(parts[j], row[j]);
        } else {
          for (int64_t j = 0; j < columns; ++j) parts[j] = R::step(parts[j], row[j]);
        }
      }
      for (int64_t j = 0; j < columns; ++j) totals[j] = R::join(totals[j], parts[j]);
    }
    for (int64_t j = 0; j < columns; ++j) {
      *reinterpret_cast<typename R::Out*>(out + (first + j) * out_stride) = R::finish(totals[j]);
    }
  }
}

template <class R>
void reduction(int64_t m, int64_t n, const char* in, int64_t outer, int64_t inner, char* out,
               int64_t out_stride) {
  const int64_t size = sizeof(typename R::In);
  if (m >= 8 && n > 1 && outer == size && inner != size) {
    reduce_columns<R>(m, n, in, inner, out, out_stride);
    return;
  }
  for (int64_t j = 0; j < m; ++j) {
    *reinterpret_cast<typename R::Out*>(out + j * out_stride) =
        R::finish(reduce_run<R>(n, in + j * outer, inner));
  }
}

/// Folds a block in kLanes independent running values, which the vectoriser keeps in registers, and
/// these pairwise: the order is fixed by kLanes alone.
template <class R>
PULLBACK_INLINE typename R::Part fold_block(const typename R::In* x, int64_t n) {
  using Part = typename R::Part;
  alignas(64) Part lanes[kLanes];
  for (int j = 0; j < kLanes; ++j) lanes[j] = R::identity();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) lanes[j] = R::step(lanes[j], x[i + j]);
  }
  for (int j = 0; i < n; ++i, ++j) lanes[j] = R::step(lanes[j], x[i]);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) lanes[j] = R::merge(lanes[j], lanes[j + half]);
  }
  return lanes[0];
}

/// What a sum of T is returned as, and what carries it over many blocks.
template <class T>
struct SumTypes {
  using Out = int64_t;
  using Total = uint64_t;
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

/// Blocks of 256 are summed in the type itself, their sums in double: the error does not grow with
/// n.
template <class T>
struct Sum {
  using In = T;
  using Part = typename SumTypes<T>::Out;
  using Out = typename SumTypes<T>::Out;
  using Total = typename SumTypes<T>::Total;
  static PULLBACK_INLINE Part identity() { return 0; }
  static PULLBACK_INLINE Total start() { return 0; }
  static PULLBACK_INLINE Part step(Part a, T x) { return merge(a, static_cast<Part>(x)); }
  static PULLBACK_INLINE Part merge(Part a, Part b) {
    if constexpr (kFloating<T>) {
      return a + b;
    } else {
      return static_cast<Part>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    }
  }
  static PULLBACK_INLINE Part block(const T* x, int64_t n) { return fold_block<Sum>(x, n); }
  static PULLBACK_INLINE Total join(Total a, Part b) { return a + static_cast<Total>(b); }
  static PULLBACK_INLINE Out finish(Total a) { return static_cast<Out>(a); }
};

template <template <class> class R, class... T>
void reduce(Reduce& table) {
  ((table.loops[kCode<T>] = reduction<R<T>>), ...);
}

}  // namespace

void fill_reduce(Kernels& table) {
  reduce<Sum, bool, int32_t, int64_t, float, double>(table.sum);
}

}  // namespace pullback::kernels::PULLBACK_TIER
