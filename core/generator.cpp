#include <cmath>
#include <mutex>
#include <numbers>

#include <pullback/core/random.h>

namespace pullback {

void Generator::set_current_seed(std::uint64_t seed) {
  seed_ = seed;
  engine_.seed(static_cast<std::uint32_t>(seed));
  next_normal_.reset();
}

std::uint64_t Generator::random64() {
  const std::uint64_t high = random();
  return high << 32 | random();
}

float Generator::uniform_float() {
  return static_cast<float>(random() & ((1U << 24) - 1)) * 0x1p-24F;
}

double Generator::uniform_double() {
  return static_cast<double>(random64() & ((1ULL << 53) - 1)) * 0x1p-53;
}

double Generator::normal() {
  if (next_normal_) {
    const double value = *next_normal_;
    next_normal_.reset();
    return value;
  }
  const double u1 = uniform_double(), u2 = uniform_double();
  const double radius = std::sqrt(-2 * std::log1p(-u2)), theta = 2 * std::numbers::pi * u1;
  next_normal_ = radius * std::sin(theta);
  return radius * std::cos(theta);
}

void Generator::set_state(const State& state) {
  seed_ = state.seed;
  engine_ = state.engine;
  next_normal_ = state.next_normal;
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) {
  Generator& generator = default_generator();
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(seed);
}

Generator::State get_rng_state() {
  Generator& generator = default_generator();
  const std::lock_guard lock(generator.mutex());
  return generator.state();
}

void set_rng_state(const Generator::State& state) {
  Generator& generator = default_generator();
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

}  // namespace pullback
