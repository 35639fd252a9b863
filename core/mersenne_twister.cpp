#include <pullback/core/mersenne_twister.h>

#include <algorithm>

#include <pullback/core/kernels/kernels.h>

namespace pullback {

void MersenneTwister::seed(std::uint32_t value) {
  state_[0] = value;
  for (std::uint32_t i = 1; i < kSize; ++i)
    state_[i] = 1812433253U * (state_[i - 1] ^ state_[i - 1] >> 30) + i;
  next_ = kSize;
}

void MersenneTwister::advance() {
  kernels::kernels().random.twist(state_, tempered_);
  next_ = 0;
}

void MersenneTwister::fill(std::uint32_t* words, std::int64_t count) {
  while (count > 0) {
    if (next_ == kSize) advance();
    const std::int64_t n = std::min<std::int64_t>(count, kSize - next_);
    std::copy_n(tempered_ + next_, n, words);
    next_ += static_cast<int>(n);
    words += n;
    count -= n;
  }
}

}  // namespace pullback
