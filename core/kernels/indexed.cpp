#include <pullback/core/kernels/indexed.h>

#include <algorithm>
#include <atomic>
#include <type_traits>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {
namespace {

using std::int64_t;
using std::uint64_t;

constexpr int64_t kWork = 16384;  // positions that are worth a thread's while
constexpr int64_t kNarrowest = 64, kPiece = 2048;

/// One line of a walk: how far its positions lie apart.
struct Steps {
  int64_t x, along, index, other;
};

void drop(IndexedWalk& w, int d) {
  --w.ndim;
  for (int k = d; k < w.ndim; ++k) {
    w.sizes[k] = w.sizes[k + 1];
    w.x[k] = w.x[k + 1];
    w.index[k] = w.index[k + 1];
    w.other[k] = w.other[k + 1];
  }
  if (w.dim == d) w.dim = -1;
  if (w.dim > d) --w.dim;
}

/// Without dimensions of one position, and with those joined that are as one.
IndexedWalk simple(IndexedWalk w) {
  for (int d = w.ndim - 1; d >= 0; --d)
    if (w.sizes[d] == 1) drop(w, d);
  for (int d = w.ndim - 2; d >= 0; --d) {
    const int64_t n = w.sizes[d + 1];
    if (d == w.dim || d + 1 == w.dim || w.x[d] != w.x[d + 1] * n ||
        w.index[d] != w.index[d + 1] * n || w.other[d] != w.other[d + 1] * n)
      continue;
    w.sizes[d + 1] *= w.sizes[d];
    drop(w, d);
  }
  return w;
}

/// Calls line(count, steps, x, index, other), with offsets, for lines that make up the walk, on
/// several threads. Where `ordered`, positions that may share a place come in order on one thread.
template <class Line>
void for_each_line(const IndexedWalk& whole, bool ordered, Line line) {
  const IndexedWalk w = simple(whole);
  const int last = w.ndim - 1;
  if (last < 0) return line(1, Steps{0, w.along, 0, 0}, 0, 0, 0);
  for (int d = 0; d <= last; ++d)
    if (w.sizes[d] == 0) return;

  // A task is a stretch of the last dimension at one position of the others, or where these must
  // stay in order, at all those of the addressed dimension.
  const int inner_loop = ordered && w.dim >= 0 && w.dim != last ? w.dim : -1;
  const int64_t repeats = inner_loop < 0 ? 1 : w.sizes[inner_loop];
  int64_t lines = 1;
  for (int d = 0; d < last; ++d)
    if (d != inner_loop) lines *= w.sizes[d];
  const bool whole_lines = (ordered && w.dim == last) || lines >= num_threads();
  const int64_t threads = whole_lines ? 1 : num_threads();
  const int64_t width =
      std::max((w.sizes[last] + threads - 1) / threads, std::min(kNarrowest, w.sizes[last]));
  const int64_t stretches = (w.sizes[last] + width - 1) / width;
  const Steps steps{w.x[last], w.along, w.index[last], w.other[last]};

  parallel_for(lines * stretches, std::max<int64_t>(1, kWork / (width * repeats)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t task = begin; task < end; ++task) {
                   const int64_t first = task % stretches * width;
                   int64_t x = first * steps.x, index = first * steps.index,
                           other = first * steps.other;
                   int64_t rest = task / stretches;
                   for (int d = last - 1; d >= 0; --d) {
                     if (d == inner_loop) continue;
                     const int64_t at = rest % w.sizes[d];
                     rest /= w.sizes[d];
                     x += at * w.x[d], index += at * w.index[d], other += at * w.other[d];
                   }
                   const int64_t count = std::min(width, w.sizes[last] - first);
                   for (int64_t i = 0; i < repeats; ++i) {
                     line(count, steps, x, index, other);
                     if (inner_loop >= 0)
                       index += w.index[inner_loop], other += w.other[inner_loop];
                   }
                 }
               });
}

/// Whether a line takes elements of one row, with its indices and its results next to each other.
bool is_dense(const Steps& s) {
  return s.x == 0 && s.along == 1 && s.index == 1 && s.other == 1;
}

/// Calls f(element of x, element of other) along a line.
template <class X, class O, class F>
void along_line(int64_t count, const Steps& s, X* x, const int64_t* index, O* other, F f) {
  if (is_dense(s)) {
#pragma GCC unroll 8
    for (int64_t j = 0; j < count; ++j) f(x[index[j]], other[j]);
  } else {
    for (int64_t j = 0; j < count; ++j)
      f(x[j * s.x + index[j * s.index] * s.along], other[j * s.other]);
  }
}

/// Whether an index is outside [0, length); nothing is outside kChecked, the largest of unsigned
/// lengths.
bool is_outside(int64_t index, int64_t length) {
  return static_cast<uint64_t>(index) >= static_cast<uint64_t>(length);
}

