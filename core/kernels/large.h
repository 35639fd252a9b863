#pragma once

// Elementwise functions of much code, such as gelu's gradient. They are compiled for whole vectors
// only: one copy of their code instead of the three or four that serve the rest of a loop as well,
// and a rest takes the time of one vector.

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

/// A large function F, in float32 or float64 throughout: `unary<float, double>(table.gelu,
/// large(f))`. Not for one that asks libm, nor one that many programs ask for a single number: exp,
/// tanh.
template <class F>
struct Large : F {};
template <class F>
PULLBACK_INLINE Large<F> large(F) {
  return {};
}
/// Of a function that is libm's in float64, or no quicker in vectors of it.
template <class F>
void unary_large_float(Map& map, F f) {
  unary<float>(map, large(f));
  unary<double>(map, f);
}

#ifdef __AVX2__
/// The first n elements of a vector, read and written at once: the processor waits where elements
/// that were written one by one are read as a vector.
template <class T>
struct Rest {
#ifdef __AVX512F__
  __mmask16 words;
  PULLBACK_INLINE explicit Rest(int64_t n)
      : words(static_cast<__mmask16>((1u << (n * int64_t{sizeof(T) / 4})) - 1)) {}
  PULLBACK_INLINE void read(T* to, const T* from) const {
    _mm512_store_si512(to, _mm512_maskz_loadu_epi32(words, from));
  }
  PULLBACK_INLINE void write(T* to, const T* from) const {
    _mm512_mask_storeu_epi32(to, words, _mm512_load_si512(from));
  }
#else
  __m256i words;
  PULLBACK_INLINE explicit Rest(int64_t n)
      : words(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n * int64_t{sizeof(T) / 4})),
                                 _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))) {}
  PULLBACK_INLINE void read(T* to, const T* from) const {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to),
                       _mm256_maskload_epi32(reinterpret_cast<const int*>(from), words));
  }
  PULLBACK_INLINE void write(T* to, const T* from) const {
    _mm256_maskstore_epi32(reinterpret_cast<int*>(to), words,
                           _mm256_load_si256(reinterpret_cast<const __m256i*>(from)));
  }
#endif
};

/// `n` is a multiple of kLanes<T>.
template <class F, class T, class... In>
PULLBACK_NOINLINE void compute_vectors(int64_t n, T* out, const In*... in) {
  for (int64_t begin = 0; begin < n; begin += kLanes<T>) {
    PULLBACK_VECTOR
    for (int64_t i = begin; i < begin + kLanes<T>; ++i) out[i] = F{}(in[i]...);
  }
}

template <class T>
struct alignas(PULLBACK_VECTOR_BYTES) WholeVector {
  T values[kLanes<T>];
};
/// Any number of elements by a function that computes whole vectors.
template <class T, class... In>
PULLBACK_NOINLINE void in_vectors(int64_t n, Compute<T, In...> compute, T* out, const In*... in) {
  const int64_t whole = n & -int64_t{kLanes<T>};
  if (whole != 0) compute(whole, out, in...);
  if (whole == n) return;
  const Rest<T> rest(n - whole);
  WholeVector<T> result;
  [&](auto... copies) {
    (rest.read(copies.values, in + whole), ...);
    compute(kLanes<T>, result.values, copies.values...);
  }(WholeVector<In>{}...);
  rest.write(out + whole, result.values);
}

template <class F, class T, class... In>
struct ComputeOf<Large<F>, T, In...> {
  static void function(int64_t n, T* out, const In*... in) {
    in_vectors(n, compute_vectors<F, T, In...>, out, in...);
  }
};
#endif

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
