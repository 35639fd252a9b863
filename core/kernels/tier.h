#pragma once

// Shared by the kernel files that are compiled once per SIMD tier. Such a file must leave no symbol
// that the linker could share between tiers: everything lives in the tier's unnamed namespace but
// for one `fill_*` function per file, and nothing is called from std.

#include <cstdint>

#include <pullback/core/kernels/kernels.h>

#ifndef PULLBACK_TIER
#define PULLBACK_TIER base
#endif

#define PULLBACK_INLINE inline __attribute__((always_inline))
#define PULLBACK_NOINLINE __attribute__((noinline))

// Elements of a loop are independent, even where an output is also an input (in-place operations).
#if defined(__clang__)
#define PULLBACK_VECTOR _Pragma("clang loop vectorize(assume_safety)")
#else
#define PULLBACK_VECTOR _Pragma("GCC ivdep")
#endif

namespace pullback::kernels::PULLBACK_TIER {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint32_t;
using std::uint64_t;

template <class T>
constexpr int kCode = -1;
template <>
constexpr int kCode<bool> = static_cast<int>(ScalarType::Bool);
template <>
constexpr int kCode<int32_t> = static_cast<int>(ScalarType::Int);
template <>
constexpr int kCode<int64_t> = static_cast<int>(ScalarType::Long);
template <>
constexpr int kCode<float> = static_cast<int>(ScalarType::Float);
template <>
constexpr int kCode<double> = static_cast<int>(ScalarType::Double);

template <class T>
constexpr bool kFloating = kCode<T> >= static_cast<int>(ScalarType::Float);
template <class T>
constexpr bool kBoolean = kCode<T> == 0;

/// Whether a tier has loops of its own for elements of type T: AVX-512 has none for integers and
/// bool, which wait for memory; they keep the loops of the tier below.
#ifdef __AVX512F__
template <class T>
constexpr bool kOwn = kFloating<T>;
#else
template <class T>
constexpr bool kOwn = true;
#endif
/// Enters `entry` into a table by element type, unless the tier below is to be asked.
#define PULLBACK_ENTER(loops, T, ...)                     \
  [&] {                                                   \
    if constexpr (kOwn<T>) loops[kCode<T>] = __VA_ARGS__; \
  }()

/// Elements that are worked on at a time when an operand is not contiguous.
constexpr int64_t kBlock = 1024;

template <class T>
PULLBACK_NOINLINE void gather(T* to, const char* from, int64_t stride, int64_t n) {
  if (stride == 0) {
    const T value = *reinterpret_cast<const T*>(from);
    for (int64_t i = 0; i < n; ++i) to[i] = value;
    return;
  }
  for (int64_t i = 0; i < n; ++i) to[i] = *reinterpret_cast<const T*>(from + i * stride);
}

template <class T>
PULLBACK_NOINLINE void scatter(const T* from, char* to, int64_t stride, int64_t n) {
  for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * stride) = from[i];
}

template <int... I>
struct Sequence {};
template <int N>
struct FirstOf;
template <>
struct FirstOf<1> {
  using type = Sequence<0>;
};
template <>
struct FirstOf<2> {
  using type = Sequence<0, 1>;
};
template <>
struct FirstOf<3> {
  using type = Sequence<0, 1, 2>;
};
template <>
struct FirstOf<4> {
  using type = Sequence<0, 1, 2, 3>;
};
template <>
struct FirstOf<5> {
  using type = Sequence<0, 1, 2, 3, 4>;
};

/// A contiguous view of one block of an input: the input itself where it is contiguous, else a
/// copy.
template <int I, class T, int64_t Size = kBlock>
struct Stage {
  alignas(64) T buffer[Size];

  PULLBACK_INLINE const T* block(const char* data, int64_t stride, int64_t begin, int64_t count) {
    if (stride == static_cast<int64_t>(sizeof(T))) return reinterpret_cast<const T*>(data) + begin;
    if (stride != 0 || begin == 0) gather(buffer, data + begin * stride, stride, count);
    return buffer;
  }
};
template <class S, class... In>
struct Stages;
template <int... I, class... In>
struct Stages<Sequence<I...>, In...> : Stage<I, In>... {};

/// The only loop that computes: over contiguous operands. Strided and broadcast operands come here
/// through blocks, so that a value never depends on the layout it was computed in.
template <class F, class Out, class... In>
PULLBACK_NOINLINE void compute(int64_t n, Out* out, const In*... in) {
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<Out>(F{}(in[i]...));
}

template <class Out, class... In>
using Compute = void (*)(int64_t n, Out* out, const In*... in);

/// Hands operands to `compute` as it takes them. It has the types of these in common with many
/// functions, and one copy serves all of them.
template <class Out, class... In, int... I>
PULLBACK_NOINLINE void run(int64_t n, char* const* data, const int64_t* strides,
                           Compute<Out, In...> compute, Sequence<I...>) {
  const bool contiguous = strides[0] == static_cast<int64_t>(sizeof(Out)) &&
                          ((strides[I + 1] == static_cast<int64_t>(sizeof(In))) && ...);
  if (contiguous || n == 1) {
    compute(n, reinterpret_cast<Out*>(data[0]), reinterpret_cast<const In*>(data[I + 1])...);
    return;
  }
  Stages<Sequence<I...>, In...> stages;
  alignas(64) Out result[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = n - begin < kBlock ? n - begin : kBlock;
    char* to = data[0] + begin * strides[0];
    const bool direct = strides[0] == static_cast<int64_t>(sizeof(Out));
    compute(count, direct ? reinterpret_cast<Out*>(to) : result,
            static_cast<Stage<I, In>&>(stages).block(data[I + 1], strides[I + 1], begin, count)...);
    if (!direct) scatter(result, to, strides[0], count);
  }
}

/// What computes F; large.h has another for functions of much code.
template <class F, class Out, class... In>
struct ComputeOf {
  static constexpr Compute<Out, In...> function = compute<F, Out, In...>;
};

template <class F, class Out, class... In>
void loop(int64_t n, char* const* data, const int64_t* strides) {
  run<Out, In...>(n, data, strides, ComputeOf<F, Out, In...>::function,
                  typename FirstOf<sizeof...(In)>::type{});
}

// Registration: `binary<float, double>(table.div, [](auto a, auto b) { return a / b; })`. The
// functions are stateless, and their type alone makes the loop.

/// y = f(x), all of one type.
template <class... T, class F>
void unary(Map& map, F) {
  (PULLBACK_ENTER(map.loops, T, loop<F, T, T>), ...);
}
template <class... T, class F>
void binary(Map& map, F) {
  (PULLBACK_ENTER(map.loops, T, loop<F, T, T, T>), ...);
}
template <class... T, class F>
void ternary(Map& map, F) {
  (PULLBACK_ENTER(map.loops, T, loop<F, T, T, T, T>), ...);
}
template <class... T, class F>
void quaternary(Map& map, F) {
  (PULLBACK_ENTER(map.loops, T, loop<F, T, T, T, T, T>), ...);
}
template <class... T, class F>
void quinary(Map& map, F) {
  (PULLBACK_ENTER(map.loops, T, loop<F, T, T, T, T, T, T>), ...);
}
/// Bool results of operands of one type, whose code selects the loop.
template <class... T, class F>
void predicate(Map& map, F) {
  (PULLBACK_ENTER(map.loops, T, loop<F, bool, T>), ...);
}
template <class... T, class F>
void relation(Map& map, F) {
  (PULLBACK_ENTER(map.loops, T, loop<F, bool, T, T>), ...);
}

}  // namespace
}  // namespace pullback::kernels::PULLBACK_TIER
