#include <pullback/core/kernels/loop.h>

#include <pullback/core/kernels/cut.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>
#include <pullback/core/kernels/tile.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr float kShare = 4000;  // nanoseconds of work that another thread is worth waking for
constexpr int64_t kAlign = 1024;
constexpr int64_t kShortRun = 8;
constexpr int64_t kCacheLine = 64;
constexpr int64_t kBand = 32;
constexpr int64_t kFewRows = 4;
constexpr int64_t kLongestRow = 256;  // elements of a row that is joined with others

/// Whether dimension a should be walked inside b: by the first operand that tells, the output
/// first.
bool inside(const Walk& walk, int a, int b) {
  const int64_t *x = walk.strides[a], *y = walk.strides[b];
  for (int k = 0; k < walk.count; ++k) {
    if (x[k] == 0 || y[k] == 0) continue;
    if (x[k] != y[k]) return x[k] < y[k];
  }
  return false;
}
void sort(Walk& walk) {
  for (int d = 1; d < walk.ndim; ++d) {
    for (int e = d; e > 0 && inside(walk, e - 1, e); --e) walk.exchange(e - 1, e);
  }
}
/// A call per few elements costs more than a strided walk, of the nearest dimension that is long.
void lengthen(Walk& walk) {
  const int last = walk.ndim - 1;
  if (last < 1 || walk.sizes[last] >= kShortRun) return;
  for (int d = last - 1; d >= 0; --d) {
    if (walk.sizes[d] >= 8 * kShortRun) return walk.exchange(d, last);
  }
}

/// Whether some operand has its neighbours along another dimension than the last.
bool crosses(const Walk& walk) {
  const int last = walk.ndim - 1;
  for (int k = 0; k < walk.count; ++k) {
    if (walk.strides[last][k] < kCacheLine) continue;
    for (int d = 0; d < last; ++d) {
      if (walk.strides[d][k] != 0 && walk.strides[d][k] < kCacheLine) return true;
    }
  }
  return false;
}

/// The size of the elements that a walk copies, or 0 where it does something else.
int64_t copied_size(const Walk& walk) {
  for (int type = 0; type < kScalarTypes; ++type) {
    if (walk.loop == kernels().copy.loops[type])
      return static_cast<int64_t>(element_size(static_cast<ScalarType>(type)));
  }
  return 0;
}

/// Turns the rows that a copy would read downwards: it is faster to write downwards instead.
void read_upwards(Walk& copy) {
  for (int d = 0; d + 1 < copy.ndim; ++d) {
    int64_t* strides = copy.strides[d];
    if (strides[1] >= 0) continue;
    for (int k = 0; k < 2; ++k) {
      copy.data[k] += (copy.sizes[d] - 1) * strides[k];
      strides[k] = -strides[k];
    }
  }
}

/// Whether a copy is a transpose of matrices, its last two dimensions, that are large enough.
bool is_transpose(Walk& copy, int64_t size) {
  const int last = copy.ndim - 1;
  // A number that is repeated along a long row is repeated faster by the walk.
  if (last < 1 || (copy.strides[last][1] == 0 && copy.sizes[last] > kLongestRow / 2)) return false;
  return lies_across(copy, size) && copy.sizes[last - 1] >= 4;
}

/// Transposes the last two dimensions in bands of rows, for every index of the others.
void run_transposed(const Walk& walk, Transpose transpose) {
  const int in_dim = walk.ndim - 2;  // contiguous in the input
  const int out_dim = walk.ndim - 1;
  const int64_t columns = walk.sizes[in_dim];
  const int64_t rows = walk.sizes[out_dim];
  const int64_t bands = ceil_div(columns, kBand);
  int64_t count = bands;
  for (int d = 0; d < in_dim; ++d) count *= walk.sizes[d];
  auto body = [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % bands * kBand;
      int64_t rest = task / bands;
      char* out = walk.data[0] + first * walk.strides[in_dim][0];
      const char* in = walk.data[1] + first * walk.strides[in_dim][1];
      for (int d = in_dim - 1; d >= 0; --d) {
        out += rest % walk.sizes[d] * walk.strides[d][0];
        in += rest % walk.sizes[d] * walk.strides[d][1];
        rest /= walk.sizes[d];
      }
      transpose(rows, std::min(kBand, columns - first), in, walk.strides[out_dim][1], out,
                walk.strides[in_dim][0]);
    }
  };
  const int64_t work = rows * std::min(kBand, columns);
  parallel_for(count, std::max<int64_t>(1, 16384 / work), body);
}

