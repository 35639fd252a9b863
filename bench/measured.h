#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace bench {

/// What an iteration has to do at least: a floor to hold its time against.
struct Work {
  double flops = 0;  ///< additions and multiplications
  double bytes = 0;  ///< read and written
};

/// Put before a benchmark's loop; when it goes, adds what the loop asked for to the report, per
/// iteration: allocations, how many of them reached the system, instructions where the machine
/// counts them, and the fractions of the measured FMA peak and copy bandwidth of one core.
class Measured {
 public:
  explicit Measured(benchmark::State& state, Work work = {});
  ~Measured();
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;

 private:
  benchmark::State& state_;
  Work work_;
  int counter_;  ///< of instructions; -1 where there is none
  std::int64_t allocations_, system_allocations_;
};

}  // namespace bench
