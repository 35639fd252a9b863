#include <pullback/core/kernels/batched_jacobi.h>
#include <pullback/core/kernels/lane_vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr int kSweeps = 30;  // 5 to 8 are usual

/// What a comparison gives: all bits of a lane, or none.
template <class T>
using Mask = Vector<Integer<T>>;

template <class T>
constexpr T kEps = T(1.1920929e-7);
template <>
constexpr double kEps<double> = 2.2204460492503131e-16;

/// The bits of 1, and of what has all bits of the exponent.
template <class T>
constexpr Integer<T> kOne = 0x3f800000;
template <>
constexpr int64_t kOne<double> = 0x3ff0000000000000;
template <class T>
constexpr Integer<T> kExponent = 0x7f800000;
template <>
constexpr int64_t kExponent<double> = 0x7ff0000000000000;

template <class T>
PULLBACK_INLINE Vector<T> magnitude(Vector<T> x) {
  return x < 0 ? -x : x;
}
template <class T>
PULLBACK_INLINE Vector<T> larger(Vector<T> a, Vector<T> b) {
  return a > b ? a : b;
}
template <class T>
PULLBACK_INLINE Vector<T> root(Vector<T> x) {
  take_root<T>(x);
  return x;
}
template <class T>
PULLBACK_INLINE bool any(Mask<T> mask) {
  bool found = false;
  for (int l = 0; l < kLanes<T>; ++l) found |= mask[l] != 0;
  return found;
}

/// The rotation by the smaller angle that makes [[p, g], [g, q]] diagonal, in lanes `wanted`; none
/// in the others (Rutishauser 1966): t its tangent, s its sine, tau = s / (1 + its cosine).
template <class T>
struct Rotation {
  Vector<T> t, s, tau;

  PULLBACK_INLINE Rotation(Vector<T> p, Vector<T> q, Vector<T> g, Mask<T> wanted) {
    const Vector<T> gap = q - p, twice = g + g;
    const Vector<T> rest = magnitude<T>(gap) + root<T>(gap * gap + twice * twice);
    t = twice / rest;
    t = gap < 0 ? -t : t;
    t = (wanted & (rest > 0)) ? t : Vector<T>{};
    const Vector<T> secant = root<T>(t * t + 1);
    s = t / secant;
    tau = t / (secant + 1);
  }
  PULLBACK_INLINE void turn(T* x, T* y) const {
    const Vector<T> a = load(x), b = load(y);
    store<T>(x, a - s * (b + tau * a));
    store<T>(y, b + s * (a - tau * b));
  }
  PULLBACK_INLINE void turn_rows(int n, T* x, T* y) const {
    constexpr int L = kBatchLanes<T>;
    for (int k = 0; k < n; ++k) turn(x + k * L, y + k * L);
  }
};

/// Calls f(p, q) for all pairs p < q < n: those of one sum modulo n, then those of the next. They
/// have no index in common, so that their rotations do not wait for each other, and equal
/// eigenvalues delay the end no more than in the order of rows, to which this one is equivalent
/// (Luk and Park 1989).
template <class F>
PULLBACK_INLINE void each_pair(int n, F f) {
  for (int sum = 0; sum < n; ++sum) {
    for (int p = 0; 2 * p < sum; ++p) f(p, sum - p);
    for (int p = sum + 1; 2 * p < sum + n; ++p) f(p, sum + n - p);
  }
}

template <class T>
PULLBACK_INLINE void set_identity(int n, T* v) {
  constexpr int L = kBatchLanes<T>;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) store<T>(v + (i * n + j) * L, Vector<T>{} + T(i == j));
}

template <class T>
PULLBACK_INLINE void swap_where(Mask<T> mask, T* x, T* y) {
  const Vector<T> a = load(x), b = load(y);
  store<T>(x, mask ? b : a);
  store<T>(y, mask ? a : b);
}
template <class T>
PULLBACK_INLINE void swap_rows_where(Mask<T> mask, int n, T* x, T* y) {
  constexpr int L = kBatchLanes<T>;
  for (int k = 0; k < n; ++k) swap_where<T>(mask, x + k * L, y + k * L);
}

