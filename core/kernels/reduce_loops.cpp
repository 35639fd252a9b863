#include <pullback/core/kernels/reduce_fold.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
struct Product {
  using In = T;
  using Part = typename SumTypes<T>::Out;
  using Out = Part;
  using Total = typename SumTypes<T>::Total;
  template <class U>
  static PULLBACK_INLINE U times(U a, U b) {
    if constexpr (kFloating<U>) {
      return a * b;
    } else {
      return static_cast<U>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    }
  }
  static PULLBACK_INLINE Part identity() { return 1; }
  static PULLBACK_INLINE Total start() { return 1; }
  static PULLBACK_INLINE Part step(Part a, T x) { return times(a, static_cast<Part>(x)); }
  static PULLBACK_INLINE Part merge(Part a, Part b) { return times(a, b); }
  static PULLBACK_INLINE Total join(Total a, Part b) { return times(a, static_cast<Total>(b)); }
  static PULLBACK_INLINE Out finish(Total a) { return static_cast<Out>(a); }
};

template <class T>
struct SumSquares : Sum<T> {
  static PULLBACK_INLINE T step(T a, T x) { return a + x * x; }
};
template <class T>
struct Norm2 : SumSquares<T> {
  static PULLBACK_INLINE T finish(double a) { return static_cast<T>(sqrt(a)); }
};
template <class T>
struct StepsOf<Norm2<T>> {
  using type = SumSquares<T>;
};
template <class T>
struct AbsSum : Sum<T> {
  static PULLBACK_INLINE T step(T a, T x) { return a + fabs(x); }
};
template <class T>
struct AbsMax : Max<T> {
  static PULLBACK_INLINE T identity() { return 0; }
  static PULLBACK_INLINE T start() { return 0; }
  static PULLBACK_INLINE T step(T a, T x) { return Max<T>::step(a, fabs(x)); }
};

/// What elements are read as, and what counts those of a block.
template <class T>
struct CountTypes {
  using In = T;
  using Part = int32_t;
};
template <>
struct CountTypes<bool> {
  using In = unsigned char;
  using Part = unsigned short;
};
template <class T>
struct CountNonzero {
  using In = typename CountTypes<T>::In;
  using Part = typename CountTypes<T>::Part;
  using Total = int64_t;
  using Out = int64_t;
  static PULLBACK_INLINE Part identity() { return 0; }
  static PULLBACK_INLINE Total start() { return 0; }
  static PULLBACK_INLINE Part step(Part a, In x) {
    return static_cast<Part>(a + static_cast<Part>(x != In(0)));
  }
  static PULLBACK_INLINE Part merge(Part a, Part b) { return static_cast<Part>(a + b); }
  static PULLBACK_INLINE Total join(Total a, Part b) { return a + b; }
  static PULLBACK_INLINE Out finish(Total a) { return a; }
};
/// any and all ask CountNonzero, which spares the binary their own loops.
template <bool All>
PULLBACK_NOINLINE void any_or_all(Reduction count, int64_t m, int64_t n, const char* in,
                                  int64_t outer, int64_t inner, char* out, int64_t out_stride) {
  int64_t counts[kColumns];
  for (int64_t first = 0; first < m; first += kColumns) {
    const int64_t results = m - first < kColumns ? m - first : kColumns;
    count(results, n, in + first * outer, outer, inner, reinterpret_cast<char*>(counts),
          sizeof(int64_t));
    write_columns<bool>(results, out + first * out_stride, out_stride,
                        [&](int64_t j) { return All ? counts[j] == n : counts[j] != 0; });
  }
}
template <class T, bool All>
void any_or_all_of(int64_t m, int64_t n, const char* in, int64_t outer, int64_t inner, char* out,
                   int64_t out_stride) {
  any_or_all<All>(fold<CountNonzero<T>>, m, n, in, outer, inner, out, out_stride);
}

template <class... T>
void fill_any_and_all(Kernels& table) {
  (PULLBACK_ENTER(table.any.loops, T, any_or_all_of<T, false>), ...);
  (PULLBACK_ENTER(table.all.loops, T, any_or_all_of<T, true>), ...);
  // Of bool the largest is any, and the least is all.
  table.any.loops[kCode<bool>] = table.amax.loops[kCode<bool>];
  table.all.loops[kCode<bool>] = table.amin.loops[kCode<bool>];
  for (ScalarType& type : table.any.results) type = ScalarType::Bool;
  for (ScalarType& type : table.all.results) type = ScalarType::Bool;
  table.any.combine = &Kernels::any;
  table.all.combine = &Kernels::all;
}

