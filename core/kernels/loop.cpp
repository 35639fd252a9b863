#include <pullback/core/kernels/loop.h>

#include <algorithm>
#include <cstring>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr float kShare = 4000;  // nanoseconds of work that another thread is worth waking for
constexpr int64_t kAlign = 1024;
constexpr int64_t kShortRun = 8;
constexpr int64_t kCacheLine = 64;
constexpr int64_t kBand = 32;
constexpr int64_t kTile = 512;  // elements that short rows are joined to

struct Walk {
  Loop loop;
  int ndim = 0;
  int count;
  int64_t sizes[kMaxDims];
  int64_t strides[kMaxDims][kMaxOperands];  // in bytes
  char* data[kMaxOperands];
  int64_t element[kMaxOperands];  // bytes, 0: unknown

  void drop(int d) {
    --ndim;
    for (; d < ndim; ++d) {
      sizes[d] = sizes[d + 1];
      std::copy_n(strides[d + 1], count, strides[d]);
    }
  }
  void exchange(int a, int b) {
    std::swap(sizes[a], sizes[b]);
    std::swap_ranges(strides[a], strides[a] + count, strides[b]);
  }

  /// Whether dimension a should be walked inside b: by the first operand that tells, the output
  /// first.
  bool inside(int a, int b) const {
    for (int k = 0; k < count; ++k) {
      if (strides[a][k] == 0 || strides[b][k] == 0) continue;
      if (strides[a][k] != strides[b][k]) return strides[a][k] < strides[b][k];
    }
    return false;
  }
  void sort() {
    for (int d = 1; d < ndim; ++d) {
      for (int e = d; e > 0 && inside(e - 1, e); --e) exchange(e - 1, e);
    }
  }
  void merge() {
    for (int d = ndim - 2; d >= 0; --d) {
      bool mergeable = true;
      for (int k = 0; k < count; ++k) {
        mergeable = mergeable && strides[d][k] == strides[d + 1][k] * sizes[d + 1];
      }
      if (!mergeable) continue;
      sizes[d + 1] *= sizes[d];
      drop(d);
    }
  }
  /// A call per few elements costs more than a strided walk, of the nearest dimension that is long.
  void lengthen() {
    if (ndim < 2 || sizes[ndim - 1] >= kShortRun) return;
    for (int d = ndim - 2; d >= 0; --d) {
      if (sizes[d] >= 8 * kShortRun) return exchange(d, ndim - 1);
    }
  }

  /// Whether some operand has its neighbours along another dimension than the last.
  bool crosses() const {
    for (int k = 0; k < count; ++k) {
      if (strides[ndim - 1][k] < kCacheLine) continue;
      for (int d = 0; d + 1 < ndim; ++d) {
        if (strides[d][k] != 0 && strides[d][k] < kCacheLine) return true;
      }
    }
    return false;
  }

  int64_t numel() const {
    int64_t n = 1;
    for (int d = 0; d < ndim; ++d) n *= sizes[d];
    return n;
  }

