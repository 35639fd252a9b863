#pragma once

#include <cstdint>

namespace pullback {

/// The generator MT19937 of Matsumoto and Nishimura (1998), with the numbers of std::mt19937. It
/// makes them 624 at a time, in vectors.
class MersenneTwister {
 public:
  explicit MersenneTwister(std::uint32_t seed = 5489) { this->seed(seed); }
  void seed(std::uint32_t value);

  std::uint32_t operator()() {
    if (next_ == kSize) advance();
    return tempered_[next_++];
  }
  /// The next `count` numbers.
  void fill(std::uint32_t* words, std::int64_t count);

 private:
  static constexpr int kSize = 624;
  void advance();

  std::uint32_t state_[kSize];
  std::uint32_t tempered_[kSize];
  int next_;
};

}  // namespace pullback