template <class T>
PULLBACK_INLINE T deviation_of(int64_t n, double squares, double error) {
  const double result = squares - error * error / static_cast<double>(n);
  return n == 0 || result < 0 ? T(0) : static_cast<T>(result);
}

/// The sums of x - mean and of its square, over a run.
template <class T>
PULLBACK_NOINLINE void sum_deviations(int64_t n, const char* in, int64_t stride, T mean,
                                      double& error, double& squares) {
  Stage<0, T, kRun> stage;
  alignas(64) T values[kRun];
  error = squares = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t count = n - begin < kRun ? n - begin : kRun;
    const T* x = stage.block(in, stride, begin, count);
    for (int64_t i = 0; i < count; ++i) values[i] = x[i] - mean;
    error += static_cast<double>(fold_block<Sum<T>>(values, count));
    squares += static_cast<double>(fold_block<SumSquares<T>>(values, count));
  }
}

/// The same over up to kColumns neighbouring columns.
template <class T>
PULLBACK_NOINLINE void sum_deviations_in_columns(int64_t columns, int64_t n, const char* in,
                                                 int64_t inner, const T* mean, double* errors,
                                                 double* squares) {
  for (int64_t j = 0; j < columns; ++j) errors[j] = squares[j] = 0;
  for (int64_t top = 0; top < n; top += kHeight) {
    const int64_t bottom = n - top < kHeight ? n : top + kHeight;
    alignas(64) T error[kColumns] = {};
    alignas(64) T square[kColumns] = {};
    for (int64_t k = top; k < bottom; ++k) {
      const T* row = reinterpret_cast<const T*>(in + k * inner);
      PULLBACK_VECTOR
      for (int64_t j = 0; j < columns; ++j) {
        const T x = row[j] - mean[j];
        error[j] += x;
        square[j] += x * x;
      }
    }
    for (int64_t j = 0; j < columns; ++j) {
      errors[j] += static_cast<double>(error[j]);
      squares[j] += static_cast<double>(square[j]);
    }
  }
}

/// In two passes; the second corrects for the rounding of the mean (Chan, Golub, LeVeque 1983,
/// eq. 1.7).
template <class T>
void deviation(int64_t m, int64_t n, const char* in, int64_t outer, int64_t inner, char* out,
               int64_t out_stride) {
  const double count = static_cast<double>(n);
  if (in_columns<T>(m, outer, inner)) {
    for (int64_t first = 0; first < m; first += kColumns) {
      const int64_t columns = m - first < kColumns ? m - first : kColumns;
      const char* top = in + first * outer;
      alignas(64) T mean[kColumns];
      double errors[kColumns], squares[kColumns];
      fold_columns<Sum<T>>(columns, n, top, inner, squares);
      for (int64_t j = 0; j < columns; ++j) mean[j] = static_cast<T>(squares[j] / count);
      sum_deviations_in_columns(columns, n, top, inner, mean, errors, squares);
      write_columns<T>(columns, out + first * out_stride, out_stride,
                       [&](int64_t j) { return deviation_of<T>(n, squares[j], errors[j]); });
    }
    return;
  }
  for (int64_t j = 0; j < m; ++j) {
    const char* run = in + j * outer;
    const T mean = static_cast<T>(fold_run<Sum<T>>(n, run, inner) / count);
    double error, squares;
    sum_deviations(n, run, inner, mean, error, squares);
    *reinterpret_cast<T*>(out + j * out_stride) = deviation_of<T>(n, squares, error);
  }
}

/// An infinite maximum is not subtracted, which gives inf and -inf instead of NaN.
template <class T>
PULLBACK_INLINE T shift_of(T top) {
  return fabs(top) == T(kInf) ? T(0) : top;
}

/// The sum of e^(x - shift), over a run.
template <class T>
PULLBACK_NOINLINE double sum_exponentials(int64_t n, const char* in, int64_t stride, T shift) {
  Stage<0, T, kRun> stage;
  alignas(64) T values[kRun];
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t count = n - begin < kRun ? n - begin : kRun;
    const T* x = stage.block(in, stride, begin, count);
    for (int64_t i = 0; i < count; ++i) values[i] = exp(x[i] - shift);
    total += static_cast<double>(fold_block<Sum<T>>(values, count));
  }
  return total;
}

