#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

constexpr int kSize = 624, kShift = 397;

PULLBACK_INLINE uint32_t mixed(uint32_t upper, uint32_t lower, uint32_t shifted) {
  const uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
  return shifted ^ (y >> 1) ^ ((0u - (y & 1u)) & 0x9908b0dfu);
}

void twist(uint32_t* s, uint32_t* tempered) {
  PULLBACK_VECTOR
  for (int i = 0; i < kSize - kShift; ++i) s[i] = mixed(s[i], s[i + 1], s[i + kShift]);
  // What these read was written kSize - kShift elements ago: further than any vector is long.
  PULLBACK_VECTOR
  for (int i = kSize - kShift; i < kSize - 1; ++i) {
    s[i] = mixed(s[i], s[i + 1], s[i - (kSize - kShift)]);
  }
  s[kSize - 1] = mixed(s[kSize - 1], s[0], s[kShift - 1]);
  PULLBACK_VECTOR
  for (int i = 0; i < kSize; ++i) {
    uint32_t y = s[i];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    tempered[i] = y ^ (y >> 18);
  }
}

void uniform_float(int64_t n, const uint32_t* words, float low, float width, float* out) {
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) {
    const auto u = static_cast<float>(static_cast<int32_t>(words[i] & 0xffffffu)) * 0x1p-24f;
    out[i] = fma(u, width, low);
  }
}

void uniform_double(int64_t n, const uint32_t* words, double low, double width, double* out) {
  PULLBACK_VECTOR
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t high = words[2 * i] & 0x1fffffu;
    const auto bits = static_cast<int64_t>(high << 32 | words[2 * i + 1]);
    out[i] = fma(static_cast<double>(bits) * 0x1p-53, width, low);
  }
}

void normal(int64_t groups, float mean, float std, float* x) {
  constexpr float two_pi = 6.283185307179586f;
  for (int64_t group = 0; group < groups; ++group, x += 16) {
    PULLBACK_VECTOR
    for (int j = 0; j < 8; ++j) {
      const float radius = sqrt(-2.0f * log(1.0f - x[j]));
      const float theta = two_pi * x[j + 8];
      x[j] = radius * small_cos(theta) * std + mean;
      x[j + 8] = radius * small_sin(theta) * std + mean;
    }
  }
}

}  // namespace

void fill_random(Kernels& table) {
  table.random = {twist, uniform_float, uniform_double, normal};
}

}  // namespace pullback::kernels::PULLBACK_TIER