/// Walks bands of the last dimension, so that the cache lines of an operand that lies across are
/// still there when the next row needs their next elements.
void run_banded(const Walk& walk) {
  const int64_t width = walk.sizes[walk.ndim - 1];
  const int64_t bands = ceil_div(width, kBand);
  const int64_t work = walk.numel() / bands;
  parallel_for(bands, std::max<int64_t>(1, 16384 / work), [&](int64_t begin, int64_t end) {
    for (int64_t band = begin; band < end; ++band) {
      const Walk part = walk.band(band * kBand, std::min(kBand, width - band * kBand));
      part.run(0, part.numel());
    }
  });
}

/// Chunk by chunk, every other time from the end: what the walk before has left in the
/// second-level cache comes first.
template <class F>
void run_alone(int64_t n, int64_t chunk, const F& f) {
  static thread_local bool from_the_end = false;
  from_the_end = !from_the_end;
  const int64_t chunks = ceil_div(n, chunk);
  for (int64_t i = 0; i < chunks; ++i) {
    const int64_t begin = (from_the_end ? chunks - 1 - i : i) * chunk;
    f(begin, std::min(begin + chunk, n));
  }
}

/// f(begin, end) for n parts of `size` elements, in chunks, on several threads where that is worth
/// while.
template <class F>
void share(int64_t n, int64_t size, float cost, const F& f) {
  if (static_cast<float>(n * size) * cost <= 2 * kShare) return f(0, n);
  const auto least = static_cast<int64_t>(kShare / cost);
  const int64_t chunk = std::max<int64_t>(1, round_up(least, kAlign) / size);
  if (num_threads() == 1) return run_alone(n, std::max(chunk, n / 16), f);
  parallel_for(n, chunk, f);
}

/// Whether a call for each row is sooner done than a tile is laid.
bool few_rows(const Walk& walk) {
  const int last = walk.ndim - 1;
  if (walk.numel() > kFewRows * walk.sizes[last]) return false;
  for (int k = 0; k < walk.count; ++k) {
    if (walk.strides[last][k] != 0 && walk.strides[last][k] != walk.element[k]) return false;
  }
  return true;
}

/// Runs a walk of short rows tile by tile, or returns false if its operands do not fit.
bool run_tiled(const Walk& walk, float cost) {
  int dim = walk.ndim - 2;
  const int64_t size = *std::max_element(walk.element, walk.element + walk.count);
  if (dim < 0 || size == 0 || walk.sizes[dim + 1] > kLongestRow || few_rows(walk)) return false;
  int64_t row = walk.sizes[dim + 1];
  while (dim > 0 && row * walk.sizes[dim] <= kLongestRow) row *= walk.sizes[dim--];
  int64_t rows = walk.sizes[dim], tiles = 1;
  if (rows * row * size > Tile::kBytes) {
    rows = Tile::kBytes / size / row;
    tiles = ceil_div(walk.sizes[dim], rows);
  }
  const int64_t rest = walk.sizes[dim] - (tiles - 1) * rows;
  Tile tile, shorter;
  if (!tile.lay(walk, dim, rows)) return false;
  if (rest < rows) shorter.lay(walk, dim, rest);
  int64_t count = tiles;
  for (int d = 0; d < dim; ++d) count *= walk.sizes[d];
  share(count, rows * row, cost, [&](int64_t begin, int64_t end) {
    Tile::Buffers buffers;
    tile.begin(buffers);
    for (int64_t i = begin; i < end; ++i) {
      int64_t place = i / tiles;
      const int64_t first = (i - place * tiles) * rows;
      char* at[kMaxOperands];
      for (int k = 0; k < walk.count; ++k) at[k] = walk.data[k] + first * walk.strides[dim][k];
      for (int d = dim - 1; d >= 0; --d) {
        for (int k = 0; k < walk.count; ++k) at[k] += place % walk.sizes[d] * walk.strides[d][k];
        place /= walk.sizes[d];
      }
      (first + rows > walk.sizes[dim] ? shorter : tile).run(at, buffers);
    }
  });
  return true;
}

