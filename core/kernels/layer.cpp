#include <pullback/core/kernels/layer.h>

#include <algorithm>
#include <type_traits>

#include <pullback/core/kernels/blas.h>
#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/cut.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

namespace pullback::kernels {

namespace {

constexpr std::int64_t kLastLevelBytes = 32 << 20;
// Rows up to this go in one pass from a third of that on: it costs them nothing there, and spares
// an activation's slope a pass.
constexpr std::int64_t kShortRow = 1 << 10;
constexpr std::int64_t kPieceBytes = 512 << 10;  // of X, G and X̄: what a second-level cache holds
// With fewer rows in a piece W̄'s way to the cache and back counts.
constexpr std::int64_t kLeastRows = 128;
constexpr std::int64_t kParts = 16;  // of the rows, shared by the threads

std::int64_t row_bytes(std::int64_t in, std::int64_t out, std::int64_t item_bytes) {
  return (2 * in + out) * item_bytes;
}

// Adds the rows of an n×m matrix to `sums`; `spare` has room for m numbers.
template <class T>
void add_rows(std::int64_t n, std::int64_t m, const T* rows, T* sums, T* spare) {
  constexpr std::int64_t kItem = sizeof(T);
  constexpr ScalarType kType = std::is_same_v<T, float> ? ScalarType::Float : ScalarType::Double;
  kernels().sum[kType](m, n, reinterpret_cast<const char*>(rows), kItem, m * kItem,
                       reinterpret_cast<char*>(spare), kItem);
  for (std::int64_t i = 0; i < m; ++i) sums[i] += spare[i];
}

// G's rows from `first` on, n·out numbers: as they lie, or made in `room`.
template <class T>
const T* taken(const OutputGradient<T>& g, std::int64_t first, std::int64_t n, T* room) {
  if (!g.step) return g.g + first;
  constexpr std::int64_t kItem = sizeof(T);
  const auto bytes = [](const T* p) { return reinterpret_cast<char*>(const_cast<T*>(p)); };
  char* const data[] = {bytes(room),      bytes(g.g + first),   bytes(g.value + first),
                        bytes(g.numbers), bytes(g.numbers + 1), bytes(g.numbers + 2)};
  const std::int64_t strides[] = {kItem, kItem, kItem, 0, 0, 0};
  g.step(n, data, strides);
  return room;
}

}  // namespace

bool one_pass_pays(std::int64_t rows, std::int64_t in, std::int64_t out, std::int64_t item_bytes) {
  const std::int64_t row = row_bytes(in, out, item_bytes);
  const std::int64_t most = row <= kShortRow ? kLastLevelBytes / 3 : kLastLevelBytes;
  return row > 0 && row <= kPieceBytes / kLeastRows && rows > most / row;
}

template <class T>
void layer_gradients(std::int64_t rows, std::int64_t in, std::int64_t out,
                     const OutputGradient<T>& g, const T* x, const T* w, T* grad_bias, T* grad_x,
                     T* grad_w) {
  const std::int64_t weights = in * out, sums = weights + out;
  const std::int64_t piece = kPieceBytes / row_bytes(in, out, std::int64_t{sizeof(T)});
  const Cut parts(rows, ceil_div(rows, kParts));
  Buffer<T> of_parts(parts.count * sums);
  parallel_for(parts.count, 1, [&](std::int64_t begin, std::int64_t end) {
    Buffer<T> spare(out), room(g.step ? piece * out : 0);
    for (std::int64_t part = begin; part < end; ++part) {
      T* const sum_w = &of_parts[part * sums];
      std::fill_n(sum_w, sums, T(0));
      const std::int64_t last = parts.begin(part + 1);
      for (std::int64_t i = parts.begin(part); i < last; i += piece) {
        const std::int64_t n = std::min(piece, last - i);
        const T* const rows_of_g = taken(g, i * out, n * out, room.data());
        add_rows(n, out, rows_of_g, sum_w + weights, spare.data());
        if (grad_x)
          gemm<T>(false, false, n, in, out, 1, rows_of_g, out, w, in, 0, grad_x + i * in, in);
        gemm<T>(true, false, out, in, n, 1, rows_of_g, out, x + i * in, in, 1, sum_w, in);
      }
    }
  });
  for (std::int64_t part = 1; part < parts.count; ++part)
    for (std::int64_t i = 0; i < sums; ++i) of_parts[i] += of_parts[part * sums + i];
  std::copy_n(of_parts.data(), weights, grad_w);
  std::copy_n(of_parts.data() + weights, out, grad_bias);
}

template void layer_gradients<float>(std::int64_t, std::int64_t, std::int64_t,
                                     const OutputGradient<float>&, const float*, const float*,
                                     float*, float*, float*);
template void layer_gradients<double>(std::int64_t, std::int64_t, std::int64_t,
                                      const OutputGradient<double>&, const double*, const double*,
                                      double*, double*, double*);

}  // namespace pullback::kernels
