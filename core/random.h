#pragma once

#include <cstdint>
#include <optional>

#include <pullback/core/lock.h>
#include <pullback/core/mersenne_twister.h>
#include <pullback/core/tensor.h>

/// Random numbers. With one seed they are those of PyTorch's CPU generator: integers, uniform
/// values and permutations bit for bit.
namespace pullback {

/// The source of random bits: a Mersenne twister, and the second value of the last pair of normals.
/// Not for two threads at once; operations hold its mutex.
class Generator {
 public:
  static constexpr std::uint64_t default_seed = 67280421310721;
  explicit Generator(std::uint64_t seed = default_seed) { set_current_seed(seed); }
  Generator(const Generator& other) { set_state(other.state()); }
  Generator& operator=(const Generator& other) {
    set_state(other.state());
    return *this;
  }

  /// Starts over from the low 32 bits of the seed.
  void set_current_seed(std::uint64_t seed);
  std::uint64_t current_seed() const { return seed_; }
  std::uint32_t random() { return engine_(); }
  /// The next `count` draws.
  void fill(std::uint32_t* words, std::int64_t count) { engine_.fill(words, count); }
  /// Two draws, the first one the upper half.
  std::uint64_t random64();
  /// Uniform in [0, 1): 24 bits of one draw.
  float uniform_float();
  /// Uniform in [0, 1): 53 bits of two draws.
  double uniform_double();
  /// Standard normal by Box and Muller, in pairs of which the second is kept for the next call.
  double normal();

  struct State {
    std::uint64_t seed;
    MersenneTwister engine;
    std::optional<double> next_normal;
  };
  State state() const { return {seed_, engine_, next_normal_}; }
  void set_state(const State& state);

  Lock& mutex() { return mutex_; }

 private:
  std::uint64_t seed_ = 0;
  MersenneTwister engine_;
  std::optional<double> next_normal_;
  Lock mutex_;
};

/// The generator that operations use unless they are given another.
Generator& default_generator();
/// Seeds the default generator.
void manual_seed(std::uint64_t seed);
/// The default generator's state: restoring it resumes the sequence exactly.
Generator::State get_rng_state();
void set_rng_state(const Generator::State& state);

/// Uniform in [0, 1).
Tensor rand(IntArrayRef sizes, const TensorOptions& options = {});
Tensor rand(IntArrayRef sizes, Generator* generator, const TensorOptions& options = {});
Tensor rand_like(const Tensor& x, const TensorOptions& options = {});
/// Standard normal.
Tensor randn(IntArrayRef sizes, const TensorOptions& options = {});
Tensor randn(IntArrayRef sizes, Generator* generator, const TensorOptions& options = {});
Tensor randn_like(const Tensor& x, const TensorOptions& options = {});
/// Uniform integers in [low, high), int64 unless the options say otherwise.
Tensor randint(std::int64_t low, std::int64_t high, IntArrayRef sizes,
               const TensorOptions& options = kLong);
Tensor randint(std::int64_t high, IntArrayRef sizes, const TensorOptions& options = kLong);
Tensor randint_like(const Tensor& x, std::int64_t low, std::int64_t high);
/// The integers 0 … n−1 in random order.
Tensor randperm(std::int64_t n, const TensorOptions& options = kLong);
Tensor randperm(std::int64_t n, Generator* generator, const TensorOptions& options = kLong);
/// Normal with one mean and standard deviation.
Tensor normal(double mean, double std, IntArrayRef sizes, Generator* generator = nullptr,
              const TensorOptions& options = {});
/// 1 with the probability p[i], else 0.
Tensor bernoulli(const Tensor& p, Generator* generator = nullptr);
/// 1 with probability p, else 0, in x's shape.
Tensor bernoulli(const Tensor& x, double p, Generator* generator = nullptr);
/// Indices drawn with the (unnormalised) probabilities of each row.
Tensor multinomial(const Tensor& x, std::int64_t samples, bool replacement = false,
                   Generator* generator = nullptr);

}  // namespace pullback
