#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/blas.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/matrix.h>
#include <pullback/linalg/small_lu.h>

namespace pullback::linalg {

using autograd::Needs;
using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

// Numerator coefficients b of the diagonal Padé approximants to e^x, and the norms up to which the
// degree meets the precision (Higham 2005, "The scaling and squaring method for the matrix
// exponential revisited", tables 2.3 and 3.1).
struct Degree {
  int m;
  double float_bound, double_bound;
  double b[14];
};
constexpr Degree kDegrees[] = {
    {3, 4.258730016922831e-1, 1.495585217958292e-2, {120, 60, 12, 1}},
    {5, 1.880152677804762, 2.539398330063230e-1, {30240, 15120, 3360, 420, 30, 1}},
    {7,
     3.925724783138660,
     9.504178996162932e-1,
     {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1}},
    {9,
     0,
     2.097847961257068,
     {17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880, 3960, 90, 1}},
    {13,
     0,
     5.371920351148152,
     {64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
      10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1}}};

// Matrices A, or A + εE with ε² = 0 whose exponential is e^A + ε L(A, E), where L is the derivative
// of the exponential in direction E: three products of matrices stand for each product of the 2n×2n
// block matrix [A E; 0 A].
template <class T>
class Exponential {
 public:
  Exponential(int n, bool dual) : n_(n), square_(std::int64_t{n} * n), dual_(dual) {}

  // `a` and `result` hold the value and, if dual, the ε part behind it. Row- or column-major:
  // e^(Aᵀ) is (e^A)ᵀ.
  void run(std::vector<T> a, T* value, T* derivative) {
    const double norm = one_norm(a);
    std::vector<T> x;
    if (!std::isfinite(norm)) {
      x.assign(a.size(), std::numeric_limits<T>::quiet_NaN());
    } else {
      constexpr bool single = std::is_same_v<T, float>;
      const Degree* degree = kDegrees;
      const Degree* last = kDegrees + (single ? 2 : 4);
      const auto bound = [&] { return single ? degree->float_bound : degree->double_bound; };
      while (degree != last && norm > bound()) ++degree;
      const int squarings =
          norm > bound() ? static_cast<int>(std::ceil(std::log2(norm / bound()))) : 0;
      const T scale = static_cast<T>(std::ldexp(1.0, -squarings));
      for (T& entry : a) entry *= scale;
      x = pade(a, *degree);
      for (int i = 0; i < squarings; ++i) x = product(x, x);
    }
    std::copy(x.begin(), x.begin() + square_, value);
    if (dual_) std::copy(x.begin() + square_, x.end(), derivative);
  }

 private:
  // The largest row sum: columns or rows makes no difference to the bound.
  double one_norm(const std::vector<T>& a) const {
    double largest = 0;
    for (int i = 0; i < n_; ++i) {
      double sum = 0;
      for (int j = 0; j < n_; ++j) sum += std::abs(double(a[i * std::int64_t{n_} + j]));
      if (!(sum <= largest)) largest = sum;
    }
    return largest;
  }

  // c += a b.
  void add_product(const T* a, const T* b, T* c) const {
    constexpr int kPlainIsFaster = 8;
    if (n_ > kPlainIsFaster)
      return kernels::gemm<T>(false, false, n_, n_, n_, 1, a, n_, b, n_, 1, c, n_);
    for (int i = 0; i < n_; ++i)
      for (int k = 0; k < n_; ++k) {
        const T factor = a[i * n_ + k];
        for (int j = 0; j < n_; ++j) c[i * n_ + j] += factor * b[k * n_ + j];
      }
  }

  std::vector<T> product(const std::vector<T>& a, const std::vector<T>& b) const {
    std::vector<T> c(a.size());
    add_product(a.data(), b.data(), c.data());
    if (dual_) {
      add_product(a.data(), b.data() + square_, c.data() + square_);
      add_product(a.data() + square_, b.data(), c.data() + square_);
    }
    return c;
  }

