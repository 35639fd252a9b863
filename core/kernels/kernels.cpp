#include <pullback/core/kernels/kernels.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pullback::kernels {

// One function per family and tier enters that family's loops into a table, on top of what the tier
// below has.
#define PULLBACK_TIER_FAMILIES(name)         \
  namespace name {                           \
  void fill_batched_cholesky(Kernels&);      \
  void fill_batched_jacobi(Kernels&);        \
  void fill_batched_lu(Kernels&);            \
  void fill_conv_depthwise_tiles(Kernels&);  \
  void fill_conv_grad_tiles(Kernels&);       \
  void fill_conv_tiles(Kernels&);            \
  void fill_copy(Kernels&);                  \
  void fill_dense_lu(Kernels&);              \
  void fill_gemm_tiles(Kernels&);            \
  void fill_householder(Kernels&);           \
  void fill_binary(Kernels&);                \
  void fill_bounds(Kernels&);                \
  void fill_logic(Kernels&);                 \
  void fill_compare(Kernels&);               \
  void fill_unary(Kernels&);                 \
  void fill_transcendental(Kernels&);        \
  void fill_activation(Kernels&);            \
  void fill_reduce(Kernels&);                \
  void fill_search(Kernels&);                \
  void fill_scan(Kernels&);                  \
  void fill_max_pool_rows(Kernels&);         \
  void fill_optim(Kernels&);                 \
  void fill_rows(Kernels&);                  \
  void fill_random(Kernels&);                \
  void fill_transpose(Kernels&);             \
  void fill_winograd_tiles(Kernels&);        \
  static Kernels make_table(Kernels table) { \
    table.tier = #name;                      \
    fill_batched_cholesky(table);            \
    fill_batched_jacobi(table);              \
    fill_batched_lu(table);                  \
    fill_conv_depthwise_tiles(table);        \
    fill_conv_grad_tiles(table);             \
    fill_conv_tiles(table);                  \
    fill_copy(table);                        \
    fill_dense_lu(table);                    \
    fill_gemm_tiles(table);                  \
    fill_householder(table);                 \
    fill_binary(table);                      \
    fill_bounds(table);                      \
    fill_logic(table);                       \
    fill_compare(table);                     \
    fill_unary(table);                       \
    fill_transcendental(table);              \
    fill_activation(table);                  \
    fill_reduce(table);                      \
    fill_search(table);                      \
    fill_scan(table);                        \
    fill_max_pool_rows(table);               \
    fill_optim(table);                       \
    fill_rows(table);                        \
    fill_random(table);                      \
    fill_transpose(table);                   \
    fill_winograd_tiles(table);              \
    return table;                            \
  }                                          \
  }
PULLBACK_TIER_FAMILIES(base)
#ifdef __x86_64__
PULLBACK_TIER_FAMILIES(v3)
PULLBACK_TIER_FAMILIES(v4)
#endif
#undef PULLBACK_TIER_FAMILIES

namespace {

bool runs_v3() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
  return false;
#endif
}

bool runs_v4() {
#ifdef __x86_64__
  return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

const Kernels& base_table() {
  static const Kernels table = base::make_table({});
  return table;
}

#ifdef __x86_64__
const Kernels& v3_table() {
  static const Kernels table = v3::make_table(base_table());
  return table;
}
#endif

const Kernels* best_tier() {
  const Kernels* best = tier_table("v4");
  if (!best) best = tier_table("v3");
  if (!best) best = tier_table("base");
  if (const char* forced = std::getenv("PULLBACK_ISA")) {
    if (const Kernels* table = tier_table(forced)) return table;
    std::fprintf(stderr,
                 "Warning: PULLBACK_ISA=%s is none of base, v3 and v4 that this processor runs; "
                 "using %s\n",
                 forced, best->tier);
  }
  return best;
}

}  // namespace

const Kernels* tier_table(const char* tier) noexcept {
#ifdef __x86_64__
  if (std::strcmp(tier, "v4") == 0 && runs_v4()) {
    static const Kernels table = v4::make_table(v3_table());
    return &table;
  }
  if (std::strcmp(tier, "v3") == 0 && runs_v3()) {
    return &v3_table();
  }
#endif
  return std::strcmp(tier, "base") == 0 ? &base_table() : nullptr;
}

const Kernels& kernels() noexcept {
  static const Kernels* const table = best_tier();
  return *table;
}

}  // namespace pullback::kernels
