#include <pullback/core/kernels/reduce_fold.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// A policy names its element `In`, its running value `Total` and its result `Out`, and has start(),
// step(total, x) and finish(total).

constexpr int64_t kWidth = 64;

constexpr int kTogether = 4;

/// A few lines at a time, because each of them waits for its last addition.
template <class P, int Count>
PULLBACK_INLINE void scan_lines(int64_t n, char* out, const char* in, const int64_t* outer,
                                const int64_t* inner) {
  typename P::Total totals[Count];
  for (int l = 0; l < Count; ++l) totals[l] = P::start();
  for (int64_t i = 0; i < n; ++i) {
    for (int l = 0; l < Count; ++l) {
      const char* from = in + l * outer[1] + i * inner[1];
      char* to = out + l * outer[0] + i * inner[0];
      totals[l] = P::step(totals[l], *reinterpret_cast<const typename P::In*>(from));
      *reinterpret_cast<typename P::Out*>(to) = P::finish(totals[l]);
    }
  }
}

/// Up to kWidth lines side by side, so that running values stay in registers or cache and lines
/// that are neighbours in memory share a vector.
template <class P>
void scan(int64_t m, int64_t n, char* const* data, const int64_t* outer, const int64_t* inner) {
  using In = typename P::In;
  using Out = typename P::Out;
  using Total = typename P::Total;
  const bool neighbours = outer[0] == static_cast<int64_t>(sizeof(Out)) &&
                          outer[1] == static_cast<int64_t>(sizeof(In)) && m >= kTogether;
  if (!neighbours) {
    int64_t j = 0;
    for (; j + kTogether <= m; j += kTogether) {
      scan_lines<P, kTogether>(n, data[0] + j * outer[0], data[1] + j * outer[1], outer, inner);
    }
    for (; j < m; ++j) {
      scan_lines<P, 1>(n, data[0] + j * outer[0], data[1] + j * outer[1], outer, inner);
    }
    return;
  }
  for (int64_t first = 0; first < m; first += kWidth) {
    const int64_t width = m - first < kWidth ? m - first : kWidth;
    alignas(64) Total totals[kWidth];
    for (int64_t j = 0; j < kWidth; ++j) totals[j] = P::start();
    for (int64_t i = 0; i < n; ++i) {
      Out* out = reinterpret_cast<Out*>(data[0] + i * inner[0]) + first;
      const In* in = reinterpret_cast<const In*>(data[1] + i * inner[1]) + first;
      PULLBACK_VECTOR
      for (int64_t j = 0; j < width; ++j) {
        totals[j] = P::step(totals[j], in[j]);
        out[j] = P::finish(totals[j]);
      }
    }
  }
}

template <class T>
struct RunningProduct {
  using In = T;
  using Out = typename SumTypes<T>::Out;
  using Total = typename SumTypes<T>::Total;
  static PULLBACK_INLINE Total start() { return 1; }
  static PULLBACK_INLINE Total step(Total a, T x) {
    if constexpr (kFloating<T>) {
      return a * static_cast<Total>(x);
    } else {
      return static_cast<Total>(static_cast<uint64_t>(a) * static_cast<uint64_t>(x));
    }
  }
  static PULLBACK_INLINE Out finish(Total a) { return static_cast<Out>(a); }
};
template <class T>
struct RunningSum {
  using In = T;
  using Out = typename SumTypes<T>::Out;
  using Total = typename SumTypes<T>::Total;
  static PULLBACK_INLINE Total start() { return 0; }
  static PULLBACK_INLINE Total step(Total a, T x) { return plus(a, static_cast<Total>(x)); }
  static PULLBACK_INLINE Out finish(Total a) { return static_cast<Out>(a); }
};
template <class T>
struct RunningLogSum {
  using In = T;
  using Out = T;
  using Total = double;
  static PULLBACK_INLINE double start() { return -static_cast<double>(kInf); }
  static PULLBACK_INLINE double step(double a, T element) {
    const double x = element;
    const double top = a > x || a != a ? a : x;
    if (a == x && fabs(a) == static_cast<double>(kInf)) return a;
    return top + log1p(exp(-fabs(a - x)));
  }
  static PULLBACK_INLINE T finish(double a) { return static_cast<T>(a); }
};