/// The same over up to kColumns neighbouring columns.
template <class T>
PULLBACK_NOINLINE void sum_exponentials_in_columns(int64_t columns, int64_t n, const char* in,
                                                   int64_t inner, const T* shift, double* totals) {
  for (int64_t j = 0; j < columns; ++j) totals[j] = 0;
  for (int64_t top = 0; top < n; top += kHeight) {
    const int64_t bottom = n - top < kHeight ? n : top + kHeight;
    alignas(64) T parts[kColumns] = {};
    for (int64_t k = top; k < bottom; ++k) {
      const T* row = reinterpret_cast<const T*>(in + k * inner);
      PULLBACK_VECTOR
      for (int64_t j = 0; j < columns; ++j) parts[j] += exp(row[j] - shift[j]);
    }
    for (int64_t j = 0; j < columns; ++j) totals[j] += static_cast<double>(parts[j]);
  }
}

template <class T>
void logsumexp(int64_t m, int64_t n, const char* in, int64_t outer, int64_t inner, char* out,
               int64_t out_stride) {
  if (in_columns<T>(m, outer, inner)) {
    for (int64_t first = 0; first < m; first += kColumns) {
      const int64_t columns = m - first < kColumns ? m - first : kColumns;
      const char* top = in + first * outer;
      alignas(64) T shift[kColumns];
      double sums[kColumns];
      fold_columns<Max<T>>(columns, n, top, inner, shift);
      for (int64_t j = 0; j < columns; ++j) shift[j] = shift_of(shift[j]);
      sum_exponentials_in_columns(columns, n, top, inner, shift, sums);
      write_columns<T>(columns, out + first * out_stride, out_stride,
                       [&](int64_t j) { return static_cast<T>(log(sums[j]) + shift[j]); });
    }
    return;
  }
  for (int64_t j = 0; j < m; ++j) {
    const char* run = in + j * outer;
    const T shift = shift_of(fold_run<Max<T>>(n, run, inner));
    const double sum = sum_exponentials(n, run, inner, shift);
    *reinterpret_cast<T*>(out + j * out_stride) = static_cast<T>(log(sum) + shift);
  }
}

template <class... T>
void fill_runs(Kernels& table) {
  ((table.deviation.loops[kCode<T>] = deviation<T>), ...);
  ((table.deviation.results[kCode<T>] = static_cast<ScalarType>(kCode<T>)), ...);
  ((table.logsumexp.loops[kCode<T>] = logsumexp<T>), ...);
  ((table.logsumexp.results[kCode<T>] = static_cast<ScalarType>(kCode<T>)), ...);
  table.logsumexp.combine = &Kernels::logsumexp;
}

}  // namespace

void fill_reduce(Kernels& table) {
  reduction<Sum, int32_t, int64_t, float, double>(table.sum, &Kernels::sum);
  // int64 has its own loop for AVX-512 too: a sum in the caches is not waiting for memory.
  table.sum.loops[kCode<int64_t>] = fold<Sum<int64_t>>;
  reduction<Product, float, double>(table.prod, &Kernels::prod);
#ifndef __AVX__  // a tier without them has the base tier's: few multiply integers
  reduction<Product, bool, int32_t, int64_t>(table.prod, &Kernels::prod);
#endif
  reduction<SumSquares, float, double>(table.sum_squares, &Kernels::sum);
  reduction<Norm2, float, double>(table.norm2, &Kernels::norm2);
  reduction<AbsSum, float, double>(table.abs_sum, &Kernels::sum);
  reduction<CountNonzero, bool, int32_t, int64_t, float, double>(table.count_nonzero,
                                                                 &Kernels::sum);
  table.sum.loops[kCode<bool>] = table.count_nonzero.loops[kCode<bool>];
  table.sum.results[kCode<bool>] = ScalarType::Long;
  reduction<Max, bool, int32_t, int64_t, float, double>(table.amax, &Kernels::amax);
  reduction<Min, bool, int32_t, int64_t, float, double>(table.amin, &Kernels::amin);
  reduction<AbsMax, float, double>(table.abs_max, &Kernels::abs_max);
  table.sum.of_two = &Kernels::add;
  table.prod.of_two = &Kernels::mul;
  table.amax.of_two = &Kernels::maximum;
  table.amin.of_two = &Kernels::minimum;
  fill_any_and_all<int32_t, int64_t, float, double>(table);
  fill_runs<float, double>(table);
}

}  // namespace pullback::kernels::PULLBACK_TIER
