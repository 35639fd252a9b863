#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

using autograd::Needs;
using autograd::record;
using autograd::saved;
using autograd::Tensors;
using autograd::wrt;

namespace {

enum class Mode { Reduced, Complete, R };

std::pair<Tensor, Tensor> decompose(const Tensor& a, Mode mode) {
  const int m = static_cast<int>(rows(a)), n = static_cast<int>(columns(a)), k = std::min(m, n);
  const auto batch = batch_sizes(a);
  const int q_columns = mode == Mode::Complete ? m : k;
  Tensor packed = copy_columns(a);
  Tensor q = mode == Mode::R ? empty({0}, a.scalar_type())
                             : empty_columns(join(batch, {m, q_columns}), a.scalar_type());
  Tensor r = zeros(join(batch, {q_columns, n}), a.scalar_type());
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    T* factors = packed.data_ptr<T>();
    T* q_values = q.data_ptr<T>();
    T* r_values = r.data_ptr<T>();
    each_matrix(count_of(batch), 4.0 * m * n * k + 500, [&](std::int64_t i) {
      T* matrix = factors + i * m * n;
      std::vector<T> tau(k);
      lapack::qr_factor(m, n, matrix, tau.data());
      for (std::int64_t row = 0; row < k; ++row)
        for (std::int64_t column = row; column < n; ++column)
          r_values[(i * q_columns + row) * n + column] = matrix[row + column * m];
      if (mode == Mode::R) return;
      T* out = q_values + i * m * std::int64_t{q_columns};
      std::copy(matrix, matrix + std::int64_t{m} * std::min(n, q_columns), out);
      std::fill(out + std::int64_t{m} * std::min(n, q_columns), out + std::int64_t{m} * q_columns,
                T(0));
      lapack::householder_product(m, q_columns, k, out, tau.data());
    });
  });
  return {q, r};
}

// Square or tall: Ā = [Q̄ + Q copyltu(R R̄ᵀ − Q̄ᵀ Q)] R⁻ᵀ, where copyltu mirrors the lower triangle
// upwards (Walter and Lehmann 2010). Wide, A = [A₁ A₂] and R = [R₁ R₂]: R₂ = Qᵀ A₂
// gives Ā₂ = Q R̄₂ and adds A₂ R̄₂ᵀ to Q̄.
Tensor qr_gradient(const Tensor& q, const Tensor& r, Tensor gq, Tensor gr) {
  const std::int64_t m = rows(q), n = columns(r);
  if (!gq.defined() && !gr.defined()) return {};
  if (!gq.defined()) gq = zeros_like(q);
  if (!gr.defined()) gr = zeros_like(r);
  Tensor square_r = r, rest;
  if (m < n) {
    const Tensor gr2 = gr.narrow(-1, m, n - m);
    rest = q.matmul(gr2);
    gq = gq + q.matmul(r.narrow(-1, m, n - m)).matmul(gr2.mT());
    gr = gr.narrow(-1, 0, m);
    square_r = r.narrow(-1, 0, m);
  }
  const Tensor product = square_r.matmul(gr.triu().mT()) - gq.mT().matmul(q);
  const Tensor mirrored = product.tril() + product.tril(-1).mT();
  Tensor ga = solve_triangular(square_r.mT(), gq + q.matmul(mirrored), /*upper=*/false,
                               /*left=*/false);
  return rest.defined() ? cat({ga, rest}, -1) : ga;
}

}  // namespace

std::tuple<Tensor, Tensor> qr(const Tensor& a, std::string_view name) {
  check_matrix("linalg.qr", a);
  check(name == "reduced" || name == "complete" || name == "r",
        "linalg.qr: qr received unrecognized mode '", name,
        "' but expected one of 'reduced' (default), 'r', or 'complete'");
  const Mode mode = name == "reduced" ? Mode::Reduced : name == "r" ? Mode::R : Mode::Complete;
  auto [q, r] = decompose(a, mode);
  return record(
      "LinalgQrBackward0", std::tuple(q, r), wrt(a, [mode](const Tensors& g, const Tensors& y) {
        check(mode != Mode::R,
              "linalg.qr: The derivative of linalg.qr depends on Q, which is not computed "
              "when mode='r'. Please use linalg.qr(A, mode='reduced') if you are going to "
              "differentiate through linalg.qr.");
        check(mode != Mode::Complete || rows(y[0]) <= columns(y[1]),
              "linalg.qr: The QR decomposition is not differentiable when mode='complete' "
              "and nrows > ncols.");
        return qr_gradient(y[0], y[1], g[0], g[1]);
      }));
}

