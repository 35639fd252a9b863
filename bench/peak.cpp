#include "peak.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

namespace bench {

namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The best of several runs: the others were disturbed.
template <class F>
double shortest(int runs, F f) {
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    const double start = seconds_now();
    f();
    best = std::min(best, seconds_now() - start);
  }
  return best;
}

// Twelve independent sums hide the latency of four cycles of two units; the asm statements keep
// each in its register and the loop from being computed in advance.
#define PULLBACK_BENCH_FMA_LOOP(name, isa, bytes, join)                                    \
  __attribute__((target(isa), noinline)) void name(long rounds) {                          \
    typedef float Vector __attribute__((vector_size(bytes)));                              \
    Vector s0{}, s1{}, s2{}, s3{}, s4{}, s5{}, s6{}, s7{}, s8{}, s9{}, sa{}, sb{};         \
    Vector x = Vector{} + 0.5f, y = Vector{} + 0.25f;                                      \
    for (long i = 0; i < rounds; ++i) {                                                    \
      join(s0) join(s1) join(s2) join(s3) join(s4) join(s5);                               \
      join(s6) join(s7) join(s8) join(s9) join(sa) join(sb);                               \
    }                                                                                      \
    asm volatile("" ::"x"(s0 + s1 + s2 + s3 + s4 + s5), "x"(s6 + s7 + s8 + s9 + sa + sb)); \
  }
#define PULLBACK_BENCH_FMA(sum) asm volatile("vfmadd231ps %1, %2, %0" : "+v"(sum) : "v"(x), "v"(y));
#if defined(__x86_64__)
PULLBACK_BENCH_FMA_LOOP(loop_v4, "avx512f", 64, PULLBACK_BENCH_FMA)
PULLBACK_BENCH_FMA_LOOP(loop_v3, "avx2,fma", 32, PULLBACK_BENCH_FMA)
#endif

}  // namespace

double fma_peak() {
#if defined(__x86_64__)
  constexpr long rounds = 1 << 20;
  const double sums = 12.0 * 2 * rounds;
  if (__builtin_cpu_supports("avx512f")) {
    return sums * 16 / shortest(20, [] { loop_v4(rounds); }) * 1e-9;
  }
  if (__builtin_cpu_supports("fma")) {
    return sums * 8 / shortest(20, [] { loop_v3(rounds); }) * 1e-9;
  }
#endif
  return 0;
}

double copy_bandwidth() {
  std::vector<char> from(64 << 20, 1), to(64 << 20);
  const double seconds = shortest(10, [&] { std::memcpy(to.data(), from.data(), from.size()); });
  return 2.0 * static_cast<double>(from.size()) / seconds * 1e-9;
}

}  // namespace bench
