#include <pullback/core/kernels/gemm.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/scalar_type.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

// A block of C is kMostRows × kMostColumns at most. For each panel of B, kMostInner rows of a
// tile's width, the block's rows of A pass by from the second-level cache.
constexpr int64_t kMostRows = 256, kMostInner = 400;
template <class T>
constexpr int64_t kMostColumns = 4096 / sizeof(T);
// Multiplications and additions below which a product is one block, on the calling thread.
constexpr int64_t kSmall = 1 << 19;
// Blocks into which a product is cut where its size allows, for the pool.
constexpr int64_t kBlocks = 8;
// From this many blocks of rows on, B is packed once before all of them instead of in each.
constexpr int64_t kRepeats = 4;
// That many of B's numbers at most: the copy takes as much memory as B.
constexpr int64_t kMostPacked = int64_t{1} << 24;
// Rows of B in a tile's width that the first-level cache holds beside A's.
constexpr int64_t kFewRows = 128;
// Distances between rows that are a multiple of this put all rows of a tile into few cache sets.
constexpr int64_t kAliased = 4096;

int64_t pieces(int64_t extent, int64_t most) {
  return extent <= most ? 1 : (extent + most - 1) / most;
}
/// About equal pieces of at most `most`, in multiples of `unit`.
int64_t piece(int64_t extent, int64_t most, int64_t unit) {
  if (extent <= most && unit == 1) return extent;
  const int64_t count = pieces(extent, most);
  return pieces(pieces(extent, count), unit) * unit;
}

template <class T>
struct Product {
  int64_t m, n, k;
  T alpha;
  const T* a;
  int64_t a_row, a_column;
  const T* b;
  int64_t b_row, b_column;
  T beta;
  const T* d;
  int64_t ldd;
  T* c;
  int64_t ldc;

  /// Rows p to p + depth of B, columns j to j + count ≤ width, as rows of `width`.
  void pack_panel(int64_t p, int64_t depth, int64_t j, int64_t count, int64_t width, T* to) const {
    const T* from = b + p * b_row + j * b_column;
    if (b_column == 1) {
      for (int64_t i = 0; i < depth; ++i) std::copy_n(from + i * b_row, count, to + i * width);
    } else {
      kernels().transpose(count, depth, from, b_column, to, width);
    }
  }

  /// All of B as panels, those of the same rows of B side by side.
  void pack_all(T* to) const {
    const int64_t width = kernels().gemm.of<T>().width, panels = pieces(n, width);
    const int64_t most = piece(k, kMostInner, 1);
    parallel_for(panels * pieces(k, most), 1, [&](int64_t begin, int64_t end) {
      for (int64_t panel = begin; panel < end; ++panel) {
        const int64_t p = panel / panels * most, j = panel % panels * width;
        const int64_t depth = std::min(most, k - p);
        pack_panel(p, depth, j, std::min(width, n - j), width,
                   to + (p * panels + panel % panels * depth) * width);
      }
    });
  }

  /// The block of C at (i0, j0) of `rows` × `columns`; `all` is B by pack_all, or null.
  void multiply_block(int64_t i0, int64_t rows, int64_t j0, int64_t columns, const T* all) const {
    const GemmTiles<T>& tile = kernels().gemm.of<T>();
    const int64_t width = tile.width, tile_rows = piece(rows, tile.rows, 1);
    const int64_t most = piece(k, kMostInner, 1);
    // B's rows are read where they lie if few tiles will read them, or if they stay in the
    // first-level cache.
    const bool aliased = b_row * int64_t{sizeof(T)} % (kAliased / 8) == 0;
    const bool in_place = b_column == 1 && (rows <= 3 * tile.rows || (k <= kFewRows && !aliased));
    const bool copies_a = a_column == 1 && a_row * int64_t{sizeof(T)} % kAliased == 0 && rows > 1;
    const int64_t pitch = most + 64 / int64_t{sizeof(T)};
    Buffer<T> packed(all || in_place ? 0 : width * most), copied(copies_a ? rows * pitch : 0);
    for (int64_t p = 0; p < k; p += most) {
      const int64_t depth = std::min(most, k - p);
      // What the sums are added to: D, then what C has so far.
      const T* base = p == 0 ? d : c;
      const int64_t base_row = p == 0 ? ldd : ldc;
      const T old = p == 0 ? beta : T(1);
      const T* left = a + i0 * a_row + p * a_column;
      int64_t left_row = a_row;
      if (copies_a) {
        for (int64_t i = 0; i < rows; ++i)
          std::copy_n(left + i * a_row, depth, copied.data() + i * pitch);
        left = copied.data();
        left_row = pitch;
      }
      for (int64_t j = 0; j < columns; j += width) {
        const int64_t count = std::min(width, columns - j);
        const T* right = b + p * b_row + j0 + j;
        int64_t right_row = b_row;
        if (all) {
          right = all + (p * pieces(n, width) + (j0 + j) / width * depth) * width;
          right_row = width;
        } else if (!in_place) {
          T* panel = packed.data();
          pack_panel(p, depth, j0 + j, count, width, panel);
          right = panel;
          right_row = width;
        }
        for (int64_t i = 0; i < rows; i += tile_rows) {
          const auto r = static_cast<int>(std::min(tile_rows, rows - i));
          tile.multiply(r, static_cast<int>(count), depth, left + i * left_row, left_row, a_column,
                        right, right_row, alpha, old, base + (i0 + i) * base_row + j0 + j, base_row,
                        c + (i0 + i) * ldc + j0 + j, ldc);
        }
      }
    }
  }

