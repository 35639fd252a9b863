#include <pullback/core/kernels/reduce.h>

#include <algorithm>
#include <utility>

#include <pullback/core/kernels/allocator.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr int64_t kGrain = 32768;  // elements that make a task worth sharing
constexpr int64_t kEnoughTasks = 16;
constexpr int64_t kColumns = 512;        // the width of the kernels' column blocks
constexpr int64_t kFewPlanes = 4;        // that are brought together two by two
constexpr int64_t kJoined = 16;          // rows of few columns that make a wide one
constexpr int64_t kWorthJoining = 2048;  // elements
constexpr int64_t kTurned = 256;         // short runs that are turned at a time, in the first cache
constexpr int64_t kShort = 16;           // runs below it are folded in one order, turned or not

struct Dim {
  int64_t size;
  int64_t in;
  int64_t out;
};

struct Dims {
  Dim list[kMaxDims];
  int count = 0;

  void add(const Dim& dim) { list[count++] = dim; }
  int64_t numel() const {
    int64_t n = 1;
    for (int d = 0; d < count; ++d) n *= list[d].size;
    return n;
  }
  void sort() {
    // By insertion: stable, and std::stable_sort would ask for memory.
    for (int d = 1; d < count; ++d) {
      for (int e = d; e > 0 && list[e - 1].in < list[e].in; --e) std::swap(list[e - 1], list[e]);
    }
  }
  /// Joins neighbours that one stride can walk.
  void merge() {
    int last = 0;
    for (int d = 1; d < count; ++d) {
      Dim& outer = list[last];
      const Dim& dim = list[d];
      if (outer.in == dim.in * dim.size && outer.out == dim.out * dim.size) {
        outer = {outer.size * dim.size, dim.in, dim.out};
      } else {
        list[++last] = dim;
      }
    }
    if (count > 0) count = last + 1;
  }
};

