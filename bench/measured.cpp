#include "measured.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <pullback/core/kernels/allocator.h>

#include "peak.h"

namespace bench {

namespace {

/// Opens a stopped counter of this thread's instructions in user mode; -1 where the machine has
/// none, as in many virtual ones, or does not let us read it.
int open_instruction_counter() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.disabled = 1;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

double measured_fma_peak() {
  static const double gflops = fma_peak();
  return gflops;
}

double measured_bandwidth() {
  static const double gigabytes = copy_bandwidth();
  return gigabytes;
}

}  // namespace

Measured::Measured(benchmark::State& state, Work work)
    : state_(state), work_(work), counter_(open_instruction_counter()) {
  const auto stats = pullback::kernels::memory_stats();
  allocations_ = stats.allocations;
  system_allocations_ = stats.system_allocations;
  if (counter_ >= 0) ioctl(counter_, PERF_EVENT_IOC_ENABLE, 0);
}

Measured::~Measured() {
  using benchmark::Counter;
  std::int64_t instructions = 0;
  if (counter_ >= 0) {
    ioctl(counter_, PERF_EVENT_IOC_DISABLE, 0);
    if (read(counter_, &instructions, sizeof instructions) == sizeof instructions) {
      state_.counters["instructions"] =
          Counter(static_cast<double>(instructions), Counter::kAvgIterations);
    }
    close(counter_);
  }
  const auto stats = pullback::kernels::memory_stats();
  state_.counters["allocs"] =
      Counter(static_cast<double>(stats.allocations - allocations_), Counter::kAvgIterations);
  state_.counters["from_system"] = Counter(
      static_cast<double>(stats.system_allocations - system_allocations_), Counter::kAvgIterations);
  if (work_.flops > 0 && measured_fma_peak() > 0) {
    state_.counters["of_peak"] =
        Counter(work_.flops / measured_fma_peak() * 1e-9, Counter::kIsIterationInvariantRate);
  }
  if (work_.bytes > 0) {
    state_.counters["of_bandwidth"] =
        Counter(work_.bytes / measured_bandwidth() * 1e-9, Counter::kIsIterationInvariantRate);
  }
}

}  // namespace bench
