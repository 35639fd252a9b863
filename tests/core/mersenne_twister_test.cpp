#include <pullback/core/mersenne_twister.h>

#include <random>
#include <vector>

#include "catch.h"

#include <pullback/core/kernels/kernels.h>

using namespace pullback;

TEST_CASE("the Mersenne twister's numbers are those of std::mt19937, one by one and in runs") {
  for (const std::uint32_t seed : {0U, 1U, 5489U, 4294967295U}) {
    std::mt19937 expected(seed);
    MersenneTwister single(seed), runs(seed);
    std::vector<std::uint32_t> words(1500);
    runs.fill(words.data(), 7);
    runs.fill(words.data() + 7, 1493);
    int different = 0;
    for (const std::uint32_t word : words) {
      const auto value = static_cast<std::uint32_t>(expected());
      different += word != value || single() != value;
    }
    CHECK(different == 0);
  }
}

TEST_CASE("every tier twists alike") {
  std::vector<std::vector<std::uint32_t>> states;
  for (const char* tier : {"base", "v3", "v4"}) {
    const kernels::Kernels* table = kernels::tier_table(tier);
    if (!table) continue;
    std::vector<std::uint32_t> state(624), tempered(624);
    for (std::size_t i = 0; i < 624; ++i) state[i] = static_cast<std::uint32_t>(i * 2654435761U);
    for (int i = 0; i < 3; ++i) table->random.twist(state.data(), tempered.data());
    state.insert(state.end(), tempered.begin(), tempered.end());
    states.push_back(state);
    CHECK(states.back() == states.front());
  }
}