  // y += c x, and y += c I.
  static void add(std::vector<T>& y, double c, const std::vector<T>& x) {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += static_cast<T>(c) * x[i];
  }
  void add_identity(std::vector<T>& y, double c) const {
    for (std::int64_t i = 0; i < n_; ++i) y[i * (n_ + 1)] += static_cast<T>(c);
  }

  // (V − U)⁻¹ (V + U) with U the odd and V the even part of the numerator.
  std::vector<T> pade(const std::vector<T>& a, const Degree& degree) const {
    const double* b = degree.b;
    std::vector<std::vector<T>> powers{product(a, a)};  // A², A⁴, A⁶, A⁸
    for (int k = 4; k < degree.m && k <= (degree.m == 13 ? 6 : 8); k += 2)
      powers.push_back(product(powers.back(), powers.front()));
    std::vector<T> odd(a.size()), even(a.size());
    if (degree.m == 13) {
      std::vector<T> high_odd(a.size()), high_even(a.size());
      for (int k = 0; k < 3; ++k) {
        add(high_odd, b[9 + 2 * k], powers[k]);
        add(high_even, b[8 + 2 * k], powers[k]);
      }
      odd = product(powers[2], high_odd);
      even = product(powers[2], high_even);
    }
    const int low = degree.m == 13 ? 3 : degree.m / 2;
    for (int k = 0; k < low; ++k) {
      add(odd, b[3 + 2 * k], powers[k]);
      add(even, b[2 + 2 * k], powers[k]);
    }
    add_identity(odd, b[1]);
    add_identity(even, b[0]);
    odd = product(a, odd);
    std::vector<T> denominator = even, x = even;
    add(denominator, -1, odd);
    add(x, 1, odd);
    return divide(std::move(denominator), std::move(x));
  }

  // D⁻¹ X. For X₀ + εX₁ and D₀ + εD₁: Y₀ = D₀⁻¹ X₀, Y₁ = D₀⁻¹ (X₁ − D₁ Y₀).
  std::vector<T> divide(std::vector<T> d, std::vector<T> x) const {
    std::vector<int> pivots(n_);
    std::vector<T> d1(d.begin() + (dual_ ? square_ : 0), d.end());
    if (n_ <= kSmallLu) {
      small_lu_factor(n_, d.data(), pivots.data());
    } else {
      lapack::lu_factor(n_, n_, d.data(), pivots.data());
    }
    solve(d, pivots, x.data());
    if (dual_) {
      std::vector<T> correction(square_);
      add_product(d1.data(), x.data(), correction.data());
      for (std::int64_t i = 0; i < square_; ++i) x[square_ + i] -= correction[i];
      solve(d, pivots, x.data() + square_);
    }
    return x;
  }

  void solve(const std::vector<T>& lu, const std::vector<int>& pivots, T* x) const {
    // The factors are those of Dᵀ: transpose x, solve with (Dᵀ)ᵀ = D, transpose back.
    transpose(x);
    if (n_ <= kSmallLu) {
      small_lu_solve(true, n_, n_, lu.data(), pivots.data(), x);
    } else {
      lapack::lu_solve(true, n_, n_, lu.data(), pivots.data(), x);
    }
    transpose(x);
  }
  void transpose(T* x) const {
    for (std::int64_t i = 0; i < n_; ++i)
      for (std::int64_t j = 0; j < i; ++j) std::swap(x[i * n_ + j], x[j * n_ + i]);
  }

  int n_;
  std::int64_t square_;
  bool dual_;
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
      std::vector<T> matrix(from.data_ptr<T>() + i * square, from.data_ptr<T>() + (i + 1) * square);
      if (e.defined())
        matrix.insert(matrix.end(), direction.data_ptr<T>() + i * square,
                      direction.data_ptr<T>() + (i + 1) * square);
      Exponential<T>(n, e.defined())
          .run(std::move(matrix), value.data_ptr<T>() + i * square,
               e.defined() ? derivative.data_ptr<T>() + i * square : nullptr);
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