/// Matrices scaled by powers of two, so that the largest entry lies in [1, 2) and no square is out
/// of range. Those that have an entry too large for it, or no number, become 0.
template <class T>
struct Scaled {
  Vector<T> factor;
  Mask<T> refused;

  PULLBACK_INLINE Scaled(int size, T* a) {
    constexpr int L = kBatchLanes<T>;
    Vector<T> most = {};
    refused = Mask<T>{};
    for (int e = 0; e < size; ++e) {
      const Vector<T> x = magnitude<T>(load(a + e * L));
      most = larger<T>(most, x);
      refused |= x != x;
    }
    const Mask<T> exponent = reinterpret_cast<Mask<T>>(most) & kExponent<T>;
    factor = reinterpret_cast<Vector<T>>(2 * kOne<T> - exponent);
    refused |= ~(factor > 0);
    for (int e = 0; e < size; ++e)
      store<T>(a + e * L, refused ? Vector<T>{} : load(a + e * L) * factor);
  }
};

template <class T>
PULLBACK_INLINE void store_mask(Mask<T> mask, bool* failed) {
  for (int l = 0; l < kLanes<T>; ++l) failed[l] = mask[l] != 0;
}

template <class T>
PULLBACK_INLINE void eigen_lanes(int n, T* a, T* values, T* v, bool* failed) {
  constexpr int L = kBatchLanes<T>;
  const auto at = [=](int i, int j) { return a + (i * n + j) * L; };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < i; ++j) store<T>(at(i, j), load(at(j, i)));
  const Scaled<T> scaled(n * n, a);
  if (v) set_identity(n, v);

  // What is less stays. Between equal eigenvalues rounding leaves entries that would turn by 45
  // degrees, each time mixing those which other rotations have removed with those which none has:
  // a sweep would then halve the rest instead of squaring it.
  constexpr T negligible = kEps<T> / 4;
  Mask<T> wanted = {};
  for (int sweep = 0; sweep <= kSweeps; ++sweep) {
    Vector<T> rest = {};
    for (int i = 0; i < n; ++i)
      for (int j = i + 1; j < n; ++j) rest = larger<T>(rest, magnitude<T>(load(at(i, j))));
    wanted = rest > negligible;
    if (!any<T>(wanted) || sweep == kSweeps) break;
    each_pair(n, [&](int p, int q) {
      const Vector<T> pp = load(at(p, p)), qq = load(at(q, q)), pq = load(at(p, q));
      const Mask<T> rotate = magnitude<T>(pq) > negligible;
      const Rotation<T> r(pp, qq, pq, rotate);
      r.turn_rows(n, at(p, 0), at(q, 0));
      for (int k = 0; k < n; ++k) {
        store<T>(at(k, p), load(at(p, k)));
        store<T>(at(k, q), load(at(q, k)));
      }
      const Vector<T> rest = rotate ? Vector<T>{} : pq;
      store<T>(at(p, q), rest);
      store<T>(at(q, p), rest);
      store<T>(at(p, p), pp - r.t * pq);
      store<T>(at(q, q), qq + r.t * pq);
      if (v) r.turn_rows(n, v + p * n * L, v + q * n * L);
    });
  }
  for (int i = 0; i < n; ++i) store<T>(values + i * L, load(at(i, i)) / scaled.factor);
  for (int i = 0; i < n; ++i) {
    for (int j = i + 1; j < n; ++j) {
      const Mask<T> swap = load(values + j * L) < load(values + i * L);
      swap_where<T>(swap, values + i * L, values + j * L);
      if (v) swap_rows_where<T>(swap, n, v + i * n * L, v + j * n * L);
    }
  }
  store_mask<T>(scaled.refused | wanted, failed);
}

