#include <pullback/core/kernels/householder.h>
#include <pullback/core/kernels/lane_vectors.h>
#include <pullback/core/kernels/vectors.h>

// One code for a matrix and for a batch. A number V of a reflection is one element of a matrix, or
// that element of all lanes of a batch; both see the same operations in the same order.
namespace pullback::kernels::PULLBACK_TIER {
namespace {

// Columns that share the loads of a reflection's vector: as many sums as registers hold.
constexpr int kColumns = 2;

// Sums over rows run in four chains, which are joined at the end.
constexpr int kChains = 4;
template <class V>
PULLBACK_INLINE void join(const V* chains, V& sum) {
  sum = (chains[0] + chains[1]) + (chains[2] + chains[3]);
}

template <class V>
PULLBACK_INLINE void sum_squares(int n, const V* x, V& sum) {
  V chains[kChains] = {};
  int i = 0;
  for (; i + kChains <= n; i += kChains)
    for (int c = 0; c < kChains; ++c) chains[c] += x[i + c] * x[i + c];
  for (int c = 0; i + c < n; ++c) chains[c] += x[i + c] * x[i + c];
  join(chains, sum);
}

PULLBACK_INLINE bool all(int condition) {
  return condition != 0;
}
template <class Mask>
PULLBACK_INLINE bool all(const Mask& condition) {
  const Vector<int64_t> words = load(reinterpret_cast<const int64_t*>(&condition));
  int64_t joint = -1;
  for (int i = 0; i < kLanes<int64_t>; ++i) joint &= words[i];
  return joint == -1;
}

// Gives x ≥ 0 the sign that `other`, which may be −0, has not.
template <class T, class V>
PULLBACK_INLINE void oppose(const V& other, V& x) {
  constexpr int n = sizeof(V) / sizeof(T);
  alignas(64) T values[n], signs[n];
  __builtin_memcpy(values, &x, sizeof(V));
  __builtin_memcpy(signs, &other, sizeof(V));
  for (int l = 0; l < n; ++l) values[l] = copysign(values[l], -signs[l]);
  __builtin_memcpy(&x, values, sizeof(V));
}

// Sums of squares between these have lost nothing to underflow or overflow.
template <class T>
constexpr T kLeastSum = sizeof(T) == 4 ? T(0x1p-100) : T(0x1p-960);
template <class T>
constexpr T kMostSum = sizeof(T) == 4 ? T(0x1p127) : T(0x1p1023);

// Of the reflection that takes x to β e₀: v in place of x, τ and β (LAPACK's larfg). Where all but
// x₀ is zero it is the identity.
template <class T, class V>
PULLBACK_INLINE void make_reflection(int m, V* x, V& tau, V& beta) {
  const V one = V{} + T(1);
  V alpha = x[0];
  x[0] = one;
  tau = V{};
  beta = alpha;
  if (m == 1) return;
  V sum, scale = one;
  sum_squares(m - 1, x + 1, sum);
  V norm = alpha * alpha + sum;
  const auto fine = (sum >= kLeastSum<T>)&(norm <= kMostSum<T>);
  auto nothing = sum < sum;
  if (!all(fine)) {
    V largest = {};
    for (int i = 1; i < m; ++i) {
      const V size = x[i] < 0 ? -x[i] : x[i];
      largest = size > largest ? size : largest;
    }
    nothing = (largest == 0) & (sum == sum);
    const V top = alpha < 0 ? -alpha : alpha;
    largest = top > largest ? top : largest;
    scale = (fine | nothing) ? one : largest;
    for (int i = 1; i < m; ++i) x[i] /= scale;
    alpha /= scale;
    sum_squares(m - 1, x + 1, sum);
    norm = alpha * alpha + sum;
  }
  take_root<T>(norm);
  oppose<T>(alpha, norm);
  const V divisor = nothing ? one : alpha - norm;
  tau = nothing ? V{} : (norm - alpha) / norm;
  beta = nothing ? beta : norm * scale;
  for (int i = 1; i < m; ++i) x[i] /= divisor;
}

struct Replace {
  template <class V>
  PULLBACK_INLINE void operator()(V& to, const V& value) const {
    to = value;
  }
};

// C columns of A ← A − τ v vᵀ A. For a batch F and V are lanes; for one matrix F is a number, and
// V, "a column", a vector of columns.
template <int C, class F, class V, class Assign = Replace>
PULLBACK_INLINE void reflect_columns(int m, const F* v, const F& tau, V* a, int64_t row,
                                     int64_t column, Assign assign = {}) {
  V chains[C][kChains] = {};
  int i = 0;
  for (; i + kChains <= m; i += kChains)
    for (int chain = 0; chain < kChains; ++chain)
      for (int c = 0; c < C; ++c)
        chains[c][chain] += v[i + chain] * a[(i + chain) * row + c * column];
  for (int chain = 0; i + chain < m; ++chain)
    for (int c = 0; c < C; ++c)
      chains[c][chain] += v[i + chain] * a[(i + chain) * row + c * column];
  V factors[C];
  for (int c = 0; c < C; ++c) {
    join(chains[c], factors[c]);
    factors[c] *= tau;
  }
  for (i = 0; i < m; ++i)
    for (int c = 0; c < C; ++c) {
      V& element = a[i * row + c * column];
      assign(element, element - v[i] * factors[c]);
    }
}

template <class F, class V>
PULLBACK_INLINE void reflect(int m, const F* v, const F& tau, int64_t columns, V* a, int64_t row,
                             int64_t column) {
  int64_t c = 0;
  for (; c + kColumns <= columns; c += kColumns)
    reflect_columns<kColumns>(m, v, tau, a + c * column, row, column);
  for (; c < columns; ++c) reflect_columns<1>(m, v, tau, a + c * column, row, column);
}

// As many lanes of a batch, or columns of one matrix, as a register holds.
template <class T>
struct SeveralOf {
  typedef T type __attribute__((vector_size(PULLBACK_VECTOR_BYTES), may_alias));
};
template <class T>
using Several = typename SeveralOf<T>::type;
template <class T>
PULLBACK_INLINE Several<T>* several_at(T* a) {
  return reinterpret_cast<Several<T>*>(a);
}
template <class T>
PULLBACK_INLINE const Several<T>* several_at(const T* a) {
  return reinterpret_cast<const Several<T>*>(a);
}
// The vectors that all lanes make; those of one number follow one another.
template <class T>
constexpr int kParts = kBatchLanes<T> / kLanes<T>;

template <class T>
void factor_batch(int m, int n, T* a, T* tau) {
  constexpr int P = kParts<T>;
  Several<T> v[kBatchedRows];
  for (int part = 0; part < P; ++part) {
    for (int j = 0; j < m && j < n; ++j) {
      Several<T>* column = several_at(a) + (j + int64_t{j} * m) * P + part;
      Several<T>& scale = several_at(tau)[j * P + part];
      const int rows = m - j;
      for (int i = 0; i < rows; ++i) v[i] = column[i * P];
      make_reflection<T>(rows, v, scale, column[0]);
      for (int i = 1; i < rows; ++i) column[i * P] = v[i];
      reflect(rows, v, scale, n - j - 1, column + m * P, P, m * P);
    }
  }
}

template <class T>
void product_batch(int m, int columns, int k, const T* a, const T* tau, T* q) {
  constexpr int P = kParts<T>;
  const Several<T> one = Several<T>{} + T(1);
  Several<T> v[kBatchedRows];
  for (int part = 0; part < P; ++part) {
    Several<T>* out = several_at(q) + part;
    for (int j = 0; j < columns; ++j)
      for (int i = 0; i < m; ++i) out[(i + int64_t{j} * m) * P] = i == j ? one : Several<T>{};
    for (int j = k - 1; j >= 0; --j) {
      const int64_t corner = (j + int64_t{j} * m) * P;
      const Several<T>* column = several_at(a) + corner + part;
      v[0] = one;
      for (int i = 1; i < m - j; ++i) v[i] = column[i * P];
      reflect(m - j, v, several_at(tau)[j * P + part], columns - j, out + corner, P, m * P);
    }
  }
}

template <class T>
void factor(int m, int n, T* a, int64_t stride, T* v, T* tau) {
  constexpr int L = kLanes<T>;
  const int64_t row = stride / L, end = (n + L - 1) / L;
  for (int j = 0; j < m && j < n; ++j, v += m) {
    T* corner = a + j * stride + j;
    for (int i = 0; i < j; ++i) v[i] = T(0);
    for (int i = j; i < m; ++i) v[i] = corner[(i - j) * stride];
    T diagonal;
    make_reflection<T>(m - j, v + j, tau[j], diagonal);
    // From the vector with the first column beside; columns in front of it have been read.
    const int64_t first = (j + 1) / L;
    reflect(m - j, v + j, tau[j], end - first, several_at(a) + j * row + first, row, 1);
    corner[0] = diagonal;
  }
}

template <class T>
void product(int m, int columns, int k, const T* v, const T* tau, T* q, int64_t stride) {
  constexpr int L = kLanes<T>;
  const int64_t row = stride / L, end = (columns + L - 1) / L;
  for (int i = 0; i < m; ++i)
    for (int64_t p = 0; p < end; ++p) several_at(q)[i * row + p] = Several<T>{};
  for (int j = 0; j < columns && j < m; ++j) q[j * stride + j] = T(1);
  alignas(64) T numbers[L];
  for (int l = 0; l < L; ++l) numbers[l] = T(l);
  for (int j = k - 1; j >= 0; --j) {
    const T* own = v + int64_t{j} * m + j;
    Several<T>* behind = several_at(q) + j * row + j / L;
    int64_t vectors = end - j / L;
    // Columns in front stay as they are, which is zero, even where v has a NaN.
    if (j % L != 0) {
      const auto changes = *several_at(numbers) >= T(j % L);
      reflect_columns<1>(
          m - j, own, tau[j], behind, row, 1,
          [&](Several<T>& to, const Several<T>& value) { to = changes ? value : to; });
      ++behind;
      --vectors;
    }
    reflect(m - j, own, tau[j], vectors, behind, row, 1);
  }
}

}  // namespace

void fill_householder(Kernels& table) {
  table.householder = {
      {factor_batch<float>, product_batch<float>, factor<float>, product<float>},
      {factor_batch<double>, product_batch<double>, factor<double>, product<double>}};
}

}  // namespace pullback::kernels::PULLBACK_TIER
