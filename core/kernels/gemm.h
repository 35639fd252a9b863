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

}  // namespace pullback::kernels