/// Memory that lives as long as the call.
class Scratch {
 public:
  explicit Scratch(int64_t bytes)
      : bytes_(static_cast<std::size_t>(bytes)), data_(allocate(bytes_)) {}
  ~Scratch() { deallocate(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  char* data() const { return static_cast<char*>(data_); }

 private:
  std::size_t bytes_;
  void* data_;
};

/// One reduction over runs of n elements, `inner` bytes apart, cut into `pieces` of at most
/// `length` whose results lie `piece_stride` apart.
struct Plan {
  Reduction kernel;
  const char* in;
  char* out;
  int64_t n, inner;
  Dim row;                   ///< the kept dimension that the kernel walks
  Dims others;               ///< the rest of them
  Transpose turn = nullptr;  ///< null unless runs are to be turned
  int64_t rows_per_task = 1;
  int64_t pieces = 1, length = 0, piece_stride = 0;

  int64_t row_tasks() const { return ceil_div(row.size, rows_per_task); }
  int64_t tasks() const { return pieces * others.numel() * row_tasks(); }

  void run(int64_t task) const {
    const int64_t first = task % row_tasks() * rows_per_task;
    task /= row_tasks();
    const char* from = in + first * row.in;
    char* to = out + first * row.out;
    for (int d = others.count - 1; d >= 0; --d) {
      const Dim& dim = others.list[d];
      const int64_t index = task % dim.size;
      task /= dim.size;
      from += index * dim.in;
      to += index * dim.out;
    }
    const int64_t rows = std::min(rows_per_task, row.size - first);
    if (turn != nullptr) return run_turned(rows, from, to);
    const int64_t begin = task * length;
    kernel(rows, std::min(length, n - begin), from + begin * inner, row.in, inner,
           to + task * piece_stride, row.out);
  }

  /// Vectors lie across runs that are too short to fill them.
  void run_turned(int64_t rows, const char* from, char* to) const {
    alignas(64) char lanes[kTurned * kShort * sizeof(double)];
    for (int64_t first = 0; first < rows; first += kTurned) {
      const int64_t count = std::min(kTurned, rows - first);
      turn(count, n, from + first * row.in, row.in, lanes, count * inner);
      kernel(count, n, lanes, inner, count * inner, to + first * row.out, row.out);
    }
  }

  void run_all() const {
    const int64_t count = tasks();
    if (others.numel() * row.size * std::max<int64_t>(n, 1) <= 2 * kGrain) {
      for (int64_t task = 0; task < count; ++task) run(task);
      return;
    }
    const int64_t work = std::max<int64_t>(1, std::min(rows_per_task, row.size) * length);
    parallel_for(count, std::max<int64_t>(1, kGrain / work), [this](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) run(task);
    });
  }
};

void reduce_runs(const Reduce& op, ScalarType type, const Dims& kept, const Dim& run,
                 const char* in, char* out);

Plan make_plan(const Reduce& op, ScalarType type, const Dims& kept, const Dim& run, const char* in,
               char* out) {
  const int64_t size = static_cast<int64_t>(element_size(type));
  Plan plan{op[type], in, out, run.size, run.in, {1, 0, 0}, {}};
  int row = -1;
  bool columns = false;
  for (int d = 0; d < kept.count; ++d) {
    const Dim& dim = kept.list[d];
    if (dim.in == size && dim.size >= 8 && run.in != size) {
      row = d;
      columns = true;
      break;
    }
    if (row < 0 || dim.size >= kept.list[row].size) row = d;
  }
  for (int d = 0; d < kept.count; ++d) {
    if (d == row) {
      plan.row = kept.list[d];
    } else {
      plan.others.add(kept.list[d]);
    }
  }
  plan.length = run.size;
  const int64_t n = std::max<int64_t>(run.size, 1);
  plan.rows_per_task = std::max<int64_t>(1, kGrain / n);
  if (columns) plan.rows_per_task = round_up(plan.rows_per_task, kColumns);
  // Bytes are as soon added as turned.
  if (run.in == size && size > 1 && n > 1 && n < kShort && plan.row.size >= 8)
    plan.turn = kernels().transpose(type);
  const int64_t per_row = columns ? std::min(plan.row.size, plan.rows_per_task) : 1;
  const int64_t shortest = std::max<int64_t>(64, kGrain / per_row);
  if (op.combine != nullptr && plan.tasks() < kEnoughTasks && n >= 2 * shortest) {
    plan.length = shortest;
    plan.pieces = ceil_div(n, shortest);
  }
  return plan;
}

/// The kept dimensions of a dense intermediate result: `in` becomes its strides.
Dims dense(Dims dims, int64_t stride) {
  for (int d = dims.count - 1; d >= 0; --d) {
    dims.list[d].in = stride;
    stride *= dims.list[d].size;
  }
  return dims;
}

bool has_few_columns(const Reduce& op, ScalarType type, const Dims& kept, const Dim& run) {
  if (op.combine == nullptr || kept.count == 0) return false;
  const Dim& columns = kept.list[kept.count - 1];
  if (run.size * columns.size < kWorthJoining) return false;
  return columns.in == static_cast<int64_t>(element_size(type)) && columns.size < 2 * kJoined &&
         run.in == columns.size * columns.in;
}

/// Makes kJoined rows of a few dense columns a wide one, and combines what comes of its parts and
/// of the rows that are left over.
void reduce_few_columns(const Reduce& op, ScalarType type, const Dims& kept, const Dim& run,
                        const char* in, char* out) {
  const ScalarType result = op.result(type);
  const int64_t size = static_cast<int64_t>(element_size(result));
  const int last = kept.count - 1;
  const int64_t columns = kept.list[last].size;
  const int64_t left = run.size % kJoined, rows = kJoined + (left > 0 ? 1 : 0);
  Dims parts = kept;
  parts.list[last].size = rows * columns;
  Scratch memory(parts.numel() * size);
  parts = dense(parts, size);
  Dims split = kept, joined = parts;
  for (int d = 0; d <= last; ++d) split.list[d].out = parts.list[d].in;
  joined.list[last].size = columns;
  if (left > 0) {
    reduce_runs(op, type, split, {left, run.in, 0}, in + (run.size - left) * run.in,
                memory.data() + kJoined * columns * size);
  }
  split.list[last].size = kJoined * columns;
  reduce_runs(op, type, split, {run.size / kJoined, kJoined * run.in, 0}, in, memory.data());
  reduce_runs(kernels().*op.combine, result, joined, {rows, columns * size, 0}, memory.data(), out);
}

void reduce_runs(const Reduce& op, ScalarType type, const Dims& kept, const Dim& run,
                 const char* in, char* out) {
  if (has_few_columns(op, type, kept, run)) {
    return reduce_few_columns(op, type, kept, run, in, out);
  }
  Plan plan = make_plan(op, type, kept, run, in, out);
  if (plan.pieces == 1) {
    plan.run_all();
    return;
  }
  const ScalarType result = op.result(type);
  const int64_t size = static_cast<int64_t>(element_size(result));
  const int64_t results = kept.numel();
  Scratch parts(plan.pieces * results * size);
  // Parts lie beside each other within a piece, in the order of the kept dimensions.
  const Dims joined = dense(kept, size);
  Dims split = kept;
  for (int d = 0; d < split.count; ++d) split.list[d].out = joined.list[d].in;
  Plan first = make_plan(op, type, split, run, in, parts.data());
  first.piece_stride = results * size;
  first.run_all();
  reduce_runs(kernels().*op.combine, result, joined, {plan.pieces, results * size, 0}, parts.data(),
              out);
}

/// Reduces the fastest of several dimensions into a dense array, and that array's rest as one run.
void reduce_in_steps(const Reduce& op, ScalarType type, const Dims& kept, const Dims& reduced,
                     const char* in, char* out) {
  const ScalarType result = op.result(type);
  const int64_t size = static_cast<int64_t>(element_size(result));
  Dims all = kept;
  for (int d = 0; d + 1 < reduced.count; ++d) all.add(reduced.list[d]);
  Dims first = all;
  all = dense(all, size);
  for (int d = 0; d < all.count; ++d) first.list[d].out = all.list[d].in;
  Scratch parts(all.numel() * size);
  reduce_runs(op, type, first, reduced.list[reduced.count - 1], in, parts.data());
  const int64_t rest = reduced.numel() / reduced.list[reduced.count - 1].size;
  all.count = kept.count;
  reduce_runs(kernels().*op.combine, result, all, {rest, size, 0}, parts.data(), out);
}

/// Copies the reduced dimensions into single runs, for kernels whose results cannot be joined.
void reduce_copy(const Reduce& op, ScalarType type, const Dims& kept, const Dims& reduced,
                 const char* in, char* out) {
  const int64_t size = static_cast<int64_t>(element_size(type));
  Dims all = kept;
  for (int d = 0; d < reduced.count; ++d) all.add(reduced.list[d]);
  int64_t sizes[kMaxDims], from[kMaxDims], to[kMaxDims];
  for (int d = 0; d < all.count; ++d) {
    sizes[d] = all.list[d].size;
    from[d] = all.list[d].in;
  }
  all = dense(all, size);
  for (int d = 0; d < all.count; ++d) to[d] = all.list[d].in;
  Scratch copy(all.numel() * size);
  const Operand operands[] = {{copy.data(), to}, {const_cast<char*>(in), from}};
  for_each(kernels().copy[type], all.count, sizes, operands, 2);
  const int64_t n = reduced.numel();
  all.count = kept.count;
  reduce_runs(op, type, all, {n, size, 0}, copy.data(), out);
}

bool has_few_planes(const Reduce& op, ScalarType type, const Dim& run) {
  return op.of_two != nullptr && op.result(type) == type && run.size > 1 &&
         run.size <= (run.in == static_cast<int64_t>(element_size(type)) ? 2 : kFewPlanes);
}

/// A few planes are as many arrays: their elements are brought together as those of tensors are.
void reduce_planes(const Reduce& op, ScalarType type, const Dims& kept, const Dim& run,
                   const char* in, char* out) {
  const int64_t size = static_cast<int64_t>(element_size(type));
  int64_t sizes[kMaxDims], from[kMaxDims], to[kMaxDims];
  for (int d = 0; d < kept.count; ++d) {
    sizes[d] = kept.list[d].size;
    from[d] = kept.list[d].in;
    to[d] = kept.list[d].out;
  }
  char* const first = const_cast<char*>(in);
  Operand operands[] = {{out, to, size}, {first, from, size}, {first, from, size}};
  for (int64_t k = 1; k < run.size; ++k) {
    operands[2].data = first + k * run.in;
    for_each((kernels().*op.of_two)[type], kept.count, sizes, operands, 3);
    operands[1] = operands[0];
  }
}

}  // namespace

