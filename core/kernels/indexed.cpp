#include <pullback/core/kernels/indexed.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <type_traits>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>
#include <pullback/core/kernels/short_copy.h>

namespace pullback::kernels {
namespace {

using std::int64_t;
using std::uint64_t;

constexpr int64_t kWork = 16384;  // positions that are worth a thread's while
constexpr int64_t kNarrowest = 64, kPiece = 2048;
constexpr int64_t kShort = 8;  // a line of as many is not worth the call of a loop

/// Lines of a walk: where the first begins, and how far its positions and the lines lie apart, in
/// elements.
struct Band {
  int64_t rows, count;
  char* x;
  const int64_t* index;
  char* other;
  int64_t x_row, index_row, other_row;
  int64_t x_step, index_step, other_step;
  int64_t along, length;  ///< of the addressed dimension of x: its stride, and its indices' bound
};

char* bytes(const void* elements) {
  return const_cast<char*>(static_cast<const char*>(elements));
}

/// What is done with the lines of a walk.
struct Work {
  ScalarType type;
  Map Kernels::*loop;             ///< for a long line with one index: (to, from, to)
  bool (*elements)(const Band&);  ///< for any others; whether no index was outside
  bool scatters = true;           ///< from the other to x, where positions may share a place
};

/// Whether an index is outside [0, length); nothing is outside kChecked, the largest of unsigned
/// lengths.
bool is_outside(int64_t index, int64_t length) {
  return static_cast<uint64_t>(index) >= static_cast<uint64_t>(length);
}

/// Calls f(x, other) with the beginnings of each line, which has one index, or returns false.
template <class F>
bool for_each_row(const Band& lines, int64_t size, F f) {
  const int64_t* index = lines.index;
  for (int64_t i = 0; i < lines.rows; ++i, index += lines.index_row) {
    if (is_outside(*index, lines.length)) return false;
    f(lines.x + (i * lines.x_row + *index * lines.along) * size,
      lines.other + i * lines.other_row * size);
  }
  return true;
}

/// Copies lines whose elements lie next to each other.
bool copy_dense(const Band& lines, int64_t size) {
  const int64_t length = lines.count * size;
  if (length < kShortest || length >= kShortEnd)
    return for_each_row(lines, size,
                        [=](const char* x, char* other) { std::memcpy(other, x, length); });
  bool inside = false;
  with_chunk(length, [&]<int64_t chunk>() {
    inside = for_each_row(lines, size,
                          [=](const char* x, char* other) { copy_ends<chunk>(length, x, other); });
  });
  return inside;
}

/// Whether no index was outside.
bool run(const Work& work, const Band& lines) {
  if (lines.index_step != 0 || lines.x_step == 0) return work.elements(lines);
  const auto size = static_cast<int64_t>(element_size(work.type));
  const bool dense = lines.x_step == 1 && lines.other_step == 1;
  if (dense && !work.scatters) return copy_dense(lines, size);
  if (lines.count <= kShort) return work.elements(lines);
  const int64_t x_step = lines.x_step * size, other_step = lines.other_step * size;
  const Loop loop = (kernels().*work.loop)[work.type];
  return for_each_row(lines, size, [&](char* x, char* other) {
    char* const to = work.scatters ? x : other;
    char* const from = work.scatters ? other : x;
    const int64_t to_step = work.scatters ? x_step : other_step;
    char* const data[] = {to, from, to};
    const int64_t steps[] = {to_step, work.scatters ? other_step : x_step, to_step};
    loop(lines.count, data, steps);
  });
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

/// The lines at a position of a walk, which goes through them in order. They are changed where they
/// stand: a copy of what has just been stored would wait for the stores.
class Cursor {
 public:
  Band lines;

  Cursor(const IndexedWalk& walk, int64_t position, const Band& start, ScalarType type)
      : lines(start), walk_(walk), size_(static_cast<int64_t>(element_size(type))) {
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
    lines.x += steps * walk_.x[d] * size_;
    lines.index += steps * walk_.index[d];
    lines.other += steps * walk_.other[d] * size_;
  }
  int64_t position(int d) const { return at_[d]; }

 private:
  const IndexedWalk& walk_;
  int64_t size_;
  int64_t at_[kMaxDims];
};

/// Works on the lines that make up a walk, on several threads. Where it scatters, positions that
/// may share a place come in order on one thread. Returns whether no index was outside.
bool for_each_line(const Work& work, const IndexedWalk& whole, const void* x,
                   const std::int64_t* index, const void* other, int64_t length) {
  const IndexedWalk w = simple(whole);
  const int last = w.ndim - 1;
  Band start{1, 1, bytes(x), index, bytes(other), 0, 0, 0, 0, 0, 0, w.along, length};
  if (last < 0) return work.elements(start);
  for (int d = 0; d <= last; ++d)
    if (w.sizes[d] == 0) return true;
  start.x_step = w.x[last], start.index_step = w.index[last], start.other_step = w.other[last];

  // A task is a stretch of the last dimension at some positions of another, and at one of the rest:
  // at all those of the addressed dimension where these must stay in order.
  const bool in_order = work.scatters && w.dim >= 0;
  const bool rows_in_order = in_order && w.dim != last;
  const int across = rows_in_order ? w.dim : last - 1;
  int64_t lines = 1;
  for (int d = 0; d < last; ++d)
    if (d != across || !rows_in_order) lines *= w.sizes[d];
  const bool whole_lines = (in_order && w.dim == last) || lines >= num_threads();
  const int64_t threads = whole_lines ? 1 : num_threads();
  const int64_t width =
      std::max(ceil_div(w.sizes[last], threads), std::min(kNarrowest, w.sizes[last]));
  const int64_t rows = across < 0 ? 1 : w.sizes[across];
  const int64_t height = rows_in_order ? rows : std::clamp<int64_t>(kWork / width, 1, rows);
  IndexedWalk tasks = w;
  const auto in_pieces = [&](int d, int64_t piece) {
    tasks.sizes[d] = ceil_div(w.sizes[d], piece);
    tasks.x[d] *= piece, tasks.index[d] *= piece, tasks.other[d] *= piece;
  };
  in_pieces(last, width);
  if (across >= 0) {
    in_pieces(across, height);
    start.x_row = w.x[across], start.index_row = w.index[across], start.other_row = w.other[across];
  }
  int64_t count = 1;
  for (int d = 0; d <= last; ++d) count *= tasks.sizes[d];

  std::atomic<bool> inside{true};
  parallel_for(count, std::max<int64_t>(1, kWork / (width * height)),
               [&](int64_t begin, int64_t end) {
                 Cursor at(tasks, begin, start, work.type);
                 for (int64_t task = begin; task < end; ++task, at.advance()) {
                   at.lines.count = std::min(width, w.sizes[last] - at.position(last) * width);
                   if (across >= 0)
                     at.lines.rows = std::min(height, rows - at.position(across) * height);
                   if (!run(work, at.lines)) inside.store(false, std::memory_order_relaxed);
                 }
               });
  return inside.load();
}

/// Calls f(j, index[j]) for dense indices, or returns false. They are checked eight at a time,
/// while they are in registers.
template <class F>
bool for_each_index(const int64_t* index, int64_t count, int64_t length, F f) {
  constexpr int64_t width = 8;
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

/// Calls f(element of x, element of the other) along lines, or returns false.
template <class T, class F>
bool for_each_pair(const Band& lines, F f) {
  T* x = reinterpret_cast<T*>(lines.x);
  const int64_t* index = lines.index;
  T* other = reinterpret_cast<T*>(lines.other);
  const auto rows = [&](auto row) {
    for (int64_t i = 0; i < lines.rows; ++i) {
      if (!row()) return false;
      x += lines.x_row, index += lines.index_row, other += lines.other_row;
    }
    return true;
  };
  const int64_t count = lines.count, length = lines.length, along = lines.along;
  if (lines.x_step == 0 && along == 1 && lines.index_step == 1 && lines.other_step == 1)
    return rows([&] {
      return for_each_index(index, count, length,
                            [x, other, f](int64_t j, int64_t at) { f(x[at], other[j]); });
    });
  const auto walk = [&](auto x_step, auto index_step, auto other_step) {
    return rows([&] {
      for (int64_t j = 0; j < count; ++j) {
        const int64_t at = index[j * index_step];
        if (is_outside(at, length)) return false;
        f(x[j * x_step + at * along], other[j * other_step]);
      }
      return true;
    });
  };
  constexpr std::integral_constant<int64_t, 1> one;
  const bool columns = lines.x_step == 1 && lines.index_step == 1 && lines.other_step == 1;
  return columns ? walk(one, one, one) : walk(lines.x_step, lines.index_step, lines.other_step);
}

template <class T>
bool gather_lines(const Band& lines) {
  return for_each_pair<T>(lines, [](const T& x, T& other) { other = x; });
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
bool scatter_lines(const Band& lines) {
  return for_each_pair<T>(lines, [](T& x, const T& other) { x = F{}(x, other); });
}

/// The integers of the same size, which serve where elements are only copied.
ScalarType word_of(ScalarType type) {
  if (type == ScalarType::Float) return ScalarType::Int;
  return type == ScalarType::Double ? ScalarType::Long : type;
}

template <class F>
Work scattering(ScalarType type, Map Kernels::*loop, F) {
  return {type, loop,
          visit(type, []<class T>(T) -> bool (*)(const Band&) { return scatter_lines<T, F>; })};
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
  parallel_for(ceil_div(count, kPiece), kWork / kPiece, [&](int64_t begin, int64_t end) {
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
                  visit(word, []<class T>(T) -> bool (*)(const Band&) { return gather_lines<T>; }),
                  /*scatters=*/false};
  return for_each_line(work, walk, x, index, other, length);
}

bool scatter(ScalarType type, Join join, const IndexedWalk& walk, void* x,
             const std::int64_t* index, std::int64_t length, const void* other) {
  return for_each_line(scattering(type, join), walk, x, index, other, length);
}

}  // namespace pullback::kernels