  /// The elements [begin, end) in the order of the walk.
  void run(int64_t begin, int64_t end) const {
    const int last = ndim - 1;
    int64_t index[kMaxDims];
    char* at[kMaxOperands];
    std::copy_n(data, count, at);
    int64_t rest = begin;
    for (int d = last; d >= 0; --d) {
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
};

/// The tiled transpose that does what this walk does, if it is a copy between two layouts whose
/// contiguous dimensions differ; exchanges dimensions such that the last two are transposed.
Transpose transpose_for(Walk& walk) {
  if (walk.count != 2 || walk.ndim < 2) return nullptr;
  const int last = walk.ndim - 1;
  for (int type = 0; type < kScalarTypes; ++type) {
    if (walk.loop != kernels().copy.loops[type]) continue;
    const auto size = static_cast<int64_t>(element_size(static_cast<ScalarType>(type)));
    const int64_t across = walk.strides[last][1];
    if (walk.strides[last][0] != size || across == size) continue;
    // A number that is repeated along a long row is repeated faster by the walk.
    if (across == 0 && walk.sizes[last] > kTile / 4) continue;
    for (int d = 0; d < last; ++d) {
      if (walk.strides[d][1] != size || walk.sizes[d] < 4 || walk.sizes[last] < 4) continue;
      for (int e = d; e < last - 1; ++e) walk.exchange(e, e + 1);
      return kernels().transposes[type];
    }
  }
  return nullptr;
}

/// Transposes the last two dimensions in bands of rows, for every index of the others.
void run_transposed(const Walk& walk, Transpose transpose) {
  const int in_dim = walk.ndim - 2;  // contiguous in the input
  const int out_dim = walk.ndim - 1;
  const int64_t columns = walk.sizes[in_dim];
  const int64_t rows = walk.sizes[out_dim];
  const int64_t bands = (columns + kBand - 1) / kBand;
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
  const int last = walk.ndim - 1;
  const int64_t width = walk.sizes[last];
  const int64_t bands = (width + kBand - 1) / kBand;
  const int64_t work = walk.numel() / bands;
  parallel_for(bands, std::max<int64_t>(1, 16384 / work), [&](int64_t begin, int64_t end) {
    for (int64_t band = begin; band < end; ++band) {
      Walk part = walk;
      part.sizes[last] = std::min(kBand, width - band * kBand);
      for (int k = 0; k < walk.count; ++k) part.data[k] += band * kBand * walk.strides[last][k];
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
  const int64_t chunks = (n + chunk - 1) / chunk;
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

/// A matrix with short rows, each operand of which is dense, or one row for all, or a number for
/// each row. Several rows are taken at once, next to copies of what is repeated.
class Tiles {
 public:
  static bool fit(const Walk& walk) {
    if (walk.ndim != 2 || walk.sizes[1] > kTile / 2) return false;
    for (int k = 0; k < walk.count; ++k) {
      const bool dense = walk.strides[0][k] == walk.sizes[1] * walk.strides[1][k];
      if (!dense && (k == 0 || !(is_row(walk, k) || is_column(walk, k)))) return false;
    }
    return true;
  }

  static void run(const Walk& walk, float cost) {
    const int64_t rows = std::min(kTile / walk.sizes[1], walk.sizes[0]);
    const int64_t tiles = (walk.sizes[0] + rows - 1) / rows;
    share(tiles, rows * walk.sizes[1], cost, [&](int64_t begin, int64_t end) {
      Tiles some(walk, rows);
      for (int64_t tile = begin; tile < end; ++tile) some.run(tile * rows);
    });
  }

 private:
  static bool is_row(const Walk& walk, int k) {
    const int64_t size = walk.element[k];
    return size > 0 && walk.strides[0][k] == 0 && walk.strides[1][k] == size;
  }
  static bool is_column(const Walk& walk, int k) {
    return walk.element[k] > 0 && walk.strides[1][k] == 0 && walk.strides[0][k] != 0;
  }

  Tiles(const Walk& walk, int64_t rows) : walk_(walk), rows_(rows) {
    const int64_t n = walk.sizes[1];
    for (int k = 0; k < walk.count; ++k) {
      strides_[k] = is_column(walk, k) ? walk.element[k] : walk.strides[1][k];
      if (!is_row(walk, k)) continue;
      const int64_t bytes = n * walk.element[k];
      for (int64_t i = 0; i < rows; ++i) std::memcpy(copies_[k] + i * bytes, walk.data[k], bytes);
    }
  }

  void run(int64_t first) {
    const int64_t rows = std::min(rows_, walk_.sizes[0] - first);
    char* data[kMaxOperands];
    for (int k = 0; k < walk_.count; ++k) {
      data[k] = walk_.data[k] + first * walk_.strides[0][k];
      if (is_column(walk_, k)) {
        kernels().repeat(walk_.element[k])(rows, walk_.sizes[1], data[k], walk_.strides[0][k],
                                           copies_[k]);
      }
      if (is_row(walk_, k) || is_column(walk_, k)) data[k] = copies_[k];
    }
    walk_.loop(rows * walk_.sizes[1], data, strides_);
  }

  const Walk& walk_;
  int64_t rows_;
  int64_t strides_[kMaxOperands];
  alignas(kCacheLine) char copies_[kMaxOperands][kTile * sizeof(double) + kCacheLine];
};

}  // namespace

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
  walk.sort();
  walk.merge();
  if (Transpose transpose = transpose_for(walk)) return run_transposed(walk, transpose);
  if (walk.ndim > 1 && walk.sizes[walk.ndim - 1] > 2 * kBand && walk.crosses()) {
    return run_banded(walk);
  }
  if (Tiles::fit(walk)) return Tiles::run(walk, cost);
  walk.lengthen();
  share(walk.numel(), 1, cost, [&](int64_t begin, int64_t end) { walk.run(begin, end); });
}

}  // namespace pullback::kernels
