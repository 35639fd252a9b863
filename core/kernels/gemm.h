#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Does `tiled_gemm` beat OpenBLAS at a product of these sizes on this machine? Never with
/// PULLBACK_GEMM=openblas in the environment.
template <class T>
bool tiles_pay(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k);

/// C = α op(A) op(B) + β D as `gemm` (blas.h), m, n, k > 0, D being C, or with ldd = 0 a row that
/// stands for all, in tiles of registers on blocks that fit the caches (Goto and van de Geijn 2008,
/// "Anatomy of high-performance matrix multiplication"). Large products are shared over the pool;
/// each element is the same sum on any number of threads.
template <class T>
void tiled_gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                T alpha, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta,
                const T* d, std::int64_t ldd, T* c, std::int64_t ldc);

/// Does `tiled_gemv` beat OpenBLAS at a matrix with rows of k numbers?
template <class T>
bool short_rows_pay(std::int64_t k);

/// y = α A x + β y for m rows of k numbers, which lie next to each other, as those of y.
template <class T>
void tiled_gemv(std::int64_t m, std::int64_t k, T alpha, const T* a, std::int64_t lda, const T* x,
                std::int64_t incx, T beta, T* y);

/// Is each product of a batch no more than a tile, which pays?
template <class T>
bool one_tile_pays(bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k);

/// C = α op(A) op(B) + β C for every product of such a batch, whose matrices lie `stride` apart.
template <class T>
void batched_tiles(std::int64_t batch, bool transpose_a, bool transpose_b, std::int64_t m,
                   std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda,
                   std::int64_t stride_a, const T* b, std::int64_t ldb, std::int64_t stride_b,
                   T beta, T* c, std::int64_t ldc, std::int64_t stride_c);

}  // namespace pullback::kernels
