#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/blas.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>

namespace pullback::linalg {

using autograd::Needs;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

// The norms up to which the Taylor polynomial of a degree meets the precision, and its products of
// matrices (Bader, Blanes and Casas 2019, "Computing the matrix exponential with an optimized
// Taylor polynomial approximation", tables 2 and 3). No equation is solved, as a Padé approximant
// would ask, and a product is the fastest thing that a processor does.
struct Degree {
  double float_bound, double_bound;
};
constexpr Degree kDegree4{5.116e-2, 3.397e-4}, kDegree8{5.801e-1, 4.991e-2},
    kDegree18{3.010, 1.090};

// Degree 18 in five products: with Bₖ = Σ bₖⱼ (I, A, A², A³, A⁶)ⱼ and A₉ = B₀ B₄ + B₃ the
// polynomial is B₁ + (B₂ + A₉) A₉ (table 3 there).
constexpr double kB[5][5] = {
    {0, -0.10036558103014462001, -0.00802924648241156960, -0.00089213849804572995, 0},
    {0, 0.39784974949964507614, 1.36783778460411719922, 0.49828962252538267755,
     -0.00063789819459472330},
    {-10.9676396052962062593, 1.68015813878906197182, 0.05717798464788655127,
     -0.00698210122488052084, 0.00003349750170860705},
    {-0.09043168323908105619, -0.06764045190713819075, 0.06759613017704596460,
     0.02955525704293155274, -0.00001391802575160607},
    {0, 0, -0.09233646193671185927, -0.01693649390020817171, -0.00001400867981820361}};

// Matrices A, or A + εE with ε² = 0 whose exponential is e^A + ε L(A, E), where L is the derivative
// of the exponential in direction E: three products of matrices stand for each product of the 2n×2n
// block matrix [A E; 0 A].
template <class T>
class Exponential {
 public:
  Exponential(int n, bool dual)
      : n_(n),
        square_(std::int64_t{n} * n),
        size_(dual ? 2 * square_ : square_),
        dual_(dual),
        memory_(empty({kMatrices * size_}, scalar_type_of<T>)) {}

  // `a`, `e`, `value` and `derivative` are dense and all row- or all column-major: e^(Aᵀ) is
  // (e^A)ᵀ. Only if dual is there an e and a derivative.
  void run(const T* from, const T* direction, T* value, T* derivative) {
    const double norm = one_norm(from);
    if (!std::isfinite(norm)) {
      constexpr T nan = std::numeric_limits<T>::quiet_NaN();
      std::fill(value, value + square_, nan);
      if (dual_) std::fill(derivative, derivative + square_, nan);
      return;
    }
    constexpr bool single = std::is_same_v<T, float>;
    const auto within = [&](const Degree& degree) {
      return norm <= (single ? degree.float_bound : degree.double_bound);
    };
    const double last = single ? kDegree18.float_bound : kDegree18.double_bound;
    const int squarings = norm > last ? static_cast<int>(std::ceil(std::log2(norm / last))) : 0;
    const T scale = static_cast<T>(std::ldexp(1.0, -squarings));
    T* a = matrix(0);
    for (std::int64_t i = 0; i < square_; ++i) a[i] = scale * from[i];
    if (dual_)
      for (std::int64_t i = 0; i < square_; ++i) a[square_ + i] = scale * direction[i];
    T* x = matrix(1);
    T* next = matrix(2);
    if (within(kDegree4))
      degree4(a, x);
    else if (within(kDegree8))
      degree8(a, x);
    else
      degree18(a, x);
    for (int i = 0; i < squarings; ++i) {
      product(x, x, next);
      std::swap(x, next);
    }
    std::copy(x, x + square_, value);
    if (dual_) std::copy(x + square_, x + size_, derivative);
  }

 private:
  static constexpr int kMatrices = 9;
  T* matrix(int i) { return memory_.data_ptr<T>() + i * size_; }

  // The largest row sum: columns or rows makes no difference to the bound.
  double one_norm(const T* a) const {
    double largest = 0;
    for (int i = 0; i < n_; ++i) {
      double sum = 0;
      for (int j = 0; j < n_; ++j) sum += std::abs(double(a[i * std::int64_t{n_} + j]));
      if (!(sum <= largest)) largest = sum;
    }
    return largest;
  }

  // c = a b, or c += a b. Not inline: there would be a copy for every product of every degree.
  [[gnu::noinline]] void multiply(const T* a, const T* b, bool add, T* c) const {
    constexpr int kPlainIsFaster = 8;
    if (n_ > kPlainIsFaster)
      return kernels::gemm<T>(false, false, n_, n_, n_, 1, a, n_, b, n_, add ? 1 : 0, c, n_);
    if (!add) std::fill(c, c + square_, T(0));
    for (int i = 0; i < n_; ++i)
      for (int k = 0; k < n_; ++k) {
        const T factor = a[i * n_ + k];
        for (int j = 0; j < n_; ++j) c[i * n_ + j] += factor * b[k * n_ + j];
      }
  }

  void product(const T* a, const T* b, T* c) const {
    multiply(a, b, false, c);
    if (dual_) {
      multiply(a, b + square_, false, c + square_);
      multiply(a + square_, b, true, c + square_);
    }
  }

  // y = c₀ I + Σ cₖ xₖ.
  template <class... X>
  void combine(T* __restrict y, double identity, const std::array<double, sizeof...(X)>& c,
               const X*... x) const {
    std::array<T, sizeof...(X)> f;
    std::transform(c.begin(), c.end(), f.begin(), [](double v) { return static_cast<T>(v); });
    for (std::int64_t i = 0; i < size_; ++i) {
      std::size_t k = 0;
      T sum = 0;
      ((sum += f[k++] * x[i]), ...);
      y[i] = sum;
    }
    for (std::int64_t i = 0; i < n_; ++i) y[i * (n_ + 1)] += static_cast<T>(identity);
  }