template <class T>
PULLBACK_INLINE Vector<T> dot(int n, const T* x, const T* y) {
  constexpr int L = kBatchLanes<T>;
  Vector<T> sum = {};
  for (int k = 0; k < n; ++k) sum += load(x + k * L) * load(y + k * L);
  return sum;
}

// Rotates the vectors until they are orthogonal (Hestenes 1958): their lengths are the singular
// values.
template <class T>
PULLBACK_INLINE void singular_lanes(int count, int length, T* x, T* values, T* v, bool* failed) {
  constexpr int L = kBatchLanes<T>;
  const auto vector = [=](int i) { return x + i * length * L; };
  const Scaled<T> scaled(count * length, x);
  if (v) set_identity(count, v);
  const T tolerance = sqrt(T(length)) * kEps<T>;  // of the cosine of an angle

  Mask<T> wanted = {}, turned = {};
  wanted = ~wanted;
  for (int sweep = 0; sweep < kSweeps && any<T>(wanted); ++sweep) {
    // Squared lengths, which the rotations of a sweep update.
    for (int i = 0; i < count; ++i) store<T>(values + i * L, dot<T>(length, vector(i), vector(i)));
    turned = Mask<T>{};
    each_pair(count, [&](int p, int q) {
      const Vector<T> a = load(values + p * L), b = load(values + q * L);
      const Vector<T> g = dot<T>(length, vector(p), vector(q));
      const Mask<T> rotate = wanted & (magnitude<T>(g) > tolerance * root<T>(a * b));
      turned |= rotate;
      const Rotation<T> r(a, b, g, rotate);
      store<T>(values + p * L, a - r.t * g);
      store<T>(values + q * L, b + r.t * g);
      r.turn_rows(length, vector(p), vector(q));
      if (v) r.turn_rows(count, v + p * count * L, v + q * count * L);
    });
    wanted = turned;
  }

  Vector<T> least = {}, most = {};
  for (int i = 0; i < count; ++i) {
    const Vector<T> size = root<T>(dot<T>(length, vector(i), vector(i)));
    store<T>(values + i * L, size);
    most = larger<T>(most, size);
    least = i == 0 ? size : (size < least ? size : least);
  }
  for (int i = 0; i < count; ++i) {
    for (int j = i + 1; j < count; ++j) {
      const Mask<T> swap = load(values + j * L) > load(values + i * L);
      swap_where<T>(swap, values + i * L, values + j * L);
      if (!v) continue;
      swap_rows_where<T>(swap, length, vector(i), vector(j));
      swap_rows_where<T>(swap, count, v + i * count * L, v + j * count * L);
    }
  }
  for (int i = 0; i < count; ++i) {
    const Vector<T> value = load(values + i * L);
    for (int k = 0; v && k < length; ++k)
      store<T>(vector(i) + k * L, load(vector(i) + k * L) / value);
    store<T>(values + i * L, value / scaled.factor);
  }
  // A vector of what rounding left of nothing has no direction.
  store_mask<T>(scaled.refused | wanted | ~(least > most * (4 * kEps<T>)), failed);
}

template <class T>
void eigen(int n, T* a, T* values, T* v, bool* failed) {
  for_each_vector<T>([=](int first) {
    eigen_lanes(n, a + first, values + first, v ? v + first : nullptr, failed + first);
  });
}

template <class T>
void singular(int count, int length, T* x, T* values, T* v, bool* failed) {
  for_each_vector<T>([=](int first) {
    singular_lanes(count, length, x + first, values + first, v ? v + first : nullptr,
                   failed + first);
  });
}

}  // namespace

void fill_batched_jacobi(Kernels& table) {
  table.jacobi = {{eigen<float>, singular<float>}, {eigen<double>, singular<double>}};
}

}  // namespace pullback::kernels::PULLBACK_TIER
