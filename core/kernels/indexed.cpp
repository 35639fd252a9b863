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

/// A line of a walk: where it begins, and how far its positions lie apart, in elements.
struct Line {
  int64_t count;
  char* x;
  const int64_t* index;
  char* other;
  int64_t x_step, index_step, other_step;
  int64_t along, length;  ///< of the addressed dimension of x: its stride, and its indices' bound
};

char* bytes(const void* elements) {
  return const_cast<char*>(static_cast<const char*>(elements));
}

/// What is done with each line of a walk.
struct Work {
  ScalarType type;
  Map Kernels::*loop;             ///< for a line with one index: (to, from, to)
  bool (*elements)(const Line&);  ///< for any other; whether no index was outside
  bool scatters = true;           ///< from the other to x, where positions may share a place
};

/// Whether an index is outside [0, length); nothing is outside kChecked, the largest of unsigned
/// lengths.
bool is_outside(int64_t index, int64_t length) {
  return static_cast<uint64_t>(index) >= static_cast<uint64_t>(length);
}

/// Whether no index was outside.
bool run(const Work& work, const Line& line) {
  if (line.index_step != 0 || line.x_step == 0) return work.elements(line);
  if (is_outside(*line.index, line.length)) return false;
  const auto size = static_cast<int64_t>(element_size(work.type));
  char* const x = line.x + *line.index * line.along * size;
  char* const to = work.scatters ? x : line.other;
  char* const from = work.scatters ? line.other : x;
  const int64_t to_step = (work.scatters ? line.x_step : line.other_step) * size;
  const int64_t from_step = (work.scatters ? line.other_step : line.x_step) * size;
  char* const data[] = {to, from, to};
  const int64_t steps[] = {to_step, from_step, to_step};
  (kernels().*work.loop)[work.type](line.count, data, steps);
  return true;
}

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

/// The line at a position of a walk, which goes through them in order. It is changed where it
/// stands: a copy of what has just been stored would wait for the stores.
class Cursor {
 public:
  Line line;

  Cursor(const IndexedWalk& walk, int64_t position, const Line& start, ScalarType type)
      : line(start), walk_(walk), size_(static_cast<int64_t>(element_size(type))) {
    for (int d = walk.ndim - 1; d >= 0; --d) {
      at_[d] = position % walk.sizes[d];
      position /= walk.sizes[d];
      move(d, at_[d]);
    }
  }
  void advance() {
    for (int d = walk_.ndim - 1; d >= 0; --d) {
      move(d, 1);
      if (++at_[d] < walk_.sizes[d]) return;
      move(d, -walk_.sizes[d]);
      at_[d] = 0;
    }
  }
  void move(int d, int64_t steps) {
    line.x += steps * walk_.x[d] * size_;
    line.index += steps * walk_.index[d];
    line.other += steps * walk_.other[d] * size_;
  }
  int64_t position(int d) const { return at_[d]; }

 private:
  const IndexedWalk& walk_;
  int64_t size_;
  int64_t at_[kMaxDims];
};

/// Works on lines that make up the walk, on several threads. Where it scatters, positions that may
/// share a place come in order on one thread. Returns whether no index was outside.
bool for_each_line(const Work& work, const IndexedWalk& whole, const void* x,
                   const std::int64_t* index, const void* other, int64_t length) {
  const IndexedWalk w = simple(whole);
  const int last = w.ndim - 1;
  Line start{1, bytes(x), index, bytes(other), 0, 0, 0, w.along, length};
  if (last < 0) return work.elements(start);
  for (int d = 0; d <= last; ++d)
    if (w.sizes[d] == 0) return true;
  start.x_step = w.x[last], start.index_step = w.index[last], start.other_step = w.other[last];

  // A task is a stretch of the last dimension at one position of the others, or where these must
  // stay in order, at all those of the addressed dimension.
  const int inner_loop = work.scatters && w.dim >= 0 && w.dim != last ? w.dim : -1;
  const int64_t repeats = inner_loop < 0 ? 1 : w.sizes[inner_loop];
  int64_t lines = 1;
  for (int d = 0; d < last; ++d)
    if (d != inner_loop) lines *= w.sizes[d];
  const bool whole_lines = (work.scatters && w.dim == last) || lines >= num_threads();
  const int64_t threads = whole_lines ? 1 : num_threads();
  const int64_t width =
      std::max((w.sizes[last] + threads - 1) / threads, std::min(kNarrowest, w.sizes[last]));
  const int64_t stretches = (w.sizes[last] + width - 1) / width;
  IndexedWalk tasks = w;
  tasks.sizes[last] = stretches;
  tasks.x[last] *= width, tasks.index[last] *= width, tasks.other[last] *= width;
  if (inner_loop >= 0) tasks.sizes[inner_loop] = 1;

  std::atomic<bool> inside{true};
  parallel_for(lines * stretches, std::max<int64_t>(1, kWork / (width * repeats)),
               [&](int64_t begin, int64_t end) {
                 Cursor at(tasks, begin, start, work.type);
                 for (int64_t task = begin; task < end; ++task, at.advance()) {
                   at.line.count = std::min(width, w.sizes[last] - at.position(last) * width);
                   for (int64_t i = 0; i < repeats; ++i) {
                     if (!run(work, at.line)) inside.store(false, std::memory_order_relaxed);
                     if (inner_loop >= 0) at.move(inner_loop, 1);
                   }
                   if (inner_loop >= 0) at.move(inner_loop, -repeats);
                 }
               });
  return inside.load();
}