void reduce(const Reduce& op, ScalarType type, int ndim, const int64_t* sizes, const Operand& out,
            const Operand& in, std::uint64_t reduced) {
  const int64_t size = static_cast<int64_t>(element_size(type));
  const std::uint64_t all = (std::uint64_t{1} << ndim) - 1;
  if ((reduced & all) == all) {
    // The whole of a small dense array, the commonest reduction of all, needs no plan.
    int64_t n = 1;
    bool dense = true;
    for (int d = ndim - 1; d >= 0; --d) {
      dense = dense && (sizes[d] == 1 || in.strides[d] == n * size);
      n *= sizes[d];
    }
    if (dense && n <= kGrain) {
      return op[type](1, n, static_cast<const char*>(in.data), 0, size,
                      static_cast<char*>(out.data), 0);
    }
  }
  Dims kept, runs;
  for (int d = 0; d < ndim; ++d) {
    const bool inside = (reduced >> d & 1) != 0;
    if (sizes[d] == 1) continue;
    if (inside) {
      runs.add({sizes[d], in.strides[d], 0});
    } else {
      kept.add({sizes[d], in.strides[d], out.strides[d]});
    }
  }
  if (kept.numel() == 0) return;
  const char* from = static_cast<const char*>(in.data);
  char* to = static_cast<char*>(out.data);
  kept.sort();
  kept.merge();
  if (runs.numel() == 0) {
    reduce_runs(op, type, kept, {0, size, 0}, from, to);
    return;
  }
  if (op.combine != nullptr) runs.sort();
  runs.merge();
  if (runs.count == 0) runs.add({1, size, 0});
  if (runs.count == 1 && has_few_planes(op, type, runs.list[0])) {
    reduce_planes(op, type, kept, runs.list[0], from, to);
  } else if (runs.count == 1) {
    reduce_runs(op, type, kept, runs.list[0], from, to);
  } else if (op.combine != nullptr) {
    reduce_in_steps(op, type, kept, runs, from, to);
  } else {
    reduce_copy(op, type, kept, runs, from, to);
  }
}

}  // namespace pullback::kernels