  // I + A + A² (I/2 + A/6 + A²/24).
  void degree4(const T* a, T* x) {
    T *a2 = matrix(2), *factor = matrix(3), *rest = matrix(4);
    product(a, a, a2);
    combine(factor, 0.5, {1.0 / 6, 1.0 / 24}, a, a2);
    product(a2, factor, rest);
    combine(x, 1, {1, 1}, a, rest);
  }

  // In three products (equation 15 there).
  void degree8(const T* a, T* x) {
    const double s = std::sqrt(177.0), x3 = 2.0 / 3;
    const double x1 = x3 * (1 + s) / 88, x2 = x3 * (1 + s) / 352;
    T *a2 = matrix(2), *a4 = matrix(3), *left = matrix(4), *right = matrix(5), *a8 = matrix(6);
    product(a, a, a2);
    combine(right, 0, {x1, x2}, a, a2);
    product(a2, right, a4);
    combine(left, 0, {x3, 1}, a2, a4);
    combine(right, (-271 + 29 * s) / (315 * x3),
            {11 * (s - 1) / (1260 * x3), 11 * (s - 9) / (5040 * x3), (89 - s) / (5040 * x3 * x3)},
            a, a2, a4);
    product(left, right, a8);
    combine(x, 1, {1, (857 - 58 * s) / 630, 1}, a, a2, a8);
  }

  void degree18(const T* a, T* x) {
    T *a2 = matrix(2), *a3 = matrix(3), *a6 = matrix(4);
    product(a, a, a2);
    product(a2, a, a3);
    product(a3, a3, a6);
    const auto b = [&](int k, int at) {
      const double* c = kB[k];
      combine(matrix(at), c[0], {c[1], c[2], c[3], c[4]}, a, a2, a3, a6);
      return matrix(at);
    };
    const auto sum = [&](const T* first, const T* second, T* to) {
      combine(to, 0, {1, 1}, first, second);
      return to;
    };
    product(b(0, 5), b(4, 6), x);
    const T* a9 = sum(x, b(3, 7), matrix(8));
    product(sum(b(2, 5), a9, matrix(6)), a9, matrix(7));
    sum(b(1, 5), matrix(7), x);
  }

  int n_;
  std::int64_t square_, size_;
  bool dual_;
  Tensor memory_;
};

// e^A and, if e is defined, L(A, E).
std::pair<Tensor, Tensor> exponential(const Tensor& a, const Tensor& e) {
  const int n = static_cast<int>(rows(a));
  const Tensor from = a.detach().contiguous(),
               direction = e.defined() ? e.detach().contiguous() : e;
  Tensor value = empty(a.sizes(), a.scalar_type());
  Tensor derivative = e.defined() ? empty(a.sizes(), a.scalar_type()) : Tensor();
  visit_real(a.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t square = std::int64_t{n} * n;
    each_matrix(matrix_count(a), 20.0 * n * n * n + 1000, [&](std::int64_t i) {
      const std::int64_t at = i * square;
      Exponential<T>(n, e.defined())
          .run(from.data_ptr<T>() + at, e.defined() ? direction.data_ptr<T>() + at : nullptr,
               value.data_ptr<T>() + at, e.defined() ? derivative.data_ptr<T>() + at : nullptr);
    });
  });
  return {value, derivative};
}

// L(A, E) = d/dt e^(A + tE) at 0. It is linear in E with adjoint L(Aᵀ, ·): Ē = L(Aᵀ, g). For A, ⟨g,
// L(A, E)⟩ has the derivative of L(Aᵀ, g) in direction Eᵀ, which is the upper right block of L([Aᵀ
// Eᵀ; 0 Aᵀ], [g 0; 0 g]) (Higham 2008, "Functions of Matrices", section 3.2 and theorem 3.6; Higham
// and Relton 2014).
Tensor exp_derivative(const Tensor& a, const Tensor& e) {
  return record("LinalgMatrixExpBackward0", exponential(a, e).second,
                wrt(a, e, [a = saved(a), e = saved(e)](const Tensor& g, Needs needs) {
                  const Tensor at = a->mT();
                  Tensor ga, ge;
                  if (needs[1]) ge = exp_derivative(at, g);
                  if (needs[0]) {
                    const std::int64_t n = rows(at);
                    const Tensor zero = zeros_like(at);
                    const auto blocks = [&](const Tensor& diagonal, const Tensor& corner) {
                      return cat({cat({diagonal, corner}, -1), cat({zero, diagonal}, -1)}, -2);
                    };
                    ga = exp_derivative(blocks(at, e->mT()), blocks(g, zero))
                             .narrow(-2, 0, n)
                             .narrow(-1, n, n);
                  }
                  return std::pair(std::move(ga), std::move(ge));
                }));
}

}  // namespace

// de^A = L(A, dA), whose adjoint is L(Aᵀ, ·): Ā = L(Aᵀ, g).
Tensor matrix_exp(const Tensor& a) {
  check_square("linalg.matrix_exp", a);
  return record("LinalgMatrixExpBackward0", exponential(a, {}).first,
                wrt(a, [a = saved(a)](const Tensor& g) { return exp_derivative(a->mT(), g); }));
}

}  // namespace pullback::linalg

namespace pullback {

Tensor matrix_exp(const Tensor& a) {
  return linalg::matrix_exp(a);
}
Tensor TensorBase::matrix_exp() const {
  return linalg::matrix_exp(self(Tensor()));
}

}  // namespace pullback