  void multiply() const {
    if (m <= kMostRows && n <= kMostColumns<T> && m * n * k <= kSmall)
      return multiply_block(0, m, 0, n, nullptr);
    const int64_t width = kernels().gemm.of<T>().width,
                  rows = piece(m, kMostRows, kernels().gemm.of<T>().rows);
    const int64_t row_blocks = pieces(m, rows);
    const int64_t columns =
        std::clamp(piece(pieces(n, pieces(kBlocks, row_blocks)), kMostColumns<T>, width), width,
                   kMostColumns<T>);
    const int64_t column_blocks = pieces(n, columns);
    const bool packs = row_blocks >= kRepeats && n * k <= kMostPacked;
    Buffer<T> all(packs ? k * pieces(n, width) * width : 0);
    if (packs) pack_all(all.data());
    parallel_for(row_blocks * column_blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t i = block / column_blocks * rows, j = block % column_blocks * columns;
        multiply_block(i, std::min(rows, m - i), j, std::min(columns, n - j),
                       packs ? all.data() : nullptr);
      }
    });
  }
};

/// Would the columns of C be too few for a vector, and its rows not? Then the product is computed
/// as Cᵀ, where rows of Aᵀ lie in memory.
template <class T>
bool fills_vectors_turned(bool transpose_a, int64_t m, int64_t n, int64_t k) {
  const int64_t lanes = kernels().gemm.of<T>().width / 2;
  return transpose_a && 4 * n <= lanes && m >= lanes && m * n * k <= kSmall;
}

/// C = α Aᵀ op(B) + β D by way of Cᵀ.
template <class T>
void turned_gemm(bool transpose_b, int64_t m, int64_t n, int64_t k, T alpha, const T* a,
                 int64_t lda, const T* b, int64_t ldb, T beta, const T* d, int64_t ldd, T* c,
                 int64_t ldc) {
  Buffer<T> turned(n * m);
  T* t = turned.data();
  tiled_gemm<T>(!transpose_b, false, n, m, k, alpha, b, ldb, a, lda, T(0), t, m, t, m);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      const T product = t[j * m + i];
      c[i * ldc + j] = beta == T(0) ? product : product + beta * d[i * ldd + j];
    }
}

bool use_openblas() {
  const char* choice = std::getenv("PULLBACK_GEMM");
  return choice && std::string_view(choice) == "openblas";
}

}  // namespace

template <class T>
bool tiles_pay(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k) {
  static const bool never = kernels().gemm.of<T>().rows == 0 || use_openblas();
  if (!never && n > 1 && fills_vectors_turned<T>(transpose_a, m, n, k)) return true;
  // A vector's products with one factor, and few rows for which B would have to be transposed.
  if (never || m < 2 || n < 2 || (transpose_b && m < 8)) return false;
  // What the last vector computes beyond C's columns is lost.
  const int64_t unit = kernels().gemm.of<T>().width / 2;
  constexpr int64_t cheap = 1024;
  if (m * k > cheap && 4 * pieces(n, unit) * unit > 5 * n) return false;
  // OpenBLAS's blocks for products beyond the caches come nearer to the peak, unless many rows
  // share the packing of B.
  constexpr double most = 3e10 / double(sizeof(T) * sizeof(T) * sizeof(T));
  if (double(m) * double(n) * double(k) < most) return true;
  const bool shares = sizeof(T) == sizeof(float) && m > (kRepeats - 1) * kMostRows;
  return shares && k >= kMostInner && n * k <= kMostPacked;
}

template <class T>
void tiled_gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, T alpha,
                const T* a, int64_t lda, const T* b, int64_t ldb, T beta, const T* d, int64_t ldd,
                T* c, int64_t ldc) {
  if (fills_vectors_turned<T>(transpose_a, m, n, k)) {
    return turned_gemm(transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, d, ldd, c, ldc);
  }
  const int64_t one = 1;
  Product<T>{m,
             n,
             k,
             alpha,
             a,
             transpose_a ? one : lda,
             transpose_a ? lda : one,
             b,
             transpose_b ? one : ldb,
             transpose_b ? ldb : one,
             beta,
             d,
             ldd,
             c,
             ldc}
      .multiply();
}

#define PULLBACK_INSTANTIATE(T)                                                            \
  template bool tiles_pay<T>(bool, bool, int64_t, int64_t, int64_t);                       \
  template void tiled_gemm<T>(bool, bool, int64_t, int64_t, int64_t, T, const T*, int64_t, \
                              const T*, int64_t, T, const T*, int64_t, T*, int64_t);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
