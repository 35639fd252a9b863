#include <tuple>
#include <vector>

#include <pullback/core/autograd/grad_mode.h>
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

using Factors = std::tuple<Tensor, Tensor, Tensor>;  // U, S, Vᵀ

Factors by_lapack(const Tensor& a, lapack::SvdVectors kind, std::vector<int>& info) {
  const int m = static_cast<int>(rows(a)), n = static_cast<int>(columns(a)), k = std::min(m, n);
  const bool full = kind == lapack::SvdVectors::Full, vectors = kind != lapack::SvdVectors::None;
  const auto batch = batch_sizes(a);
  const std::int64_t count = count_of(batch), u_columns = full ? m : k, vt_rows = full ? n : k;
  Tensor memory = copy_rows(a), s = empty(join(batch, {k}), a.scalar_type()), u, vt;
  if (vectors) {
    // LAPACK leaves the square factor of an empty matrix untouched: it is the identity.
    u = empty(join(batch, {m, u_columns}), a.scalar_type());
    vt = empty(join(batch, {vt_rows, n}), a.scalar_type());
    if (full && k == 0) {
      u.copy_(eye(m, TensorOptions(a.scalar_type())));
      vt.copy_(eye(n, TensorOptions(a.scalar_type())));
    }
  }
  info.resize(count);
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    T* matrices = memory.data_ptr<T>();
    T* values = s.data_ptr<T>();
    T* left = vectors ? u.data_ptr<T>() : nullptr;
    T* right = vectors ? vt.data_ptr<T>() : nullptr;
    each_matrix(count, 20.0 * m * n * k + 3000, [&](std::int64_t i) {
      // Row-major A is LAPACK's Aᵀ = V S Uᵀ, whose column-major V is Vᵀ in row-major memory, and so
      // for U.
      info[i] = lapack::svd(kind, n, m, matrices + i * m * n, values + i * k,
                            right + (vectors ? i * vt_rows * n : 0),
                            left + (vectors ? i * m * u_columns : 0));
    });
  });
  return {u, s, vt};
}

// `here` interleaved matrices of m rows as ordinary ones, or as their transposes.
template <class T>
void put(const T* group, std::int64_t here, int m, int n, bool transposed, T* to) {
  const std::int64_t size = std::int64_t{m} * n;
  if (!transposed) return deinterleave(group, here, size, to);
  kernels::Buffer<T> memory(here * size);
  deinterleave(group, here, size, memory.data());
  for (std::int64_t l = 0; l < here; ++l)
    kernels::kernels().transpose(m, n, memory.data() + l * size, n, to + l * size, m);
}

// X = Pᵀ S Q of interleaved matrices of m ≤ n columns, by Jacobi's method. `u` is Qᵀ and `vt` P of
// what is `tall`, else Pᵀ and Q; null for S alone. Says which matrices it gives up.
template <class T>
void rotate_interleaved(std::int64_t count, int m, int n, bool tall, const T* x, T* s, T* u, T* vt,
                        int* given_up) {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  const std::int64_t size = std::int64_t{m} * n, square = std::int64_t{m} * m;
  each_matrix(group_count<T>(count), 8.0 * m * size * lanes, [&](std::int64_t i) {
    const std::int64_t first = i * lanes, here = std::min(lanes, count - first);
    kernels::Buffer<T> memory((size + square + m) * lanes);
    T* group = memory.data();
    T* turns = group + size * lanes;
    T* values = turns + square * lanes;
    bool failed[lanes];
    interleave(x + first * size, here, size, group);
    kernels::kernels().jacobi.of<T>().singular(m, n, group, values, u ? turns : nullptr, failed);
    deinterleave(values, here, m, s + first * m);
    if (u) {
      put(turns, here, m, m, !tall, (tall ? vt : u) + first * square);
      put(group, here, m, n, tall, (tall ? u : vt) + first * size);
    }
    std::copy(failed, failed + here, given_up + first);
  });
}

