#include <pullback/core/kernels/kernels.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pullback::kernels {

// One function per family and tier, fill_<family>, enters that family's loops into a table, on top
// of what the tier below has.
// clang-format off
#define PULLBACK_FAMILIES(family)                                                                  \
  family(activation) family(batched_cholesky) family(batched_jacobi) family(batched_lu)            \
  family(binary) family(bounds) family(compare) family(conv_depthwise_tiles)                       \
  family(conv_grad_tiles) family(conv_tiles) family(copy) family(dense_lu) family(gemm_tiles)      \
  family(householder) family(logic) family(max_pool_rows) family(optim) family(random)             \
  family(reduce) family(rows) family(scan) family(search) family(softmax_columns)                  \
  family(transcendental) family(transpose) family(unary) family(winograd_tiles)
// clang-format on
#define PULLBACK_DECLARE(family) void fill_##family(Kernels&);
#define PULLBACK_FILL(family) fill_##family(table);
#define PULLBACK_TIER_TABLE(name)            \
  namespace name {                           \
  PULLBACK_FAMILIES(PULLBACK_DECLARE)        \
  static Kernels make_table(Kernels table) { \
    table.tier = #name;                      \
    PULLBACK_FAMILIES(PULLBACK_FILL)         \
    return table;                            \
  }                                          \
  }
PULLBACK_TIER_TABLE(base)
#ifdef __x86_64__
PULLBACK_TIER_TABLE(v3)
PULLBACK_TIER_TABLE(v4)
#endif
#undef PULLBACK_TIER_TABLE
#undef PULLBACK_FILL
#undef PULLBACK_DECLARE
#undef PULLBACK_FAMILIES

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
