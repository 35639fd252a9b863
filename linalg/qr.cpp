#include <tuple>
#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>
#include <pullback/linalg/reflections.h>

namespace pullback::linalg {

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
  const Tensor memory = a.is_contiguous() ? a : copy_rows(a);
  Tensor q = mode == Mode::R ? empty({0}, a.scalar_type())
                             : empty_columns(join(batch, {m, q_columns}), a.scalar_type());
  Tensor r = empty(join(batch, {q_columns, n}), a.scalar_type());
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* values = memory.data_ptr<T>();
    T *q_values = q.data_ptr<T>(), *r_values = r.data_ptr<T>();
    each_reflections<T>(count_of(batch), m, n, k, 4.0 * m * n * k + 500,
                        [&](auto& reflections, std::int64_t i) {
                          reflections.factor(values + i * m * n);
                          reflections.write_r(q_columns, r_values + i * q_columns * n);
                          if (mode == Mode::R) return;
                          reflections.write_q(q_columns, q_values + i * m * q_columns);
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
  const Tensor packed = copy_columns(a), factors = tau.detach().contiguous();
  Tensor q = empty_columns(a.sizes(), a.scalar_type());
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T *vectors = packed.data_ptr<T>(), *scales = factors.data_ptr<T>();
    T* values = q.data_ptr<T>();
    each_reflections<T>(matrix_count(a), m, n, k, 4.0 * m * n * k,
                        [&](auto& reflections, std::int64_t i) {
                          reflections.unpack(vectors + i * m * n, scales + i * k);
                          reflections.write_q(n, values + i * m * n);
                        });
  });
  return q;
}

// H₁ H₂ … H_k = I − V T Vᵀ (Schreiber and Van Loan 1989) with T = M⁻¹ D, M = I + D U, D = diag(τ)
// and U the strictly upper triangle of VᵀV. So Q = E − V Y for Y = M⁻¹ D VᵀE, whose gradient is a
// few products; τᵢ = 0, where Hᵢ is the identity, is nothing special. Of U and M only what lies
// above the diagonal is ever read, so the rest stays as the product left it.
std::pair<Tensor, Tensor> reflections_gradient(const Tensor& a, const Tensor& tau,
                                               const Tensor& g) {
  const std::int64_t m = rows(a), n = columns(a), k = tau.size(-1);
  const Tensor v = a.narrow(-1, 0, k).tril(-1) + eye(m, k, TensorOptions(a.scalar_type()));
  const Tensor vt = v.mT(), d = tau.unsqueeze(-1), top = v.narrow(-2, 0, n).mT();
  const Tensor u = vt.matmul(v), system = d * u;
  const Tensor yt = solve_triangular(system, d * top, /*upper=*/true, /*left=*/true,
                                     /*unitriangular=*/true)
                        .mT();

  // h = −B̄, the gradient of B = D VᵀE.
  const Tensor h = solve_triangular(system.mT(), vt.matmul(g), /*upper=*/false, /*left=*/true,
                                    /*unitriangular=*/true);
  const Tensor gm = h.matmul(yt).triu(1), gu = d * gm;
  Tensor of_top = (d * h).mT();
  if (m > n) of_top = cat({of_top, zeros(join(batch_sizes(a), {m - n, k}), a.scalar_type())}, -2);
  Tensor gv = (v.matmul(gu + gu.mT()) - g.matmul(yt) - of_top).tril(-1);
  if (k < n) gv = cat({gv, zeros(join(batch_sizes(a), {m, n - k}), a.scalar_type())}, -1);
  return {gv, (gm * u).sum({-1}) - (h * top).sum({-1})};
}

}  // namespace

std::tuple<Tensor, Tensor> geqrf(const Tensor& a) {
  check_matrix("linalg.geqrf", a);
  const int m = static_cast<int>(rows(a)), n = static_cast<int>(columns(a)), k = std::min(m, n);
  const Tensor memory = a.is_contiguous() ? a : copy_rows(a);
  Tensor packed = empty_columns(a.sizes(), a.scalar_type());
  Tensor tau = empty(join(batch_sizes(a), {k}), a.scalar_type());
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* values = memory.data_ptr<T>();
    T *packed_values = packed.data_ptr<T>(), *factors = tau.data_ptr<T>();
    each_reflections<T>(matrix_count(a), m, n, k, 2.0 * m * n * k + 500,
                        [&](auto& reflections, std::int64_t i) {
                          reflections.factor(values + i * m * n);
                          reflections.pack(packed_values + i * m * n, factors + i * k);
                        });
  });
  return record("GeqrfBackward0", std::tuple(packed, tau),
                wrt(a, [](const Tensors&, const Tensors&) -> Tensor {
                  throw NotImplementedError("the derivative for 'geqrf' is not implemented");
                }));
}

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