namespace {

Tensor product_of_reflections(const Tensor& a, const Tensor& tau) {
  const int m = static_cast<int>(rows(a)), n = static_cast<int>(columns(a));
  const int k = static_cast<int>(tau.size(-1));
  Tensor q = copy_columns(a);
  const Tensor scales = tau.detach().contiguous();
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    each_matrix(matrix_count(a), 4.0 * m * n * k, [&](std::int64_t i) {
      lapack::householder_product(m, n, k, q.data_ptr<T>() + i * m * n,
                                  scales.data_ptr<T>() + i * k);
    });
  });
  return q;
}

// Q = X₁ with Xᵢ = Hᵢ Xᵢ₊₁, X_{k+1} = I(m×n) and H = I − τ v vᵀ. Going down from Ḡ₁ = g with Ḡᵢ₊₁ =
// Hᵢ Ḡᵢ: τ̄ = −(vᵀḠ)(vᵀX)ᵀ and v̄ = −τ (Ḡ (vᵀX)ᵀ + X (vᵀḠ)ᵀ), where X is Xᵢ₊₁.
std::pair<Tensor, Tensor> reflections_gradient(const Tensor& a, const Tensor& tau, Tensor g) {
  const std::int64_t m = rows(a), n = columns(a), k = tau.size(-1);
  const TensorOptions options(a.scalar_type());
  const Tensor v = a.tril(-1) + eye(m, n, options);
  std::vector<Tensor> x(k + 1), v_gradients(n), tau_gradients(k);
  x[k] = eye(m, n, options);
  const auto reflect = [&](std::int64_t i, const Tensor& y) {
    const Tensor vi = v.narrow(-1, i, 1);
    return y - tau.narrow(-1, i, 1).unsqueeze(-1) * vi.matmul(vi.mT().matmul(y));
  };
  for (std::int64_t i = k; i-- > 0;) x[i] = reflect(i, x[i + 1]);
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor vi = v.narrow(-1, i, 1);
    if (i >= k) {
      v_gradients[i] = zeros_like(vi);
      continue;
    }
    const Tensor of_g = vi.mT().matmul(g), of_x = vi.mT().matmul(x[i + 1]);
    tau_gradients[i] = (of_g * of_x).sum({-1}).neg();
    v_gradients[i] = (g.matmul(of_x.mT()) + x[i + 1].matmul(of_g.mT())) *
                     tau.narrow(-1, i, 1).unsqueeze(-1).neg();
    g = reflect(i, g);
  }
  if (n == 0) return {zeros_like(a), zeros_like(tau)};
  return {cat(v_gradients, -1).tril(-1), k ? cat(tau_gradients, -1) : zeros_like(tau)};
}

}  // namespace

Tensor householder_product(const Tensor& a, const Tensor& tau) {
  check_matrix("linalg.householder_product", a);
  check_same_type("linalg.householder_product", a, tau);
  check(rows(a) >= columns(a),
        "linalg.householder_product: input.shape[-2] must be greater than or equal to "
        "input.shape[-1], got ",
        a.sizes());
  check(
      tau.dim() == a.dim() - 1 && columns(a) >= tau.size(-1) &&
          tau.sizes().slice(0, tau.dim() - 1) == a.sizes().slice(0, a.dim() - 2),
      "linalg.householder_product: tau must have the batch sizes of input and input.shape[-1] must "
      "be greater than or equal to tau.shape[-1]: ",
      a.sizes(), " and ", tau.sizes());
  return record("LinalgHouseholderProductBackward0", product_of_reflections(a, tau),
                wrt(a, tau, [a = saved(a), tau = saved(tau)](const Tensor& g) {
                  return reflections_gradient(*a, *tau, g);
                }));
}

}  // namespace pullback::linalg