/// to[j] = from[index[j]], or false. Indices are checked eight at a time, while they are in
/// registers.
template <class T>
bool gather_dense(int64_t count, const T* from, const int64_t* index, int64_t length, T* to) {
  constexpr int64_t width = 8;
  int64_t j = 0;
  for (; j + width <= count; j += width) {
    bool outside = false;
#pragma GCC unroll 8
    for (int64_t k = j; k < j + width; ++k) outside |= is_outside(index[k], length);
    if (outside) return false;
#pragma GCC unroll 8
    for (int64_t k = j; k < j + width; ++k) to[k] = from[index[k]];
  }
  for (; j < count; ++j) {
    if (is_outside(index[j], length)) return false;
    to[j] = from[index[j]];
  }
  return true;
}
/// The same along any line.
template <class T>
bool gather_line(int64_t count, const Steps& s, const T* from, const int64_t* index, int64_t length,
                 T* to) {
  if (is_dense(s)) return gather_dense(count, from, index, length, to);
  for (int64_t j = 0; j < count; ++j) {
    const int64_t at = index[j * s.index];
    if (is_outside(at, length)) return false;
    to[j * s.other] = from[j * s.x + at * s.along];
  }
  return true;
}

template <class T>
char* bytes(const T* elements) {
  return const_cast<char*>(reinterpret_cast<const char*>(elements));
}
template <class T>
constexpr int64_t kDense[] = {sizeof(T), sizeof(T), sizeof(T)};

template <class T>
void copy_block(ScalarType type, int64_t n, T* to, const T* from) {
  char* const data[] = {bytes(to), bytes(from)};
  kernels().copy[type](n, data, kDense<T>);
}
template <class T>
void add_block(ScalarType type, int64_t n, T* to, const T* from) {
  char* const data[] = {bytes(to), bytes(to), bytes(from)};
  kernels().add[type](n, data, kDense<T>);
}

/// Whether a line has one index for all of it, and its elements next to each other.
bool is_block(const Steps& s) {
  return s.index == 0 && s.x == 1 && s.other == 1;
}

}  // namespace

std::int64_t first_outside(const std::int64_t* index, std::int64_t count, std::int64_t length) {
  std::atomic<int64_t> first{count};
  parallel_for((count + kPiece - 1) / kPiece, kWork / kPiece, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; ++piece) {
      int64_t at = piece * kPiece;
      if (!kernels().any_outside(std::min(kPiece, count - at), index + at, length)) continue;
      while (!is_outside(index[at], length)) ++at;
      int64_t before = first.load();
      while (at < before && !first.compare_exchange_weak(before, at)) {
      }
      return;
    }
  });
  return first < count ? first.load() : -1;
}

bool gather(ScalarType type, const IndexedWalk& walk, const void* x, const std::int64_t* index,
            std::int64_t length, void* other) {
  std::atomic<bool> inside{true};
  visit(type, [&]<class T>(T) {
    for_each_line(walk, false,
                  [&](int64_t n, const Steps& s, int64_t at_x, int64_t at, int64_t at_other) {
                    const T* from = static_cast<const T*>(x) + at_x;
                    T* to = static_cast<T*>(other) + at_other;
                    if (!is_block(s)) {
                      if (!gather_line(n, s, from, index + at, length, to))
                        inside.store(false, std::memory_order_relaxed);
                    } else if (is_outside(index[at], length)) {
                      inside.store(false, std::memory_order_relaxed);
                    } else {
                      copy_block(type, n, to, from + index[at] * s.along);
                    }
                  });
  });
  return inside.load();
}

void scatter(ScalarType type, const IndexedWalk& walk, void* x, const std::int64_t* index,
             const void* other) {
  visit(type, [&]<class T>(T) {
    for_each_line(walk, true,
                  [&](int64_t n, const Steps& s, int64_t at_x, int64_t at, int64_t at_other) {
                    T* to = static_cast<T*>(x) + at_x;
                    const T* from = static_cast<const T*>(other) + at_other;
                    if (is_block(s)) {
                      copy_block(type, n, to + index[at] * s.along, from);
                    } else {
                      along_line(n, s, to, index + at, from,
                                 [](T& element, const T& value) { element = value; });
                    }
                  });
  });
}

void scatter_add(ScalarType type, const IndexedWalk& walk, void* x, const std::int64_t* index,
                 const void* other) {
  visit(type, [&]<class T>(T) {
    for_each_line(walk, true,
                  [&](int64_t n, const Steps& s, int64_t at_x, int64_t at, int64_t at_other) {
                    T* to = static_cast<T*>(x) + at_x;
                    const T* from = static_cast<const T*>(other) + at_other;
                    if (is_block(s)) {
                      add_block(type, n, to + index[at] * s.along, from);
                    } else {
                      along_line(n, s, to, index + at, from, [](T& element, const T& value) {
                        if constexpr (std::is_same_v<T, bool>) {
                          element = element || value;
                        } else {
                          element += value;
                        }
                      });
                    }
                  });
  });
}

}  // namespace pullback::kernels
