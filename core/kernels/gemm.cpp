#include <pullback/core/kernels/gemm.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>
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
// Terms of each part of a long sum, if the product is no more than one block.
constexpr int64_t kLong = 2048;
// Numbers of B that are transposed for one tile rather than left to OpenBLAS.
constexpr int64_t kFewNumbers = 256;
// Bytes of A and B up to which they are near enough that nothing has to be asked for ahead.
constexpr int64_t kNear = 1 << 22;
// Distances between rows that are a multiple of this put all rows of a tile into few cache sets.
constexpr int64_t kAliased = 4096;

template <class T>
const GemmTiles<T>& tiles() {
  return kernels().gemm.of<T>();
}

int64_t pieces(int64_t extent, int64_t most) {
  return extent <= most ? 1 : ceil_div(extent, most);
}
/// About equal pieces of at most `most`, in multiples of `unit`.
int64_t piece(int64_t extent, int64_t most, int64_t unit) {
  if (extent <= most && unit == 1) return extent;
  const int64_t count = pieces(extent, most);
  return pieces(pieces(extent, count), unit) * unit;
}

/// Memory that will soon be read: `count` runs of `bytes`, `stride` bytes apart.
struct Ahead {
  const void* from = nullptr;
  int64_t stride = 0, count = 0, bytes = 0;

  /// Asks for one of `shares` about equal shares of it, to be in the second-level cache.
  void fetch(int64_t share, int64_t shares) const {
    for (int64_t i = count * share / shares; i < count * (share + 1) / shares; ++i) {
      const char* run = static_cast<const char*>(from) + i * stride;
      for (int64_t at = 0; at < bytes; at += 64) __builtin_prefetch(run + at, 0, 2);
    }
  }
};