/// Calls f(j, index[j]) along a line of dense indices, or returns false. Indices are checked eight
/// at a time, while they are in registers.
template <class F>
bool for_each_index(const Line& line, F f) {
  constexpr int64_t width = 8;
  const int64_t* const index = line.index;
  const int64_t count = line.count, length = line.length;
  int64_t j = 0;
  for (; j + width <= count; j += width) {
    bool outside = false;
#pragma GCC unroll 8
    for (int64_t k = j; k < j + width; ++k) outside |= is_outside(index[k], length);
    if (outside) return false;
#pragma GCC unroll 8
    for (int64_t k = j; k < j + width; ++k) f(k, index[k]);
  }
  for (; j < count; ++j) {
    if (is_outside(index[j], length)) return false;
    f(j, index[j]);
  }
  return true;
}

/// Calls f(element of x, element of the other) along a line, or returns false.
template <class T, class F>
bool for_each_pair(const Line& line, F f) {
  T* const x = reinterpret_cast<T*>(line.x);
  T* const other = reinterpret_cast<T*>(line.other);
  if (line.x_step == 0 && line.along == 1 && line.index_step == 1 && line.other_step == 1)
    return for_each_index(line, [=](int64_t j, int64_t at) { f(x[at], other[j]); });
  const auto walk = [&](auto x_step, auto index_step, auto other_step) {
    for (int64_t j = 0; j < line.count; ++j) {
      const int64_t at = line.index[j * index_step];
      if (is_outside(at, line.length)) return false;
      f(x[j * x_step + at * line.along], other[j * other_step]);
    }
    return true;
  };
  constexpr std::integral_constant<int64_t, 1> one;
  const bool columns = line.x_step == 1 && line.index_step == 1 && line.other_step == 1;
  return columns ? walk(one, one, one) : walk(line.x_step, line.index_step, line.other_step);
}

template <class T>
bool gather_line(const Line& line) {
  return for_each_pair<T>(line, [](const T& x, T& other) { other = x; });
}

struct Replace {
  template <class T>
  T operator()(T, T value) const {
    return value;
  }
};
struct Add {
  template <class T>
  T operator()(T x, T value) const {
    return static_cast<T>(x + value);
  }
};
struct Multiply {
  template <class T>
  T operator()(T x, T value) const {
    return static_cast<T>(x * value);
  }
};
// Not a number is larger and smaller than all. In two steps: the first, hard to foresee, is one
// instruction, and a branch takes the second, which is rare.
struct Larger {
  template <class T>
  T operator()(T x, T value) const {
    const T larger = value > x ? value : x;
    return value != value ? value : larger;
  }
};
struct Smaller {
  template <class T>
  T operator()(T x, T value) const {
    const T smaller = value < x ? value : x;
    return value != value ? value : smaller;
  }
};

template <class T, class F>
bool scatter_line(const Line& line) {
  return for_each_pair<T>(line, [](T& x, const T& other) { x = F{}(x, other); });
}

/// The integers of the same size, which serve where elements are only copied.
ScalarType word_of(ScalarType type) {
  if (type == ScalarType::Float) return ScalarType::Int;
  return type == ScalarType::Double ? ScalarType::Long : type;
}

template <class F>
Work scattering(ScalarType type, Map Kernels::*loop, F) {
  return {type, loop,
          visit(type, []<class T>(T) -> bool (*)(const Line&) { return scatter_line<T, F>; })};
}
Work scattering(ScalarType type, Join join) {
  switch (join) {
    case Join::Last:
      return scattering(word_of(type), &Kernels::copy, Replace{});
    case Join::Sum:
      return scattering(type, &Kernels::add, Add{});
    case Join::Product:
      return scattering(type, &Kernels::mul, Multiply{});
    case Join::Largest:
      return scattering(type, &Kernels::maximum, Larger{});
    default:
      return scattering(type, &Kernels::minimum, Smaller{});
  }
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
  const ScalarType word = word_of(type);
  const Work work{word, &Kernels::copy,
                  visit(word, []<class T>(T) -> bool (*)(const Line&) { return gather_line<T>; }),
                  /*scatters=*/false};
  return for_each_line(work, walk, x, index, other, length);
}

bool scatter(ScalarType type, Join join, const IndexedWalk& walk, void* x,
             const std::int64_t* index, std::int64_t length, const void* other) {
  return for_each_line(scattering(type, join), walk, x, index, other, length);
}

}  // namespace pullback::kernels
