#include <tuple>
#include <utility>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/buffer.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/jacobi.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

using autograd::record;
using autograd::Tensors;
using autograd::wrt;

namespace {

// Interleaved matrices by Jacobi's method, those it gives up by LAPACK. `matrices` are row-major,
// and their upper triangles are read; an eigenvector is a row of `vectors`, which may be null.
template <class T>
void decompose_interleaved(std::int64_t count, int n, const T* matrices, T* values, T* vectors,
                           int* info) {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  const std::int64_t size = std::int64_t{n} * n;
  each_matrix(group_count<T>(count), 4.0 * n * size * lanes, [&](std::int64_t i) {
    const std::int64_t first = i * lanes, here = std::min(lanes, count - first);
    kernels::Buffer<T> memory((2 * size + n) * lanes);
    T* group = memory.data();
    T* v = vectors ? group + size * lanes : nullptr;
    T* w = group + 2 * size * lanes;
    bool failed[lanes];
    interleave(matrices + first * size, here, size, group);
    kernels::kernels().jacobi.of<T>().eigen(n, group, w, v, failed);
    deinterleave(w, here, n, values + first * n);
    if (vectors) deinterleave(v, here, size, vectors + first * size);
    for (std::int64_t l = first; l < first + here; ++l) {
      if (!failed[l - first]) continue;
      T* copy = vectors ? vectors + l * size : group;
      std::copy_n(matrices + l * size, size, copy);
      info[l] = lapack::eigh(vectors != nullptr, /*upper=*/false, n, copy, values + l * n);
    }
  });
}

std::pair<Tensor, Tensor> decompose(const char* op, const Tensor& a, bool vectors, bool upper) {
  const int n = static_cast<int>(rows(a));
  const std::int64_t count = matrix_count(a);
  const bool interleaved = by_jacobi(a.scalar_type(), count, n);
  Tensor v = interleaved ? empty_columns(a.sizes(), a.scalar_type()) : copy_columns(a);
  Tensor w = empty(join(batch_sizes(a), {n}), a.scalar_type());
  std::vector<int> info(count);
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    T* matrices = v.data_ptr<T>();
    T* values = w.data_ptr<T>();
    if (interleaved) {
      const Tensor from = !upper ? copy_columns(a) : a.is_contiguous() ? a : copy_rows(a);
      return decompose_interleaved(count, n, from.data_ptr<T>(), values,
                                   vectors ? matrices : nullptr, info.data());
    }
    each_matrix(count, (vectors ? 9.0 : 1.5) * n * n * n + 2000, [&](std::int64_t i) {
      info[i] = lapack::eigh(vectors, upper, n, matrices + i * n * n, values + i * n);
    });
  });
  check_converged(op, a, info, "eigenvalues");
  return {w, v};
}

bool reads_upper(std::string_view uplo) {
  const bool upper = uplo == "U" || uplo == "u";
  check(upper || uplo == "L" || uplo == "l",
        "linalg.eigh: Expected UPLO argument to be 'L' or 'U', but got ", uplo);
  return upper;
}

// With dA = V (dΛ + [dP, Λ]) Vᵀ: Ā = V (diag(w̄) + (Vᵀ V̄) / E) Vᵀ, E_ij = w_j − w_i off the diagonal
// (Giles 2008, section 3.1).
std::tuple<Tensor, Tensor> recorded(const char* op, const Tensor& a, bool upper) {
  auto [w, v] = decompose(op, a, /*vectors=*/true, upper);
  return record(
      "LinalgEighBackward0", std::tuple(w, v), wrt(a, [](const Tensors& g, const Tensors& y) {
        const Tensor &w = y[0], &v = y[1];
        if (!g[0].defined() && !g[1].defined()) return Tensor();
        if (!g[1].defined()) return (v * g[0].unsqueeze(-2)).matmul(v.mT());
        // Ones on the diagonal, where the division does not count.
        const Tensor gaps =
            w.unsqueeze(-2) - w.unsqueeze(-1) + eye(w.size(-1), TensorOptions(w.scalar_type()));
        Tensor inner = v.mT().matmul(g[1]) / gaps;
        inner = inner.tril(-1) + inner.triu(1);
        if (g[0].defined()) inner = inner + g[0].diag_embed();
        return v.matmul(inner).matmul(v.mT());
      }));
}

}  // namespace

std::tuple<Tensor, Tensor> eigh(const Tensor& a, std::string_view uplo) {
  check_square("linalg.eigh", a);
  return recorded("linalg.eigh", a, reads_upper(uplo));
}

Tensor eigvalsh(const Tensor& a, std::string_view uplo) {
  check_square("linalg.eigvalsh", a);
  const bool upper = reads_upper(uplo);
  if (GradMode::is_enabled() && autograd::requires_grad(a))
    return std::get<0>(recorded("linalg.eigvalsh", a, upper));
  return decompose("linalg.eigvalsh", a, /*vectors=*/false, upper).first;
}

}  // namespace pullback::linalg