#ifndef __AVX512F__  // which has the loops of the tier below: each step waits for the last
template <class T, int Count>
PULLBACK_INLINE void recur_lines(int64_t n, char* out, const char* a, const char* x,
                                 const int64_t* outer, const int64_t* inner) {
  double totals[Count];
  for (int64_t i = 0; i < n; ++i) {
    for (int l = 0; l < Count; ++l) {
      const double own = *reinterpret_cast<const T*>(x + l * outer[2] + i * inner[2]);
      const double factor =
          i == 0 ? 0.0 : *reinterpret_cast<const T*>(a + l * outer[1] + (i - 1) * inner[1]);
      totals[l] = i == 0 ? own : own + factor * totals[l];
      *reinterpret_cast<T*>(out + l * outer[0] + i * inner[0]) = static_cast<T>(totals[l]);
    }
  }
}

template <class T>
void recurrence(int64_t m, int64_t n, char* const* data, const int64_t* outer,
                const int64_t* inner) {
  int64_t j = 0;
  const auto at = [&](int k) { return data[k] + j * outer[k]; };
  for (; j + kTogether <= m; j += kTogether)
    recur_lines<T, kTogether>(n, at(0), at(1), at(2), outer, inner);
  for (; j < m; ++j) recur_lines<T, 1>(n, at(0), at(1), at(2), outer, inner);
}
#endif

struct Below {
  template <class T>
  static PULLBACK_INLINE bool holds(T x, T best) {
    return x < best;
  }
};
struct Above {
  template <class T>
  static PULLBACK_INLINE bool holds(T x, T best) {
    return x > best;
  }
};

/// Running extremes with the place of the last of equal ones, as PyTorch counts them. Most elements
/// are none, so a branch, unlike a choice, waits for nothing.
template <class Worse, class T>
void running_extreme(int64_t m, int64_t n, char* const* data, const int64_t* outer,
                     const int64_t* inner) {
  for (int64_t j = 0; j < m; ++j) {
    char* out = data[0] + j * outer[0];
    char* index = data[1] + j * outer[1];
    const char* in = data[2] + j * outer[2];
    const int64_t out_step = inner[0], index_step = inner[1], in_step = inner[2];
    T best = *reinterpret_cast<const T*>(in);
    int64_t where = 0;
    for (int64_t i = 0; i < n; ++i, in += in_step, out += out_step, index += index_step) {
      const T x = *reinterpret_cast<const T*>(in);
      if (!Worse::holds(x, best) && (best == best || x != x)) {
        best = x;
        where = i;
      }
      *reinterpret_cast<T*>(out) = best;
      *reinterpret_cast<int64_t*>(index) = where;
    }
  }
}

template <class... T>
void fill_sums(Kernels& table) {
  (PULLBACK_ENTER(table.cumsum.loops, T, scan<RunningSum<T>>), ...);
  (PULLBACK_ENTER(table.cumprod.loops, T, scan<RunningProduct<T>>), ...);
  (PULLBACK_ENTER(table.cummax.loops, T, running_extreme<Below, T>), ...);
  (PULLBACK_ENTER(table.cummin.loops, T, running_extreme<Above, T>), ...);
}

}  // namespace

void fill_scan(Kernels& table) {
  fill_sums<bool, int32_t, int64_t, float, double>(table);
  table.logcumsumexp.loops[kCode<float>] = scan<RunningLogSum<float>>;
  table.logcumsumexp.loops[kCode<double>] = scan<RunningLogSum<double>>;
#ifndef __AVX512F__
  table.recurrence.loops[kCode<float>] = recurrence<float>;
  table.recurrence.loops[kCode<double>] = recurrence<double>;
#endif
}

}  // namespace pullback::kernels::PULLBACK_TIER