// Of a matrix with more rows than columns the transpose is rotated: A = Qᵀ S P.
Factors by_rotations(const Tensor& a, bool vectors, std::vector<int>& info) {
  const bool tall = rows(a) > columns(a);
  const int m = static_cast<int>(tall ? columns(a) : rows(a));
  const int n = static_cast<int>(tall ? rows(a) : columns(a));
  const auto batch = batch_sizes(a);
  const std::int64_t count = count_of(batch);
  const Tensor x = tall ? copy_columns(a) : a.is_contiguous() ? a : copy_rows(a);
  Tensor s = empty(join(batch, {m}), a.scalar_type()), u, vt;
  if (vectors) {
    u = empty(join(batch, {rows(a), m}), a.scalar_type());
    vt = empty(join(batch, {m, columns(a)}), a.scalar_type());
  }
  info.resize(count);
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    rotate_interleaved(count, m, n, tall, x.data_ptr<T>(), s.data_ptr<T>(),
                       vectors ? u.data_ptr<T>() : nullptr, vectors ? vt.data_ptr<T>() : nullptr,
                       info.data());
  });
  std::vector<std::int64_t> given_up;
  for (std::int64_t i = 0; i < count; ++i)
    if (info[i] != 0) given_up.push_back(i);
  if (given_up.empty()) return {u, s, vt};

  const Tensor which = tensor(given_up);
  const auto list = [&](const Tensor& of) {
    const auto sizes = of.sizes();
    return of.view(join({count}, sizes.slice(batch.size(), sizes.size() - batch.size())));
  };
  std::vector<int> rest;
  const auto [u_rest, s_rest, vt_rest] =
      by_lapack(a.reshape({count, rows(a), columns(a)}).index_select(0, which),
                vectors ? lapack::SvdVectors::Reduced : lapack::SvdVectors::None, rest);
  list(s).index_copy_(0, which, s_rest);
  if (vectors) list(u).index_copy_(0, which, u_rest), list(vt).index_copy_(0, which, vt_rest);
  for (std::size_t i = 0; i < given_up.size(); ++i) info[given_up[i]] = rest[i];
  return {u, s, vt};
}

Factors decompose(const char* op, const Tensor& a, lapack::SvdVectors kind) {
  const NoGradGuard unrecorded;
  const bool full = kind == lapack::SvdVectors::Full && rows(a) != columns(a);
  const bool interleaved =
      !full && std::min(rows(a), columns(a)) > 0 &&
      by_jacobi(a.scalar_type(), matrix_count(a), std::max(rows(a), columns(a)));
  std::vector<int> info;
  Factors factors = interleaved ? by_rotations(a, kind != lapack::SvdVectors::None, info)
                                : by_lapack(a, kind, info);
  check_converged(op, a, info, "singular values");
  return factors;
}

// Ā = U [skew(UᵀŪ)/E S + S skew(VᵀV̄)/E + diag(s̄)] Vᵀ + (I − UUᵀ) Ū S⁻¹ Vᵀ + U S⁻¹ V̄ᵀ (I − VVᵀ),
// with skew(X) = X − Xᵀ and E_ij = s_j² − s_i² off the diagonal (Townsend 2016; Giles 2008,
// section 3.2).
Tensor svd_gradient(const Tensors& g, const Tensors& y) {
  const std::int64_t k = y[1].size(-1);
  const Tensor& s = y[1];
  const Tensor u = y[0].narrow(-1, 0, k), vt = y[2].narrow(-2, 0, k);
  const bool has_u = g[0].defined(), has_s = g[1].defined(), has_v = g[2].defined();
  if (!has_u && !has_s && !has_v) return {};
  if (!has_u && !has_v) return (u * g[1].unsqueeze(-2)).matmul(vt);
  const Tensor row = s.unsqueeze(-2), column = s.unsqueeze(-1);
  const Tensor gaps = (row - column) * (row + column) + eye(k, TensorOptions(s.scalar_type()));
  Tensor inner, gu, gvt;
  if (has_u) {
    gu = g[0].narrow(-1, 0, k);
    const Tensor x = u.mT().matmul(gu);
    inner = (x - x.mT()) / gaps * row;
  }
  if (has_v) {
    gvt = g[2].narrow(-2, 0, k);
    const Tensor x = vt.matmul(gvt.mT());
    const Tensor part = column * ((x - x.mT()) / gaps);
    inner = inner.defined() ? inner + part : part;
  }
  if (has_s) inner = inner + g[1].diag_embed();
  Tensor ga = u.matmul(inner).matmul(vt);
  if (has_u && rows(u) > k) ga = ga + ((gu - u.matmul(u.mT().matmul(gu))) / row).matmul(vt);
  if (has_v && columns(vt) > k) ga = ga + u.matmul((gvt - gvt.matmul(vt.mT()).matmul(vt)) / column);
  return ga;
}

Factors recorded(const char* op, const Tensor& a, bool full) {
  return record("LinalgSvdBackward0",
                decompose(op, a, full ? lapack::SvdVectors::Full : lapack::SvdVectors::Reduced),
                wrt(a, [](const Tensors& g, const Tensors& y) { return svd_gradient(g, y); }));
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& a, bool full_matrices) {
  check_matrix("linalg.svd", a);
  return recorded("linalg.svd", a, full_matrices);
}

Tensor svdvals(const Tensor& a) {
  check_matrix("linalg.svdvals", a);
  if (GradMode::is_enabled() && autograd::requires_grad(a))
    return std::get<1>(recorded("linalg.svdvals", a, /*full=*/false));
  return std::get<1>(decompose("linalg.svdvals", a, lapack::SvdVectors::None));
}

}  // namespace pullback::linalg