/// Runs a walk of long rows as tiles of parts of them, or returns false as run_tiled does.
bool run_tiled_bands(const Walk& walk, float cost) {
  const Cut bands(walk.sizes[walk.ndim - 1], kLongestRow / 2);
  for (int64_t band = 0; band < bands.count; ++band) {
    const Walk part = walk.band(bands.begin(band), bands.size(band));
    if (run_tiled(part, cost)) continue;
    if (band == 0) return false;
    part.run(0, part.numel());
  }
  return true;
}

/// A copy of runs of this many bytes at most takes whole runs.
constexpr int64_t kLongestRun = 4096;

}  // namespace

void Walk::run(char* const* from, int64_t begin, int64_t end) const {
  const int last = ndim - 1;
  int64_t index[kMaxDims] = {};
  char* at[kMaxOperands];
  std::copy_n(from, count, at);
  int64_t rest = begin;
  for (int d = last; d >= 0 && rest > 0; --d) {
    index[d] = rest % sizes[d];
    rest /= sizes[d];
    for (int k = 0; k < count; ++k) at[k] += index[d] * strides[d][k];
  }
  for (int64_t position = begin;;) {
    const int64_t n = std::min(sizes[last] - index[last], end - position);
    loop(n, at, strides[last]);
    position += n;
    if (position == end) return;
    if (index[last] != 0) {
      for (int k = 0; k < count; ++k) at[k] -= index[last] * strides[last][k];
      index[last] = 0;
    }
    for (int d = last - 1; d >= 0; --d) {
      for (int k = 0; k < count; ++k) at[k] += strides[d][k];
      if (++index[d] < sizes[d]) break;
      for (int k = 0; k < count; ++k) at[k] -= sizes[d] * strides[d][k];
      index[d] = 0;
    }
  }
}

void for_each(Loop loop, int ndim, const int64_t* sizes, const Operand* operands, int count,
              float cost) {
  Walk walk;
  walk.loop = loop;
  walk.count = count;
  for (int k = 0; k < count; ++k) {
    walk.data[k] = static_cast<char*>(operands[k].data);
    walk.element[k] = operands[k].size;
  }
  for (int d = 0; d < ndim; ++d) {
    if (sizes[d] == 0) return;
    if (sizes[d] == 1) continue;
    walk.sizes[walk.ndim] = sizes[d];
    for (int k = 0; k < count; ++k) walk.strides[walk.ndim][k] = operands[k].strides[d];
    ++walk.ndim;
  }
  if (walk.ndim == 0) {
    const int64_t none[kMaxOperands] = {};
    return loop(1, walk.data, none);
  }
  sort(walk);
  walk.merge();
  const int64_t copied = copied_size(walk), row = walk.sizes[walk.ndim - 1];
  const auto run = [&](int64_t begin, int64_t end) { walk.run(begin, end); };
  Piece piece;
  if (copied > 0) {
    read_upwards(walk);
    if (is_transpose(walk, copied))
      return run_transposed(walk, kernels().transpose(word_of(copied)));
    const bool joins = walk.ndim > 1 && row * copied <= kLongestRun;
    if (joins && take_runs(walk, copied, piece)) {
      lengthen(walk);
      return share(walk.numel(), row, cost, run);
    }
  }
  if (run_tiled(walk, cost)) return;
  if (walk.ndim > 1 && row > 2 * kBand && crosses(walk)) {
    if (!run_tiled_bands(walk, cost)) run_banded(walk);
    return;
  }
  lengthen(walk);
  share(walk.numel(), 1, cost, run);
}

}  // namespace pullback::kernels
