#include <pullback/core/kernels/tier.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

// A tile of kTile x kTile is read by rows into a local array and written by rows of the result:
// both sides touch whole cache lines. The vectoriser turns the inner loops into vector moves and
// shuffles.
constexpr int64_t kTile = 16;

template <class T>
PULLBACK_NOINLINE void full_tile(const char* in, int64_t in_stride, char* out, int64_t out_stride) {
  alignas(64) T tile[kTile][kTile];
  for (int64_t i = 0; i < kTile; ++i) {
    const T* from = reinterpret_cast<const T*>(in + i * in_stride);
    for (int64_t j = 0; j < kTile; ++j) tile[j][i] = from[j];
  }
  for (int64_t j = 0; j < kTile; ++j) {
    __builtin_memcpy(out + j * out_stride, tile[j], sizeof(tile[j]));
  }
}

template <class T>
void edge_tile(int64_t rows, int64_t columns, const char* in, int64_t in_stride, char* out,
               int64_t out_stride) {
  for (int64_t j = 0; j < columns; ++j) {
    T* to = reinterpret_cast<T*>(out + j * out_stride);
    for (int64_t i = 0; i < rows; ++i) to[i] = reinterpret_cast<const T*>(in + i * in_stride)[j];
  }
}

/// Tiles run down the rows within a band of columns, so that the rows of the result being written
/// stay in cache.
template <class T>
void transpose(int64_t rows, int64_t columns, const char* in, int64_t in_stride, char* out,
               int64_t out_stride) {
  const int64_t size = sizeof(T);
  for (int64_t j = 0; j < columns; j += kTile) {
    const int64_t width = columns - j < kTile ? columns - j : kTile;
    for (int64_t i = 0; i < rows; i += kTile) {
      const int64_t height = rows - i < kTile ? rows - i : kTile;
      const char* from = in + i * in_stride + j * size;
      char* to = out + j * out_stride + i * size;
      if (width == kTile && height == kTile) {
        full_tile<T>(from, in_stride, to, out_stride);
      } else {
        edge_tile<T>(height, width, from, in_stride, to, out_stride);
      }
    }
  }
}

}  // namespace

void fill_transpose(Kernels& table) {
  table.transposes[kCode<bool>] = transpose<bool>;
  table.transposes[kCode<int32_t>] = transpose<int32_t>;
  table.transposes[kCode<float>] = transpose<int32_t>;
  table.transposes[kCode<int64_t>] = transpose<int64_t>;
  table.transposes[kCode<double>] = transpose<int64_t>;
}

}  // namespace pullback::kernels::PULLBACK_TIER