/// A matrix whose elements lie next to each other in rows or in columns.
template <class T>
Ahead matrix_ahead(const T* from, int64_t rows, int64_t row, int64_t columns, int64_t column) {
  constexpr int64_t size = sizeof(T);
  return column == 1 ? Ahead{from, row * size, rows, columns * size}
                     : Ahead{from, column * size, columns, rows * size};
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

  /// How many rows of B a block takes at a time.
  int64_t depth_of_block() const { return piece(k, kMostInner, 1); }

  /// Where pack_all puts the panel of `depth` rows at row p and column j of B.
  template <class P>
  P* panel_in(P* all, int64_t p, int64_t j, int64_t depth) const {
    const int64_t width = tiles<T>().width;
    return all + (p * pieces(n, width) + j / width * depth) * width;
  }

  /// All of B as panels, those of the same rows of B side by side.
  void pack_all(T* to) const {
    const int64_t width = tiles<T>().width, panels = pieces(n, width);
    const int64_t most = depth_of_block();
    parallel_for(panels * pieces(k, most), 1, [&](int64_t begin, int64_t end) {
      for (int64_t panel = begin; panel < end; ++panel) {
        const int64_t p = panel / panels * most, j = panel % panels * width;
        const int64_t depth = std::min(most, k - p);
        pack_panel(p, depth, j, std::min(width, n - j), width, panel_in(to, p, j, depth));
      }
    });
  }

  /// Rows i to i + rows of A from column p on, as far as a block goes.
  Ahead rows_ahead(int64_t i, int64_t rows, int64_t p) const {
    const int64_t depth = std::min(depth_of_block(), k - p);
    if (depth <= 0) return {};
    return matrix_ahead(a + i * a_row + p * a_column, rows, a_row, depth, a_column);
  }

  /// The panel of B that a block of `columns` from j0 on takes after that of row p and column
  /// j0 + j.
  Ahead panel_ahead(int64_t p, int64_t j0, int64_t columns, int64_t j, const T* all) const {
    const int64_t width = tiles<T>().width;
    j += width;
    if (j >= columns) {
      j = 0;
      p += depth_of_block();
    }
    const int64_t depth = std::min(depth_of_block(), k - p), count = std::min(width, columns - j);
    if (depth <= 0) return {};
    if (all) return matrix_ahead(panel_in(all, p, j0 + j, depth), depth, width, width, 1);
    return matrix_ahead(b + p * b_row + (j0 + j) * b_column, depth, b_row, count, b_column);
  }

  /// The block of C at (i0, j0) of `rows` × `columns`; `all` is B by pack_all, or null.
  void multiply_block(int64_t i0, int64_t rows, int64_t j0, int64_t columns, const T* all) const {
    const GemmTiles<T>& tile = tiles<T>();
    const int64_t width = tile.width, tile_rows = piece(rows, tile.rows, 1);
    const int64_t most = depth_of_block();
    // B's rows are read where they lie if few tiles will read them, or if they stay in the
    // first-level cache.
    const bool aliased = b_row * int64_t{sizeof(T)} % (kAliased / 8) == 0;
    const bool in_place = b_column == 1 && (rows <= 3 * tile.rows || (k <= kFewRows && !aliased));
    const bool copies_a = a_column == 1 && a_row * int64_t{sizeof(T)} % kAliased == 0 && rows > 1;
    const bool far = !in_place && (m + n) * k * int64_t{sizeof(T)} > kNear;
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
          right = panel_in(all, p, j0 + j, depth);
          right_row = width;
        } else if (!in_place) {
          T* panel = packed.data();
          pack_panel(p, depth, j0 + j, count, width, panel);
          right = panel;
          right_row = width;
        }
        const Ahead next_b = far ? panel_ahead(p, j0, columns, j, all) : Ahead();
        const Ahead next_a = far ? rows_ahead(i0, rows, p + most) : Ahead();
        const int64_t tiles_down = pieces(rows, tile_rows);
        for (int64_t i = 0; i < rows; i += tile_rows) {
          next_b.fetch(i / tile_rows, tiles_down);
          next_a.fetch(j / width * tiles_down + i / tile_rows, pieces(columns, width) * tiles_down);
          const auto r = static_cast<int>(std::min(tile_rows, rows - i));
          tile.multiply(r, static_cast<int>(count), depth, left + i * left_row, left_row, a_column,
                        right, right_row, alpha, old, base + (i0 + i) * base_row + j0 + j, base_row,
                        c + (i0 + i) * ldc + j0 + j, ldc);
        }
      }
    }
  }

  /// C, of one block's size, as a sum of products of `parts` parts of A's columns and B's rows:
  /// each is read from memory once, where blocks of C would read all of A or of B.
  void multiply_parts(int64_t parts) const {
    const int64_t most = pieces(k, parts);
    Buffer<T> sums((parts - 1) * m * n);
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; ++part) {
        Product one = *this;
        one.k = std::min(most, k - part * most);
        one.a += part * most * a_column;
        one.b += part * most * b_row;
        if (part > 0) {
          one.beta = T(0);
          one.d = one.c = sums.data() + (part - 1) * m * n;
          one.ldd = one.ldc = n;
        }
        one.multiply_block(0, m, 0, n, nullptr);
      }
    });
    for (int64_t part = 1; part < parts; ++part) {
      const T* sum = sums.data() + (part - 1) * m * n;
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) c[i * ldc + j] += sum[i * n + j];
    }
  }

  void multiply() const {
    const bool one_block = m <= kMostRows && n <= kMostColumns<T>;
    if (one_block && m * n * k <= kSmall) return multiply_block(0, m, 0, n, nullptr);
    if (one_block && k >= kRepeats * kLong) return multiply_parts(std::min(kBlocks, k / kLong));
    const int64_t width = tiles<T>().width, rows = piece(m, kMostRows, tiles<T>().rows);
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
bool fills_vectors_turned(bool transpose_a, int64_t m, int64_t n) {
  const int64_t lanes = tiles<T>().width / 2;
  return transpose_a && 4 * n <= lanes && m >= lanes;
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

/// Whether all is left to OpenBLAS, for there are no tiles or nobody wants them.
bool no_tiles() {
  static const bool none = [] {
    const char* choice = std::getenv("PULLBACK_GEMM");
    return tiles<float>().rows == 0 || (choice && std::string_view(choice) == "openblas");
  }();
  return none;
}

}  // namespace

template <class T>
bool tiles_pay(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k) {
  const bool never = no_tiles();
  if (!never && n > 1 && fills_vectors_turned<T>(transpose_a, m, n)) return true;
  // A vector's products with one factor, and few rows for which B would have to be transposed.
  if (never || m < 2 || n < 2 || (transpose_b && m < 8)) return false;
  // What the last vector computes beyond C's columns is lost.
  const int64_t unit = tiles<T>().width / 2;
  constexpr int64_t cheap = 1024;
  const bool one_tile = m <= tiles<T>().rows && n <= tiles<T>().width;
  return one_tile || m * k <= cheap || 4 * pieces(n, unit) * unit <= 5 * n;
}

template <class T>
void tiled_gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, T alpha,
                const T* a, int64_t lda, const T* b, int64_t ldb, T beta, const T* d, int64_t ldd,
                T* c, int64_t ldc) {
  if (fills_vectors_turned<T>(transpose_a, m, n)) {
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

template <class T>
bool one_tile_pays(bool transpose_b, int64_t m, int64_t n, int64_t k) {
  return m <= tiles<T>().rows && n <= tiles<T>().width && k <= kFewRows &&
         (!transpose_b || n * k <= kFewNumbers) && !no_tiles();
}

template <class T>
bool short_rows_pay(int64_t k) {
  return 2 * k <= tiles<T>().width && !no_tiles();
}

template <class T>
void tiled_gemv(int64_t m, int64_t k, T alpha, const T* a, int64_t lda, const T* x, int64_t incx,
                T beta, T* y) {
  Buffer<T> dense(k);
  for (int64_t i = 0; i < k; ++i) dense.data()[i] = x[i * incx];
  parallel_for(m, kSmall / k, [&](int64_t begin, int64_t end) {
    tiles<T>().dots(end - begin, k, alpha, a + begin * lda, lda, dense.data(), beta, y + begin);
  });
}

template <class T>
void batched_tiles(int64_t batch, bool transpose_a, bool transpose_b, int64_t m, int64_t n,
                   int64_t k, T alpha, const T* a, int64_t lda, int64_t stride_a, const T* b,
                   int64_t ldb, int64_t stride_b, T beta, T* c, int64_t ldc, int64_t stride_c) {
  const GemmTiles<T>& tile = tiles<T>();
  if (m == 1 && transpose_b && (!transpose_a || lda == 1) && short_rows_pay<T>(k)) {
    for (int64_t i = 0; i < batch; ++i, a += stride_a, b += stride_b, c += stride_c)
      tile.dots(n, k, alpha, b, ldb, a, beta, c);
    return;
  }
  T turned[kFewNumbers];
  for (int64_t i = 0; i < batch; ++i, a += stride_a, b += stride_b, c += stride_c) {
    if (transpose_b) {
      for (int64_t p = 0; p < k; ++p)
        for (int64_t j = 0; j < n; ++j) turned[p * n + j] = b[j * ldb + p];
    }
    tile.multiply(static_cast<int>(m), static_cast<int>(n), k, a, transpose_a ? 1 : lda,
                  transpose_a ? lda : 1, transpose_b ? turned : b, transpose_b ? n : ldb, alpha,
                  beta, c, ldc, c, ldc);
  }
}

#define PULLBACK_INSTANTIATE(T)                                                                  \
  template bool tiles_pay<T>(bool, bool, int64_t, int64_t, int64_t);                             \
  template bool one_tile_pays<T>(bool, int64_t, int64_t, int64_t);                               \
  template bool short_rows_pay<T>(int64_t);                                                      \
  template void tiled_gemv<T>(int64_t, int64_t, T, const T*, int64_t, const T*, int64_t, T, T*); \
  template void batched_tiles<T>(int64_t, bool, bool, int64_t, int64_t, int64_t, T, const T*,    \
                                 int64_t, int64_t, const T*, int64_t, int64_t, T, T*, int64_t,   \
                                 int64_t);                                                       \
  template void tiled_gemm<T>(bool, bool, int64_t, int64_t, int64_t, T, const T*, int64_t,       \
                              const T*, int64_t, T, const T*, int64_t, T*, int64_t);
PULLBACK_INSTANTIATE(float)
PULLBACK_INSTANTIATE(double)
#undef PULLBACK_INSTANTIATE

}  // namespace pullback::kernels
